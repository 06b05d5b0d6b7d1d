//! Running connectors, whatever they are made of: compiled in, a Python package, a low-code manifest, a
//! container image. One interface for all: a short question (specification, check, discovery) is
//! [`Launcher::ask`]ed and answered whole; a long run (read, write) is [`Launcher::launch`]ed and gives
//! the end of a pipe for its output, and a [`Feed`] for its input.
//!
//! Configurations hold secrets here: nothing that carries one prints it.

pub mod container;
pub mod feed;
pub mod hearing;
pub mod launcher;
pub mod native;
pub mod process;
pub mod python;
pub mod sharing;
pub mod supervisor;
mod usage;

use std::fmt;
use std::io::PipeReader;
use std::time::Duration;

use serde_json::Value;

use crate::domain::definition::{Kind, Runtime};
use crate::protocol::catalog::Catalog;
use crate::protocol::message::{ConnectionStatus, Specification};
use crate::protocol::raw::Raw;

pub use launcher::{Launcher, Settings};

use self::feed::Feed;

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Target {
    pub kind: Kind,
    pub runtime: Runtime,
    /// Image repository and tag.
    pub repository: String,
    pub tag: String,
    /// The active manifest of a low-code definition.
    pub manifest: Option<Manifest>,
    pub limits: Limits,
}

/// A low-code source: the manifest, and custom Python if it brings some.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub manifest: Value,
    pub components: Option<String>,
}

/// What a run may use of the machine; absent values are the operator's defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Cores.
    pub cpu: Option<f64>,
    /// Bytes.
    pub memory: Option<u64>,
}

/// A short question.
#[derive(Clone)]
pub enum Question {
    Specification,
    Check { configuration: Value },
    Discover { configuration: Value },
}

/// What came of a question.
#[derive(Clone)]
pub struct Answer {
    pub said: Said,
    /// The whole new configuration, when the connector asked to have it stored (CONTROL), without
    /// what the launcher put in.
    pub new_configuration: Option<Value>,
    /// The last lines of its log, for people who look for a reason.
    pub log: Vec<String>,
}

#[derive(Debug, Clone)]
pub enum Said {
    Specification(Specification),
    Status(ConnectionStatus),
    Catalog(Catalog),
}

/// A long run.
#[derive(Clone)]
pub enum Task {
    Read {
        configuration: Value,
        /// The configured catalog, as JSON.
        catalog: Value,
        /// As `--state` wants it; absent for none.
        state: Option<Raw>,
    },
    Write {
        configuration: Value,
        catalog: Value,
    },
}

/// A connector at work. Dropping it kills the process and everything that it started.
#[derive(Debug)]
pub struct Running {
    /// For `Task::Write`; dropping it says that there is no more.
    pub input: Option<Feed>,
    pub output: PipeReader,
    /// Lines of standard error, as they come.
    pub errors: tokio::sync::mpsc::Receiver<String>,
    pub handle: Box<dyn Handle>,
}

/// The end of a run that only its runtime knows how to reach.
pub trait Handle: std::fmt::Debug + Send {
    /// Waits for the end.
    fn wait(&mut self) -> std::pin::Pin<Box<dyn Future<Output = Exit> + Send + '_>>;
    /// Asks the whole group to end, waits for `grace`, then insists.
    fn stop(
        &mut self,
        grace: Duration,
    ) -> std::pin::Pin<Box<dyn Future<Output = Exit> + Send + '_>>;
}

/// How a run ended and what it took.
#[derive(Debug, Clone, Default)]
pub struct Exit {
    /// Absent when a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out_of_memory: bool,
    pub cpu: Option<Duration>,
    /// The most memory at once, in bytes.
    pub memory: Option<u64>,
}

/// Why there is no answer. `message` is for the caller; `story` for the log.
#[derive(Debug, Clone)]
pub struct Failure {
    pub cause: Cause,
    pub message: String,
    pub story: String,
    pub log: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The configuration is refused; asking again without a change is of no use.
    Configuration,
    /// Something that may be better next time.
    Transient,
    /// The connector broke.
    Connector,
    /// It took longer than allowed.
    Deadline,
    /// This machine cannot run it: what is missing is in the message.
    Missing,
}

impl Running {
    /// Puts together what a runtime has started.
    #[must_use]
    pub fn new(
        input: Option<Feed>,
        output: PipeReader,
        errors: tokio::sync::mpsc::Receiver<String>,
        handle: Box<dyn Handle>,
    ) -> Self {
        Self {
            input,
            output,
            errors,
            handle,
        }
    }

    /// Waits for the end.
    pub async fn wait(&mut self) -> Exit {
        self.handle.wait().await
    }

    /// Asks the whole group to end, waits for `grace`, then insists.
    pub async fn stop(&mut self, grace: Duration) -> Exit {
        self.handle.stop(grace).await
    }
}

impl Question {
    /// The command that asks it.
    #[must_use]
    pub fn command(&self) -> &'static str {
        match self {
            Self::Specification => "spec",
            Self::Check { .. } => "check",
            Self::Discover { .. } => "discover",
        }
    }

    #[must_use]
    pub fn configuration(&self) -> Option<&Value> {
        match self {
            Self::Specification => None,
            Self::Check { configuration } | Self::Discover { configuration } => Some(configuration),
        }
    }
}

impl Task {
    /// The command that does it.
    #[must_use]
    pub fn command(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
        }
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command())
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("said", &self.said)
            .finish_non_exhaustive()
    }
}

impl Failure {
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
            story: String::new(),
            log: Vec::new(),
        }
    }

    /// This machine cannot run it.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Cause::Missing, message)
    }

    /// It may be better next time.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(Cause::Transient, message)
    }

    /// Something of ours or of the machine's broke on the way; the inner story is for the log.
    pub fn broken(message: impl Into<String>, story: impl fmt::Display) -> Self {
        Self {
            story: story.to_string(),
            ..Self::new(Cause::Connector, message)
        }
    }
}
