//! What a server that runs one long sync takes of memory: how far it rises above what it took before, and
//! whether it is still rising at the end.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value as Json;

use super::cases::Targets;
use super::postgres::Postgres;
use super::report::Value;
use super::settings::{Engine, Settings};
use super::syncs::{generator, millions};
use super::works::Works;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn measure(
    settings: &Settings,
    postgres: Option<&Postgres>,
) -> Result<Vec<Value>> {
    let works = Works::start(postgres, "memory", &[]).await?;
    let engine = Engine::of(postgres).name();
    let rows = settings.memory_rows;
    let source = works.end("source", generator(rows)).await?;
    let nothing = works.nowhere().await?;
    let mut values = one(&works, engine, &source, &nothing, ("dev-null", rows)).await?;
    if let Some(postgres) = postgres {
        // As many rows as the syncs have elsewhere: here it is the disk that takes its time.
        let rows = settings.rows.min(rows);
        let source = works.end("source", generator(rows)).await?;
        postgres.create("remembered").await?;
        let tables = works.database(postgres, "remembered").await?;
        values.extend(one(&works, engine, &source, &tables, ("PostgreSQL", rows)).await?);
    }
    Ok(values)
}

async fn one(
    works: &Works,
    engine: &'static str,
    source: &Json,
    destination: &Json,
    (place, rows): (&str, u32),
) -> Result<Vec<Value>> {
    let sync = works.connect(source, "users", destination).await?;
    let idle = works.resident()?;
    let (mut seen, mut last) = (Vec::new(), None);
    works
        .watch(&sync, rows, || {
            if last.is_none_or(|last: Instant| last.elapsed() >= PAUSE) {
                last = Some(Instant::now());
                seen.push(works.resident()?);
            }
            Ok(())
        })
        .await?;
    let peak = seen.iter().copied().fold(idle, f64::max);
    // The first fifth fills what is kept for the rest.
    let (early, late) = (seen.len() / 5, seen.len() - seen.len() / 5);
    let growth = highest(&seen[late..]) - highest(&seen[early..2 * early]);
    let value = |says: String, figure, targets| Value {
        says,
        engine,
        unit: "MiB",
        figures: vec![figure],
        targets,
    };
    let says = format!("memory above idle, {} rows to {place}", millions(rows));
    Ok(vec![
        value(
            says,
            peak - idle,
            Some(Targets {
                must: 32.0,
                aim: 12.0,
            }),
        ),
        value(
            "  last fifth's highest less second fifth's".into(),
            growth,
            Some(Targets {
                must: 2.0,
                aim: 0.5,
            }),
        ),
    ])
}

fn highest(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::NAN, f64::max)
}
