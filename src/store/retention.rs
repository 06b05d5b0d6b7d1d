//! Removing what is old, a bounded part at a time. Job numbers only grow, so everything up to a number is
//! older than the rest.

use super::db::{Exec, Writer, on};
use crate::clock::Timestamp;
use crate::domain::job::JobId;
use crate::error::{Error, Result};

const LAST_BEFORE: &str =
    "SELECT id FROM jobs WHERE created_at < $1 ORDER BY created_at DESC, id DESC LIMIT 1";
/// Newest first, the first job with which the logs are larger than they may be.
const TOO_MUCH: &str = "SELECT job_id FROM (SELECT job_id, SUM(bytes) OVER (ORDER BY job_id DESC) AS total \
     FROM (SELECT job_id, SUM(bytes) AS bytes FROM log_pieces GROUP BY job_id) AS jobs) AS sums \
     WHERE total > CAST($1 AS BIGINT) ORDER BY job_id DESC LIMIT 1";
const REMOVE_LOGS: &str = "DELETE FROM log_pieces WHERE (job_id, attempt, piece) IN \
     (SELECT job_id, attempt, piece FROM log_pieces WHERE job_id <= $1 AND job_id NOT IN \
     (SELECT id FROM jobs WHERE status IN ('pending', 'running', 'incomplete')) ORDER BY job_id LIMIT $2)";
const OLD_JOBS: &str = "SELECT id FROM jobs WHERE created_at < $1 \
     AND status IN ('succeeded', 'failed', 'cancelled') ORDER BY created_at, id LIMIT $2";
const REMOVE_JOB: [&str; 4] = [
    "DELETE FROM log_pieces WHERE job_id = $1",
    "DELETE FROM stream_statistics WHERE job_id = $1",
    "DELETE FROM attempts WHERE job_id = $1",
    "DELETE FROM jobs WHERE id = $1",
];

pub(super) const STATEMENTS: &[&str] = &[
    LAST_BEFORE,
    TOO_MUCH,
    REMOVE_LOGS,
    OLD_JOBS,
    REMOVE_JOB[0],
    REMOVE_JOB[1],
    REMOVE_JOB[2],
    REMOVE_JOB[3],
];

/// The last job that was asked for before this moment.
pub async fn last_before(db: &mut dyn Exec, at: Timestamp) -> Result<Option<JobId>> {
    on!(db, link => sqlx::query_scalar(LAST_BEFORE).bind(at).fetch_optional(link).await)
        .map_err(Error::store)
}

/// The last job whose logs have to go so that no more than these bytes are left.
pub async fn too_much(db: &mut dyn Exec, most: i64) -> Result<Option<JobId>> {
    on!(db, link => sqlx::query_scalar(TOO_MUCH).bind(most).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Removes some pieces of the logs of jobs up to this one, unless they have not ended; says how many.
pub async fn remove_logs(db: &mut Writer, upto: JobId, most: i64) -> Result<u64> {
    on!(db, link => {
        let query = sqlx::query(REMOVE_LOGS).bind(upto).bind(most);
        query.execute(link).await.map(|done| done.rows_affected())
    })
    .map_err(Error::store)
}

/// Removes some jobs that have ended and were asked for before this moment, with everything about them;
/// says how many.
pub async fn remove_jobs(db: &mut Writer, before: Timestamp, most: i64) -> Result<u64> {
    let old: Vec<JobId> = on!(db, link => {
        sqlx::query_scalar(OLD_JOBS).bind(before).bind(most).fetch_all(link).await
    })
    .map_err(Error::store)?;
    for id in &old {
        for statement in REMOVE_JOB {
            on!(db, link => sqlx::query(statement).bind(id).execute(link).await.map(drop))
                .map_err(Error::store)?;
        }
    }
    Ok(old.len() as u64)
}
