//! Jobs whose worker was lost: its lease has run out, so nobody works on them. Their attempt has failed,
//! and the rule for failed attempts decides what follows. Every server sweeps; the database lets one of
//! them have each job.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::settle::{Effort, Outcome, Settlement, settle};
use super::worker::explained;
use crate::domain::job::{FailureReason, FailureType, JobStatus, Origin};
use crate::error::Result;
use crate::store::attempts;
use crate::store::bell::Ring;
use crate::store::jobs::{self, Claimer};

/// How often to look.
const EVERY: Duration = Duration::from_secs(2);

/// Sweeps until this process stops.
pub async fn run(engine: Arc<Engine>) {
    loop {
        if let Err(error) = round(&engine).await {
            tracing::warn!("lost jobs wait: {}", explained(&error));
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = engine.shutdown.begun() => return,
        }
    }
}

/// Takes back every job whose lease has run out; says how many.
///
/// # Errors
/// When the database does not answer.
pub async fn round(engine: &Engine) -> Result<usize> {
    let mut found = 0;
    while sweep_one(engine).await? {
        found += 1;
    }
    Ok(found)
}

async fn sweep_one(engine: &Engine) -> Result<bool> {
    let now = engine.clock.now();
    let claimer = Claimer {
        worker: &engine.worker,
        token: engine.clock.new_id(),
        now,
        until: engine.lease_until(),
        by_workspace: 0,
        by_connector: 0,
    };
    let Some((job, mut db)) = jobs::seize(&engine.db, &claimer).await? else {
        return Ok(false);
    };
    let attempt = db.lease().attempt();
    let statistics = attempts::statistics(&mut db, job.id).await?;
    let effort = Effort {
        progress: statistics
            .iter()
            .any(|stream| stream.attempt == attempt && stream.rows_committed > 0),
        ..Effort::default()
    };
    // Whoever wanted the job to end has what they wanted.
    let outcome = if job.cancel_requested_at.is_some() {
        Outcome::Cancelled
    } else {
        Outcome::Failed(vec![FailureReason::new(
            Origin::Platform,
            FailureType::SystemError,
            "the worker was lost",
        )])
    };
    // Here the connection is taken after its job. Whoever takes them the other way round at this very moment
    // may be refused by the database, or we are; both come again.
    let Settlement { job, news } = settle(&mut db, engine, &job, &outcome, effort).await?;
    db.commit().await?;
    tracing::warn!(
        job.id,
        attempt,
        status = job.status.as_str(),
        "a worker was lost"
    );
    let ring = match job.status {
        JobStatus::Incomplete => Ring::Work,
        _ => Ring::Changed(job.id),
    };
    engine.bell.ring(ring).await;
    if news {
        engine.bell.ring(Ring::News).await;
    }
    Ok(true)
}
