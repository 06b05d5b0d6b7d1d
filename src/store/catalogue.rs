//! The public definitions, as a registry describes them, and what the operator decides about any
//! definition at the command line. Nobody's permission is asked here: `ops::registry` alone calls it.

use sqlx::FromRow;

use super::db::{Exec, Writer, on};
use super::definitions::written;
use crate::clock::Timestamp;
use crate::domain::definition::{Kind, Runtime};
use crate::domain::ids::{DefinitionId, WorkspaceId};
use crate::error::{Error, Result};

const STATE: &str = "SELECT digest, runtimes FROM registry WHERE id = 1";
/// Changes nothing, but makes whoever else brings the public definitions up to date wait.
const HOLD: &str = "UPDATE registry SET digest = digest WHERE id = 1 RETURNING digest, runtimes";
const SET_STATE: &str = "UPDATE registry SET digest = $1, runtimes = $2 WHERE id = 1";
const PUBLIC: &str = "SELECT id, kind, name, short_name, repository, tag, documentation_url, runtime, runtime_pinned, \
                      facts, refreshed FROM definitions WHERE workspace_id IS NULL";
const INSERT: &str = "INSERT INTO definitions (id, kind, name, short_name, repository, tag, documentation_url, \
                      runtime, facts, refreshed, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT (id) DO NOTHING";
const UPDATE: &str = "UPDATE definitions SET name = $2, short_name = $3, repository = $4, tag = $5, \
                      documentation_url = $6, runtime = $7, runtime_pinned = $8, facts = $9, refreshed = $10, \
                      updated_at = $11 \
                      WHERE id = $1 AND workspace_id IS NULL";
const OVERVIEW: &str = "SELECT id, kind, workspace_id, name, repository, tag, runtime, runtime_pinned FROM definitions \
                        WHERE deleted_at IS NULL ORDER BY kind DESC, name, id";
const PIN: &str = "UPDATE definitions SET runtime = $2, runtime_pinned = $3, updated_at = $4 \
                   WHERE id = $1 AND deleted_at IS NULL AND manifest_version IS NULL";

pub(super) const STATEMENTS: &[&str] = &[
    STATE, HOLD, SET_STATE, PUBLIC, INSERT, UPDATE, OVERVIEW, PIN,
];

/// A public definition as it is stored. `runtime` and `facts` are JSON.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Public {
    pub id: DefinitionId,
    pub kind: Kind,
    pub name: String,
    pub short_name: String,
    pub repository: String,
    pub tag: String,
    pub documentation_url: String,
    pub runtime: String,
    pub runtime_pinned: bool,
    pub facts: String,
    pub refreshed: bool,
}

/// Any definition, as the operator sees it.
#[derive(Debug, FromRow)]
pub struct Overview {
    pub id: DefinitionId,
    pub kind: Kind,
    pub workspace_id: Option<WorkspaceId>,
    pub name: String,
    pub repository: String,
    pub tag: String,
    pub runtime: String,
    pub runtime_pinned: bool,
}

/// What the public definitions were last brought up to.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct State {
    /// Names a snapshot; empty at the first start.
    pub digest: String,
    /// The order of runtimes, as the setting is written.
    pub runtimes: String,
}

pub async fn state(db: &mut dyn Exec) -> Result<State> {
    on!(db, link => sqlx::query_as(STATE).fetch_one(link).await).map_err(Error::store)
}

/// The same, and nobody else changes public definitions before this transaction is over.
pub async fn hold(db: &mut Writer) -> Result<State> {
    on!(db, link => sqlx::query_as(HOLD).fetch_one(link).await).map_err(Error::store)
}

pub async fn set_state(db: &mut Writer, state: &State) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(SET_STATE).bind(&state.digest).bind(&state.runtimes);
        query.execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

pub async fn public(db: &mut dyn Exec) -> Result<Vec<Public>> {
    on!(db, link => sqlx::query_as(PUBLIC).fetch_all(link).await).map_err(Error::store)
}

/// Adds a public definition; `false` when a workspace's has its id.
pub async fn insert(db: &mut Writer, new: &Public, now: Timestamp) -> Result<bool> {
    let added = on!(db, link => {
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.kind)
            .bind(&new.name)
            .bind(&new.short_name)
            .bind(&new.repository)
            .bind(&new.tag)
            .bind(&new.documentation_url)
            .bind(&new.runtime)
            .bind(&new.facts)
            .bind(new.refreshed)
            .bind(now)
            .execute(link)
            .await
            .map(|done| done.rows_affected())
    })
    .map_err(Error::store)?;
    Ok(added > 0)
}

pub async fn update(db: &mut Writer, changed: &Public, now: Timestamp) -> Result<()> {
    on!(db, link => {
        sqlx::query(UPDATE)
            .bind(changed.id)
            .bind(&changed.name)
            .bind(&changed.short_name)
            .bind(&changed.repository)
            .bind(&changed.tag)
            .bind(&changed.documentation_url)
            .bind(&changed.runtime)
            .bind(changed.runtime_pinned)
            .bind(&changed.facts)
            .bind(changed.refreshed)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// Every live definition, sources first.
pub async fn overview(db: &mut dyn Exec) -> Result<Vec<Overview>> {
    on!(db, link => sqlx::query_as(OVERVIEW).fetch_all(link).await).map_err(Error::store)
}

/// Sets a runtime, pinned or not; `false` when there is no such definition with a choice.
pub async fn set_runtime(
    db: &mut Writer,
    id: DefinitionId,
    runtime: &Runtime,
    pinned: bool,
    now: Timestamp,
) -> Result<bool> {
    let runtime = written(runtime)?;
    let changed = on!(db, link => {
        sqlx::query(PIN)
            .bind(id)
            .bind(runtime)
            .bind(pinned)
            .bind(now)
            .execute(link)
            .await
            .map(|done| done.rows_affected())
    })
    .map_err(Error::store)?;
    Ok(changed > 0)
}
