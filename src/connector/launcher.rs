//! The one door to all runtimes: finds the one that a target needs. What is particular to a runtime is
//! in its own room.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::container::{self, Containers};
use super::process::directory;
use super::process::environment::Environment;
use super::python::{Installation, Python};
use super::{Answer, Cause, Failure, Question, Running, Target, Task, native};
use crate::clock::Clock;
use crate::domain::definition::Runtime;

/// What a launcher needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Private directories of runs, environments, local files: all live below.
    pub data_dir: PathBuf,
    /// What stands between us and child processes: this program, in another role.
    pub supervisor: PathBuf,
    /// What connectors see of our environment.
    pub environment: Environment,
    /// What `uv` and `pip` see of it.
    pub installer: Environment,
    /// Interpreters to try, by name or path; the usual names when empty.
    pub pythons: Vec<String>,
    /// Where `uv` is; looked for when absent.
    pub uv: Option<PathBuf>,
    /// Whether manifests may bring Python code.
    pub unsafe_code: bool,
    /// Bytes that a connector may use when nothing else is said; any number when absent.
    pub memory: Option<u64>,
    /// Bytes of the longest line.
    pub line_limit: usize,
    /// How many warm parents may live at once.
    pub warm_parents: usize,
    /// How long one lives without being asked.
    pub warm_idle: Duration,
    pub install_timeout: Duration,
    pub containers: container::Settings,
}

impl Settings {
    /// The usual settings, with everything below this directory and an empty environment.
    #[must_use]
    pub fn below(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Self {
            containers: container::Settings {
                host: None,
                network: None,
                read_only: false,
                pull: true,
                memory: None,
                line_limit: 64 << 20,
                data_dir: data_dir.clone(),
            },
            data_dir,
            // Stays this very program, even when an update has put another in its place.
            supervisor: PathBuf::from("/proc/self/exe"),
            environment: Environment::default(),
            installer: Environment::default(),
            pythons: Vec::new(),
            uv: None,
            unsafe_code: false,
            memory: None,
            line_limit: 64 << 20,
            warm_parents: 4,
            warm_idle: Duration::from_mins(10),
            install_timeout: Duration::from_mins(15),
        }
    }

    /// Where the private directories of runs are.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.data_dir.join("runs")
    }
}

/// Runs connectors.
#[derive(Debug)]
pub struct Launcher {
    python: Python,
    containers: Containers,
    /// What native connectors may reach of this machine's files.
    local: PathBuf,
}

impl Launcher {
    #[must_use]
    pub fn new(settings: Settings, clock: &Clock) -> Self {
        directory::sweep(&settings.runs());
        Self {
            containers: Containers::new(settings.containers.clone(), clock.clone()),
            local: settings.data_dir.join("local"),
            python: Python::new(Arc::new(settings)),
        }
    }

    /// Asks a connector and waits for the whole answer, at most until the deadline; the time that it
    /// takes to install the connector is not counted. Giving up the wait ends the connector, but not
    /// an installation.
    ///
    /// # Errors
    /// [`Failure`], when there is none.
    pub async fn ask(
        &self,
        target: &Target,
        question: Question,
        deadline: Duration,
    ) -> Result<Answer, Failure> {
        match &target.runtime {
            Runtime::Python { .. } | Runtime::Manifest => {
                self.python.ask(target, question, deadline).await
            }
            Runtime::Native { connector } => {
                let answer = native::ask(target.kind, connector, question, &self.local);
                tokio::time::timeout(deadline, answer)
                    .await
                    .unwrap_or_else(|_| Err(Failure::new(Cause::Deadline, "it took too long")))
            }
            Runtime::Image => self.containers.ask(target, question, deadline).await,
        }
    }

    /// Starts a long run.
    ///
    /// # Errors
    /// [`Failure`], when it cannot be started.
    pub async fn launch(&self, target: &Target, task: Task) -> Result<Running, Failure> {
        match &target.runtime {
            Runtime::Python { .. } | Runtime::Manifest => self.python.launch(target, task).await,
            Runtime::Native { connector } => {
                native::launch(target.kind, connector, task, &self.local)
            }
            Runtime::Image => self.containers.launch(target, task).await,
        }
    }

    /// What runs the connectors that are images.
    #[must_use]
    pub fn containers(&self) -> &Containers {
        &self.containers
    }

    /// The connectors that are being installed at the moment.
    #[must_use]
    pub fn installing(&self) -> Vec<Installation> {
        self.python.installing()
    }
}
