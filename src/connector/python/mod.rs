//! Connectors in Python: packages of the index, each version in an environment of its own, and low-code
//! manifests, which one generic runner understands. Short questions go to a warm parent that has
//! imported the connector already and forks; long runs, and whatever cannot be forked, are processes.

mod entry;
mod environments;
mod index;
mod install;
mod interpreters;
mod manifest;
mod package;
mod warm;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::hearing::{self, Hearing};
use super::launcher::Settings;
use super::process::child::{self, Child};
use super::process::directory::RunDirectory;
use super::process::groups::Groups;
use super::process::listening::listen;
use super::process::running::running;
use super::process::{Input, Order};
use super::{Answer, Failure, Question, Running, Target, Task};
use crate::domain::definition::Runtime;

use entry::Installed;
use environments::Environments;
use manifest::LowCode;
use package::Package;
use warm::Warm;

pub use environments::Installation;

/// Runs Python connectors.
#[derive(Debug)]
pub struct Python {
    settings: Arc<Settings>,
    environments: Environments,
    warm: Warm,
    groups: Groups,
}

/// One connector to run: where it is, and what a manifest adds.
struct Program<'a> {
    installed: Arc<Installed>,
    low_code: Option<LowCode<'a>>,
    memory: Option<u64>,
    /// Processors.
    cpu: Option<f64>,
}

impl Python {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            environments: Environments::new(Arc::clone(&settings)),
            warm: Warm::new(Arc::clone(&settings)),
            settings,
            groups: Groups::default(),
        }
    }

    pub(super) fn installing(&self) -> Vec<Installation> {
        self.environments.installing()
    }

    pub(super) async fn ask(
        &self,
        target: &Target,
        question: Question,
        deadline: Duration,
    ) -> Result<Answer, Failure> {
        if let (Runtime::Manifest, Question::Specification) = (&target.runtime, &question) {
            return manifest::specification(target);
        }
        let program = self.program(target).await?;
        let deadline = Instant::now() + deadline;
        match self.ask_warm(&program, &question, deadline).await {
            Some(outcome) => outcome,
            None => self.ask_cold(&program, &question, deadline).await,
        }
    }

    pub(super) async fn launch(&self, target: &Target, task: Task) -> Result<Running, Failure> {
        let program = self.program(target).await?;
        let directory = self.directory()?;
        let (files, input) = match &task {
            Task::Read {
                configuration,
                catalog,
                state,
            } => (
                vec![
                    (
                        "config",
                        Some(program.configuration(configuration).to_string()),
                    ),
                    ("catalog", Some(catalog.to_string())),
                    (
                        "state",
                        state.as_ref().map(|state| state.as_str().to_owned()),
                    ),
                ],
                Input::Nothing,
            ),
            Task::Write {
                configuration,
                catalog,
            } => (
                vec![
                    (
                        "config",
                        Some(program.configuration(configuration).to_string()),
                    ),
                    ("catalog", Some(catalog.to_string())),
                ],
                Input::Pipe,
            ),
        };
        let arguments = arguments(&directory, task.command(), files)?;
        running(self.start(&program, directory, arguments, input).await?)
    }

    /// Finds what a target needs, and installs it if it is not there yet.
    async fn program<'a>(&self, target: &'a Target) -> Result<Program<'a>, Failure> {
        let (package, low_code) = match &target.runtime {
            Runtime::Python { package, version } => (Package::parse(package, version)?, None),
            _ => {
                let low_code = LowCode::of(target, self.settings.unsafe_code)?;
                (low_code.runner(), Some(low_code))
            }
        };
        Ok(Program {
            installed: self.environments.ready(&package).await?,
            low_code,
            memory: target.limits.memory.or(self.settings.memory),
            cpu: target.limits.cpu,
        })
    }

    /// Nothing when it has to be asked the other way.
    async fn ask_warm(
        &self,
        program: &Program<'_>,
        question: &Question,
        deadline: Instant,
    ) -> Option<Result<Answer, Failure>> {
        let parent = self.warm.parent(&program.installed, deadline).await?;
        let directory = RunDirectory::create(parent.place()).ok()?;
        let arguments = program.arguments(&directory, question).ok()?;
        let mut environment = self.settings.environment.clone().inside(&directory);
        program.prepare(&mut environment);
        let fork = parent
            .fork(&directory, &arguments, &environment, program.memory)
            .ok()?;
        let outcome = listen(
            Hearing::new(question),
            fork.output,
            fork.errors,
            fork.end,
            deadline,
            self.settings.line_limit,
        )
        .await;
        match outcome {
            Err(_) if parent.is_unfit() => None,
            outcome => Some(outcome),
        }
    }

    async fn ask_cold(
        &self,
        program: &Program<'_>,
        question: &Question,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let directory = self.directory()?;
        let arguments = program.arguments(&directory, question)?;
        let child = self
            .start(program, directory, arguments, Input::Nothing)
            .await?;
        let Child {
            output,
            errors,
            mut life,
            ..
        } = child;
        let end = async move { life.wait().await };
        let hearing = Hearing::new(question);
        listen(
            hearing,
            output,
            errors,
            end,
            deadline,
            self.settings.line_limit,
        )
        .await
    }

    async fn start(
        &self,
        program: &Program<'_>,
        directory: RunDirectory,
        arguments: Vec<OsString>,
        input: Input,
    ) -> Result<Child, Failure> {
        let mut environment = self.settings.environment.clone().inside(&directory);
        program.prepare(&mut environment);
        let order = Order {
            command: program.installed.command(arguments),
            environment,
            directory,
            memory: program.memory,
            group: program.cpu.and_then(|cpu| self.groups.make(cpu)),
            input,
        };
        child::start(order, &self.settings.supervisor).await
    }

    fn directory(&self) -> Result<RunDirectory, Failure> {
        RunDirectory::create(&self.settings.runs()).map_err(no_directory)
    }
}

impl Program<'_> {
    /// The configuration as the connector gets it.
    fn configuration(&self, given: &Value) -> Value {
        let given = hearing::without_injected(given.clone());
        match &self.low_code {
            Some(low_code) => low_code.inject(given),
            None => given,
        }
    }

    fn arguments(
        &self,
        directory: &RunDirectory,
        question: &Question,
    ) -> Result<Vec<OsString>, Failure> {
        let configuration = question
            .configuration()
            .map(|given| self.configuration(given).to_string());
        arguments(
            directory,
            question.command(),
            vec![("config", configuration)],
        )
    }

    fn prepare(&self, environment: &mut super::process::environment::Environment) {
        if let Some(low_code) = &self.low_code {
            low_code.prepare(environment);
        }
    }
}

/// Writes the files and makes the command line that names them.
fn arguments(
    directory: &RunDirectory,
    command: &str,
    files: Vec<(&str, Option<String>)>,
) -> Result<Vec<OsString>, Failure> {
    let mut arguments = vec![OsString::from(command)];
    for (name, content) in files {
        if let Some(content) = content {
            let path = directory
                .write(&format!("{name}.json"), content.as_bytes())
                .map_err(no_directory)?;
            arguments.extend([format!("--{name}").into(), path.into_os_string()]);
        }
    }
    Ok(arguments)
}

fn no_directory(error: std::io::Error) -> Failure {
    Failure::broken("the private directory of the run cannot be written", error)
}

/// Asks a fresh installation for its specification, without a warm parent: this is how it will be
/// run, and it compiles what the start needs.
async fn verify(
    settings: &Settings,
    installed: &Installed,
    deadline: Instant,
) -> Result<(), Failure> {
    let directory = RunDirectory::create(&settings.runs()).map_err(no_directory)?;
    let environment = settings.environment.clone().inside(&directory);
    let order = Order {
        command: installed.command(vec!["spec".into()]),
        environment,
        directory,
        memory: None,
        group: None,
        input: Input::Nothing,
    };
    let Child {
        output,
        errors,
        mut life,
        ..
    } = child::start(order, &settings.supervisor).await?;
    let hearing = Hearing::new(&Question::Specification);
    let end = async move { life.wait().await };
    listen(hearing, output, errors, end, deadline, settings.line_limit).await?;
    Ok(())
}
