//! Images: pulled when they are not here, and asked how they want to be started. A pull is shared by
//! everybody who waits for it and goes on when nobody does any more.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::engine::{refused, sentence};
use crate::connector::{Cause, Failure};

/// For a whole pull.
const PULL: Duration = Duration::from_mins(30);

type Outcome = Option<Result<(), Failure>>;

#[derive(Debug)]
pub(super) struct Images {
    pull: bool,
    keepers: TaskTracker,
    /// Pulls under way, by reference.
    pulls: Mutex<HashMap<String, watch::Receiver<Outcome>>>,
}

/// How an image wants to be started.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Image {
    /// The shell text of `AIRBYTE_ENTRYPOINT`.
    pub shell: Option<String>,
    /// Name or number of the user that it runs as; empty for root.
    pub user: String,
}

impl Images {
    pub(super) fn new(pull: bool, keepers: TaskTracker) -> Self {
        Self {
            pull,
            keepers,
            pulls: Mutex::default(),
        }
    }

    /// The image, once it is here.
    ///
    /// # Errors
    /// [`Cause::Missing`] when it is not and cannot be pulled; [`Cause::Transient`] when pulling it
    /// failed for another reason.
    pub(super) async fn ready(&self, docker: &Docker, reference: &str) -> Result<Image, Failure> {
        if let Some(image) = look(docker, reference).await? {
            return Ok(image);
        }
        if !self.pull {
            return Err(Failure::missing(format!(
                "the image {reference} is not on this machine, and the setting connectors.container_pull \
                 forbids to pull it: pull it by hand, or allow it"
            )));
        }
        self.pulled(docker, reference).await?;
        look(docker, reference).await?.ok_or_else(|| {
            Failure::missing(format!(
                "the image {reference} is not there after pulling it"
            ))
        })
    }

    async fn pulled(&self, docker: &Docker, reference: &str) -> Result<(), Failure> {
        let mut outcome = self.join(docker, reference);
        let gone = || Failure::transient("pulling an image was given up");
        match outcome.wait_for(Option::is_some).await {
            Ok(done) => done.clone().unwrap_or_else(|| Err(gone())),
            Err(_) => Err(gone()),
        }
    }

    /// The pull under way, or a new one.
    fn join(&self, docker: &Docker, reference: &str) -> watch::Receiver<Outcome> {
        let mut pulls = self
            .pulls
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // One that ended, well or badly, is asked no more.
        pulls.retain(|_, pull| pull.borrow().is_none() && pull.has_changed().is_ok());
        if let Some(pull) = pulls.get(reference) {
            return pull.clone();
        }
        let (sender, receiver) = watch::channel(None);
        let (docker, name) = (docker.clone(), reference.to_owned());
        self.keepers.spawn(async move {
            let outcome = match timeout(PULL, pull(&docker, &name)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(unpulled(&name, Cause::Transient, "it takes too long")),
            };
            let _ = sender.send(Some(outcome));
        });
        pulls.insert(reference.to_owned(), receiver.clone());
        receiver
    }
}

async fn look(docker: &Docker, reference: &str) -> Result<Option<Image>, Failure> {
    let inspected = match docker.inspect_image(reference).await {
        Ok(inspected) => inspected,
        Err(EngineError::DockerResponseServerError {
            status_code: 404, ..
        }) => return Ok(None),
        Err(error) => return Err(refused("looking at an image", &error)),
    };
    let config = inspected.config.unwrap_or_default();
    let shell = config
        .env
        .unwrap_or_default()
        .iter()
        .find_map(|pair| pair.strip_prefix("AIRBYTE_ENTRYPOINT="))
        .filter(|shell| !shell.trim().is_empty())
        .map(str::to_owned);
    Ok(Some(Image {
        shell,
        user: config.user.unwrap_or_default(),
    }))
}

async fn pull(docker: &Docker, reference: &str) -> Result<(), Failure> {
    tracing::info!(image = reference, "pulling a container image");
    let docker = docker.clone().with_timeout(PULL);
    let options = CreateImageOptionsBuilder::new()
        .from_image(reference)
        .build();
    let mut progress = docker.create_image(Some(options), None, None).boxed();
    while let Some(step) = progress.next().await {
        step.map_err(|error| {
            let cause = match error {
                EngineError::DockerResponseServerError {
                    status_code: 400..=499,
                    ..
                } => Cause::Missing,
                _ => Cause::Transient,
            };
            unpulled(reference, cause, &sentence(&error))
        })?;
    }
    Ok(())
}

fn unpulled(reference: &str, cause: Cause, why: &str) -> Failure {
    let message = format!("the image {reference} could not be pulled: {why}");
    Failure::new(cause, message)
}
