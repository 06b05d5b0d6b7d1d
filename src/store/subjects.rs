//! What a message about a connection has to name, and whether anybody wants it.

use super::db::{Exec, Writer, on};
use crate::domain::ids::{ActorId, ConnectionId, WorkspaceId};
use crate::error::{Error, Result};

const FETCH: &str = "SELECT w.id AS workspace_id, w.name AS workspace, w.notifications, c.id AS connection_id, \
     c.name AS connection, s.id AS source_id, s.name AS source, d.id AS destination_id, d.name AS destination \
     FROM connections c JOIN workspaces w ON w.id = c.workspace_id JOIN actors s ON s.id = c.source_id \
     JOIN actors d ON d.id = c.destination_id WHERE c.id = $1 AND w.deleted_at IS NULL";

/// Changes nothing, but makes whoever else does the same wait.
const HOLD_WORKSPACE: &str =
    "UPDATE workspaces SET email = email WHERE id = $1 AND deleted_at IS NULL";

pub(super) const STATEMENTS: &[&str] = &[FETCH, HOLD_WORKSPACE];

/// A connection with the names of what belongs to it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Subject {
    pub workspace_id: WorkspaceId,
    pub workspace: String,
    /// JSON, see domain/notifications.rs.
    pub notifications: String,
    pub connection_id: ConnectionId,
    pub connection: String,
    pub source_id: ActorId,
    pub source: String,
    pub destination_id: ActorId,
    pub destination: String,
}

/// For a message to the connection's own workspace; `None` when that is gone.
pub async fn fetch(db: &mut dyn Exec, connection: ConnectionId) -> Result<Option<Subject>> {
    on!(db, link => sqlx::query_as(FETCH).bind(connection).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Lets nobody else change what belongs to a workspace in this way until the transaction is over; says
/// whether the workspace is there.
pub async fn hold_workspace(db: &mut Writer, id: WorkspaceId) -> Result<bool> {
    let held = on!(db, link => {
        sqlx::query(HOLD_WORKSPACE).bind(id).execute(link).await.map(|done| done.rows_affected())
    })
    .map_err(Error::store)?;
    Ok(held == 1)
}
