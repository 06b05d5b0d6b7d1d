//! The benchmark: our release binary against the least that could do the same work, in one run, in
//! alternating rounds, by processor time per request. `cargo bench` is the whole command; README.md
//! beside this file says what is measured and how to choose.

mod cases;
mod checks;
mod circumstances;
mod cpu;
mod floor;
mod hanging;
mod load;
mod memory;
mod pipe;
mod postgres;
mod pypi;
mod python;
mod report;
mod rounds;
mod seed;
mod seed_syncs;
mod server;
mod settings;
mod stage;
mod start;
mod syncs;
mod works;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use cases::Case;
use postgres::Postgres;
use report::{Outcome, Value};
use seed::Amounts;
use settings::{Engine, Settings};
use stage::{Size, Stage};

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some("floor") {
        return floor::main(words);
    }
    // One thread: the load generator must not take more of the machine than it needs.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        let crowds = LocalSet::new();
        tokio::select! {
            outcome = crowds.run_until(run()) => outcome,
            // Leaving drops what `run` holds: programs are ended, folders removed.
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("told to stop"),
        }
    })
}

async fn run() -> Result<()> {
    let settings = Settings::read()?;
    settings.check()?;
    let machine = circumstances::machine();
    let (mut outcomes, mut values) = (Vec::new(), Vec::new());
    let mut versions = circumstances::versions(&seed::sqlite_version().await?);
    for engine in [Engine::Postgres, Engine::Sqlite] {
        if !settings.wants_engine(engine) {
            continue;
        }
        let postgres = match engine {
            Engine::Postgres => Some(Postgres::start()?),
            Engine::Sqlite => None,
        };
        versions.extend(postgres.as_ref().map(|postgres| postgres.version.clone()));
        for size in Size::ALL {
            play(
                &settings,
                postgres.as_ref(),
                size,
                &mut outcomes,
                &mut values,
            )
            .await?;
        }
        values.extend(parts(&settings, engine, postgres.as_ref()).await?);
    }
    if settings.wants("start") {
        values.push(start::size_of_binary()?);
    }
    circumstances::print(&settings, &machine, &versions);
    report::print_outcomes(&outcomes);
    report::print_values(&values);
    Ok(())
}

/// What is not measured by cases: syncs and connectors.
async fn parts(
    settings: &Settings,
    engine: Engine,
    postgres: Option<&Postgres>,
) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    for name in ["syncs", "memory", "hanging", "checks"] {
        if settings.wants(name) {
            eprintln!("{}: {name} ...", engine.name());
            values.extend(match name {
                "syncs" => syncs::measure(settings, postgres).await?,
                "memory" => memory::measure(settings, postgres).await?,
                "hanging" => hanging::measure(settings, postgres).await?,
                _ => checks::measure(settings, postgres).await?,
            });
        }
    }
    if let Some(postgres) = postgres
        && (settings.wants("pypi") || settings.wants("pyairbyte"))
    {
        eprintln!("{}: pypi ...", engine.name());
        values.extend(pypi::measure(settings, postgres).await?);
    }
    Ok(values)
}

/// All wanted cases of one engine and size.
async fn play(
    settings: &Settings,
    postgres: Option<&Postgres>,
    size: Size,
    outcomes: &mut Vec<Outcome>,
    values: &mut Vec<Value>,
) -> Result<()> {
    let names: Vec<&'static str> = cases::NAMES
        .into_iter()
        .filter(|name| settings.wants(name) && cases::size_of(name) == Some(size))
        .collect();
    let starts = size == Size::Small && settings.wants("start");
    if names.is_empty() && !starts {
        return Ok(());
    }
    let Amounts {
        workspaces, jobs, ..
    } = size.amounts(settings);
    eprintln!("filling {workspaces} workspaces, {jobs} jobs ...");
    let stage = Stage::set(settings, postgres, size).await?;
    for name in &names {
        let case = cases::prepare(name, &stage)
            .await
            .with_context(|| (*name).to_owned())?;
        let engine = stage.engine.name();
        eprintln!("{engine}: {name} ...");
        let rounds = rounds::play(settings, &stage, &case).await?;
        let Case {
            name,
            says,
            targets,
            ..
        } = case;
        outcomes.push(Outcome {
            name,
            says,
            engine,
            targets,
            rounds,
        });
    }
    if starts {
        eprintln!("{}: start ...", stage.engine.name());
        let ground = stage.leave();
        values.extend(start::measure(settings, Engine::of(postgres), ground.home()).await?);
    } else {
        let of = match jobs {
            0 => format!("{workspaces} workspaces"),
            jobs => format!("{workspaces} workspaces and {jobs} jobs"),
        };
        values.push(start::memory_after_load(stage.engine, &stage.server, &of)?);
    }
    Ok(())
}
