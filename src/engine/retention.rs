//! Keeps history within bounds: logs by age and by size, jobs and messages by age. Every server does it;
//! what one has removed the others do not find. It goes in small transactions with pauses between, so that
//! nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::Engine;
use super::worker::explained;
use crate::clock::Timestamp;
use crate::domain::job::JobId;
use crate::error::Result;
use crate::store::{deliveries, retention};

/// How often to look.
const EVERY: Duration = Duration::from_mins(10);

/// Rows that one transaction removes.
const PIECES: i64 = 200;
const JOBS: i64 = 50;
const MESSAGES: i64 = 500;

/// The pause between two transactions: on SQLite everybody else writes then.
const PAUSE: Duration = Duration::from_millis(20);

/// What is kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    pub logs: TimeDelta,
    /// Bytes of all logs together; 0 for any number.
    pub logs_size: i64,
    pub jobs: TimeDelta,
    pub messages: TimeDelta,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    pub pieces: u64,
    pub jobs: u64,
    pub messages: u64,
}

/// Removes what is old until this process stops.
pub async fn run(engine: Arc<Engine>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = engine.shutdown.begun() => return,
        }
        // What is left for the next start stays a little longer.
        let round = tokio::select! {
            round = round(&engine) => round,
            () = engine.shutdown.begun() => return,
        };
        match round {
            Ok(removed) if removed == Removed::default() => {}
            Ok(removed) => tracing::info!(
                jobs = removed.jobs,
                log_pieces = removed.pieces,
                messages = removed.messages,
                "old history was removed"
            ),
            Err(error) => tracing::warn!("old history stays: {}", explained(&error)),
        }
    }
}

/// Removes all that is old now.
///
/// # Errors
/// When the database does not answer.
pub async fn round(engine: &Engine) -> Result<Removed> {
    let (keep, now) = (engine.settings.retention, engine.clock.now());
    let jobs = remove(engine, Old::Jobs(now - keep.jobs)).await?;
    let mut db = engine.db.read().await?;
    let old = retention::last_before(&mut db, now - keep.logs).await?;
    let large = match keep.logs_size {
        0 => None,
        most => retention::too_much(&mut db, most).await?,
    };
    drop(db);
    let pieces = match old.max(large) {
        Some(upto) => remove(engine, Old::Pieces(upto)).await?,
        None => 0,
    };
    Ok(Removed {
        pieces,
        jobs,
        messages: remove(engine, Old::Messages(now - keep.messages)).await?,
    })
}

/// What is old.
#[derive(Debug, Clone, Copy)]
enum Old {
    Jobs(Timestamp),
    Pieces(JobId),
    Messages(Timestamp),
}

/// Removes in transactions of a bounded size, until one finds less.
async fn remove(engine: &Engine, old: Old) -> Result<u64> {
    let mut removed = 0;
    loop {
        let mut db = engine.db.write().await?;
        let (part, most) = match old {
            Old::Jobs(before) => (retention::remove_jobs(&mut db, before, JOBS).await?, JOBS),
            Old::Pieces(upto) => (retention::remove_logs(&mut db, upto, PIECES).await?, PIECES),
            Old::Messages(before) => (
                deliveries::forget(&mut db, before, MESSAGES).await?,
                MESSAGES,
            ),
        };
        db.commit().await?;
        removed += part;
        if i64::try_from(part) != Ok(most) {
            return Ok(removed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
