//! A source of the package index into PostgreSQL: through our server, against the source read by nobody, and
//! against `PyAirbyte` doing the same with the same installation of the source. What both need besides the
//! source counts: processor time and memory of the server with what it starts, and of `PyAirbyte`'s process.
//! What PostgreSQL does is left out on both sides.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};

use super::cases::Targets;
use super::postgres::Postgres;
use super::report::Value;
use super::server::BINARY;
use super::settings::{self, Settings};
use super::syncs::psql;
use super::works::{Works, patiently};
use super::{cpu, pipe, python, start};

const PACKAGE: &str = "airbyte-source-hardcoded-records";
const PROGRAM: &str = "source-hardcoded-records";
const STREAM: &str = "products";
const PEER: &str = "pyairbyte-0.71.3.txt";

/// What moving the rows took, besides the source.
struct Taken {
    seconds: f64,
    cpu: f64,
    mebibytes: f64,
}

pub(crate) async fn measure(settings: &Settings, postgres: &Postgres) -> Result<Vec<Value>> {
    if let Some(why) = python::wanting() {
        let says = "a source of the package index into PostgreSQL";
        return Ok(vec![Value::missing(says, "postgres", &why)]);
    }
    let mut values = Vec::new();
    let peer = if settings.wants("pyairbyte") {
        let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
        python::environment("pyairbyte", &requirements.join(PEER))
            .map_err(|why| {
                let why = format!("It cannot be installed: {why:#}");
                values.push(Value::missing("PyAirbyte", "postgres", &why));
            })
            .ok()
    } else {
        None
    };
    let rows = settings.pypi_rows;
    let ours = Ours::start(postgres, rows).await?;
    let url = postgres.create("peer").await?;
    let (mut bare, mut own, mut other) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..settings.rounds.min(3) {
        if settings.wants("pypi") {
            bare.push(read_by_nobody(&ours, rows)?);
        }
        own.push(ours.sync(round).await?);
        if let Some(python) = &peer {
            other.push(read_by_peer(python, postgres, &url, rows)?);
        }
    }
    values.extend(told(rows, &bare, &own, &other));
    Ok(values)
}

/// The figures in words: of the source alone, of our server, and of `PyAirbyte`, if they were measured.
fn told(rows: u32, bare: &[f64], own: &[Taken], other: &[Taken]) -> Vec<Value> {
    let mut values = Vec::new();
    let value = |says: &str, unit, figures, targets| Value {
        says: says.into(),
        engine: "postgres",
        unit,
        figures,
        targets,
    };
    let target = |must, aim| Some(Targets { must, aim });
    let thousands = |seconds: f64| f64::from(rows) / seconds / 1e3;
    if !bare.is_empty() {
        let ratios = own.iter().zip(bare).map(|(own, bare)| own.seconds / bare);
        let says = "hardcoded-records to PostgreSQL: time / into nothing";
        values.push(value(says, "", ratios.collect(), target(1.17, 1.05)));
        let rates = bare.iter().map(|bare| thousands(*bare)).collect();
        values.push(value("  into nothing", "k rows/s", rates, None));
    }
    let each =
        |side: &[Taken], figure: fn(&Taken) -> f64| side.iter().map(figure).collect::<Vec<_>>();
    let rates = |side: &[Taken]| side.iter().map(|one| thousands(one.seconds)).collect();
    values.push(value("  our server", "k rows/s", rates(own), None));
    values.push(value(
        "  CPU outside the connector",
        "s",
        each(own, |one| one.cpu),
        None,
    ));
    values.push(value(
        "  memory outside the connector",
        "MiB",
        each(own, |one| one.mebibytes),
        None,
    ));
    if !other.is_empty() {
        let ratio = |figure: fn(&Taken) -> f64| {
            let pairs = own.iter().zip(other);
            pairs
                .map(|(own, other)| figure(own) / figure(other))
                .collect()
        };
        values.extend([
            value(
                "the same / PyAirbyte: time",
                "",
                ratio(|one| one.seconds),
                target(0.25, 0.18),
            ),
            value(
                "  CPU outside the connector",
                "",
                ratio(|one| one.cpu),
                target(0.05, 0.02),
            ),
            value(
                "  memory outside the connector",
                "",
                ratio(|one| one.mebibytes),
                target(0.05, 0.01),
            ),
            value("  PyAirbyte", "k rows/s", rates(other), None),
            value(
                "  its CPU outside the connector",
                "s",
                each(other, |one| one.cpu),
                None,
            ),
            value(
                "  its memory outside the connector",
                "MiB",
                each(other, |one| one.mebibytes),
                None,
            ),
        ]);
    }
    values
}

/// Our server with a connection from the source to a database of its own.
struct Ours {
    works: Works,
    connection: Json,
    url: String,
    rows: u32,
}

impl Ours {
    async fn start(postgres: &Postgres, rows: u32) -> Result<Self> {
        let more = settings::of_python();
        let works = Works::start_in(python::furnished()?, Some(postgres), "pypi", &more).await?;
        let configuration = json!({ "sourceType": "hardcoded-records", "count": rows });
        let source = works.end("source", configuration).await?;
        let streams = format!("/streams?sourceId={}", source.as_str().context("an id")?);
        patiently(async || works.get(&streams).await).await?;
        let url = postgres.create("hardcoded").await?;
        let tables = works.database(postgres, "hardcoded").await?;
        let connection = works.connect(&source, STREAM, &tables).await?;
        Ok(Self {
            works,
            connection,
            url,
            rows,
        })
    }

    async fn sync(&self, round: usize) -> Result<Taken> {
        if round > 0 {
            psql(&self.url, &format!("DROP TABLE {STREAM}"))?;
        }
        let server = self.works.server.pid();
        let mut beside = Beside::new(server);
        let before = cpu::of_process(server)?;
        let took = self
            .works
            .watch(&self.connection, self.rows, || beside.look())
            .await?;
        let own = cpu::of_process(server)?.saturating_sub(before);
        Ok(Taken {
            seconds: took.as_secs_f64(),
            cpu: (own + beside.spent()).as_secs_f64(),
            mebibytes: beside.highest,
        })
    }
}

/// What our program takes, as the server and as whatever it starts of itself, pages that both have once.
struct Beside {
    server: u32,
    looks: u32,
    highest: f64,
    spent: HashMap<u32, Duration>,
}

impl Beside {
    fn new(server: u32) -> Self {
        Self {
            server,
            looks: 0,
            highest: 0.0,
            spent: HashMap::new(),
        }
    }

    /// Walking through all processes is dear, and a fifth of a second is often enough.
    fn look(&mut self) -> Result<()> {
        self.looks += 1;
        if !self.looks.is_multiple_of(10) {
            return Ok(());
        }
        let mut all = start::mebibytes(cpu::share(self.server)?);
        for pid in cpu::descendants(self.server)? {
            let program = std::fs::read_link(format!("/proc/{pid}/exe"));
            // A process may end between being listed and being read.
            if pid != self.server
                && program.is_ok_and(|program| program == Path::new(BINARY))
                && let (Ok(memory), Ok(spent)) = (cpu::share(pid), cpu::of_process(pid))
            {
                all += start::mebibytes(memory);
                self.spent.insert(pid, spent);
            }
        }
        self.highest = self.highest.max(all);
        Ok(())
    }

    fn spent(&self) -> Duration {
        self.spent.values().sum()
    }
}

/// The source on its own, in seconds.
fn read_by_nobody(ours: &Ours, rows: u32) -> Result<f64> {
    let folder = ours.works.folder();
    let (config, catalog) = (folder.join("config.json"), folder.join("catalog.json"));
    std::fs::write(&config, json!({ "count": rows }).to_string())?;
    let stream = json!({ "stream": { "name": STREAM, "json_schema": {}, "supported_sync_modes": ["full_refresh"] },
                         "sync_mode": "full_refresh", "destination_sync_mode": "append" });
    std::fs::write(&catalog, json!({ "streams": [stream] }).to_string())?;
    let mut command = python::connector(PACKAGE, PROGRAM)?;
    command.arg("read").arg("--config").arg(&config);
    command.arg("--catalog").arg(&catalog);
    let (took, bytes) = pipe::drain(command)?;
    ensure!(
        bytes > rows as usize * 100,
        "the source made {bytes} bytes only"
    );
    Ok(took.as_secs_f64())
}

/// `PyAirbyte` with the same source, into a schema that is new each time.
fn read_by_peer(python: &PathBuf, postgres: &Postgres, url: &str, rows: u32) -> Result<Taken> {
    psql(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
    let source = python::connector(PACKAGE, PROGRAM)?;
    let program = source.get_args().next().context("the program")?;
    let folder = tempfile::tempdir()?;
    let done = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/pyairbyte.py"))
        .arg(program)
        .args([
            &rows.to_string(),
            STREAM,
            "127.0.0.1",
            &postgres.port().to_string(),
            "peer",
            "bench",
        ])
        .current_dir(folder.path())
        .env_clear()
        .envs(settings::of_python())
        .output()?;
    let said = String::from_utf8_lossy(&done.stdout);
    let complaint = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "PyAirbyte: {complaint}");
    let told: Json = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| format!("PyAirbyte said {said}"))?;
    ensure!(told["rows"] == rows, "not every row arrived: {told}");
    let number = |name: &str| told[name].as_f64().with_context(|| format!("no {name}"));
    Ok(Taken {
        seconds: number("seconds")?,
        cpu: number("cpu")?,
        mebibytes: number("memory")? / f64::from(1 << 20),
    })
}
