//! A container at work. A keeper looks after each one until it is removed: it kills what nobody holds
//! any more, finds out how it ended, and takes it away with its files.

use std::pin::{Pin, pin};
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::create::Plan;
use super::engine::{refused, sentence};
use super::streams;
use super::usage::Usage;
use crate::connector::feed::Feed;
use crate::connector::{Exit, Failure, Handle, Running};

/// Waiting for the end has no limit of its own.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// How long a container may go on after its streams have ended.
const SPEECHLESS: Duration = Duration::from_secs(5);
/// How often an engine that does not answer is asked again, and how soon.
const ATTEMPTS: u32 = 10;
const AGAIN: Duration = Duration::from_secs(1);

/// Starts a container that was made, and sets a keeper on it.
///
/// # Errors
/// When it does not start; it is for the caller to remove then.
pub(super) async fn start(
    docker: &Docker,
    id: &str,
    plan: &Plan,
    keepers: &TaskTracker,
) -> Result<Running, Failure> {
    let options = AttachContainerOptionsBuilder::new()
        .stream(true)
        .stdin(plan.takes_input)
        .stdout(true)
        .stderr(true)
        .build();
    // Before it starts, or its first words would be lost.
    let attached = docker
        .attach_container(id, Some(options))
        .await
        .map_err(|error| refused("attaching to a container", &error))?;
    let (ends, carrier) = streams::connect(attached, plan.takes_input)
        .map_err(|error| Failure::transient(format!("no pipe could be made: {error}")))?;
    docker
        .start_container(id, None)
        .await
        .map_err(|error| refused("starting a container", &error))?;
    let (sender, exit) = watch::channel(None);
    let (dropped, asked) = (CancellationToken::new(), CancellationToken::new());
    let keeper = Keeper {
        docker: docker.clone(),
        id: id.to_owned(),
        limited: plan.limits.memory.is_some(),
        dropped: dropped.clone(),
        asked: asked.clone(),
        exit: sender,
    };
    keepers.spawn(keeper.keep(carrier));
    Ok(Running {
        input: ends.input.map(Feed::Pipe),
        output: ends.output,
        errors: ends.errors,
        handle: Box::new(Held {
            docker: docker.clone(),
            id: id.to_owned(),
            exit,
            asked,
            _dropped: dropped.drop_guard(),
        }),
    })
}

/// Kills a container if it runs, and removes it with its files. What cannot be removed is an orphan for
/// the next start.
pub(super) async fn remove(docker: &Docker, id: &str) {
    kill(docker, id).await;
    let options = RemoveContainerOptionsBuilder::new()
        .force(true)
        .v(true)
        .build();
    for _ in 0..ATTEMPTS {
        match docker.remove_container(id, Some(options.clone())).await {
            Ok(())
            | Err(EngineError::DockerResponseServerError {
                status_code: 404, ..
            }) => return,
            Err(error) => {
                tracing::debug!(container = id, "not removed yet: {}", sentence(&error));
                sleep(AGAIN).await;
            }
        }
    }
    tracing::warn!(
        container = id,
        "a container could not be removed; the next start tries again"
    );
}

/// What does not run cannot be killed, and need not be.
async fn kill(docker: &Docker, id: &str) {
    let options = KillContainerOptionsBuilder::new().signal("KILL").build();
    let _ = docker.kill_container(id, Some(options)).await;
}

struct Keeper {
    docker: Docker,
    id: String,
    /// Whether its memory is.
    limited: bool,
    dropped: CancellationToken,
    /// Somebody asked it to end.
    asked: CancellationToken,
    exit: watch::Sender<Option<Exit>>,
}

impl Keeper {
    async fn keep(self, carrier: impl Future<Output = ()>) {
        let (docker, id) = (&self.docker, self.id.as_str());
        let mut carrier = pin!(carrier);
        let mut silent = false;
        let mut usage = Usage::default();
        {
            let mut ended = pin!(ended(docker, id));
            let mut sampling = pin!(usage.sample(docker, id));
            loop {
                tokio::select! {
                    () = &mut ended => break,
                    () = self.dropped.cancelled() => break kill(docker, id).await,
                    // Whoever reads has gone, or the engine: what it says from now on is lost.
                    () = &mut carrier, if !silent => silent = true,
                    () = sleep(SPEECHLESS), if silent => {
                        self.asked.cancel();
                        break kill(docker, id).await;
                    }
                    () = &mut sampling => {}
                }
            }
        }
        let mut exit = exit(docker, id).await;
        // Not every engine notices; but who else would kill what nobody asked to end?
        exit.out_of_memory |= self.limited && exit.signal == Some(9) && !self.asked.is_cancelled();
        usage.tell(&mut exit);
        self.exit.send_replace(Some(exit));
        if !silent {
            // Its last words may still be on their way.
            tokio::select! {
                () = &mut carrier => {}
                () = self.dropped.cancelled() => {}
            }
        }
        remove(docker, id).await;
    }
}

/// Waits until the container does not run any more, or nobody knows.
async fn ended(docker: &Docker, id: &str) {
    let docker = docker.clone().with_timeout(FOREVER);
    for _ in 0..ATTEMPTS {
        let options = WaitContainerOptionsBuilder::new()
            .condition("not-running")
            .build();
        match docker
            .wait_container(id, Some(options))
            .boxed()
            .next()
            .await
        {
            // A code other than zero is an error to the client.
            Some(
                Ok(_)
                | Err(
                    EngineError::DockerContainerWaitError { .. }
                    | EngineError::DockerResponseServerError {
                        status_code: 404, ..
                    },
                ),
            ) => return,
            Some(Err(error)) => {
                tracing::debug!(container = id, "waiting again: {}", sentence(&error));
                sleep(AGAIN).await;
            }
            None => sleep(AGAIN).await,
        }
    }
}

/// How it ended, as far as the engine knows.
async fn exit(docker: &Docker, id: &str) -> Exit {
    let inspected = match docker.inspect_container(id, None).await {
        Ok(inspected) => inspected,
        Err(error) => {
            tracing::warn!(
                container = id,
                "nobody knows how it ended: {}",
                sentence(&error)
            );
            return Exit::default();
        }
    };
    let state = inspected.state.unwrap_or_default();
    let code = state.exit_code.and_then(|code| i32::try_from(code).ok());
    // What a signal ended is reported as 128 and its number.
    let signal = code
        .map(|code| code - 128)
        .filter(|number| (1..=64).contains(number));
    Exit {
        code: if signal.is_some() { None } else { code },
        signal,
        out_of_memory: state.oom_killed.unwrap_or(false),
        ..Exit::default()
    }
}

/// What the caller holds; letting go of it ends the container.
#[derive(Debug)]
struct Held {
    docker: Docker,
    id: String,
    exit: watch::Receiver<Option<Exit>>,
    asked: CancellationToken,
    _dropped: DropGuard,
}

impl Held {
    async fn ended(&mut self) -> Exit {
        match self.exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().unwrap_or_default(),
            Err(_) => Exit::default(),
        }
    }
}

impl Handle for Held {
    fn wait(&mut self) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        Box::pin(self.ended())
    }

    fn stop(&mut self, grace: Duration) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        Box::pin(async move {
            self.asked.cancel();
            let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
            let options = StopContainerOptionsBuilder::new().t(seconds).build();
            let docker = self.docker.clone().with_timeout(grace + SPEECHLESS);
            if let Err(error) = docker.stop_container(&self.id, Some(options)).await {
                tracing::debug!(
                    container = self.id,
                    "stopped by force: {}",
                    sentence(&error)
                );
                kill(&self.docker, &self.id).await;
            }
            self.ended().await
        })
    }
}
