//! Connections, one at a time. Lists are in `connection_lists`, what a worker reads is in `runs`, and what
//! is due in `due`. A connection that is removed stays readable; its jobs are asked to end with it.

use sqlx::FromRow;
use uuid::Uuid;

use super::db::{Exec, Writer, on};
use super::jobs;
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::{EditActor, EditSomething};
use crate::clock::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::connection::{Connection, Namespace, NonBreakingChanges, Status};
use crate::domain::definition::Definition;
use crate::domain::ids::{ActorId, ConnectionId, OrganizationId, WorkspaceId};
use crate::domain::job::{Job, JobId};
use crate::domain::schedule::Schedule;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

macro_rules! columns {
    () => {
        "id, organization_id, workspace_id, source_id, destination_id, name, status, status_reason, schedule, \
         next_run_at, namespace_definition, namespace_format, prefix, non_breaking_changes, streams, tagged, \
         created_at, deleted_at"
    };
}

/// What it takes to remove the connections of something: the removal, what was live of them, and the
/// secrets of their mappers.
macro_rules! removal {
    ($which:literal) => {
        [
            concat!(
                "UPDATE connections AS c SET status = 'deprecated', deleted_at = $2, updated_at = $2, \
                 next_run_at = NULL WHERE c.deleted_at IS NULL AND ",
                $which
            ),
            concat!(
                "SELECT j.id FROM jobs j JOIN connections c ON c.id = j.connection_id \
                 WHERE j.status IN ('pending', 'running', 'incomplete') AND c.deleted_at = $2 AND ",
                $which
            ),
            concat!(
                "DELETE FROM secrets WHERE owner_id IN (SELECT c.id FROM connections c \
                 WHERE c.deleted_at = $2 AND ",
                $which,
                ")"
            ),
        ]
    };
}

type Removal = [&'static str; 3];

const FETCH: &str = concat!("SELECT ", columns!(), " FROM connections WHERE id = $1");
const CATALOG: &str = "SELECT catalog FROM connections WHERE id = $1";
const INSERT: &str = concat!(
    "INSERT INTO connections (",
    columns!(),
    ", catalog, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, NULL, $18, $17)"
);
/// Changes nothing, but makes whoever else changes this row wait.
const HOLD: &str = concat!(
    "UPDATE connections SET updated_at = updated_at WHERE id = $1 AND deleted_at IS NULL RETURNING ",
    columns!()
);
const UPDATE: &str = "UPDATE connections SET name = $2, status = $3, status_reason = $4, schedule = $5, \
     next_run_at = $6, namespace_definition = $7, namespace_format = $8, prefix = $9, \
     non_breaking_changes = $10, streams = $11, tagged = $12, catalog = COALESCE($13, catalog), \
     updated_at = $14 WHERE id = $1 AND deleted_at IS NULL";
const LAST_START: &str = "SELECT MAX(created_at) FROM jobs WHERE connection_id = $1";
const REMOVE: Removal = removal!("c.id = $1");
// The workspace is known besides, for what is gone has an index by that alone.
const REMOVE_OF_ACTOR: Removal = removal!(
    "c.workspace_id = (SELECT workspace_id FROM actors WHERE id = $1) \
     AND (c.source_id = $1 OR c.destination_id = $1)"
);
const REMOVE_OF_WORKSPACE: Removal = removal!("c.workspace_id = $1");
const REMOVE_OF_DEFINITION: Removal = removal!(
    "c.workspace_id = (SELECT workspace_id FROM definitions WHERE id = $1) \
     AND (c.source_id IN (SELECT id FROM actors WHERE definition_id = $1 AND deleted_at IS NULL) \
     OR c.destination_id IN (SELECT id FROM actors WHERE definition_id = $1 AND deleted_at IS NULL))"
);

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    CATALOG,
    INSERT,
    HOLD,
    UPDATE,
    LAST_START,
    REMOVE[0],
    REMOVE[1],
    REMOVE[2],
    REMOVE_OF_ACTOR[0],
    REMOVE_OF_ACTOR[1],
    REMOVE_OF_ACTOR[2],
    REMOVE_OF_WORKSPACE[0],
    REMOVE_OF_WORKSPACE[1],
    REMOVE_OF_WORKSPACE[2],
    REMOVE_OF_DEFINITION[0],
    REMOVE_OF_DEFINITION[1],
    REMOVE_OF_DEFINITION[2],
];

/// A connection with what its door needs to know.
#[derive(Debug)]
pub struct Found {
    pub connection: Connection,
    /// Of its workspace.
    pub organization_id: OrganizationId,
}

#[derive(FromRow)]
struct Row {
    id: ConnectionId,
    organization_id: OrganizationId,
    workspace_id: WorkspaceId,
    source_id: ActorId,
    destination_id: ActorId,
    name: String,
    status: Status,
    status_reason: String,
    schedule: String,
    next_run_at: Option<Timestamp>,
    namespace_definition: Namespace,
    namespace_format: Option<String>,
    prefix: String,
    non_breaking_changes: NonBreakingChanges,
    streams: String,
    tagged: bool,
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
}

impl TryFrom<Row> for Found {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            organization_id: row.organization_id,
            connection: Connection {
                id: row.id,
                workspace_id: row.workspace_id,
                source_id: row.source_id,
                destination_id: row.destination_id,
                name: row.name,
                status: row.status,
                status_reason: row.status_reason,
                schedule: serde_json::from_str(&row.schedule).map_err(Error::internal)?,
                next_run_at: row.next_run_at,
                namespace: row.namespace_definition,
                namespace_format: row.namespace_format,
                prefix: row.prefix,
                non_breaking_changes: row.non_breaking_changes,
                streams: row.streams,
                tagged: row.tagged,
                created_at: row.created_at,
                deleted_at: row.deleted_at,
            },
        })
    }
}

/// A connection, removed or not.
pub async fn fetch(db: &mut dyn Exec, id: Lookup<ConnectionId>) -> Result<Option<Found>> {
    let row: Option<Row> =
        on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
            .map_err(Error::store)?;
    row.map(Found::try_from).transpose()
}

/// What the connectors of a connection are given, as JSON: its streams with their schemas.
pub async fn catalog<L>(db: &mut dyn Exec, connection: &Granted<Connection, L>) -> Result<String> {
    on!(db, link => sqlx::query_scalar(CATALOG).bind(connection.id).fetch_one(link).await)
        .map_err(Error::store)
}

/// When the last job of a connection was asked for.
pub async fn last_start(db: &mut dyn Exec, connection: &Connection) -> Result<Option<Timestamp>> {
    on!(db, link => sqlx::query_scalar(LAST_START).bind(connection.id).fetch_one(link).await)
        .map_err(Error::store)
}

/// Adds a connection to a workspace, which is held (`workspaces::hold`), so that it does not go in between.
pub async fn insert(
    db: &mut Writer,
    home: &Granted<Workspace, EditSomething>,
    connection: &Connection,
    catalog: &str,
) -> Result<()> {
    let schedule = stored(&connection.schedule)?;
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(connection.id)
            .bind(home.organization_id)
            .bind(connection.workspace_id)
            .bind(connection.source_id)
            .bind(connection.destination_id)
            .bind(&connection.name)
            .bind(connection.status)
            .bind(&connection.status_reason)
            .bind(schedule)
            .bind(connection.next_run_at)
            .bind(connection.namespace)
            .bind(&connection.namespace_format)
            .bind(&connection.prefix)
            .bind(connection.non_breaking_changes)
            .bind(&connection.streams)
            .bind(connection.tagged)
            .bind(connection.created_at)
            .bind(catalog)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// The row at this moment, which nobody else changes before this transaction is over; `None` when it has
/// just gone.
pub async fn hold<L>(
    db: &mut Writer,
    connection: &Granted<Connection, L>,
) -> Result<Option<Connection>> {
    let row: Option<Row> =
        on!(db, link => sqlx::query_as(HOLD).bind(connection.id).fetch_optional(link).await)
            .map_err(Error::store)?;
    Ok(row
        .map(Found::try_from)
        .transpose()?
        .map(|found| found.connection))
}

/// Writes what can change of a row that is held; the catalog only if there is a new one.
pub async fn update(
    db: &mut Writer,
    connection: &Granted<Connection, EditSomething>,
    changed: &Connection,
    catalog: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let schedule = stored(&changed.schedule)?;
    on!(db, link => {
        sqlx::query(UPDATE)
            .bind(connection.id)
            .bind(&changed.name)
            .bind(changed.status)
            .bind(&changed.status_reason)
            .bind(schedule)
            .bind(changed.next_run_at)
            .bind(changed.namespace)
            .bind(&changed.namespace_format)
            .bind(&changed.prefix)
            .bind(changed.non_breaking_changes)
            .bind(&changed.streams)
            .bind(changed.tagged)
            .bind(catalog)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

fn stored(schedule: &Schedule) -> Result<String> {
    serde_json::to_string(schedule).map_err(Error::internal)
}

/// Removes a connection. Like the other removals it answers the jobs that end with it.
pub async fn remove(
    db: &mut Writer,
    connection: &Granted<Connection, EditSomething>,
    now: Timestamp,
) -> Result<Vec<Job>> {
    run(db, REMOVE, connection.id.into(), now).await
}

/// Removes every connection of a source or destination that goes.
pub async fn remove_of_actor(
    db: &mut Writer,
    actor: &Granted<Actor, EditActor>,
    now: Timestamp,
) -> Result<Vec<Job>> {
    run(db, REMOVE_OF_ACTOR, actor.id.into(), now).await
}

/// Removes every connection of a workspace that goes.
pub async fn remove_of_workspace(
    db: &mut Writer,
    workspace: &Granted<Workspace, EditSomething>,
    now: Timestamp,
) -> Result<Vec<Job>> {
    run(db, REMOVE_OF_WORKSPACE, workspace.id.into(), now).await
}

/// Removes every connection of what was made of a definition that goes.
pub async fn remove_of_definition<L>(
    db: &mut Writer,
    definition: &Granted<Definition, L>,
    now: Timestamp,
) -> Result<Vec<Job>> {
    run(db, REMOVE_OF_DEFINITION, definition.id.into(), now).await
}

async fn run(
    db: &mut Writer,
    [remove, live, forget]: Removal,
    of: Uuid,
    now: Timestamp,
) -> Result<Vec<Job>> {
    on!(db, link => sqlx::query(remove).bind(of).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)?;
    on!(db, link => sqlx::query(forget).bind(of).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)?;
    let live: Vec<JobId> =
        on!(db, link => sqlx::query_scalar(live).bind(of).bind(now).fetch_all(link).await)
            .map_err(Error::store)?;
    let mut ended = Vec::with_capacity(live.len());
    for id in live {
        ended.extend(jobs::cancel(db, id, now).await?);
    }
    Ok(ended)
}
