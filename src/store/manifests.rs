//! Low-code definitions: a definition whose every version is a manifest. The manifest is kept as the
//! text that was sent, so that it comes back the same.

use serde_json::value::RawValue;
use sqlx::FromRow;

use super::db::{Exec, Writer, on};
use crate::access::granted::Granted;
use crate::access::policy::{EditSources, Level};
use crate::clock::Timestamp;
use crate::domain::definition::{Definition, Kind};
use crate::domain::ids::DefinitionId;
use crate::domain::origin::LOW_CODE_RUNNER;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

const LIST: &str = "SELECT d.id, d.name, m.version, m.manifest FROM definitions d \
                    JOIN manifests m ON m.definition_id = d.id AND m.version = d.manifest_version \
                    WHERE d.workspace_id = $1 AND d.kind = 'source' AND d.deleted_at IS NULL ORDER BY d.name, d.id";
const FETCH: &str =
    "SELECT manifest, components FROM manifests WHERE definition_id = $1 AND version = $2";
const INSERT_DEFINITION: &str = "INSERT INTO definitions (id, kind, workspace_id, name, short_name, repository, tag, \
                                 documentation_url, runtime, manifest_version, facts, created_at, updated_at) \
                                 VALUES ($1, $2, $3, $4, '', $5, $6, '', $7, $8, '{}', $9, $9)";
/// Changes the tag, and makes whoever else adds a version wait.
const HOLD: &str = "UPDATE definitions SET tag = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL \
                    RETURNING id";
const GREATEST: &str = "SELECT COALESCE(MAX(version), 0) FROM manifests WHERE definition_id = $1";
const INSERT: &str =
    "INSERT INTO manifests (definition_id, version, manifest, created_at) VALUES ($1, $2, $3, $4)";
const ACTIVATE: &str = "UPDATE definitions SET manifest_version = $2 WHERE id = $1";

pub(super) const STATEMENTS: &[&str] = &[
    LIST,
    FETCH,
    INSERT_DEFINITION,
    HOLD,
    GREATEST,
    INSERT,
    ACTIVATE,
];

/// A low-code definition as lists show it, with its active manifest.
#[derive(Debug, FromRow)]
pub struct ListedManifest {
    pub id: DefinitionId,
    pub name: String,
    pub version: i64,
    /// JSON, as it was sent.
    pub manifest: String,
}

/// A version of a low-code definition.
#[derive(Debug, FromRow)]
pub struct StoredManifest {
    /// JSON, as it was sent.
    pub manifest: String,
    /// Custom Python, if there is some.
    pub components: Option<String>,
}

/// The low-code definitions of a workspace, by name.
pub async fn list<L: Level>(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, L>,
) -> Result<Vec<ListedManifest>> {
    on!(db, link => sqlx::query_as(LIST).bind(workspace.id).fetch_all(link).await)
        .map_err(Error::store)
}

/// The active manifest of a definition that the caller has at hand.
pub async fn active(db: &mut dyn Exec, definition: &Definition) -> Result<Option<StoredManifest>> {
    let Some(version) = definition.manifest_version else {
        return Ok(None);
    };
    on!(db, link => {
        sqlx::query_as(FETCH).bind(definition.id).bind(version).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Adds a low-code definition with the first version of its manifest.
pub async fn insert(
    db: &mut Writer,
    host: &Granted<Workspace, EditSources>,
    definition: &Definition,
    manifest: &RawValue,
    now: Timestamp,
) -> Result<()> {
    let runtime = super::definitions::written(&definition.runtime)?;
    on!(db, link => {
        sqlx::query(INSERT_DEFINITION)
            .bind(definition.id)
            .bind(Kind::Source)
            .bind(host.id)
            .bind(&definition.name)
            .bind(LOW_CODE_RUNNER)
            .bind(&definition.tag)
            .bind(runtime)
            .bind(definition.manifest_version)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)?;
    let version = definition.manifest_version.unwrap_or(1);
    insert_version(db, definition.id, version, manifest, now).await
}

/// Adds a version, one above the greatest, and makes it the active one; `None` when the definition has
/// just gone.
pub async fn advance(
    db: &mut Writer,
    definition: &Granted<Definition, EditSources>,
    tag: &str,
    manifest: &RawValue,
    now: Timestamp,
) -> Result<Option<i64>> {
    let id = definition.id;
    let held: Option<DefinitionId> = on!(db, link => {
        sqlx::query_scalar(HOLD).bind(id).bind(tag).bind(now).fetch_optional(link).await
    })
    .map_err(Error::store)?;
    if held.is_none() {
        return Ok(None);
    }
    let greatest: i64 =
        on!(db, link => sqlx::query_scalar(GREATEST).bind(id).fetch_one(link).await)
            .map_err(Error::store)?;
    let version = greatest + 1;
    insert_version(db, id, version, manifest, now).await?;
    on!(db, link => sqlx::query(ACTIVATE).bind(id).bind(version).execute(link).await.map(drop))
        .map_err(Error::store)?;
    Ok(Some(version))
}

async fn insert_version(
    db: &mut Writer,
    id: DefinitionId,
    version: i64,
    manifest: &RawValue,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(id)
            .bind(version)
            .bind(manifest.get())
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}
