//! What the person who runs the benchmark may choose, all of it by environment.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the benchmark's config room"
)]

use std::env;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::cases;
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
    /// Jobs in the history that is listed.
    pub(crate) jobs: u32,
    /// Rows of one sync.
    pub(crate) rows: u32,
    /// Rows of the sync whose memory is watched.
    pub(crate) memory_rows: u32,
    /// Rows of one sync from a Python connector.
    pub(crate) pypi_rows: u32,
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
        let rows = number("BENCH_ROWS", 2_000_000)?;
        let settings = Self {
            rounds: number("BENCH_ROUNDS", 5)?,
            length: Duration::from_secs_f64(number("BENCH_SECONDS", 3.0)?),
            connections: number("BENCH_CONNECTIONS", 16)?,
            pool: number("BENCH_POOL", 0).map(|pool| (pool > 0).then_some(pool))?,
            large: number("BENCH_LARGE", 1_000_000)?,
            starts: number("BENCH_STARTS", 11)?,
            jobs: number("BENCH_JOBS", 1_000_000)?,
            rows,
            memory_rows: number("BENCH_MEMORY_ROWS", rows.saturating_mul(5))?,
            pypi_rows: number("BENCH_PYPI_ROWS", 200_000)?,
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
        // Two months of them, so that a day of the middle is full.
        ensure!(
            settings.jobs >= 400_000,
            "BENCH_JOBS needs at least 400000 jobs"
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
        let family = cases::FAMILIES
            .into_iter()
            .find(|family| case.starts_with(family));
        let asked = |name: &String| name == case || Some(name.as_str()) == family;
        let usual = self.only.is_empty() && !cases::ASKED_FOR.contains(&case);
        usual || self.only.iter().any(asked)
    }

    pub(crate) fn wants_engine(&self, engine: Engine) -> bool {
        self.engines.is_empty() || self.engines.iter().any(|name| name == engine.name())
    }

    /// Refuses a misspelt case or engine, which would otherwise measure nothing and say nothing.
    pub(crate) fn check(&self) -> Result<()> {
        let all = [&cases::NAMES[..], &cases::ASKED_FOR, &cases::FAMILIES].concat();
        for name in &self.only {
            ensure!(
                all.contains(&name.as_str()),
                "no case {name:?}; there are: {}",
                all.join(" ")
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

/// What an installer of Python packages and a Python program may need of the caller's environment.
pub(crate) fn of_python() -> Vec<(String, String)> {
    let wanted = |name: &str| {
        let word = |beginning: &&str| name.starts_with(beginning);
        ["PIP_", "UV_", "PYENV_", "SSL_CERT_"].iter().any(word)
            || matches!(
                name,
                "PATH" | "HOME" | "REQUESTS_CA_BUNDLE" | "CURL_CA_BUNDLE"
            )
            || name.to_ascii_lowercase().ends_with("_proxy")
    };
    env::vars().filter(|(name, _)| wanted(name)).collect()
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
