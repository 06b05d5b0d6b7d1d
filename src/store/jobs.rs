//! The queue of jobs: one is put in, one worker takes it, and in the end it stands as it really went.
//! Nothing here waits or repeats; see `engine` for who calls when.

use uuid::Uuid;

use super::attempts;
use super::db::{Db, Exec, Writer, on};
use super::leases::{Fenced, Lease};
use crate::clock::Timestamp;
use crate::domain::ids::{ConnectionId, WorkspaceId};
use crate::domain::job::{Failures, Job, JobId, JobStatus, JobType};
use crate::error::{Error, Result};

/// Every column that a [`Job`] has.
macro_rules! columns {
    () => {
        "id, connection_id, workspace_id, job_type, status, streams, run_at, cancel_requested_at, attempts, \
         complete_failures, complete_failures_in_a_row, partial_failures, partial_failures_in_a_row, \
         rows_committed, bytes_committed, failure, created_at, updated_at"
    };
}

/// The jobs that may be taken at $1: those whose time has come, of workspaces with room for one more.
macro_rules! ready {
    ($what:expr, $rest:expr) => {
        concat!(
            $what,
            " FROM jobs WHERE status IN ('pending', 'incomplete') AND run_at <= $1 \
             AND (CAST($2 AS BIGINT) = 0 OR workspace_id NOT IN \
             (SELECT workspace_id FROM jobs WHERE status = 'running' GROUP BY workspace_id \
             HAVING COUNT(*) >= CAST($2 AS BIGINT)))",
            $rest
        )
    };
}

/// Takes the job that has waited longest, among those that `$further` does not exclude.
macro_rules! claim {
    ($further:expr) => {
        concat!(
            "UPDATE jobs SET status = 'running', attempts = attempts + 1, lease_owner = $3, lease_token = $4, \
             lease_until = $5, updated_at = $1 WHERE status IN ('pending', 'incomplete') AND id = (",
            ready!("SELECT id", concat!($further, " ORDER BY run_at, id LIMIT 1")),
            ") RETURNING ",
            columns!()
        )
    };
}

/// Not those whose source or destination is of a connector that so many running jobs have already.
macro_rules! by_connector {
    ($most:literal) => {
        concat!(
            " AND connection_id NOT IN (SELECT c.id FROM connections c \
             JOIN actors a ON a.id = c.source_id OR a.id = c.destination_id WHERE a.definition_id IN \
             (SELECT b.definition_id FROM jobs r JOIN connections d ON d.id = r.connection_id \
             JOIN actors b ON b.id = d.source_id OR b.id = d.destination_id WHERE r.status = 'running' \
             GROUP BY b.definition_id HAVING COUNT(*) >= CAST(",
            $most,
            " AS BIGINT)))"
        )
    };
}

const FETCH: &str = concat!("SELECT ", columns!(), " FROM jobs WHERE id = $1");
const LIVE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM jobs WHERE connection_id = $1 AND status IN ('pending', 'running', 'incomplete')"
);
const NUMBER: &str = "UPDATE counters SET value = value + 1 WHERE name = 'jobs' RETURNING value";
const INSERT: &str = concat!(
    "INSERT INTO jobs (id, connection_id, workspace_id, job_type, status, streams, run_at, attempts, \
     complete_failures, complete_failures_in_a_row, partial_failures, partial_failures_in_a_row, \
     rows_committed, bytes_committed, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, 'pending', $5, $6, 0, 0, 0, 0, 0, 0, 0, $6, $6) \
     ON CONFLICT DO NOTHING RETURNING ",
    columns!()
);
/// Where the jobs of a workspace or a connector are limited, workers count one after the other.
const ONE_AT_A_TIME: &str = "UPDATE counters SET value = value + 1 WHERE name = 'claims'";
const CLAIM: &str = claim!("");
const CLAIM_BY_CONNECTOR: &str = claim!(by_connector!("$6"));
const READY: &str = ready!("SELECT id", " LIMIT 1");
const READY_BY_CONNECTOR: &str = ready!("SELECT id", concat!(by_connector!("$3"), " LIMIT 1"));
const NEXT: &str = "SELECT MIN(run_at) FROM jobs WHERE status IN ('pending', 'incomplete')";
const SEIZE: &str = concat!(
    "UPDATE jobs SET lease_owner = $2, lease_token = $3, lease_until = $4 \
     WHERE status = 'running' AND lease_until < $1 AND id = (SELECT id FROM jobs \
     WHERE status = 'running' AND lease_until < $1 ORDER BY lease_until LIMIT 1) RETURNING ",
    columns!()
);
const CANCEL: &str = concat!(
    "UPDATE jobs SET cancel_requested_at = COALESCE(cancel_requested_at, $2), \
     updated_at = CASE WHEN status = 'running' THEN updated_at ELSE $2 END, \
     status = CASE WHEN status = 'running' THEN status ELSE 'cancelled' END \
     WHERE id = $1 AND status IN ('pending', 'running', 'incomplete') RETURNING ",
    columns!()
);
const PROGRESS: &str = "UPDATE jobs SET rows_committed = $2, bytes_committed = $3 WHERE id = $1";
/// A job that somebody wants to end gets no further attempt.
const SETTLE: &str = concat!(
    "UPDATE jobs SET status = CASE WHEN $2 = 'incomplete' AND cancel_requested_at IS NOT NULL \
     THEN 'cancelled' ELSE $2 END, run_at = $3, complete_failures = $4, complete_failures_in_a_row = $5, \
     partial_failures = $6, partial_failures_in_a_row = $7, failure = COALESCE($8, failure), \
     lease_owner = NULL, lease_token = NULL, lease_until = NULL, updated_at = $9 WHERE id = $1 RETURNING ",
    columns!()
);
const LONGEST: &str =
    "UPDATE counters SET value = $1 WHERE name = 'longest_job_seconds' AND value < $1";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    LIVE,
    NUMBER,
    INSERT,
    ONE_AT_A_TIME,
    CLAIM,
    CLAIM_BY_CONNECTOR,
    READY,
    READY_BY_CONNECTOR,
    NEXT,
    SEIZE,
    CANCEL,
    PROGRESS,
    SETTLE,
    LONGEST,
];

/// A job to be.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub connection: ConnectionId,
    pub workspace: WorkspaceId,
    pub job_type: JobType,
    /// A JSON list of descriptors; absent for all.
    pub streams: Option<String>,
}

/// Who takes a job, and until when.
#[derive(Debug, Clone)]
pub struct Claimer<'a> {
    pub worker: &'a str,
    pub token: Uuid,
    pub now: Timestamp,
    pub until: Timestamp,
    /// The most jobs of one workspace that run at once; 0 for any number.
    pub by_workspace: i64,
    /// The most jobs with one connector that run at once; 0 for any number.
    pub by_connector: i64,
}

/// What came of reaching for a job.
#[derive(Debug)]
pub enum Claimed {
    Job(Box<Job>, Lease),
    /// Somebody else took it at the same moment; there are more.
    TooLate,
    /// There is nothing to do.
    Nothing,
}

pub async fn fetch(db: &mut dyn Exec, id: JobId) -> Result<Option<Job>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id).fetch_optional(link).await).map_err(Error::store)
}

/// The job of a connection that has not ended.
pub async fn live(db: &mut dyn Exec, connection: ConnectionId) -> Result<Option<Job>> {
    on!(db, link => sqlx::query_as(LIVE).bind(connection).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Puts a job into the queue. `None` when the connection has one that has not ended: then the number that
/// was drawn is to be given back, by not committing.
pub async fn insert(db: &mut Writer, new: &NewJob, now: Timestamp) -> Result<Option<Job>> {
    let id: i64 =
        on!(db, link => sqlx::query_scalar(NUMBER).fetch_one(link).await).map_err(Error::store)?;
    on!(db, link => {
        sqlx::query_as(INSERT)
            .bind(id)
            .bind(new.connection)
            .bind(new.workspace)
            .bind(new.job_type)
            .bind(&new.streams)
            .bind(now)
            .fetch_optional(link)
            .await
    })
    .map_err(Error::store)
}

/// Takes the job that has waited longest, and begins an attempt at it.
pub async fn claim(db: &Db, by: &Claimer<'_>) -> Result<Claimed> {
    let mut writer = db.write().await?;
    if by.by_workspace > 0 || by.by_connector > 0 {
        on!(&mut writer, link => sqlx::query(ONE_AT_A_TIME).execute(link).await.map(drop))
            .map_err(Error::store)?;
    }
    let job: Option<Job> = on!(&mut writer, link => {
        let text = if by.by_connector > 0 { CLAIM_BY_CONNECTOR } else { CLAIM };
        let query = sqlx::query_as(text).bind(by.now).bind(by.by_workspace);
        let query = query.bind(by.worker).bind(by.token).bind(by.until);
        let query = if by.by_connector > 0 { query.bind(by.by_connector) } else { query };
        query.fetch_optional(link).await
    })
    .map_err(Error::store)?;
    let Some(job) = job else {
        let ready: Option<JobId> = on!(&mut writer, link => {
            let text = if by.by_connector > 0 { READY_BY_CONNECTOR } else { READY };
            let query = sqlx::query_scalar(text).bind(by.now).bind(by.by_workspace);
            let query = if by.by_connector > 0 { query.bind(by.by_connector) } else { query };
            query.fetch_optional(link).await
        })
        .map_err(Error::store)?;
        return Ok(ready.map_or(Claimed::Nothing, |_| Claimed::TooLate));
    };
    let lease = lease(&job, by.token);
    let mut fenced = Fenced::new(writer, lease.clone());
    attempts::begin(&mut fenced, by.worker, by.now).await?;
    fenced.commit().await?;
    Ok(Claimed::Job(Box::new(job), lease))
}

/// When the next job may be taken, if one waits.
pub async fn next(db: &mut dyn Exec) -> Result<Option<Timestamp>> {
    on!(db, link => sqlx::query_scalar(NEXT).fetch_one(link).await).map_err(Error::store)
}

/// Takes a job away from a worker whose lease has run out. The transaction is still open: what became of
/// the attempt belongs into it.
pub async fn seize(db: &Db, by: &Claimer<'_>) -> Result<Option<(Job, Fenced)>> {
    let mut writer = db.write().await?;
    let job: Option<Job> = on!(&mut writer, link => {
        let query = sqlx::query_as(SEIZE).bind(by.now).bind(by.worker);
        query.bind(by.token).bind(by.until).fetch_optional(link).await
    })
    .map_err(Error::store)?;
    Ok(job.map(|job| {
        let lease = lease(&job, by.token);
        (job, Fenced::new(writer, lease))
    }))
}

fn lease(job: &Job, token: Uuid) -> Lease {
    Lease {
        token,
        job: job.id,
        connection: job.connection_id,
        attempt: job.attempts - 1,
    }
}

/// Ends a job that waits; asks the worker of one that runs to end it. `None` when it has ended.
pub async fn cancel(db: &mut Writer, id: JobId, now: Timestamp) -> Result<Option<Job>> {
    let job: Option<Job> =
        on!(db, link => sqlx::query_as(CANCEL).bind(id).bind(now).fetch_optional(link).await)
            .map_err(Error::store)?;
    if let Some(job) = &job {
        note_longest(db, job).await?;
    }
    Ok(job)
}

/// Lists rely on knowing how long the longest job took.
async fn note_longest(db: &mut dyn Exec, job: &Job) -> Result<()> {
    if !job.status.is_final() {
        return Ok(());
    }
    let seconds = (job.updated_at - job.created_at).num_seconds();
    on!(db, link => sqlx::query(LONGEST).bind(seconds).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// What all attempts together have committed so far.
pub async fn progress(db: &mut Fenced, rows: i64, bytes: i64) -> Result<()> {
    let id = db.lease().job();
    on!(db, link => sqlx::query(PROGRESS).bind(id).bind(rows).bind(bytes).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// How a job stands after an attempt.
#[derive(Debug, Clone)]
pub struct Settled {
    pub status: JobStatus,
    /// When the next attempt may begin.
    pub run_at: Timestamp,
    pub failures: Failures,
    /// Absent when there was none this time.
    pub failure: Option<String>,
}

/// Gives the job out of the worker's hands.
pub async fn settle(db: &mut Fenced, settled: &Settled, now: Timestamp) -> Result<Job> {
    let (id, failures) = (db.lease().job(), settled.failures);
    let job: Job = on!(db, link => {
        sqlx::query_as(SETTLE)
            .bind(id)
            .bind(settled.status)
            .bind(settled.run_at)
            .bind(failures.complete)
            .bind(failures.complete_in_a_row)
            .bind(failures.partial)
            .bind(failures.partial_in_a_row)
            .bind(&settled.failure)
            .bind(now)
            .fetch_one(link)
            .await
    })
    .map_err(Error::store)?;
    note_longest(db, &job).await?;
    Ok(job)
}
