//! One attempt at a job, from the claim to the outcome. The work and the keeping of the lease race each
//! other: a worker that has lost its lease stops at once and writes nothing.

mod clear;
mod desk;
mod journal;
mod prepare;
mod process;
mod pulse;
mod pump;
mod scribe;
mod threads;
mod verdict;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::desk::{Cut, Desk};
use self::prepare::{Prepared, prepare};
use self::process::Process;
use self::pump::{Ends, pump};
use self::scribe::Hearing;
use self::threads::Shared;
use self::verdict::{judge, not_started};
use super::Engine;
use super::assignment::{Assigned, Assignment, Hide};
use super::relay::Level;
use super::relay::ledger::Ledger;
use super::relay::plan::Plan;
use super::settle::{Effort, Outcome};
use super::worker::explained;
use crate::connector::{Failure, Running, Task};
use crate::domain::job::{FailureReason, FailureType, Job, Origin};
use crate::error::{Error, Result};
use crate::protocol::catalog::ConfiguredCatalog;
use crate::store::leases::Lease;

/// Events that may wait to be written down. Beyond it the connectors wait.
const EVENTS: usize = 1000;

/// How long the last words of connectors may take to arrive once both have ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Works on a job until its attempt has ended, or its lease is lost. `claimed` is a moment before the
/// lease was taken.
pub async fn run(engine: Arc<Engine>, job: Job, lease: Lease, claimed: Instant) {
    let desk = Desk::new(&engine, &job, &lease, claimed);
    let rings = engine.bell.listen();
    let number = lease.attempt();
    let kind = job.job_type.as_str();
    desk.log(
        Origin::Platform,
        Level::Info,
        &format!(
            "attempt {number} of this {kind} begins on worker {}",
            engine.worker
        ),
    );
    let (outcome, effort) = tokio::select! {
        // Dropping the work kills the connectors.
        () = desk.keep(rings) => {
            tracing::warn!(job.id, attempt = number, "the lease was lost: the work is dropped");
            return;
        }
        done = work(&desk) => done,
    };
    desk.log(Origin::Platform, Level::Info, &summary(&outcome));
    desk.close(&outcome, effort).await;
}

fn summary(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Succeeded => "the attempt succeeded".to_owned(),
        Outcome::Cancelled => "the job was cancelled".to_owned(),
        Outcome::GivenBack => "this worker shuts down: another one goes on".to_owned(),
        Outcome::Failed(reasons) => {
            let why = reasons.first().map_or("", |reason| reason.message.as_str());
            format!("the attempt failed: {why}")
        }
    }
}

/// Everything but the lease.
async fn work(desk: &Desk<'_>) -> (Outcome, Effort) {
    if !desk.job.job_type.empties() {
        let refreshed = tokio::select! {
            refreshed = desk.engine.supply.refresh(desk.lease) => refreshed,
            cut = desk.cut() => return (before_it_began(cut), Effort::default()),
        };
        match refreshed {
            Ok(lines) => {
                for line in lines {
                    desk.log(Origin::Platform, Level::Info, &line);
                }
            }
            // The run will tell whether that matters.
            Err(error) => {
                tracing::warn!(
                    job.id = desk.job.id,
                    "the schema was not refreshed: {}",
                    explained(&error)
                );
                let line = format!("the schema of the source was not refreshed: {error}");
                desk.log(Origin::Platform, Level::Warn, &line);
            }
        }
    }
    let assigned = tokio::select! {
        assigned = desk.engine.supply.assignment(desk.lease) => assigned,
        cut = desk.cut() => return (before_it_began(cut), Effort::default()),
    };
    let assignment = match assigned {
        Ok(Assigned::Ready(assignment)) => assignment,
        Ok(Assigned::Off) => return (Outcome::Cancelled, Effort::default()),
        Ok(Assigned::Refused(reason)) => return failed(reason),
        Err(error) => return failed(ours(&error)),
    };
    match attempt(desk, &assignment).await {
        Ok((outcome, effort)) => (hidden(outcome, &assignment.hide), effort),
        Err(reason) => failed(assignment.hide.reason(reason)),
    }
}

fn failed(reason: FailureReason) -> (Outcome, Effort) {
    (Outcome::Failed(vec![reason]), Effort::default())
}

fn hidden(outcome: Outcome, hide: &Hide) -> Outcome {
    match outcome {
        Outcome::Failed(reasons) => Outcome::Failed(
            reasons
                .into_iter()
                .map(|reason| hide.reason(reason))
                .collect(),
        ),
        other => other,
    }
}

/// Prepares, starts both connectors, lets them run and judges.
async fn attempt(
    desk: &Desk<'_>,
    assignment: &Assignment,
) -> Result<(Outcome, Effort), FailureReason> {
    let Some(prepared) = begin(desk, assignment).await? else {
        // Somebody else has the job, or is about to.
        return std::future::pending().await;
    };
    let (plan, there) = Plan::new(&prepared.catalog, &assignment.naming, &assignment.wishes)
        .map_err(|why| platform(FailureType::ConfigError, why))?;
    let ledger = Arc::new(Ledger::new(
        plan.streams.iter().map(|stream| stream.at_source.clone()),
    ));
    desk.open_books(Arc::clone(&ledger), prepared.before);
    if plan.streams.is_empty() {
        return Ok((Outcome::Succeeded, Effort::default()));
    }
    let started = tokio::select! {
        started = start(desk, assignment, prepared, &there) => started?,
        cut = desk.cut() => return Ok((before_it_began(cut), Effort::default())),
    };
    let Started {
        source,
        destination,
        mut hearing,
    } = started;
    let (events, told) = tokio::sync::mpsc::channel(EVENTS);
    hearing.events = Some(told);
    let shared = Shared {
        plan: Arc::new(plan),
        ledger: Arc::clone(&ledger),
        pulse: Arc::clone(&desk.pulse),
        events,
    };
    let over = tokio_util::sync::CancellationToken::new();
    let running = async {
        let ends = pump(desk, shared, source, destination).await;
        over.cancel();
        ends
    };
    let hearing = async {
        let late = async {
            over.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            () = hearing.hear(desk, assignment) => {}
            () = late => {}
        }
    };
    let (ends, ()) = tokio::join!(running, hearing);
    let ends = ends.map_err(|error| FailureReason {
        internal_message: Some(error.to_string()),
        ..platform(
            FailureType::TransientError,
            "the system gives no more threads",
        )
    })?;
    Ok((judge(desk, &ends, &ledger), effort(&ends)))
}

/// Raises generations and reads states; `None` when the lease is lost.
async fn begin(
    desk: &Desk<'_>,
    assignment: &Assignment,
) -> Result<Option<Prepared>, FailureReason> {
    let engine = desk.engine;
    let preparing = async {
        let until = engine.lease_until();
        let Some(mut db) = desk.lease.fence(&engine.db, until).await? else {
            return Ok(None);
        };
        if db.cancel_requested {
            desk.cut_short(Cut::Cancelled);
        }
        let now = engine.clock.now();
        let prepared = prepare(&mut db, desk.job, &assignment.catalog, now).await?;
        if prepared.is_ok() {
            db.commit().await?;
        }
        Ok(Some(prepared))
    };
    let prepared: Result<_> = preparing.await;
    prepared.map_err(|error| ours(&error))?.transpose()
}

/// Both connectors, started.
struct Started {
    source: pump::Origin,
    destination: Running,
    hearing: Hearing,
}

async fn start(
    desk: &Desk<'_>,
    assignment: &Assignment,
    prepared: Prepared,
    there: &ConfiguredCatalog,
) -> Result<Started, FailureReason> {
    let launcher = &desk.engine.launcher;
    let write = Task::Write {
        configuration: assignment.destination.configuration.clone(),
        catalog: json(there)?,
    };
    let destination = launcher.launch(&assignment.destination.target, write);
    if desk.job.job_type.empties() {
        let mut destination = destination.await.map_err(refused(Origin::Destination))?;
        let now_ms = desk.engine.clock.now().timestamp_millis();
        let lines = clear::lines(&prepared.catalog, &prepared.left, now_ms);
        return Ok(Started {
            hearing: Hearing::to(None, Some(&mut destination)),
            source: pump::Origin::Text(lines),
            destination,
        });
    }
    let read = Task::Read {
        configuration: assignment.source.configuration.clone(),
        catalog: json(&prepared.catalog)?,
        state: prepared.state,
    };
    let source = launcher.launch(&assignment.source.target, read);
    let (mut source, mut destination) = tokio::try_join!(
        async { source.await.map_err(refused(Origin::Source)) },
        async { destination.await.map_err(refused(Origin::Destination)) },
    )?;
    let hearing = Hearing::to(Some(&mut source), Some(&mut destination));
    let Running { output, handle, .. } = source;
    let process = Process::new(handle, desk.engine.settings.grace);
    Ok(Started {
        source: pump::Origin::Connector(process, output),
        destination,
        hearing,
    })
}

fn refused(origin: Origin) -> impl Fn(Failure) -> FailureReason {
    move |failure| not_started(origin, failure)
}

fn json(catalog: &ConfiguredCatalog) -> Result<serde_json::Value, FailureReason> {
    serde_json::to_value(catalog).map_err(|error| ours(&Error::internal(error)))
}

fn before_it_began(cut: Cut) -> Outcome {
    match cut {
        Cut::Shutdown => Outcome::GivenBack,
        Cut::Cancelled => Outcome::Cancelled,
        _ => Outcome::Failed(vec![platform(
            FailureType::SystemError,
            "the connectors took too long to start",
        )]),
    }
}

fn effort(ends: &Ends) -> Effort {
    let exits = [&ends.source.ended.exit, &ends.destination.ended.exit];
    let cpu = exits.iter().filter_map(|exit| exit.cpu);
    let memory = exits.iter().filter_map(|exit| exit.memory);
    let sum = |all: Vec<u128>| {
        (!all.is_empty()).then(|| i64::try_from(all.iter().sum::<u128>()).unwrap_or(i64::MAX))
    };
    Effort {
        progress: false,
        cpu_time: sum(cpu.map(|cpu| cpu.as_micros()).collect()),
        peak_memory: sum(memory.map(u128::from).collect()),
    }
}

fn platform(kind: FailureType, message: impl Into<String>) -> FailureReason {
    FailureReason::new(Origin::Platform, kind, message)
}

/// A failure of ours: the inner story is for the log.
fn ours(error: &Error) -> FailureReason {
    FailureReason {
        internal_message: Some(explained(error)),
        ..platform(FailureType::TransientError, error.to_string())
    }
}
