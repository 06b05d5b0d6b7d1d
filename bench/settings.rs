//! What the person who runs the benchmark may choose, all of it by environment.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the benchmark's config room"
)]

use std::env;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::postgres::Postgres;

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Alternating rounds per case.
    pub(crate) rounds: usize,
    pub(crate) length: Duration,
    pub(crate) connections: usize,
    /// Database connections of the floor, when they are not to be as many as our server's.
    pool: Option<u32>,
    /// Workspaces in the large database.
    pub(crate) large: u32,
    pub(crate) starts: usize,
    /// Rows of one sync.
    pub(crate) rows: u32,
    pub(crate) log: Option<String>,
    only: Vec<String>,
    engines: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    pub(crate) fn of(postgres: Option<&Postgres>) -> Self {
        if postgres.is_some() {
            Self::Postgres
        } else {
            Self::Sqlite
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

impl Settings {
    pub(crate) fn read() -> Result<Self> {
        let settings = Self {
            rounds: number("BENCH_ROUNDS", 5)?,
            length: Duration::from_secs_f64(number("BENCH_SECONDS", 3.0)?),
            connections: number("BENCH_CONNECTIONS", 16)?,
            pool: number("BENCH_POOL", 0).map(|pool| (pool > 0).then_some(pool))?,
            large: number("BENCH_LARGE", 1_000_000)?,
            starts: number("BENCH_STARTS", 11)?,
            rows: number("BENCH_ROWS", 2_000_000)?,
            log: env::var("BENCH_LOG").ok(),
            only: words("BENCH_ONLY"),
            engines: words("BENCH_ENGINE"),
        };
        ensure!(
            settings.rounds > 0 && settings.starts > 0,
            "at least one round and one start"
        );
        ensure!(settings.connections > 0, "at least one connection");
        ensure!(
            settings.large >= 2_000,
            "BENCH_LARGE needs at least 2000 workspaces"
        );
        Ok(settings)
    }

    /// Database connections of the floor; without a choice as many as our server has by default.
    pub(crate) fn pool(&self, engine: Engine) -> u32 {
        self.pool.unwrap_or(match engine {
            Engine::Postgres => 10,
            Engine::Sqlite => 4,
        })
    }

    pub(crate) fn wants(&self, case: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == case)
    }

    pub(crate) fn wants_engine(&self, engine: Engine) -> bool {
        self.engines.is_empty() || self.engines.iter().any(|name| name == engine.name())
    }

    /// Refuses a misspelt case or engine, which would otherwise measure nothing and say nothing.
    pub(crate) fn check(&self, cases: &[&str]) -> Result<()> {
        for name in &self.only {
            ensure!(
                cases.contains(&name.as_str()),
                "no case {name:?}; there are: {}",
                cases.join(" ")
            );
        }
        for name in &self.engines {
            ensure!(
                matches!(name.as_str(), "postgres" | "sqlite"),
                "no engine {name:?}"
            );
        }
        Ok(())
    }
}

fn number<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    name: &str,
    otherwise: T,
) -> Result<T> {
    match env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name}={text}")),
        Err(_) => Ok(otherwise),
    }
}

fn words(name: &str) -> Vec<String> {
    let text = env::var(name).unwrap_or_default();
    text.split([',', ' '])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
