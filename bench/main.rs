//! The benchmark: our release binary against the least that could do the same work, in one run, in
//! alternating rounds, by processor time per request. `cargo bench` is the whole command; README.md
//! beside this file says what is measured and how to choose.

mod cases;
mod circumstances;
mod cpu;
mod floor;
mod load;
mod postgres;
mod report;
mod rounds;
mod seed;
mod server;
mod settings;
mod stage;
mod start;
mod syncs;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use cases::Case;
use postgres::Postgres;
use report::{Outcome, Value};
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
    settings.check(&cases::NAMES)?;
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
        if settings.wants("syncs") {
            eprintln!("{}: syncs ...", engine.name());
            values.extend(syncs::measure(&settings, postgres.as_ref()).await?);
        }
    }
    if settings.wants("start") {
        values.push(start::size_of_binary()?);
    }
    circumstances::print(&settings, &machine, &versions);
    report::print_outcomes(&outcomes);
    report::print_values(&values);
    Ok(())
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
    let workspaces = size.workspaces(settings);
    eprintln!("filling {workspaces} workspaces ...");
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
        values.push(start::memory_after_load(
            stage.engine,
            &stage.server,
            workspaces,
        )?);
    }
    Ok(())
}
