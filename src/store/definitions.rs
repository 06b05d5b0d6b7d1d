//! Connector definitions, the public ones and those that workspaces bring. A workspace may use the
//! public ones and its own; what a registry says of public ones is written by `store::catalogue`.

use serde_json::{Map, Value};
use sqlx::FromRow;

use super::db::{Exec, Writer, on};
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::{EditsDefinitions, Level};
use crate::clock::Timestamp;
use crate::domain::definition::{Definition, Kind, ListedDefinition, Runtime};
use crate::domain::ids::{DefinitionId, WorkspaceId};
use crate::domain::resources::ScopedResourceRequirements;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

macro_rules! select {
    ($($rest:literal),*) => {
        concat!(
            "SELECT id, kind, workspace_id, name, short_name, repository, tag, documentation_url, runtime, \
             manifest_version, deleted_at FROM definitions ",
            $($rest),*
        )
    };
}

/// What a list shows of one owner's definitions; two such are merged along the index.
macro_rules! listed {
    ($($rest:literal),*) => {
        concat!(
            "SELECT id, name, repository, tag, documentation_url FROM definitions WHERE deleted_at IS NULL AND ",
            $($rest),*
        )
    };
}

macro_rules! described {
    ($($rest:literal),*) => {
        concat!(
            "SELECT id, kind, workspace_id, name, short_name, repository, tag, documentation_url, runtime, \
             manifest_version, deleted_at, facts FROM definitions WHERE deleted_at IS NULL AND ",
            $($rest),*
        )
    };
}

const FETCH: &str = select!("WHERE id = $1");
const USABLE: &str = select!(
    "WHERE id = $1 AND kind = $2 AND deleted_at IS NULL AND (workspace_id IS NULL OR workspace_id = $3)"
);
const BY_SHORT_NAME: &str = select!(
    "WHERE kind = $1 AND short_name = $2 AND short_name <> '' AND workspace_id IS NULL AND deleted_at IS NULL"
);
const FACTS_OF_REPOSITORY: &str = "SELECT facts FROM definitions WHERE kind = $1 AND repository = $2 \
                                   AND workspace_id IS NULL AND deleted_at IS NULL ORDER BY id LIMIT 1";
const FACTS: &str = "SELECT facts FROM definitions WHERE id = $1";
const LIST_PUBLIC: &str = listed!("workspace_id IS NULL AND kind = $1 ORDER BY name, id");
/// Public definitions have no manifest, so the two statements below differ in their second half.
const LIST: &str = concat!(
    listed!("workspace_id IS NULL AND kind = $1"),
    " UNION ALL ",
    listed!("workspace_id = $2 AND kind = $1 AND manifest_version IS NULL ORDER BY name, id")
);
const LIST_WITH_LOW_CODE: &str = concat!(
    listed!("workspace_id IS NULL AND kind = $1"),
    " UNION ALL ",
    listed!("workspace_id = $2 AND kind = $1 ORDER BY name, id")
);
/// The same with everything that is known of them, for those who choose.
const DESCRIBED: &str = concat!(
    described!("workspace_id IS NULL AND kind = $1"),
    " UNION ALL ",
    described!("workspace_id = $2 AND kind = $1")
);
const INSERT: &str = "INSERT INTO definitions (id, kind, workspace_id, name, short_name, repository, tag, \
                      documentation_url, runtime, facts, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, '', $5, $6, $7, $8, '{}', $9, $9)";
/// A pinned runtime stays.
const UPDATE: &str = "UPDATE definitions SET name = $2, tag = $3, \
                      runtime = CASE WHEN runtime_pinned THEN runtime ELSE $4 END, updated_at = $5 \
                      WHERE id = $1 AND deleted_at IS NULL";
const PINNED: &str = "SELECT runtime_pinned FROM definitions WHERE id = $1";
const REMOVE: &str = "UPDATE definitions SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";
const REMOVE_ACTORS: &str = "UPDATE actors SET deleted_at = $2, updated_at = $2, configuration = '{}' \
                             WHERE definition_id = $1 AND deleted_at IS NULL";
/// A definition that can be removed is used in its own workspace alone, and its actors are gone by now: both have
/// indexes. Flows are few, they end within an hour.
const REMOVE_SECRETS: &str = "DELETE FROM secrets WHERE owner_id IN (SELECT id FROM actors \
    WHERE workspace_id = $2 AND kind = $3 AND definition_id = $1 AND deleted_at IS NOT NULL \
    UNION SELECT id FROM oauth_overrides WHERE workspace_id = $2 AND definition_id = $1 \
    UNION SELECT id FROM oauth_flows WHERE definition_id = $1)";
const REMOVE_OVERRIDES: &str =
    "DELETE FROM oauth_overrides WHERE definition_id = $1 AND workspace_id = $2";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    USABLE,
    BY_SHORT_NAME,
    FACTS_OF_REPOSITORY,
    FACTS,
    LIST_PUBLIC,
    LIST,
    LIST_WITH_LOW_CODE,
    DESCRIBED,
    INSERT,
    UPDATE,
    PINNED,
    REMOVE,
    REMOVE_ACTORS,
    REMOVE_SECRETS,
    REMOVE_OVERRIDES,
];

#[derive(Debug, FromRow)]
struct Row {
    id: DefinitionId,
    kind: Kind,
    workspace_id: Option<WorkspaceId>,
    name: String,
    short_name: String,
    repository: String,
    tag: String,
    documentation_url: String,
    runtime: String,
    manifest_version: Option<i64>,
    deleted_at: Option<Timestamp>,
}

impl TryFrom<Row> for Definition {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            kind: row.kind,
            workspace_id: row.workspace_id,
            name: row.name,
            short_name: row.short_name,
            repository: row.repository,
            tag: row.tag,
            documentation_url: row.documentation_url,
            runtime: serde_json::from_str(&row.runtime).map_err(Error::internal)?,
            manifest_version: row.manifest_version,
            deleted_at: row.deleted_at,
        })
    }
}

/// A runtime as it is stored.
pub(super) fn written(runtime: &Runtime) -> Result<String> {
    serde_json::to_string(runtime).map_err(Error::internal)
}

fn one(row: Option<Row>) -> Result<Option<Definition>> {
    row.map(TryInto::try_into).transpose()
}

/// The definition that is being checked, gone or not, whosever it is.
pub async fn fetch(db: &mut dyn Exec, id: Lookup<DefinitionId>) -> Result<Option<Definition>> {
    referred(db, id.id()).await
}

/// The definition that a row at hand refers to, such as a source's, gone or not.
pub async fn referred(db: &mut dyn Exec, id: DefinitionId) -> Result<Option<Definition>> {
    let row = on!(db, link => sqlx::query_as(FETCH).bind(id).fetch_optional(link).await);
    one(row.map_err(Error::store)?)
}

/// A definition of this kind that the workspace may use: a public one or its own.
pub async fn usable<L>(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, L>,
    kind: Kind,
    id: DefinitionId,
) -> Result<Option<Definition>> {
    let row = on!(db, link => {
        sqlx::query_as(USABLE).bind(id).bind(kind).bind(workspace.id).fetch_optional(link).await
    });
    one(row.map_err(Error::store)?)
}

/// The public definition with this short name, as in `configuration.sourceType`.
pub async fn by_short_name(
    db: &mut dyn Exec,
    kind: Kind,
    name: &str,
) -> Result<Option<Definition>> {
    let row = on!(db, link => {
        sqlx::query_as(BY_SHORT_NAME).bind(kind).bind(name).fetch_optional(link).await
    });
    one(row.map_err(Error::store)?)
}

/// What a registry says of the public definition of this image; nothing when there is none.
pub async fn facts_of(
    db: &mut dyn Exec,
    kind: Kind,
    repository: &str,
) -> Result<Map<String, Value>> {
    let found: Option<String> = on!(db, link => {
        sqlx::query_scalar(FACTS_OF_REPOSITORY).bind(kind).bind(repository).fetch_optional(link).await
    })
    .map_err(Error::store)?;
    found.map_or_else(
        || Ok(Map::new()),
        |text| serde_json::from_str(&text).map_err(Error::internal),
    )
}

/// What a connector should have of the machine, as the registry says of the definition of a row at hand.
pub async fn requirements(
    db: &mut dyn Exec,
    id: DefinitionId,
) -> Result<ScopedResourceRequirements> {
    #[derive(Default, serde::Deserialize)]
    struct Facts {
        #[serde(default, rename = "resourceRequirements")]
        requirements: Option<ScopedResourceRequirements>,
    }
    let found: Option<String> =
        on!(db, link => sqlx::query_scalar(FACTS).bind(id).fetch_optional(link).await)
            .map_err(Error::store)?;
    // What cannot be read limits nothing.
    let facts = found.and_then(|text| serde_json::from_str::<Facts>(&text).ok());
    Ok(facts
        .and_then(|facts| facts.requirements)
        .unwrap_or_default())
}

/// The public definitions of a kind, by name.
pub async fn list_public(db: &mut dyn Exec, kind: Kind) -> Result<Vec<ListedDefinition>> {
    on!(db, link => sqlx::query_as(LIST_PUBLIC).bind(kind).fetch_all(link).await)
        .map_err(Error::store)
}

/// The public definitions and the workspace's own, by name, without low-code ones.
pub async fn list<L: Level>(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, L>,
    kind: Kind,
) -> Result<Vec<ListedDefinition>> {
    on!(db, link => {
        sqlx::query_as(LIST).bind(kind).bind(workspace.id).fetch_all(link).await
    })
    .map_err(Error::store)
}

/// The same with the low-code ones.
pub async fn list_with_low_code<L: Level>(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, L>,
    kind: Kind,
) -> Result<Vec<ListedDefinition>> {
    on!(db, link => {
        sqlx::query_as(LIST_WITH_LOW_CODE).bind(kind).bind(workspace.id).fetch_all(link).await
    })
    .map_err(Error::store)
}

#[derive(Debug, FromRow)]
struct DescribedRow {
    #[sqlx(flatten)]
    row: Row,
    facts: String,
}

/// The definitions of a kind that the workspace may use, low-code ones too, each with what a registry
/// says of it. In no order.
pub async fn described<L: Level>(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, L>,
    kind: Kind,
) -> Result<Vec<(Definition, Map<String, Value>)>> {
    let rows: Vec<DescribedRow> = on!(db, link => {
        sqlx::query_as(DESCRIBED).bind(kind).bind(workspace.id).fetch_all(link).await
    })
    .map_err(Error::store)?;
    rows.into_iter()
        .map(|DescribedRow { row, facts }| {
            let facts = serde_json::from_str(&facts).map_err(Error::internal)?;
            Ok((row.try_into()?, facts))
        })
        .collect()
}

/// Adds a definition to its workspace.
pub async fn insert<L: EditsDefinitions>(
    db: &mut Writer,
    host: &Granted<Workspace, L>,
    definition: &Definition,
    now: Timestamp,
) -> Result<()> {
    let runtime = written(&definition.runtime)?;
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(definition.id)
            .bind(definition.kind)
            .bind(host.id)
            .bind(&definition.name)
            .bind(&definition.repository)
            .bind(&definition.tag)
            .bind(&definition.documentation_url)
            .bind(runtime)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// Whether the operator chose the runtime.
pub async fn is_pinned<L: Level>(
    db: &mut dyn Exec,
    definition: &Granted<Definition, L>,
) -> Result<bool> {
    on!(db, link => sqlx::query_scalar(PINNED).bind(definition.id).fetch_one(link).await)
        .map_err(Error::store)
}

/// Changes name, tag and, unless it is pinned, runtime.
pub async fn update<L: EditsDefinitions>(
    db: &mut Writer,
    definition: &Granted<Definition, L>,
    changed: &Definition,
    now: Timestamp,
) -> Result<()> {
    let runtime = written(&changed.runtime)?;
    on!(db, link => {
        sqlx::query(UPDATE)
            .bind(definition.id)
            .bind(&changed.name)
            .bind(&changed.tag)
            .bind(runtime)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// Removes a definition and everything that was made of it: sources or destinations, and their secrets.
pub async fn remove<L: EditsDefinitions>(
    db: &mut Writer,
    definition: &Granted<Definition, L>,
    now: Timestamp,
) -> Result<()> {
    for statement in [REMOVE, REMOVE_ACTORS] {
        on!(db, link => {
            sqlx::query(statement).bind(definition.id).bind(now).execute(link).await.map(drop)
        })
        .map_err(Error::store)?;
    }
    let host = definition.workspace_id;
    on!(db, link => {
        let query = sqlx::query(REMOVE_SECRETS).bind(definition.id).bind(host);
        query.bind(definition.kind).execute(link).await.map(drop)
    })
    .map_err(Error::store)?;
    on!(db, link => {
        sqlx::query(REMOVE_OVERRIDES).bind(definition.id).bind(host).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}
