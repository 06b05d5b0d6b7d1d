//! What becomes of a job after an attempt: whether there is another one, and when.

use serde::Serialize;

use super::Engine;
use super::news::{Event, Teller};
use crate::clock::Timestamp;
use crate::domain::disabling::Verdict;
use crate::domain::job::{
    AttemptStatus, FailureReason, FailureType, Job, JobStatus, JobType, Next, Origin, Patience,
};
use crate::error::Result;
use crate::store::attempts::{self, Ended};
use crate::store::disabling;
use crate::store::jobs::{self, Settled};
use crate::store::leases::Fenced;

/// How an attempt went.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Succeeded,
    /// The first reason counts.
    Failed(Vec<FailureReason>),
    /// Somebody wanted the job to end.
    Cancelled,
    /// The worker was shut down: somebody else goes on, and it counts as no failure.
    GivenBack,
}

/// What an attempt took and gave.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Effort {
    /// It committed something.
    pub(super) progress: bool,
    /// Microseconds.
    pub(super) cpu_time: Option<i64>,
    /// Bytes.
    pub(super) peak_memory: Option<i64>,
}

/// How a job stands after an attempt.
#[derive(Debug)]
pub(super) struct Settlement {
    pub(super) job: Job,
    /// There are messages to send.
    pub(super) news: bool,
}

/// Writes how an attempt went and what follows for its job and its connection, in the transaction that ends
/// the lease. What failed may switch the connection off, so its row should be held already.
pub(super) async fn settle(
    db: &mut Fenced,
    engine: &Engine,
    job: &Job,
    outcome: &Outcome,
    effort: Effort,
) -> Result<Settlement> {
    let now = engine.clock.now();
    let given_back = [FailureReason::new(
        Origin::Platform,
        FailureType::TransientError,
        "the worker was shut down",
    )];
    let (status, reasons) = match outcome {
        Outcome::Succeeded => (AttemptStatus::Succeeded, &[][..]),
        Outcome::Failed(reasons) => (AttemptStatus::Failed, reasons.as_slice()),
        Outcome::Cancelled => (AttemptStatus::Cancelled, &[][..]),
        Outcome::GivenBack => (AttemptStatus::Cancelled, &given_back[..]),
    };
    let ended = Ended {
        status,
        failures: text(reasons),
        cpu_time: effort.cpu_time,
        peak_memory: effort.peak_memory,
    };
    attempts::end(db, &ended, now).await?;
    let settled = settled(job, outcome, effort, &engine.settings.patience, now);
    let job = jobs::settle(db, &settled, now).await?;
    let teller = engine.teller();
    let ended = Event::Ended(&job, reasons.first());
    let mut news = teller.tell(db, job.connection_id, ended).await?;
    let counts = matches!(job.job_type, JobType::Sync | JobType::Refresh);
    if job.status == JobStatus::Failed && counts {
        news |= after_failure(db, engine, teller, &job, now).await?;
    }
    Ok(Settlement { job, news })
}

/// Switches off a connection that only ever fails, or says that it will be. Says whether there is a message.
async fn after_failure(
    db: &mut Fenced,
    engine: &Engine,
    teller: Teller<'_>,
    job: &Job,
    now: Timestamp,
) -> Result<bool> {
    let Some(streak) = disabling::streak(db).await? else {
        return Ok(false);
    };
    let limits = &engine.settings.disabling;
    match limits.judge(&streak, now) {
        Verdict::GoOn => Ok(false),
        Verdict::Warn => {
            disabling::warned(db, now).await?;
            let event = Event::DisabledSoon(&streak, limits);
            teller.tell(db, job.connection_id, event).await
        }
        Verdict::Disable => {
            let reason = format!(
                "{} jobs in a row have failed, and none has succeeded since {}",
                streak.failures,
                streak.since.format("%Y-%m-%d %H:%M UTC")
            );
            if !disabling::disable(db, &reason, now).await? {
                return Ok(false);
            }
            tracing::warn!(connection.id = %job.connection_id, "a connection was switched off: {reason}");
            teller
                .tell(db, job.connection_id, Event::Disabled(&streak))
                .await
        }
    }
}

fn settled(
    job: &Job,
    outcome: &Outcome,
    effort: Effort,
    patience: &Patience,
    now: Timestamp,
) -> Settled {
    let same = |status| Settled {
        status,
        run_at: now,
        failures: job.failures,
        failure: None,
    };
    match outcome {
        Outcome::Succeeded => same(JobStatus::Succeeded),
        Outcome::Cancelled => same(JobStatus::Cancelled),
        Outcome::GivenBack => same(JobStatus::Incomplete),
        Outcome::Failed(reasons) => {
            let first = reasons.first();
            let kind = first.map_or(FailureType::SystemError, |reason| reason.kind);
            let (failures, next) = job.failures.then(effort.progress, kind, patience);
            let (status, run_at) = match next {
                Next::Attempt { after } => (JobStatus::Incomplete, now + after),
                Next::GiveUp => (JobStatus::Failed, now),
            };
            Settled {
                status,
                run_at,
                failures,
                failure: first.map(text),
            }
        }
    }
}

/// As it is stored.
pub(super) fn text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("what is stored as JSON can be written as JSON")
}
