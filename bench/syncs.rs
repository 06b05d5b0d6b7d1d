//! Syncs: our server moving rows between connectors that are compiled in, against the same generator
//! through a bare pipe, and against `\copy` of the same rows; and how long a sync of next to nothing takes.
//! Times are by the clock on the wall: here it is the waiting for each other that costs.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
use sqlx::{Connection, PgConnection};

use super::cases::Targets;
use super::pipe;
use super::postgres::Postgres;
use super::report::Value;
use super::server::BINARY;
use super::settings::{Engine, Settings};
use super::works::Works;

/// Syncs of next to nothing.
const EMPTY: usize = 200;

/// Everything about syncs on one engine.
pub(crate) async fn measure(
    settings: &Settings,
    postgres: Option<&Postgres>,
) -> Result<Vec<Value>> {
    let engine = Engine::of(postgres).name();
    let works = Works::start(postgres, "syncs", &[]).await?;
    let value = |says: String, unit, figures, targets| Value {
        says,
        engine,
        unit,
        figures,
        targets,
    };
    let mut values = Vec::new();

    let nothing = works.nowhere().await?;
    let rows = settings.rows;
    let source = works.end("source", generator(rows)).await?;
    let sync = works.connect(&source, "users", &nothing).await?;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..settings.rounds {
        let bare = bare_pipe(works.folder(), rows)?;
        let took = works.run(&sync, rows).await?;
        ratios.push(took.as_secs_f64() / bare.as_secs_f64());
        rates.push(per_second(rows, took));
    }
    values.push(value(
        "generator to dev-null: time / through a bare pipe".into(),
        "",
        ratios,
        Some(Targets {
            must: 1.25,
            aim: 1.05,
        }),
    ));
    values.push(value("the same".into(), "M rows/s", rates, None));

    let one = works.end("source", generator(1)).await?;
    let sync = works.connect(&one, "users", &nothing).await?;
    let mut times = Vec::new();
    for _ in 0..EMPTY {
        times.push(works.run(&sync, 1).await?.as_secs_f64() * 1e3);
    }
    values.push(value(
        "sync of one row: accepted to seen succeeded".into(),
        "ms",
        vec![quantile(&mut times, 0.5)],
        Some(Targets {
            must: 100.0,
            aim: 20.0,
        }),
    ));
    if let (Some(postgres), Some(url)) = (postgres, &works.database_url) {
        values.extend(claims(url, engine).await?);
        values.extend(copies(settings, &works, postgres, &source).await?);
    }
    Ok(values)
}

/// A source of so many people, who cost little to make up.
pub(crate) fn generator(rows: u32) -> Json {
    json!({ "sourceType": "faker", "count": rows, "seed": 1, "records_per_slice": 10_000 })
}

/// The generator on its own, read in the largest blocks by somebody who throws them away.
fn bare_pipe(folder: &Path, rows: u32) -> Result<Duration> {
    let (config, catalog) = (folder.join("config.json"), folder.join("catalog.json"));
    let mut configuration = generator(rows);
    configuration
        .as_object_mut()
        .context("an object")?
        .remove("sourceType");
    std::fs::write(&config, configuration.to_string())?;
    let stream = json!({ "stream": { "name": "users", "json_schema": {}, "supported_sync_modes": ["full_refresh"] },
                         "sync_mode": "full_refresh", "destination_sync_mode": "append" });
    std::fs::write(&catalog, json!({ "streams": [stream] }).to_string())?;
    let mut command = Command::new(BINARY);
    command
        .args(["connector", "source-faker", "read", "--config"])
        .arg(&config)
        .arg("--catalog")
        .arg(&catalog);
    let (took, bytes) = pipe::drain(command)?;
    ensure!(
        bytes > rows as usize * 100,
        "the generator made {bytes} bytes only"
    );
    Ok(took)
}

/// From the request to a worker's hands, by the database's own account.
async fn claims(url: &str, engine: &'static str) -> Result<Vec<Value>> {
    const WAITS: &str = "SELECT EXTRACT(EPOCH FROM a.created_at - j.created_at)::float8 * 1000 \
                         FROM jobs j JOIN attempts a ON a.job_id = j.id AND a.number = 0";
    let mut db = PgConnection::connect(url).await?;
    let mut waits: Vec<f64> = sqlx::query_scalar(WAITS).fetch_all(&mut db).await?;
    let figure = |says: &str, figure, must, aim| Value {
        says: says.into(),
        engine,
        unit: "ms",
        figures: vec![figure],
        targets: Some(Targets { must, aim }),
    };
    Ok(vec![
        figure(
            "job accepted to claimed, p50",
            quantile(&mut waits, 0.5),
            10.0,
            2.0,
        ),
        figure(
            "job accepted to claimed, p99",
            quantile(&mut waits, 0.99),
            50.0,
            10.0,
        ),
    ])
}

/// Into typed tables, against `\copy` of the very rows that came of it.
async fn copies(
    settings: &Settings,
    works: &Works,
    postgres: &Postgres,
    source: &Json,
) -> Result<Vec<Value>> {
    let rows = settings.rows;
    let url = postgres.create("copies").await?;
    let destination = works.database(postgres, "copies").await?;
    let sync = works.connect(source, "users", &destination).await?;
    let file = works.folder().join("rows");
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for round in 0..settings.rounds.min(3) {
        let before = if round == 0 {
            "SELECT 1"
        } else {
            "DROP TABLE users, copied"
        };
        psql(&url, before)?;
        let took = works.run(&sync, rows).await?;
        psql(&url, "CREATE TABLE copied (LIKE users INCLUDING ALL)")?;
        psql(&url, &format!("\\copy users TO '{}'", file.display()))?;
        let begun = Instant::now();
        psql(&url, &format!("\\copy copied FROM '{}'", file.display()))?;
        ratios.push(took.as_secs_f64() / begun.elapsed().as_secs_f64());
        rates.push(per_second(rows, took));
    }
    let value = |says: &str, unit, figures, targets| Value {
        says: says.into(),
        engine: "postgres",
        unit,
        figures,
        targets,
    };
    let targets = Targets {
        must: 1.33,
        aim: 1.05,
    };
    Ok(vec![
        value(
            "generator to PostgreSQL: time / \\copy",
            "",
            ratios,
            Some(targets),
        ),
        value("the same", "M rows/s", rates, None),
    ])
}

pub(crate) fn psql(url: &str, command: &str) -> Result<()> {
    let done = Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command, url])
        .output()
        .context("psql comes with Debian's postgresql-client")?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "psql {command}: {said}");
    Ok(())
}

/// Such as `10 M`.
pub(crate) fn millions(rows: u32) -> String {
    format!("{} M", f64::from(rows) / 1e6)
}

pub(crate) fn per_second(rows: u32, took: Duration) -> f64 {
    f64::from(rows) / took.as_secs_f64() / 1e6
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "an index among a few hundred"
)]
pub(crate) fn quantile(figures: &mut [f64], part: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let index = ((figures.len() as f64 - 1.0) * part).round() as usize;
    figures.get(index).copied().unwrap_or(f64::NAN)
}
