//! A stage is one database of a given size with our server and the floor both running on it. Every
//! case plays on one of five.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cpu;
use super::load::{self, Request};
use super::postgres::Postgres;
use super::seed::{self, Amounts, Person};
use super::server::{Home, Running};
use super::settings::{Engine, Settings};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Middle,
    Large,
    /// With sources, destinations and connections.
    Connected,
    /// The same with a history of jobs.
    Worked,
}

impl Size {
    pub(crate) const ALL: [Self; 5] = [
        Self::Small,
        Self::Middle,
        Self::Large,
        Self::Connected,
        Self::Worked,
    ];

    pub(crate) fn amounts(self, settings: &Settings) -> Amounts {
        Amounts {
            workspaces: match self {
                Self::Small | Self::Connected | Self::Worked => 1_000,
                Self::Middle => 100_000,
                Self::Large => settings.large,
            },
            connections: matches!(self, Self::Connected | Self::Worked),
            jobs: if self == Self::Worked {
                settings.jobs
            } else {
                0
            },
        }
    }
}

/// Which of the two programs a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Server,
    Floor,
}

/// Processor time so far of one program and of the database's own processes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) program: Duration,
    pub(crate) database: Duration,
}

pub(crate) struct Stage<'a> {
    pub(crate) engine: Engine,
    pub(crate) server: Running,
    pub(crate) floor: Running,
    postgres: Option<&'a Postgres>,
    ground: Ground,
}

/// The place that outlives the programs running on it.
pub(crate) struct Ground {
    folder: TempDir,
    database_url: Option<String>,
    log: Option<String>,
}

impl Ground {
    /// A migrated and filled database, with nothing running on it.
    pub(crate) async fn lay(
        settings: &Settings,
        postgres: Option<&Postgres>,
        size: Size,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("ferrobyte-bench-")
            .tempdir()?;
        let database_url = match postgres {
            Some(postgres) => Some(postgres.create(&format!("{size:?}").to_lowercase()).await?),
            None => None,
        };
        let ground = Self {
            folder,
            database_url,
            log: settings.log.clone(),
        };
        drop(
            Running::server(ground.home())
                .await
                .context("the first start, which migrates")?,
        );
        seed::fill(ground.home(), size.amounts(settings)).await?;
        Ok(ground)
    }

    pub(crate) fn home(&self) -> Home<'_> {
        Home {
            folder: self.folder.path(),
            database_url: self.database_url.as_deref(),
            log: self.log.as_deref(),
            more: &[],
        }
    }
}

impl<'a> Stage<'a> {
    pub(crate) async fn set(
        settings: &Settings,
        postgres: Option<&'a Postgres>,
        size: Size,
    ) -> Result<Self> {
        let engine = Engine::of(postgres);
        let ground = Ground::lay(settings, postgres, size).await?;
        let server = Running::server(ground.home()).await?;
        let floor = Running::floor(ground.home(), settings.pool(engine)).await?;
        Ok(Self {
            engine,
            server,
            floor,
            postgres,
            ground,
        })
    }

    pub(crate) fn program(&self, who: Who) -> &Running {
        match who {
            Who::Server => &self.server,
            Who::Floor => &self.floor,
        }
    }

    /// Ends both programs and keeps their database.
    pub(crate) fn leave(self) -> Ground {
        self.ground
    }

    pub(crate) fn account(&self, who: Who) -> Result<Account> {
        let database = match self.postgres {
            Some(postgres) => cpu::of_family(postgres.pid())?,
            None => Duration::ZERO,
        };
        Ok(Account {
            program: cpu::of_program(self.program(who).pid())?,
            database,
        })
    }

    /// Trades a person's secret for a token.
    pub(crate) async fn token(&self, who: Who, person: Person) -> Result<String> {
        let answer = self
            .ask(
                who,
                &token_request(who, &person.client_id(), &person.secret()),
            )
            .await?;
        let token = answer["access_token"].as_str().context("no access_token")?;
        Ok(token.to_owned())
    }

    pub(crate) async fn ask(&self, who: Who, request: &Request) -> Result<Value> {
        let body = load::once(self.program(who).address, request)
            .await
            .with_context(|| format!("asking the {who:?}"))?;
        Ok(serde_json::from_slice(&body)?)
    }
}

pub(crate) fn token_request(who: Who, client_id: &str, secret: &str) -> Request {
    let path = match who {
        Who::Server => "/api/v1/applications/token",
        Who::Floor => "/token",
    };
    let body = json!({ "client_id": client_id, "client_secret": secret });
    Request::post_json(path, &body.to_string())
}
