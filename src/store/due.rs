//! Connections whose time has come. Whoever moves the time on has the run: of two servers that see the
//! same connection, one does.

use sqlx::FromRow;

use super::db::{Exec, Writer, on};
use crate::clock::Timestamp;
use crate::domain::ids::{ConnectionId, WorkspaceId};
use crate::domain::schedule::Schedule;
use crate::error::{Error, Result};

const DUE: &str = "SELECT id, workspace_id, schedule, next_run_at FROM connections \
                   WHERE next_run_at <= $1 AND deleted_at IS NULL AND status = 'active' \
                   ORDER BY next_run_at LIMIT $2";
const NEXT: &str = "SELECT MIN(next_run_at) FROM connections \
                    WHERE next_run_at IS NOT NULL AND deleted_at IS NULL AND status = 'active'";
const MOVE: &str = "UPDATE connections SET next_run_at = $3 WHERE id = $1 AND next_run_at = $2 \
                    AND deleted_at IS NULL AND status = 'active'";
const STARTED: &str = "UPDATE connections SET next_run_at = $2 WHERE id = $1 AND next_run_at IS NOT NULL \
                       AND deleted_at IS NULL AND status = 'active'";

pub(super) const STATEMENTS: &[&str] = &[DUE, NEXT, MOVE, STARTED];

/// A connection that is to run.
#[derive(Debug, Clone)]
pub struct Due {
    pub id: ConnectionId,
    pub workspace: WorkspaceId,
    pub schedule: Schedule,
    pub next_run_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: ConnectionId,
    workspace_id: WorkspaceId,
    schedule: String,
    next_run_at: Timestamp,
}

/// Some of the connections whose time has come, the most overdue first.
pub async fn list(db: &mut dyn Exec, now: Timestamp, most: i64) -> Result<Vec<Due>> {
    let rows: Vec<Row> =
        on!(db, link => sqlx::query_as(DUE).bind(now).bind(most).fetch_all(link).await)
            .map_err(Error::store)?;
    rows.into_iter()
        .map(|row| {
            Ok(Due {
                id: row.id,
                workspace: row.workspace_id,
                schedule: serde_json::from_str(&row.schedule).map_err(Error::internal)?,
                next_run_at: row.next_run_at,
            })
        })
        .collect()
}

/// When the next connection is due, if any is.
pub async fn next(db: &mut dyn Exec) -> Result<Option<Timestamp>> {
    on!(db, link => sqlx::query_scalar(NEXT).fetch_one(link).await).map_err(Error::store)
}

/// Moves the time of a connection on; says whether it was still the one that was seen.
pub async fn move_on(db: &mut Writer, due: &Due, next: Option<Timestamp>) -> Result<bool> {
    let moved = on!(db, link => {
        let query = sqlx::query(MOVE).bind(due.id).bind(due.next_run_at).bind(next);
        query.execute(link).await.map(|done| done.rows_affected())
    })
    .map_err(Error::store)?;
    Ok(moved == 1)
}

/// A run has begun otherwise: the next one counts from it.
pub async fn started(
    db: &mut Writer,
    connection: ConnectionId,
    next: Option<Timestamp>,
) -> Result<()> {
    on!(db, link => sqlx::query(STARTED).bind(connection).bind(next).execute(link).await.map(drop))
        .map_err(Error::store)
}
