//! The catalog of a connection beside what its source offers: when they were last compared, and what came
//! of it.

use sqlx::FromRow;

use super::db::{Exec, Writer, on};
use super::leases::Lease;
use crate::access::granted::Granted;
use crate::access::policy::EditSomething;
use crate::clock::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::connection::{Connection, NonBreakingChanges, Status};
use crate::domain::ids::{ActorId, ConnectionId};
use crate::error::{Error, Result};

const AGE: &str = "SELECT c.status, c.source_id, c.destination_id, c.refreshed_at, c.refreshed_with, \
     c.refresh_tried_at, a.fingerprint FROM connections c JOIN actors a ON a.id = c.source_id \
     WHERE c.id = $1 AND c.deleted_at IS NULL";
const HOLD: &str = "UPDATE connections SET updated_at = updated_at WHERE id = $1 AND deleted_at IS NULL \
     RETURNING status, status_reason, non_breaking_changes, streams, catalog, offered, told_change";
const KEEP: &str = "UPDATE connections SET status = $2, status_reason = $3, \
     next_run_at = CASE WHEN $2 = 'active' THEN next_run_at ELSE NULL END, streams = $4, catalog = $5, \
     offered = $6, told_change = $7, refreshed_at = $8, refreshed_with = $9, refresh_tried_at = NULL, \
     updated_at = $8 WHERE id = $1";
const TRIED: &str = "UPDATE connections SET refresh_tried_at = $2 WHERE id = $1";
const FOLLOW: &str =
    "UPDATE connections SET refreshed_with = $3 WHERE source_id = $1 AND refreshed_with = $2";

pub(super) const STATEMENTS: &[&str] = &[AGE, HOLD, KEEP, TRIED, FOLLOW];

/// A connection whose catalog may be compared and changed: by a worker at its job, or for somebody who may
/// edit it.
#[derive(Debug, Clone, Copy)]
pub struct Comparable(ConnectionId);

impl From<&Lease> for Comparable {
    fn from(lease: &Lease) -> Self {
        Self(lease.connection())
    }
}

impl From<&Granted<Connection, EditSomething>> for Comparable {
    fn from(connection: &Granted<Connection, EditSomething>) -> Self {
        Self(connection.id)
    }
}

impl Comparable {
    #[must_use]
    pub fn id(self) -> ConnectionId {
        self.0
    }
}

/// How old a comparison is.
#[derive(Debug, Clone, FromRow)]
pub struct Age {
    pub status: Status,
    pub source_id: ActorId,
    pub destination_id: ActorId,
    pub refreshed_at: Option<Timestamp>,
    /// The fingerprint of the source's configuration then.
    pub refreshed_with: Option<Vec<u8>>,
    pub refresh_tried_at: Option<Timestamp>,
    /// The fingerprint now.
    pub fingerprint: Vec<u8>,
}

/// What is compared, and what may come of it.
#[derive(Debug, Clone, FromRow)]
pub struct Schema {
    pub status: Status,
    pub status_reason: String,
    pub non_breaking_changes: NonBreakingChanges,
    /// JSON: the choices.
    pub streams: String,
    /// JSON: the configured catalog.
    pub catalog: String,
    /// JSON: the names of the streams that were on offer; absent before the first comparison.
    pub offered: Option<String>,
    /// A digest of the change that was told and not applied.
    pub told_change: Option<String>,
}

/// When the connection of a job was last compared; `None` when it was deleted.
pub async fn age(db: &mut dyn Exec, of: Comparable) -> Result<Option<Age>> {
    on!(db, link => sqlx::query_as(AGE).bind(of.0).fetch_optional(link).await).map_err(Error::store)
}

/// The row at this moment, which nobody else changes before this transaction is over; `None` when the
/// connection was deleted.
pub async fn hold(db: &mut Writer, of: Comparable) -> Result<Option<Schema>> {
    on!(db, link => sqlx::query_as(HOLD).bind(of.0).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Writes what came of a comparison with what this configuration of the source offers.
pub async fn keep(
    db: &mut Writer,
    of: Comparable,
    schema: &Schema,
    fingerprint: &[u8],
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(KEEP)
            .bind(of.0)
            .bind(schema.status)
            .bind(&schema.status_reason)
            .bind(&schema.streams)
            .bind(&schema.catalog)
            .bind(&schema.offered)
            .bind(&schema.told_change)
            .bind(now)
            .bind(fingerprint)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// The source could not be asked.
pub async fn tried(db: &mut Writer, of: Comparable, now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(TRIED).bind(of.0).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// A connector has changed its own configuration while it ran, which changes nothing about its schema.
pub async fn follow(db: &mut Writer, _lease: &Lease, before: &Actor, after: &Actor) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(FOLLOW).bind(before.id).bind(&before.fingerprint);
        query.bind(&after.fingerprint).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}
