//! Asking for work, and for its end. Others come here; who may ask is for them to know.

use super::settle::text;
use crate::clock::Clock;
use crate::domain::connection::Connection;
use crate::domain::job::{Job, JobId, JobStatus, JobType};
use crate::error::{Error, Result};
use crate::protocol::catalog::StreamDescriptor;
use crate::store::bell::{Bell, Ring};
use crate::store::db::Db;
use crate::store::jobs::NewJob;
use crate::store::{due, jobs};

/// What came of asking for a job.
#[derive(Debug)]
pub enum Start {
    Started(Job),
    /// The connection has one that has not ended; one at a time.
    AlreadyRunning(Job),
}

/// Puts a job for a connection into the queue. `streams` limits a clear or a refresh.
///
/// # Errors
/// When the database does not answer.
pub async fn start(
    db: &Db,
    clock: &Clock,
    bell: &Bell,
    connection: &Connection,
    job_type: JobType,
    streams: Option<&[StreamDescriptor]>,
) -> Result<Start> {
    let new = NewJob {
        connection: connection.id,
        workspace: connection.workspace_id,
        job_type,
        streams: streams.map(text),
    };
    loop {
        let now = clock.now();
        let mut writer = db.write().await?;
        // First the connection and then the queue, as schedules do: neither waits for the other.
        if !job_type.empties() {
            let next = connection.schedule.next(Some(now), now);
            due::started(&mut writer, connection.id, next).await?;
        }
        if let Some(job) = jobs::insert(&mut writer, &new, now).await? {
            writer.commit().await?;
            bell.ring(Ring::Work).await;
            return Ok(Start::Started(job));
        }
        // With it go the number that was drawn and the time that was moved.
        drop(writer);
        // The one that was in the way may have ended just now.
        if let Some(job) = jobs::live(&mut db.read().await?, connection.id).await? {
            return Ok(Start::AlreadyRunning(job));
        }
    }
}

/// Ends a job: at once if it waits; if it runs, its worker is asked to end it, which takes a moment. A job
/// that has ended stays as it is. `None` when there is no such job.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel(db: &Db, clock: &Clock, bell: &Bell, id: JobId) -> Result<Option<Job>> {
    let mut writer = db.write().await?;
    let Some(job) = jobs::cancel(&mut writer, id, clock.now()).await? else {
        drop(writer);
        return jobs::fetch(&mut db.read().await?, id).await;
    };
    writer.commit().await?;
    bell.ring(match job.status {
        JobStatus::Running => Ring::Cancel(id),
        _ => Ring::Changed(id),
    })
    .await;
    Ok(Some(job))
}

/// Waits until a job has ended, at most for so long, and gives it as it stands then.
///
/// # Errors
/// When the database does not answer, or there is no such job.
pub async fn ended(db: &Db, bell: &Bell, id: JobId, within: std::time::Duration) -> Result<Job> {
    let until = tokio::time::Instant::now() + within;
    let mut rings = bell.listen();
    loop {
        let job = jobs::fetch(&mut db.read().await?, id).await?;
        let job = job.ok_or_else(|| Error::internal(format!("job {id} is gone")))?;
        if job.status.is_final() {
            return Ok(job);
        }
        let rung =
            async { while !matches!(rings.next().await, Ring::Changed(other) if other == id) {} };
        let look_again = tokio::time::Instant::now() + LOOK_AGAIN;
        tokio::select! {
            () = rung => {}
            () = tokio::time::sleep_until(until) => return Ok(job),
            () = tokio::time::sleep_until(look_again) => {}
        }
    }
}

/// How often to look at a job without having been rung.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);
