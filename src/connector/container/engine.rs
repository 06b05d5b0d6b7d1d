//! Who runs containers on this machine: the socket that the operator names, or the first of the usual
//! ones behind which somebody answers. Looked for anew at each run, so that an engine may be installed,
//! started or replaced while the server runs.

use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use tokio::time::timeout;

use crate::connector::Failure;

/// Engines answer this question in milliseconds.
const GREETING: Duration = Duration::from_secs(5);
/// For every other request; those that take long by nature have limits of their own.
const REQUEST: u64 = 60;

#[derive(Debug)]
pub(super) struct Engine {
    host: Option<String>,
}

impl Engine {
    pub(super) fn new(host: Option<String>) -> Self {
        Self { host }
    }

    /// Somebody who answers.
    ///
    /// # Errors
    /// `Cause::Missing`, with what was tried and what can be done.
    pub(super) async fn reach(&self) -> Result<Docker, Failure> {
        let candidates = match &self.host {
            Some(host) => vec![host.strip_prefix("unix://").unwrap_or(host).to_owned()],
            None => usual(),
        };
        let mut tried = Vec::new();
        for socket in &candidates {
            match greet(socket).await {
                Ok(docker) => return Ok(docker),
                Err(why) => tried.push(format!("{socket}: {why}")),
            }
        }
        let advice = if self.host.is_some() {
            "start that engine, correct the setting connectors.container_host, or choose another \
             runtime for this connector"
        } else {
            "install podman or docker, name its socket in the setting connectors.container_host, or \
             choose another runtime for this connector"
        };
        let mut failure = Failure::missing(format!(
            "this connector is a container image, and no container engine answers here: {advice}"
        ));
        failure.story = format!("tried {}", tried.join(", "));
        Err(failure)
    }
}

/// Where Docker and Podman listen, for the whole machine and for this user.
fn usual() -> Vec<String> {
    let own = format!("/run/user/{}", rustix::process::geteuid().as_raw());
    vec![
        "/var/run/docker.sock".to_owned(),
        format!("{own}/docker.sock"),
        "/run/podman/podman.sock".to_owned(),
        format!("{own}/podman/podman.sock"),
    ]
}

async fn greet(socket: &str) -> Result<Docker, String> {
    if socket.contains("://") {
        return Err("an engine is spoken to through its socket only (unix:///…)".to_owned());
    }
    let docker = Docker::connect_with_unix(socket, REQUEST, API_DEFAULT_VERSION)
        .map_err(|_| "there is no such socket")?;
    match timeout(GREETING, docker.negotiate_version()).await {
        Ok(answer) => answer.map_err(|error| sentence(&error)),
        Err(_) => Err("nobody answers".to_owned()),
    }
}

/// What the engine says, without the client's frame around it.
pub(super) fn sentence(error: &bollard::errors::Error) -> String {
    use bollard::errors::Error as E;
    match error {
        E::DockerResponseServerError { message, .. } => message.clone(),
        E::DockerStreamError { error } => error.clone(),
        E::RequestTimeoutError => "it did not answer in time".to_owned(),
        other => innermost(other),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The engine did not do what was asked of it.
pub(super) fn refused(doing: &str, error: &bollard::errors::Error) -> Failure {
    let why = sentence(error);
    let message = format!("the container engine failed at {doing}: {why}");
    Failure {
        story: error.to_string(),
        ..Failure::transient(message)
    }
}
