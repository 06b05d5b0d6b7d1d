//! Running connectors, whatever they are made of: compiled in, a Python package, a low-code manifest, a
//! container image. One interface for all: a short question (specification, check, discovery) is
//! [`Launcher::ask`]ed and answered whole; a long run (read, write) is [`Launcher::launch`]ed and gives
//! the two ends of its pipes, which are pipes of the operating system in every case.

pub mod native;
pub mod sharing;

use std::io::{PipeReader, PipeWriter};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::domain::definition::{Kind, Runtime};
use crate::protocol::catalog::Catalog;
use crate::protocol::message::{ConnectionStatus, Specification};

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
#[derive(Debug, Clone)]
pub enum Question {
    Specification,
    Check { configuration: Value },
    Discover { configuration: Value },
}

/// What came of a question.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
pub enum Task {
    Read {
        configuration: Value,
        /// The configured catalog, as JSON.
        catalog: Value,
        /// As `--state` wants it; absent for none.
        state: Option<Value>,
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
    pub input: Option<PipeWriter>,
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

/// What a launcher needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Private directories of runs, environments, local files: all live below.
    pub data_dir: PathBuf,
}

/// Runs connectors.
#[derive(Debug)]
pub struct Launcher {
    settings: Settings,
}

impl Launcher {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Asks a connector and waits for the whole answer, at most until the deadline.
    ///
    /// # Errors
    /// [`Failure`], when there is none.
    pub async fn ask(
        &self,
        target: &Target,
        question: Question,
        deadline: Duration,
    ) -> Result<Answer, Failure> {
        if let Runtime::Native { connector } = &target.runtime {
            let local = self.settings.data_dir.join("local");
            let answer = native::ask(target.kind, connector, question, &local);
            return tokio::time::timeout(deadline, answer)
                .await
                .unwrap_or_else(|_| Err(Failure::new(Cause::Deadline, "it took too long")));
        }
        Err(Failure::missing(format!(
            "nothing runs {:?} yet",
            target.runtime
        )))
    }

    /// Starts a long run.
    ///
    /// # Errors
    /// [`Failure`], when it cannot be started.
    pub async fn launch(&self, target: &Target, task: Task) -> Result<Running, Failure> {
        let _ = task;
        Err(Failure::missing(format!(
            "nothing runs {:?} yet",
            target.runtime
        )))
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
}
