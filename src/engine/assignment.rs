//! What an attempt is given to work with, and by whom. The engine knows neither how secrets are kept nor
//! which runtimes there are: it is handed configurations that are whole, and connectors that run.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use super::relay::plan::{Naming, Wishes};
use crate::connector::{Failure, Running, Target, Task};
use crate::domain::job::FailureReason;
use crate::error::Result;
use crate::protocol::catalog::ConfiguredCatalog;
use crate::store::leases::Lease;

/// A future of some implementation.
pub type Eventually<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything that an attempt needs to know besides its job.
#[derive(Debug)]
pub struct Assignment {
    /// As the connection has it, without generations.
    pub catalog: ConfiguredCatalog,
    pub naming: Naming,
    /// Of each stream of the catalog, in its order.
    pub wishes: Vec<Wishes>,
    pub source: Side,
    pub destination: Side,
    pub hide: Hide,
}

/// One connector of a run.
pub struct Side {
    pub target: Target,
    /// Whole, with its secrets.
    pub configuration: Value,
    pub keep: Keep,
}

/// Stores the whole new configuration that a connector announces while it runs.
pub type Keep = Box<dyn Fn(Value) -> Eventually<'static, Result<()>> + Send + Sync>;

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Side")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Hides the secrets of a run in what others will read.
pub struct Hide(Box<Hiding>);

type Hiding = dyn for<'a> Fn(&'a str) -> Cow<'a, str> + Send + Sync;

impl Hide {
    pub fn new(hide: impl for<'a> Fn(&'a str) -> Cow<'a, str> + Send + Sync + 'static) -> Self {
        Self(Box::new(hide))
    }

    /// When there are none.
    #[must_use]
    pub fn nothing() -> Self {
        Self::new(|text| Cow::Borrowed(text))
    }

    #[must_use]
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        (self.0)(text)
    }

    /// A reason without them.
    #[must_use]
    pub(super) fn reason(&self, mut reason: FailureReason) -> FailureReason {
        reason.message = self.hide(&reason.message).into_owned();
        reason.internal_message = reason
            .internal_message
            .map(|story| self.hide(&story).into_owned());
        reason
    }
}

impl fmt::Debug for Hide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hide(…)")
    }
}

/// Whether a job can be worked on.
#[derive(Debug)]
pub enum Assigned {
    Ready(Box<Assignment>),
    /// The connection was switched off or deleted meanwhile: the job ends without having been run.
    Off,
    /// Somebody has to change something first.
    Refused(FailureReason),
}

/// Knows what jobs need.
pub trait Supply: fmt::Debug + Send + Sync {
    /// Everything about the connection of a job.
    fn assignment<'a>(&'a self, lease: &'a Lease) -> Eventually<'a, Result<Assigned>>;

    /// Brings the connection of a job up to date with what its source offers, if that is due. What there is
    /// to say about it is for the log of the job.
    fn refresh<'a>(&'a self, lease: &'a Lease) -> Eventually<'a, Result<Vec<String>>>;
}

/// Starts connectors.
pub trait Launch: fmt::Debug + Send + Sync {
    fn launch<'a>(
        &'a self,
        target: &'a Target,
        task: Task,
    ) -> Eventually<'a, std::result::Result<Running, Failure>>;
}
