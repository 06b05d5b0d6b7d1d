//! What a run needs to know of its connection: the connection as it stands, and both of its ends with
//! how their connectors are run. The lease is the proof: only a worker at its job reads this.

use sqlx::FromRow;

use super::db::{Exec, on};
use super::leases::Lease;
use crate::domain::connection::{Namespace, Status};
use crate::domain::definition::{Kind, Runtime};
use crate::domain::ids::ActorId;
use crate::error::{Error, Result};

const CONNECTION: &str = "SELECT status, namespace_definition, namespace_format, prefix, streams, catalog, source_id, \
     destination_id FROM connections WHERE id = $1 AND deleted_at IS NULL";
const SIDE: &str = "SELECT a.id, a.kind, a.name, a.configuration, a.resource_allocation, d.runtime, d.repository, \
                    d.tag, m.manifest, m.components FROM actors a JOIN definitions d ON d.id = a.definition_id \
                    LEFT JOIN manifests m ON m.definition_id = d.id AND m.version = d.manifest_version \
                    WHERE a.id = $1 AND a.deleted_at IS NULL";

pub(super) const STATEMENTS: &[&str] = &[CONNECTION, SIDE];

/// A connection, as far as it matters for a run.
#[derive(Debug, Clone, FromRow)]
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

/// One end of a connection.
#[derive(Debug, Clone)]
pub struct RunSide {
    pub id: ActorId,
    pub kind: Kind,
    pub name: String,
    /// JSON text, with masks in the places of secrets.
    pub configuration: String,
    pub resource_allocation: Option<String>,
    pub runtime: Runtime,
    pub repository: String,
    pub tag: String,
    /// JSON text, of a low-code source.
    pub manifest: Option<String>,
    pub components: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: ActorId,
    kind: Kind,
    name: String,
    configuration: String,
    resource_allocation: Option<String>,
    runtime: String,
    repository: String,
    tag: String,
    manifest: Option<String>,
    components: Option<String>,
}

/// The connection of a job; `None` when it was deleted.
pub async fn connection(db: &mut dyn Exec, lease: &Lease) -> Result<Option<RunConnection>> {
    on!(db, link => sqlx::query_as(CONNECTION).bind(lease.connection()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// One end of the connection of a job; `None` when it was deleted.
pub async fn side(db: &mut dyn Exec, _lease: &Lease, id: ActorId) -> Result<Option<RunSide>> {
    let row: Option<Row> =
        on!(db, link => sqlx::query_as(SIDE).bind(id).fetch_optional(link).await)
            .map_err(Error::store)?;
    row.map(|row| {
        Ok(RunSide {
            id: row.id,
            kind: row.kind,
            name: row.name,
            configuration: row.configuration,
            resource_allocation: row.resource_allocation,
            runtime: serde_json::from_str(&row.runtime).map_err(Error::internal)?,
            repository: row.repository,
            tag: row.tag,
            manifest: row.manifest,
            components: row.components,
        })
    })
    .transpose()
}
