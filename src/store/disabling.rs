//! Switching off connections that always fail. What counts are syncs and refreshes; those that were
//! cancelled say nothing, and a clear does not ask the source.

use super::db::{Writer, on};
use super::leases::Fenced;
use crate::access::granted::Granted;
use crate::access::policy::EditSomething;
use crate::clock::Timestamp;
use crate::domain::connection::Connection;
use crate::domain::disabling::Streak;
use crate::domain::job::JobId;
use crate::error::{Error, Result};

const MARKS: &str = "SELECT counted_from, warned_at FROM connections WHERE id = $1 AND status = 'active' \
                     AND deleted_at IS NULL";
const LAST_SUCCESS: &str = "SELECT id, updated_at FROM jobs WHERE connection_id = $1 AND status = 'succeeded' \
                            AND job_type IN ('sync', 'refresh') ORDER BY created_at DESC, id DESC LIMIT 1";
const FAILURES: &str = "SELECT COUNT(*), MIN(created_at) FROM jobs WHERE connection_id = $1 AND status = 'failed' \
                        AND job_type IN ('sync', 'refresh') AND id > $2 AND created_at >= $3";
const WARNED: &str = "UPDATE connections SET warned_at = $2 WHERE id = $1";
const DISABLE: &str = "UPDATE connections SET status = 'inactive', status_reason = $2, next_run_at = NULL, \
                       updated_at = $3 WHERE id = $1 AND status = 'active' AND deleted_at IS NULL";
const COUNT_ANEW: &str = "UPDATE connections SET counted_from = $2, warned_at = NULL WHERE id = $1";

pub(super) const STATEMENTS: &[&str] =
    &[MARKS, LAST_SUCCESS, FAILURES, WARNED, DISABLE, COUNT_ANEW];

/// The failures of the connection of a job since it was well; `None` when it is switched off already.
pub async fn streak(db: &mut Fenced) -> Result<Option<Streak>> {
    let id = db.lease().connection();
    let marks: Option<(Option<Timestamp>, Option<Timestamp>)> =
        on!(db, link => sqlx::query_as(MARKS).bind(id).fetch_optional(link).await)
            .map_err(Error::store)?;
    let Some((counted_from, warned_at)) = marks else {
        return Ok(None);
    };
    let success: Option<(JobId, Timestamp)> =
        on!(db, link => sqlx::query_as(LAST_SUCCESS).bind(id).fetch_optional(link).await)
            .map_err(Error::store)?;
    let (after, succeeded_at) = success.unzip();
    let from = counted_from.unwrap_or(Timestamp::UNIX_EPOCH);
    let (failures, first): (i64, Option<Timestamp>) = on!(db, link => {
        let query = sqlx::query_as(FAILURES).bind(id).bind(after.unwrap_or(0)).bind(from);
        query.fetch_one(link).await
    })
    .map_err(Error::store)?;
    // What has never succeeded is counted from its first failure.
    let since = succeeded_at.max(counted_from).or(first);
    Ok(since.map(|since| Streak {
        failures,
        since,
        warned_at,
    }))
}

/// Remembers that the warning was given.
pub async fn warned(db: &mut Fenced, now: Timestamp) -> Result<()> {
    let id = db.lease().connection();
    on!(db, link => sqlx::query(WARNED).bind(id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Switches the connection of a job off; says whether it was on.
pub async fn disable(db: &mut Fenced, reason: &str, now: Timestamp) -> Result<bool> {
    let id = db.lease().connection();
    let done = on!(db, link => {
        let query = sqlx::query(DISABLE).bind(id).bind(reason).bind(now);
        query.execute(link).await.map(|done| done.rows_affected())
    })
    .map_err(Error::store)?;
    Ok(done == 1)
}

/// Somebody has switched the connection on again: what was before does not count.
pub async fn count_anew(
    db: &mut Writer,
    connection: &Granted<Connection, EditSomething>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => sqlx::query(COUNT_ANEW).bind(connection.id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}
