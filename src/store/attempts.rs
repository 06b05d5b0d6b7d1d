//! Attempts at jobs, and what each stream did in them.

use super::db::{Exec, on};
use super::leases::Fenced;
use crate::clock::Timestamp;
use crate::domain::job::{AttemptStatus, JobId};
use crate::error::{Error, Result};

const BEGIN: &str = "INSERT INTO attempts (job_id, number, status, worker, failures, created_at, updated_at) \
                     VALUES ($1, $2, 'running', $3, '[]', $4, $4)";
const END: &str = "UPDATE attempts SET status = $3, failures = $4, cpu_time = $5, peak_memory = $6, \
                   updated_at = $7, ended_at = $7 WHERE job_id = $1 AND number = $2";
const LIST: &str = "SELECT number, status, worker, failures, cpu_time, peak_memory, created_at, ended_at \
                    FROM attempts WHERE job_id = $1 ORDER BY number";
const PUT_STATISTICS: &str = "INSERT INTO stream_statistics (job_id, attempt, namespace, name, rows_emitted, bytes_emitted, \
     rows_committed, bytes_committed, rows_estimated, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
     ON CONFLICT (job_id, attempt, namespace, name) DO UPDATE SET rows_emitted = excluded.rows_emitted, \
     bytes_emitted = excluded.bytes_emitted, rows_committed = excluded.rows_committed, \
     bytes_committed = excluded.bytes_committed, rows_estimated = excluded.rows_estimated, \
     status = excluded.status";
const STATISTICS: &str = "SELECT attempt, namespace, name, rows_emitted, bytes_emitted, rows_committed, bytes_committed, \
     rows_estimated, status FROM stream_statistics WHERE job_id = $1 ORDER BY attempt, namespace, name";

pub(super) const STATEMENTS: &[&str] = &[BEGIN, END, LIST, PUT_STATISTICS, STATISTICS];

/// An attempt as it stands.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Attempt {
    pub number: i32,
    pub status: AttemptStatus,
    pub worker: String,
    /// A JSON list of failure reasons, the first one counts.
    pub failures: String,
    /// Microseconds of processor time.
    pub cpu_time: Option<i64>,
    /// Bytes.
    pub peak_memory: Option<i64>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// What one stream did in an attempt.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StreamStatistics {
    pub attempt: i32,
    /// Empty for none.
    pub namespace: String,
    pub name: String,
    pub rows_emitted: i64,
    pub bytes_emitted: i64,
    pub rows_committed: i64,
    pub bytes_committed: i64,
    pub rows_estimated: Option<i64>,
    /// `started`, `running`, `complete` or `incomplete`; empty when nothing was said.
    pub status: String,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct Ended {
    pub status: AttemptStatus,
    /// A JSON list of failure reasons.
    pub failures: String,
    pub cpu_time: Option<i64>,
    pub peak_memory: Option<i64>,
}

pub(super) async fn begin(db: &mut Fenced, worker: &str, now: Timestamp) -> Result<()> {
    let (job, number) = (db.lease().job(), db.lease().attempt());
    on!(db, link => {
        let query = sqlx::query(BEGIN).bind(job).bind(number).bind(worker).bind(now);
        query.execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

pub async fn end(db: &mut Fenced, ended: &Ended, now: Timestamp) -> Result<()> {
    let (job, number) = (db.lease().job(), db.lease().attempt());
    on!(db, link => {
        sqlx::query(END)
            .bind(job)
            .bind(number)
            .bind(ended.status)
            .bind(&ended.failures)
            .bind(ended.cpu_time)
            .bind(ended.peak_memory)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// The attempts of a job, the first one first.
pub async fn list(db: &mut dyn Exec, job: JobId) -> Result<Vec<Attempt>> {
    on!(db, link => sqlx::query_as(LIST).bind(job).fetch_all(link).await).map_err(Error::store)
}

/// Writes what a stream has done so far in the attempt of the lease.
pub async fn put_statistics(db: &mut Fenced, of: &StreamStatistics) -> Result<()> {
    let (job, number) = (db.lease().job(), db.lease().attempt());
    on!(db, link => {
        sqlx::query(PUT_STATISTICS)
            .bind(job)
            .bind(number)
            .bind(&of.namespace)
            .bind(&of.name)
            .bind(of.rows_emitted)
            .bind(of.bytes_emitted)
            .bind(of.rows_committed)
            .bind(of.bytes_committed)
            .bind(of.rows_estimated)
            .bind(&of.status)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// What every stream did in every attempt of a job.
pub async fn statistics(db: &mut dyn Exec, job: JobId) -> Result<Vec<StreamStatistics>> {
    on!(db, link => sqlx::query_as(STATISTICS).bind(job).fetch_all(link).await)
        .map_err(Error::store)
}
