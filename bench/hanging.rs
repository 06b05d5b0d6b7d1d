//! A hundred connectors that never answer, and what others notice of them: one server asked for the
//! streams of a hundred sources whose connectors hang, as processes, beside one that nobody troubles. Both
//! answer what they know already, and issue tokens; here it is the slowest of a hundred answers that counts.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::task::spawn_local;

use super::cases::Targets;
use super::load::{self, Crowd, Request};
use super::postgres::Postgres;
use super::report::Value;
use super::rounds::{TURN, WARM_UP};
use super::settings::{self, Engine, Settings};
use super::syncs::quantile;
use super::works::{Works, patiently};
use super::{cpu, python};

const HANGING: usize = 100;
const PACKAGE: &str = "airbyte-source-scripted";

pub(crate) async fn measure(
    settings: &Settings,
    postgres: Option<&Postgres>,
) -> Result<Vec<Value>> {
    let engine = Engine::of(postgres).name();
    if let Some(why) = python::wanting() {
        return Ok(vec![Value::missing(
            "a hundred connectors that hang",
            engine,
            &why,
        )]);
    }
    let wheels = wheel()?;
    let mut more = settings::of_python();
    let find = wheels.path().display().to_string();
    for (name, value) in [
        ("PIP_NO_INDEX", "1"),
        ("PIP_FIND_LINKS", &find),
        // One workspace has half of them.
        ("FERROBYTE_PROBES_CONCURRENCY", "200"),
    ] {
        more.retain(|(other, _)| other != name);
        more.push((name.to_owned(), value.to_owned()));
    }
    let busy = Works::start(postgres, "busy", &more).await?;
    let idle = Works::start(postgres, "idle", &more).await?;
    let streams = [known(&busy).await?, known(&idle).await?];
    hang(&busy).await?;

    let gather = |works: &Works, request: &Request| {
        Crowd::gather(works.address(), request, settings.connections)
    };
    let [busy_streams, idle_streams] =
        [(&busy, &streams[0]), (&idle, &streams[1])].map(|(works, request)| gather(works, request));
    let token = Works::token_request();
    let [busy_tokens, idle_tokens] = [&busy, &idle].map(|works| gather(works, &token));
    let listed = taking_turns(settings, &busy_streams, &idle_streams).await?;
    let issued = taking_turns(settings, &busy_tokens, &idle_tokens).await?;
    let still = processes(&busy)?;
    ensure!(still >= HANGING, "only {still} connectors still hang");

    let value = |says: &str, unit, figures: Vec<f64>, targets| Value {
        says: says.into(),
        engine,
        unit,
        figures,
        targets,
    };
    let [hung, alone] = [0, 1].map(|side| pick(&issued, side));
    let ratios = hung.iter().zip(&alone).map(|(one, other)| one / other);
    let target = |must, aim| Some(Targets { must, aim });
    Ok(vec![
        value(
            "streams known, p99 while 100 connectors hang",
            "ms",
            pick(&listed, 0),
            target(50.0, 20.0),
        ),
        value("  the same while none does", "ms", pick(&listed, 1), None),
        value(
            "token, p99: while 100 hang / while none does",
            "",
            ratios.collect(),
            target(2.0, 1.2),
        ),
        value("  while 100 hang", "ms", hung, None),
        value("  while none does", "ms", alone, None),
    ])
}

fn pick(rounds: &[[f64; 2]], side: usize) -> Vec<f64> {
    rounds.iter().map(|round| round[side]).collect()
}

/// The scripted connector of the tests, as a package in a folder that is the index.
fn wheel() -> Result<TempDir> {
    let connectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/connectors");
    let folder = tempfile::tempdir()?;
    let made = Command::new("python3")
        .arg(connectors.join("make_wheel.py"))
        .arg(folder.path())
        .args([PACKAGE, "1.0.0", ">=3.10"])
        .arg(connectors.join("scripted.py"))
        .status()?;
    ensure!(made.success(), "the scripted connector cannot be packed");
    Ok(folder)
}

/// A request for streams that were discovered before.
async fn known(works: &Works) -> Result<Request> {
    let source = works
        .end("source", json!({ "sourceType": "faker", "count": 10 }))
        .await?;
    let path = format!("/streams?sourceId={}", text(&source)?);
    works.get(&path).await?;
    Ok(Request::get(
        &format!("/api/public/v1{path}"),
        Some(&works.token),
    ))
}

/// Asks a hundred sources at once; each answer says that the connector still runs.
async fn hang(works: &Works) -> Result<()> {
    let definition = works.define(PACKAGE, "1.0.0").await?;
    // So that it is installed and loaded.
    let well = works.source_of(&definition, json!({})).await?;
    let streams = format!("/streams?sourceId={}", text(&well)?);
    patiently(async || works.get(&streams).await).await?;
    let before = processes(works)?;
    let mut waiting = Vec::new();
    for number in 0..HANGING {
        let configuration = json!({ "do": "hang", "number": number });
        let source = works.source_of(&definition, configuration).await?;
        let path = format!("/api/public/v1/streams?sourceId={}", text(&source)?);
        let request = Request::get(&path, Some(&works.token)).expecting(503);
        let address = works.address();
        waiting.push(spawn_local(
            async move { load::once(address, &request).await },
        ));
    }
    for answer in waiting {
        answer.await??;
    }
    // Some are still being started.
    let begun = Instant::now();
    loop {
        let hanging = processes(works)?.saturating_sub(before);
        if hanging >= HANGING {
            eprintln!("  {hanging} processes of connectors that hang");
            return Ok(());
        }
        ensure!(
            begun.elapsed() < Duration::from_mins(2),
            "only {hanging} connectors hang"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Below the server.
fn processes(works: &Works) -> Result<usize> {
    Ok(cpu::descendants(works.server.pid())?.len() - 1)
}

/// The 99th of a hundred answers of both in each round, in milliseconds.
async fn taking_turns(settings: &Settings, one: &Crowd, other: &Crowd) -> Result<Vec<[f64; 2]>> {
    for crowd in [one, other] {
        crowd.ask(WARM_UP).await.context("warming up")?;
    }
    let mut rounds = Vec::new();
    for _ in 0..settings.rounds {
        let mut times = [Vec::new(), Vec::new()];
        let (mut given, mut turned) = (Duration::ZERO, false);
        while given < settings.length {
            for side in if turned { [1, 0] } else { [0, 1] } {
                times[side].extend([one, other][side].ask(TURN).await?);
            }
            given += TURN;
            turned = !turned;
        }
        let round = times.map(|times| {
            let mut figures: Vec<_> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
            quantile(&mut figures, 0.99)
        });
        eprintln!("  p99 {:.1} ms against {:.1} ms", round[0], round[1]);
        rounds.push(round);
    }
    Ok(rounds)
}

fn text(id: &Json) -> Result<&str> {
    id.as_str().context("an id")
}
