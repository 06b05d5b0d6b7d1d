//! What a connector that is compiled in has to be able to do. It gets its configuration checked
//! against its own schema, and never learns whether it is run by the server or from a command line.

use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

use super::cancel::Cancel;
use super::input::Input;
use super::output::Output;
use crate::clock::Clock;
use crate::protocol::catalog::{Catalog, ConfiguredCatalog, StreamDescriptor};
use crate::protocol::message::Specification;
use crate::protocol::state::State;
use crate::protocol::trace::FailureType;

/// Where a run finds itself.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// What connectors see as `/local`: the only folder of this machine that they may write to.
    pub(super) local_dir: PathBuf,
    pub(super) clock: Clock,
    pub(super) cancel: Cancel,
}

/// Something to read from.
pub(super) trait Source: fmt::Debug + Sync {
    fn specification(&self) -> Specification;

    /// Whether it can be reached; the failure is for the user.
    fn check(&self, configuration: &Value, surroundings: &Surroundings) -> Result<(), Fault>;

    fn discover(
        &self,
        configuration: &Value,
        surroundings: &Surroundings,
    ) -> Result<Catalog, Fault>;

    fn read(
        &self,
        wanted: &Wanted<'_>,
        surroundings: &Surroundings,
        out: &mut Output<'_>,
    ) -> Result<(), Stop>;
}

/// Something to write to.
pub(super) trait Destination: fmt::Debug + Sync {
    fn specification(&self) -> Specification;

    fn check(&self, configuration: &Value, surroundings: &Surroundings) -> Result<(), Fault>;

    fn write(
        &self,
        wanted: &Wanted<'_>,
        surroundings: &Surroundings,
        input: &mut dyn Input,
        out: &mut Output<'_>,
    ) -> Result<(), Stop>;
}

/// What a long run is given. Destinations get no states.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) configuration: &'a Value,
    pub(super) catalog: ConfiguredCatalog,
    pub(super) states: Vec<State>,
}

/// Why a run ends before its time.
#[derive(Debug)]
pub(super) enum Stop {
    Fault(Fault),
    /// Nobody is at the other end of a pipe any more, so there is nobody to tell.
    Gone,
}

/// A failure: `message` for people, `story` for the log.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) kind: FailureType,
    pub(super) message: String,
    pub(super) story: String,
    pub(super) stream: Option<StreamDescriptor>,
}

impl Fault {
    /// The user has to change something.
    pub(super) fn configuration(message: impl Into<String>) -> Self {
        Self::new(FailureType::ConfigError, message)
    }

    /// It may be better next time.
    pub(super) fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureType::TransientError, message)
    }

    /// It should not have happened.
    pub(super) fn system(message: impl Into<String>) -> Self {
        Self::new(FailureType::SystemError, message)
    }

    fn new(kind: FailureType, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            story: String::new(),
            stream: None,
        }
    }

    pub(super) fn because(self, story: impl fmt::Display) -> Self {
        Self {
            story: story.to_string(),
            ..self
        }
    }

    pub(super) fn of_stream(self, stream: StreamDescriptor) -> Self {
        Self {
            stream: Some(stream),
            ..self
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
