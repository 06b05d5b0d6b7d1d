//! Connectors that are compiled in. They take the definition ids, the names and the configurations of
//! the reference's, so that whoever asks for `airbyte/source-faker` gets one that starts at once and
//! needs nothing. The server runs them on threads ([`ask`], [`launch`]); `ferrobyte connector` runs
//! them on standard input and output ([`command_line`]), for foreign tools to test.

mod cancel;
pub mod command_line;
mod destination;
mod dev_null;
mod faker;
mod input;
mod inside;
mod interface;
mod local_files;
mod output;
mod postgres;
mod run;

use std::path::Path;

use uuid::{Uuid, uuid};

use self::cancel::Cancel;
use self::interface::{Destination, Fault, Source, Surroundings};
use super::{Answer, Cause, Failure, Question, Running, Task};
use crate::clock::Clock;
use crate::domain::definition::Kind;
use crate::protocol::message::Specification;
use crate::protocol::trace::FailureType;

/// A connector, and the one of the reference whose place it takes.
#[derive(Debug)]
pub struct Connector {
    pub kind: Kind,
    /// As in `configuration.sourceType`.
    pub short_name: &'static str,
    pub title: &'static str,
    pub definition_id: Uuid,
    pub repository: &'static str,
    /// The version that it follows.
    pub tag: &'static str,
    pub documentation_url: &'static str,
    program: Program,
}

#[derive(Debug, Clone, Copy)]
enum Program {
    Source(&'static dyn Source),
    Destination(&'static dyn Destination),
}

/// All there are.
pub static CONNECTORS: [Connector; 6] = [
    Connector {
        kind: Kind::Source,
        short_name: "faker",
        title: "Sample Data (Faker)",
        definition_id: uuid!("dfd88b22-b603-4c3d-aad7-3701784586b1"),
        repository: "airbyte/source-faker",
        tag: "7.2.1",
        documentation_url: "https://docs.airbyte.com/integrations/sources/faker",
        program: Program::Source(&faker::Faker),
    },
    Connector {
        kind: Kind::Source,
        short_name: "postgres",
        title: "Postgres",
        definition_id: uuid!("decd338e-5647-4c0b-adf4-da0e75f5a750"),
        repository: "airbyte/source-postgres",
        tag: "3.7.0",
        documentation_url: "https://docs.airbyte.com/integrations/sources/postgres",
        program: Program::Source(&postgres::Source),
    },
    Connector {
        kind: Kind::Destination,
        short_name: "dev-null",
        title: "End-to-End Testing (/dev/null)",
        definition_id: uuid!("a7bcc9d8-13b3-4e49-b80d-d020b90045e3"),
        repository: "airbyte/destination-dev-null",
        tag: "0.8.0",
        documentation_url: "https://docs.airbyte.com/integrations/destinations/dev-null",
        program: Program::Destination(&dev_null::DevNull),
    },
    Connector {
        kind: Kind::Destination,
        short_name: "csv",
        title: "Local CSV",
        definition_id: uuid!("8be1cf83-fde1-477f-a4ad-318d23c9f3c6"),
        repository: "airbyte/destination-csv",
        tag: "1.0.0",
        documentation_url: "https://docs.airbyte.com/integrations/destinations/csv",
        program: Program::Destination(&local_files::LocalFiles::Csv),
    },
    Connector {
        kind: Kind::Destination,
        short_name: "local-json",
        title: "Local JSON",
        definition_id: uuid!("a625d593-bba5-4a1c-a53d-2d246268a816"),
        repository: "airbyte/destination-local-json",
        tag: "0.2.11",
        documentation_url: "https://docs.airbyte.com/integrations/destinations/local-json",
        program: Program::Destination(&local_files::LocalFiles::JsonLines),
    },
    Connector {
        kind: Kind::Destination,
        short_name: "postgres",
        title: "Postgres",
        definition_id: uuid!("25c5221d-dce2-4163-ade9-739ef790f503"),
        repository: "airbyte/destination-postgres",
        tag: "3.0.0",
        documentation_url: "https://docs.airbyte.com/integrations/destinations/postgres",
        program: Program::Destination(&postgres::Destination),
    },
];

impl Connector {
    /// The whole name, such as `source-faker`: unique, as a short one need not be.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{}", self.kind.as_str(), self.short_name)
    }

    #[must_use]
    pub fn specification(&self) -> Specification {
        match self.program {
            Program::Source(source) => source.specification(),
            Program::Destination(destination) => destination.specification(),
        }
    }
}

/// A connector by its short name.
#[must_use]
pub fn find(kind: Kind, short_name: &str) -> Option<&'static Connector> {
    CONNECTORS
        .iter()
        .find(|connector| connector.kind == kind && connector.short_name == short_name)
}

/// The short name of the connector that takes the place of an image, whatever host the image comes from.
#[must_use]
pub fn replacing(kind: Kind, repository: &str) -> Option<&'static str> {
    let repository = repository.strip_prefix("docker.io/").unwrap_or(repository);
    CONNECTORS
        .iter()
        .find(|connector| connector.kind == kind && connector.repository == repository)
        .map(|connector| connector.short_name)
}

/// The specification of a connector, without running anything.
#[must_use]
pub fn specification(kind: Kind, short_name: &str) -> Option<Specification> {
    find(kind, short_name).map(Connector::specification)
}

/// Asks a connector; `local_dir` is what it sees as `/local`.
///
/// # Errors
/// [`Failure`], when there is no answer.
pub async fn ask(
    kind: Kind,
    short_name: &str,
    question: Question,
    local_dir: &Path,
) -> Result<Answer, Failure> {
    let connector = find(kind, short_name).ok_or_else(|| unknown(kind, short_name))?;
    let surroundings = surroundings(local_dir)?;
    // A check touches disks and, one day, networks: not on a thread that serves others.
    let answering =
        tokio::task::spawn_blocking(move || run::answer(connector, &question, &surroundings));
    match answering.await {
        Ok(Ok(said)) => Ok(Answer {
            said,
            new_configuration: None,
            log: Vec::new(),
        }),
        Ok(Err(fault)) => Err(fault.into()),
        Err(panic) => Err(Failure {
            story: panic.to_string(),
            ..Failure::new(
                Cause::Connector,
                "the connector broke: this is a fault of ours",
            )
        }),
    }
}

/// Starts a long run; `local_dir` is what the connector sees as `/local`.
///
/// # Errors
/// [`Failure`], when it cannot be started.
pub fn launch(
    kind: Kind,
    short_name: &str,
    task: Task,
    local_dir: &Path,
) -> Result<Running, Failure> {
    let connector = find(kind, short_name).ok_or_else(|| unknown(kind, short_name))?;
    inside::launch(connector, task, surroundings(local_dir)?)
}

fn surroundings(local_dir: &Path) -> Result<Surroundings, Failure> {
    let cancel = Cancel::new().map_err(|error| Failure {
        story: error.to_string(),
        ..Failure::transient("the system gives no more pipes")
    })?;
    Ok(Surroundings {
        local_dir: local_dir.to_owned(),
        clock: Clock::System,
        cancel,
    })
}

fn unknown(kind: Kind, short_name: &str) -> Failure {
    let kind = kind.as_str();
    Failure::missing(format!("no {kind} {short_name} is compiled in"))
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let cause = match fault.kind {
            FailureType::ConfigError => Cause::Configuration,
            FailureType::TransientError => Cause::Transient,
            FailureType::SystemError => Cause::Connector,
        };
        Self {
            story: fault.story,
            ..Self::new(cause, fault.message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_replaced_wherever_it_comes_from() {
        let of = |repository| replacing(Kind::Source, repository);
        assert_eq!(of("airbyte/source-faker"), Some("faker"));
        assert_eq!(of("docker.io/airbyte/source-faker"), Some("faker"));
        assert_eq!(of("example.org/airbyte/source-faker"), None);
        assert_eq!(replacing(Kind::Destination, "airbyte/source-faker"), None);
    }
}
