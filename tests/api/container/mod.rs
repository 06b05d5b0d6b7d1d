//! Connectors in containers, run by a real engine: an image made here, podman with runc. Where no engine
//! can run, that is said loudly, and what goes wrong without one is tested all the same.

mod own_images;
mod questions;
mod runs;
mod without_engine;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

use ferrobyte::clock::Clock;
use ferrobyte::connector::container::{Containers, Settings};
use ferrobyte::connector::{Answer, Failure, Limits, Question, Running, Target, Task};
use ferrobyte::domain::definition::{Kind, Runtime};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::podman::{Engine, REPOSITORY, TAG};

const SOON: Duration = Duration::from_secs(30);

fn settings(socket: &Path, data: &TempDir) -> Settings {
    Settings {
        host: Some(socket.display().to_string()),
        network: Some("none".to_owned()),
        read_only: false,
        pull: false,
        memory: None,
        line_limit: 1 << 20,
        data_dir: data.path().to_owned(),
    }
}

fn target() -> Target {
    Target {
        kind: Kind::Source,
        runtime: Runtime::Image,
        repository: REPOSITORY.to_owned(),
        tag: TAG.to_owned(),
        manifest: None,
        limits: Limits::default(),
    }
}

/// Containers on the engine of this run, which a test leaves as empty as it found it.
struct Here {
    containers: Containers,
    engine: &'static Engine,
    data: TempDir,
}

impl Here {
    fn start() -> Option<Self> {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Option<Self> {
        let engine = Engine::shared()?;
        let data = tempfile::tempdir().expect("a directory");
        let mut settings = settings(&engine.socket, &data);
        change(&mut settings);
        Some(Self {
            containers: Containers::new(settings, Clock::System),
            engine,
            data,
        })
    }

    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        self.containers.ask(&target(), question, SOON).await
    }

    async fn check(&self, mode: &str) -> Result<Answer, Failure> {
        let configuration = json!({ "mode": mode });
        self.ask(Question::Check { configuration }).await
    }

    async fn read(&self, configuration: Value) -> Running {
        let task = Task::Read {
            configuration,
            catalog: json!({ "streams": [] }),
            state: Some((&json!([])).into()),
        };
        self.containers
            .launch(&target(), task)
            .await
            .expect("it starts")
    }

    /// The containers of this server that there are, running or not.
    fn left(&self) -> usize {
        let name = std::fs::read_to_string(self.data.path().join("container-instance"));
        let name = name.expect("a name");
        let list = format!("ps --all --quiet --filter label=ferrobyte.instance={name}");
        let volumes = format!("volume ls --quiet --filter label=ferrobyte.instance={name}");
        self.engine.podman(&list).lines().count() + self.engine.podman(&volumes).lines().count()
    }

    async fn nothing_is_left(&self) {
        self.containers.settle().await;
        assert_eq!(self.left(), 0);
    }
}

/// Everything on standard output, in lines.
async fn lines(output: std::io::PipeReader) -> Vec<String> {
    let read = || {
        BufReader::new(output)
            .lines()
            .collect::<Result<Vec<_>, _>>()
    };
    tokio::task::spawn_blocking(read)
        .await
        .expect("a thread")
        .expect("lines")
}

async fn log(mut errors: tokio::sync::mpsc::Receiver<String>) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(line) = errors.recv().await {
        lines.push(line);
    }
    lines
}
