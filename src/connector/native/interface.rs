//! What a connector that is compiled in has to be able to do. It gets its configuration checked
//! against its own schema, and never learns whether it is run by the server or from a command line.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use serde_json::Value;

use super::cancel::{Cancel, Pipe};
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

/// What a destination reads.
pub trait Input: Read {
    /// Waits for more, at most this long; says whether reading would have to wait still.
    fn is_idle(&mut self, most: Duration) -> bool;
}

/// Waits for bytes, or the end, of something that the system reads for us.
fn is_silent(input: impl AsFd, most: Duration) -> bool {
    let until = Timespec::try_from(most).ok();
    let waited = poll(&mut [PollFd::new(&input, PollFlags::IN)], until.as_ref());
    matches!(waited, Ok(0))
}

/// Reads of the sizes that are common here go past its own buffer, so that holds nothing.
impl Input for io::StdinLock<'_> {
    fn is_idle(&mut self, most: Duration) -> bool {
        is_silent(self, most)
    }
}

impl Input for Pipe<io::PipeReader> {
    fn is_idle(&mut self, most: Duration) -> bool {
        is_silent(self.as_fd(), most)
    }
}

impl Input for io::Empty {
    fn is_idle(&mut self, _: Duration) -> bool {
        false
    }
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
