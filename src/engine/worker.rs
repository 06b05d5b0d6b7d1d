//! Takes jobs from the queue while there are hands free. It listens before it looks, so that nothing that
//! comes in between is missed, and looks again from time to time by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::Semaphore;

use super::{Engine, attempt};
use crate::domain::job::Job;
use crate::error::{Error, Result};
use crate::store::bell::{Ring, Rings};
use crate::store::jobs::{self, Claimed, Claimer};
use crate::store::leases::Lease;
use crate::store::workers;

/// How often a worker says that it is there.
const PRESENCE: Duration = Duration::from_secs(10);

/// When a worker that was not seen is forgotten.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);

/// How long to wait after a failure of the database.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Takes jobs until this process stops. Those that run then are given back by themselves.
pub async fn run(engine: Arc<Engine>) {
    let hands = Arc::new(Semaphore::new(engine.settings.slots.max(1)));
    let mut rings = engine.bell.listen();
    loop {
        let hand = tokio::select! {
            hand = Arc::clone(&hands).acquire_owned() => hand,
            () = engine.shutdown.begun() => return,
        };
        rings.drain();
        let claimed = Instant::now();
        let wait = match take(&engine).await {
            Ok(Taken::Job(job, lease)) => {
                let work = attempt::run(Arc::clone(&engine), *job, lease, claimed);
                engine.shutdown.spawn(async move {
                    work.await;
                    drop(hand);
                });
                continue;
            }
            Ok(Taken::Nothing { until_next }) => until_next,
            Err(error) => {
                tracing::warn!("no jobs are taken: {}", explained(&error));
                AFTER_FAILURE
            }
        };
        drop(hand);
        tokio::select! {
            () = work_rung(&mut rings) => {}
            () = tokio::time::sleep(wait) => {}
            () = engine.shutdown.begun() => return,
        }
    }
}

async fn work_rung(rings: &mut Rings) {
    while !matches!(rings.next().await, Ring::Work | Ring::Anything) {}
}

enum Taken {
    Job(Box<Job>, Lease),
    /// And how long to wait before looking again.
    Nothing {
        until_next: Duration,
    },
}

/// Takes a job, if there is one for us.
async fn take(engine: &Engine) -> Result<Taken> {
    loop {
        let claimer = Claimer {
            worker: &engine.worker,
            token: engine.clock.new_id(),
            now: engine.clock.now(),
            until: engine.lease_until(),
            by_workspace: engine.settings.by_workspace,
            by_connector: engine.settings.by_connector,
        };
        match jobs::claim(&engine.db, &claimer).await? {
            Claimed::Job(job, lease) => return Ok(Taken::Job(job, lease)),
            Claimed::TooLate => {}
            Claimed::Nothing => break,
        }
    }
    let next = jobs::next(&mut engine.db.read().await?).await?;
    let until_next = next.and_then(|next| (next - engine.clock.now()).to_std().ok());
    let poll = engine.settings.poll.mul_f64(jitter(engine));
    Ok(Taken::Nothing {
        // One whose time has come and which we may not take waits for others to end.
        until_next: until_next.map_or(poll, |until| until.min(poll)),
    })
}

/// Between a half and one and a half, so that many workers do not look at the same moment.
fn jitter(engine: &Engine) -> f64 {
    let [random] = engine.clock.random::<1>();
    0.5 + f64::from(random) / 255.0
}

/// Says that this worker is there, until this process stops.
pub async fn presence(engine: Arc<Engine>) {
    loop {
        if let Err(error) = seen(&engine).await {
            tracing::debug!("nobody sees this worker: {}", explained(&error));
        }
        tokio::select! {
            () = tokio::time::sleep(PRESENCE) => {}
            () = engine.shutdown.begun() => break,
        }
    }
    let _ = gone(&engine).await;
}

async fn seen(engine: &Engine) -> Result<()> {
    let slots = i32::try_from(engine.settings.slots).unwrap_or(i32::MAX);
    let mut db = engine.db.write().await?;
    workers::seen(
        &mut db,
        &engine.worker,
        &engine.host,
        slots,
        engine.clock.now(),
    )
    .await?;
    db.commit().await
}

async fn gone(engine: &Engine) -> Result<()> {
    let mut db = engine.db.write().await?;
    workers::gone(&mut db, &engine.worker, engine.clock.now() - FORGOTTEN).await?;
    db.commit().await
}

/// An error with its inner story, for the log.
pub(super) fn explained(error: &Error) -> String {
    match error {
        Error::Internal(story) | Error::Unavailable(story) => format!("{error}: {story}"),
        error => error.to_string(),
    }
}
