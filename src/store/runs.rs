//! What a run needs to know of its connection, as it stands, and of the source and the destination behind
//! it. The lease is the proof: only a worker at its job reads this.

use super::actors;
use super::db::{Exec, Writer, on};
use super::leases::Lease;
use crate::clock::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::connection::{Namespace, Status};
use crate::domain::ids::{ActorId, DefinitionId, WorkspaceId};
use crate::error::{Error, Result};

const CONNECTION: &str = "SELECT status, namespace_definition, namespace_format, prefix, streams, catalog, source_id, \
     destination_id FROM connections WHERE id = $1 AND deleted_at IS NULL";

const END: &str = "SELECT id, workspace_id, definition_id, fingerprint FROM actors WHERE id = $1 AND deleted_at IS NULL";

pub(super) const STATEMENTS: &[&str] = &[CONNECTION, END];

/// What is run at one end of a connection, without its configuration.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct End {
    pub id: ActorId,
    pub workspace_id: WorkspaceId,
    pub definition_id: DefinitionId,
    /// Of its configuration.
    pub fingerprint: Vec<u8>,
}

/// One end of the connection of a job; `None` when it was deleted.
pub async fn end(db: &mut dyn Exec, _lease: &Lease, id: ActorId) -> Result<Option<End>> {
    on!(db, link => sqlx::query_as(END).bind(id).fetch_optional(link).await).map_err(Error::store)
}

/// A connection, as far as it matters for a run.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RunConnection {
    pub status: Status,
    #[sqlx(rename = "namespace_definition")]
    pub namespace: Namespace,
    pub namespace_format: Option<String>,
    pub prefix: String,
    /// JSON text: what was asked for.
    pub streams: String,
    /// JSON text: the configured catalog.
    pub catalog: String,
    pub source_id: ActorId,
    pub destination_id: ActorId,
}

/// The connection of a job; `None` when it was deleted.
pub async fn connection(db: &mut dyn Exec, lease: &Lease) -> Result<Option<RunConnection>> {
    on!(db, link => sqlx::query_as(CONNECTION).bind(lease.connection()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// One end of the connection of a job at this moment, which nobody else changes before this transaction
/// is over; `None` when it was deleted.
pub async fn hold(db: &mut Writer, _lease: &Lease, id: ActorId) -> Result<Option<Actor>> {
    actors::hold_row(db, id).await
}

/// Writes what the connector of a job has changed of a row that is held.
pub async fn update(
    db: &mut Writer,
    _lease: &Lease,
    held: &Actor,
    changed: &Actor,
    now: Timestamp,
) -> Result<()> {
    actors::update_row(db, held.id, held, changed, now).await
}
