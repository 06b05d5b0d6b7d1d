//! Runs that begin by themselves. Every server looks for connections whose time has come; whoever moves
//! the time on in the database puts the job in, so one does.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::Engine;
use crate::domain::job::JobType;
use crate::domain::schedule::Schedule;
use crate::error::Result;
use crate::store::bell::Ring;
use crate::store::due::{self, Due};
use crate::store::jobs::{self, NewJob};

/// The longest time between two looks. Schedules are not rung; a new one is seen by then.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How many connections are looked at together.
const AT_ONCE: i64 = 100;

/// When a run that counts from the one before is tried again, if that one is not over.
const STILL_RUNNING: TimeDelta = TimeDelta::seconds(10);

/// Starts what is due, until this process stops.
pub async fn run(engine: Arc<Engine>) {
    loop {
        let wait = match round(&engine).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!("schedules wait: {}", explained(&error));
                LOOK_AGAIN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = engine.shutdown.begun() => return,
        }
    }
}

/// Starts what is due now; says how long to wait until the next look.
///
/// # Errors
/// When the database does not answer.
pub async fn round(engine: &Engine) -> Result<Duration> {
    let now = engine.clock.now();
    let due = due::list(&mut engine.db.read().await?, now, AT_ONCE).await?;
    let mut started = false;
    for one in &due {
        started |= start(engine, one).await?;
    }
    if started {
        engine.bell.ring(Ring::Work).await;
    }
    if i64::try_from(due.len()) == Ok(AT_ONCE) {
        return Ok(Duration::ZERO);
    }
    let next = due::next(&mut engine.db.read().await?).await?;
    let wait = next.map(|next| (next - engine.clock.now()).to_std().unwrap_or_default());
    Ok(wait.map_or(LOOK_AGAIN, |wait| wait.min(LOOK_AGAIN)))
}

async fn start(engine: &Engine, due: &Due) -> Result<bool> {
    let now = engine.clock.now();
    let mut db = engine.db.write().await?;
    if jobs::live(&mut db, due.id).await?.is_some() {
        // A run that counts from the start of the one before begins as soon as that is over; a tick of
        // a clock that was missed is missed.
        let next = match &due.schedule {
            Schedule::Basic { .. } => Some(now + STILL_RUNNING),
            schedule => schedule.next(Some(now), now),
        };
        due::move_on(&mut db, due, next).await?;
        db.commit().await?;
        return Ok(false);
    }
    let next = due.schedule.next(Some(now), now);
    if !due::move_on(&mut db, due, next).await? {
        return Ok(false);
    }
    let new = NewJob {
        connection: due.id,
        workspace: due.workspace,
        job_type: JobType::Sync,
        streams: None,
    };
    if jobs::insert(&mut db, &new, now).await?.is_none() {
        // Somebody asked for one at the same moment; that one counts.
        return Ok(false);
    }
    db.commit().await?;
    Ok(true)
}

fn explained(error: &crate::error::Error) -> String {
    super::worker::explained(error)
}
