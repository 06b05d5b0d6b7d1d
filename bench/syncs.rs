//! Syncs: our server moving rows between connectors that are compiled in, against the same generator
//! through a bare pipe, and against `\copy` of the same rows; how much memory it takes meanwhile; and how
//! long a sync of next to nothing takes. Times are by the clock on the wall: here it is the waiting for
//! each other that costs.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value as Json, json};
use sqlx::{Connection, PgConnection};

use super::cases::Targets;
use super::load::{self, Request};
use super::postgres::Postgres;
use super::report::Value;
use super::server::{BINARY, Home, Running, SETTINGS};
use super::settings::{Engine, Settings};
use super::{cpu, start};

/// As large as the pipes between the server and its connectors.
const PIPE: usize = 1 << 20;

/// Syncs of next to nothing.
const EMPTY: usize = 200;

/// A server that has nothing to do but the syncs it is asked for.
struct Works {
    server: Running,
    token: String,
    workspace: Json,
}

/// Everything about syncs on one engine.
pub(crate) async fn measure(
    settings: &Settings,
    postgres: Option<&Postgres>,
) -> Result<Vec<Value>> {
    let engine = Engine::of(postgres).name();
    let folder = tempfile::Builder::new()
        .prefix("ferrobyte-bench-")
        .tempdir()?;
    let database_url = match postgres {
        Some(postgres) => Some(postgres.create("syncs").await?),
        None => None,
    };
    let works = Works::start(Home {
        folder: folder.path(),
        database_url: database_url.as_deref(),
        log: None,
    })
    .await?;
    let value = |says: String, unit, figures, targets| Value {
        says,
        engine,
        unit,
        figures,
        targets,
    };
    let idle = resident(&works)?;
    let mut values = Vec::new();

    let nothing = works.nowhere().await?;
    let rows = settings.rows;
    let sync = works.connect(rows, &nothing).await?;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..settings.rounds {
        let bare = bare_pipe(folder.path(), rows)?;
        let (took, _) = works.run(&sync, rows).await?;
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

    let many = 5 * rows;
    let sync = works.connect(many, &nothing).await?;
    let (_, peak) = works.run(&sync, many).await?;
    values.push(value(
        format!("memory above idle while {} M rows move", many / 1_000_000),
        "MiB",
        vec![peak - idle],
        Some(Targets {
            must: 32.0,
            aim: 12.0,
        }),
    ));

    let sync = works.connect(1, &nothing).await?;
    let mut times = Vec::new();
    for _ in 0..EMPTY {
        times.push(works.run(&sync, 1).await?.0.as_secs_f64() * 1e3);
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
    if let (Some(postgres), Some(url)) = (postgres, &database_url) {
        values.extend(claims(url, engine).await?);
        values.extend(copies(settings, &works, postgres, folder.path()).await?);
    }
    Ok(values)
}

impl Works {
    async fn start(home: Home<'_>) -> Result<Self> {
        let server = Running::server(home).await?;
        let given = |name: &str| {
            let found = SETTINGS.iter().find(|(key, _)| *key == name);
            found.map_or("", |(_, value)| *value)
        };
        let body = json!({ "client_id": given("FERROBYTE_ADMIN_CLIENT_ID"),
                           "client_secret": given("FERROBYTE_ADMIN_CLIENT_SECRET") });
        let request = Request::post_json("/api/v1/applications/token", &body.to_string());
        let answer: Json = serde_json::from_slice(&load::once(server.address, &request).await?)?;
        let token = answer["access_token"].as_str().context("no access_token")?;
        let mut works = Self {
            token: token.to_owned(),
            server,
            workspace: Json::Null,
        };
        let page = works.get("/workspaces").await?;
        works.workspace = page["data"][0]["workspaceId"].clone();
        Ok(works)
    }

    async fn get(&self, path: &str) -> Result<Json> {
        let request = Request::get(&format!("/api/public/v1{path}"), Some(&self.token));
        Ok(serde_json::from_slice(
            &load::once(self.server.address, &request).await?,
        )?)
    }

    async fn post(&self, path: &str, body: &Json) -> Result<Json> {
        let path = format!("/api/public/v1{path}");
        let request = Request::post_json_as(&path, &body.to_string(), &self.token);
        let answer = load::once(self.server.address, &request).await;
        Ok(serde_json::from_slice(&answer.with_context(|| path)?)?)
    }

    async fn end(&self, kind: &str, configuration: Json) -> Result<Json> {
        let body =
            json!({ "name": kind, "workspaceId": self.workspace, "configuration": configuration });
        let made = self.post(&format!("/{kind}s"), &body).await?;
        Ok(made[format!("{kind}Id")].clone())
    }

    async fn nowhere(&self) -> Result<Json> {
        let silent = json!({ "destinationType": "dev-null",
                             "test_destination": { "test_destination_type": "SILENT" } });
        self.end("destination", silent).await
    }

    /// A connection that moves so many people from the generator.
    async fn connect(&self, rows: u32, destination: &Json) -> Result<Json> {
        let source = self.end("source", generator(rows)).await?;
        let streams = json!([{ "name": "users", "syncMode": "full_refresh_append" }]);
        let body = json!({ "sourceId": source, "destinationId": destination,
                           "configurations": { "streams": streams } });
        Ok(self.post("/connections", &body).await?["connectionId"].clone())
    }

    /// Runs a sync to its end: how long it took, and the most memory that was seen, in MiB.
    async fn run(&self, connection: &Json, rows: u32) -> Result<(Duration, f64)> {
        let body = json!({ "connectionId": connection, "jobType": "sync" });
        let begun = Instant::now();
        let job = self.post("/jobs", &body).await?["jobId"].clone();
        let mut peak: f64 = 0.0;
        loop {
            let now = self.get(&format!("/jobs/{job}")).await?;
            let took = begun.elapsed();
            match now["status"].as_str() {
                Some("pending" | "running") => {}
                Some("succeeded") => {
                    ensure!(now["rowsSynced"] == rows, "not every row arrived: {now}");
                    return Ok((took, peak));
                }
                _ => bail!("a sync failed: {now}"),
            }
            peak = peak.max(resident(self)?);
            let rest = if took > Duration::from_secs(1) { 20 } else { 1 };
            tokio::time::sleep(Duration::from_millis(rest)).await;
        }
    }
}

fn generator(rows: u32) -> Json {
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
    let begun = Instant::now();
    let mut child = Command::new(BINARY)
        .args(["connector", "source-faker", "read", "--config"])
        .arg(&config)
        .arg("--catalog")
        .arg(&catalog)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut output = child.stdout.take().context("its output")?;
    rustix::pipe::fcntl_setpipe_size(&output, PIPE)?;
    let mut block = vec![0; PIPE];
    let mut bytes = 0;
    loop {
        match output.read(&mut block)? {
            0 => break,
            count => bytes += count,
        }
    }
    let took = begun.elapsed();
    ensure!(child.wait()?.success(), "the generator failed");
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
    folder: &Path,
) -> Result<Vec<Value>> {
    let rows = settings.rows;
    let url = postgres.create("copies").await?;
    let configuration = json!({ "destinationType": "postgres", "host": "127.0.0.1", "port": postgres.port(),
        "database": "copies", "schema": "public", "username": "bench", "password": "none",
        "ssl": false, "ssl_mode": { "mode": "disable" } });
    let destination = works.end("destination", configuration).await?;
    let sync = works.connect(rows, &destination).await?;
    let file = folder.join("rows");
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for round in 0..settings.rounds.min(3) {
        let before = if round == 0 {
            "SELECT 1"
        } else {
            "DROP TABLE users, copied"
        };
        psql(&url, before)?;
        let (took, _) = works.run(&sync, rows).await?;
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

fn psql(url: &str, command: &str) -> Result<()> {
    let done = Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command, url])
        .output()
        .context("psql comes with Debian's postgresql-client")?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "psql {command}: {said}");
    Ok(())
}

fn resident(works: &Works) -> Result<f64> {
    Ok(start::mebibytes(cpu::resident(works.server.pid())?))
}

fn per_second(rows: u32, took: Duration) -> f64 {
    f64::from(rows) / took.as_secs_f64() / 1e6
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "an index among a few hundred"
)]
fn quantile(figures: &mut [f64], part: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let index = ((figures.len() as f64 - 1.0) * part).round() as usize;
    figures.get(index).copied().unwrap_or(f64::NAN)
}
