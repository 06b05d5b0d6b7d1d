//! What it takes to be there at all: time from spawning to the first 200, memory when nothing is
//! asked, and the size of the binary.

use std::time::Duration;

use anyhow::Result;

use super::cases::Targets;
use super::cpu;
use super::report::Value;
use super::server::{self, Home, Running};
use super::settings::{Engine, Settings};

/// Starts and stops each program many times, on a migrated database.
pub(crate) async fn measure(
    settings: &Settings,
    engine: Engine,
    home: Home<'_>,
) -> Result<Vec<Value>> {
    let (mut ours, mut bare, mut memory, mut bare_memory) = (vec![], vec![], vec![], vec![]);
    for _ in 0..settings.starts {
        let server = Running::server(home).await?;
        ours.push(server.first_answer_after.as_secs_f64() * 1e3);
        memory.push(idle_mebibytes(&server).await?);
        drop(server);
        let floor = Running::floor(home, settings.pool(engine)).await?;
        bare.push(floor.first_answer_after.as_secs_f64() * 1e3);
        bare_memory.push(idle_mebibytes(&floor).await?);
    }
    let aim = if engine == Engine::Sqlite { 30.0 } else { 50.0 };
    let value = |says: &str, unit, figures, targets| Value {
        says: says.into(),
        engine: engine.name(),
        unit,
        figures,
        targets,
    };
    Ok(vec![
        value(
            "cold start to first 200",
            "ms",
            ours,
            Some(Targets { must: 100.0, aim }),
        ),
        value("the floor's cold start, for comparison", "ms", bare, None),
        value(
            "idle memory (RSS)",
            "MiB",
            memory,
            Some(Targets {
                must: 20.0,
                aim: 12.0,
            }),
        ),
        value("the floor's idle memory", "MiB", bare_memory, None),
    ])
}

/// Memory after the rounds, as information: what stays with a server that has worked.
pub(crate) fn memory_after_load(engine: Engine, server: &Running, of: &str) -> Result<Value> {
    Ok(Value {
        says: format!("memory after the rounds, {of}"),
        engine: engine.name(),
        unit: "MiB",
        figures: vec![mebibytes(cpu::resident(server.pid())?)],
        targets: None,
    })
}

pub(crate) fn size_of_binary() -> Result<Value> {
    let bytes = std::fs::metadata(server::BINARY)?.len();
    Ok(Value {
        says: "size of the stripped binary".into(),
        engine: "both",
        unit: "MB",
        figures: vec![mebibytes(bytes) * 1.048_576],
        targets: Some(Targets {
            must: 25.0,
            aim: 15.0,
        }),
    })
}

async fn idle_mebibytes(program: &Running) -> Result<f64> {
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(mebibytes(cpu::resident(program.pid())?))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
