//! Asking for work, and for its end. Others come here; who may ask is for them to know.

use crate::clock::{Clock, Timestamp};
use crate::domain::connection::Connection;
use crate::domain::job::{Job, JobId, JobStatus};
use crate::error::{Error, Result};
use crate::store::bell::{Bell, Ring};
use crate::store::db::{Db, Writer};
use crate::store::jobs::NewJob;
use crate::store::{due, jobs};

/// Puts a job for a connection into the queue, whose workers are rung when this transaction is over;
/// `None` while the connection has one that has not ended. Then nothing of the transaction may be kept.
///
/// # Errors
/// When the database does not answer.
pub async fn put(
    db: &mut Writer,
    connection: &Connection,
    new: &NewJob,
    now: Timestamp,
) -> Result<Option<Job>> {
    // First the connection and then the queue, as schedules do: neither waits for the other.
    if !new.job_type.empties() {
        let next = connection.schedule.next(Some(now), now);
        due::started(db, connection.id, next).await?;
    }
    jobs::insert(db, new, now).await
}

/// Ends a job: at once if it waits; if it runs, its worker is asked to end it, which takes a moment. `None`
/// when it has ended already.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel(db: &Db, clock: &Clock, bell: &Bell, id: JobId) -> Result<Option<Job>> {
    let mut writer = db.write().await?;
    let Some(job) = jobs::cancel(&mut writer, id, clock.now()).await? else {
        return Ok(None);
    };
    writer.commit().await?;
    ring_ended(bell, std::slice::from_ref(&job)).await;
    Ok(Some(job))
}

/// Tells whoever works at these jobs, or waits for them, that they are to end or have ended.
pub async fn ring_ended(bell: &Bell, jobs: &[Job]) {
    for job in jobs {
        bell.ring(match job.status {
            JobStatus::Running => Ring::Cancel(job.id),
            _ => Ring::Changed(job.id),
        })
        .await;
    }
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
