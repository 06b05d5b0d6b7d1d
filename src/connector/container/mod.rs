//! Connectors in container images, through the API that Docker and Podman share. A container is made,
//! given its files, run and removed; nothing of the machine is mounted into it, so that the server may
//! run in a container itself, and the engine under another user.
//!
//! What happens to a run: `engine` finds who runs containers, `image` brings the image and reads how
//! it wants to be started, `create` makes the container, `running` looks after it until it is
//! removed, `orphans` finds what a killed server left behind.

mod archive;
mod create;
mod engine;
mod image;
mod orphans;
mod question;
mod running;
mod streams;
mod usage;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::hearing::without_injected;
use super::{Answer, Cause, Failure, Question, Running, Target, Task};
use crate::clock::Clock;
use create::Plan;
use engine::Engine;
use image::Images;

/// How containers are run here.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The engine's socket, as a path or `unix://` and a path; the usual ones are tried when absent.
    pub host: Option<String>,
    /// The network that containers join; the engine's own default when absent.
    pub network: Option<String>,
    /// Whether the file system of the image cannot be written to.
    pub read_only: bool,
    /// Whether an image that is not here is pulled.
    pub pull: bool,
    /// Bytes that a connector may use when nothing else is said; any number when absent.
    pub memory: Option<u64>,
    /// Bytes of the longest line of an answer.
    pub line_limit: usize,
    /// Where this server remembers its name, by which it finds its own containers again.
    pub data_dir: PathBuf,
}

/// Runs connectors in containers.
#[derive(Debug)]
pub struct Containers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    clock: Clock,
    engine: Engine,
    images: Images,
    instance: orphans::Instance,
    /// Those who look after containers: stopping waits for them.
    keepers: TaskTracker,
}

impl Containers {
    /// Needs no engine yet: each run looks for one.
    #[must_use]
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let keepers = TaskTracker::new();
        let inner = Inner {
            engine: Engine::new(settings.host.clone()),
            images: Images::new(settings.pull, keepers.clone()),
            instance: orphans::Instance::of(&settings.data_dir, &clock),
            settings,
            clock,
            keepers,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Asks a connector and waits for the whole answer, at most until the deadline; the time that it
    /// takes to pull the image is not counted. Giving up the wait ends the connector, but not a pull.
    ///
    /// # Errors
    /// [`Failure`], when there is none.
    pub async fn ask(
        &self,
        target: &Target,
        question: Question,
        deadline: Duration,
    ) -> Result<Answer, Failure> {
        let plan = question::plan(target, &question);
        let docker = self.inner.engine.reach().await?;
        self.inner.images.ready(&docker, &plan.image).await?;
        let until = Instant::now() + deadline;
        let running = match timeout_at(until, self.start(plan)).await {
            Ok(started) => started?,
            Err(_) => {
                let why = "the container did not start within the time allowed";
                return Err(Failure::new(Cause::Deadline, why));
            }
        };
        question::converse(running, &question, until, self.inner.settings.line_limit).await
    }

    /// Starts a long run.
    ///
    /// # Errors
    /// [`Failure`], when it cannot be started.
    pub async fn launch(&self, target: &Target, task: Task) -> Result<Running, Failure> {
        let mut plan = Plan::of(target);
        plan.arguments.push(task.command().to_owned());
        match task {
            Task::Read {
                configuration,
                catalog,
                state,
            } => {
                plan.configure(&configuration);
                plan.give("catalog", &catalog.to_string());
                if let Some(state) = &state {
                    plan.give("state", state.as_str());
                }
            }
            Task::Write {
                configuration,
                catalog,
            } => {
                plan.takes_input = true;
                plan.configure(&configuration);
                plan.give("catalog", &catalog.to_string());
            }
        }
        self.start(plan).await
    }

    /// Removes what earlier lives of this server left behind, and says how many containers it was.
    ///
    /// # Errors
    /// [`Failure`], when there is no engine, or it refuses.
    pub async fn collect_orphans(&self) -> Result<usize, Failure> {
        let inner = &self.inner;
        orphans::collect(&inner.engine.reach().await?, &inner.instance).await
    }

    /// Waits until every container whose run was dropped is removed.
    pub async fn settle(&self) {
        self.inner.keepers.close();
        self.inner.keepers.wait().await;
        self.inner.keepers.reopen();
    }

    /// Starts in a task of its own, so that a caller who goes away leaves no container behind.
    async fn start(&self, mut plan: Plan) -> Result<Running, Failure> {
        let inner = Arc::clone(&self.inner);
        plan.limits.memory = plan.limits.memory.or(inner.settings.memory);
        let (sender, receiver) = oneshot::channel();
        self.inner.keepers.spawn(async move {
            // Nobody there to take it: it is dropped, and so removed.
            let _ = sender.send(inner.start(plan).await);
        });
        receiver
            .await
            .unwrap_or_else(|_| Err(Failure::transient("starting a container was given up")))
    }
}

impl Inner {
    async fn start(&self, plan: Plan) -> Result<Running, Failure> {
        let docker = self.engine.reach().await?;
        let image = self.images.ready(&docker, &plan.image).await?;
        let id = create::create(&docker, self, &image, &plan).await?;
        match running::start(&docker, &id, &plan, &self.keepers).await {
            Ok(running) => Ok(running),
            Err(failure) => {
                running::remove(&docker, &id).await;
                Err(failure)
            }
        }
    }
}

impl Plan {
    /// The configuration, without what only the server may put in.
    fn configure(&mut self, configuration: &Value) {
        let configuration = without_injected(configuration.clone());
        self.give("config", &configuration.to_string());
    }

    /// Adds a file and the argument that names it.
    fn give(&mut self, name: &str, content: &str) {
        let file = format!("{name}.json");
        self.arguments.push(format!("--{name}"));
        self.arguments.push(create::path_of(&file));
        self.files.push((file, content.as_bytes().to_vec()));
    }
}
