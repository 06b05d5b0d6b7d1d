//! What becomes of a job after an attempt: whether there is another one, and when.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::domain::job::{
    AttemptStatus, FailureReason, FailureType, Job, JobStatus, Next, Origin, Patience,
};
use crate::error::Result;
use crate::store::attempts::{self, Ended};
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

/// Writes how an attempt went and what follows for its job, in the transaction that ends the lease.
pub(super) async fn settle(
    db: &mut Fenced,
    job: &Job,
    outcome: &Outcome,
    effort: Effort,
    patience: &Patience,
    now: Timestamp,
) -> Result<Job> {
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
    jobs::settle(db, &settled(job, outcome, effort, patience, now), now).await
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
