//! Tags, in the order of their creation; and those of a connection, in the order in which they were sent.
//! Whoever gives a connection a tag or removes one holds it, so that neither misses the other.

use super::db::{Exec, Link, Writer, on};
use super::listing::Reach;
use super::lists::{padded, with_list};
use crate::access::granted::{Extent, Granted, Lookup};
use crate::access::policy::EditSomething;
use crate::clock::Timestamp;
use crate::domain::ids::{ConnectionId, OrganizationId, TagId, WorkspaceId};
use crate::domain::tag::{Color, Tag, TagName};
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

macro_rules! of_connections {
    ($which:literal) => {
        concat!(
            "SELECT c.connection_id, t.id, t.workspace_id, t.name, t.color FROM connection_tags c \
             JOIN tags t ON t.id = c.tag_id WHERE c.connection_id ",
            $which
        )
    };
}

macro_rules! listed {
    ($($rest:literal),*) => {
        concat!(
            "SELECT t.id, t.workspace_id, t.name, t.color, t.created_at FROM tags t \
             JOIN workspaces w ON w.id = t.workspace_id WHERE w.deleted_at IS NULL ",
            $($rest),*
        )
    };
}

const IN_ARRAY: &str = of_connections!("= ANY($1) ORDER BY c.connection_id, c.position, t.id");
const FETCH: &str = "SELECT t.id, t.workspace_id, t.name, t.color, w.organization_id, \
    w.deleted_at AS workspace_deleted_at FROM tags t JOIN workspaces w ON w.id = t.workspace_id WHERE t.id = $1";
const LIST: &str = listed!("ORDER BY t.created_at, t.id");
const LIST_OF_ORGANIZATION: &str = listed!("AND w.organization_id = $1");
const LIST_IN_ARRAY: &str = listed!("AND w.id = ANY($1)");
const OWN: &str =
    "SELECT id, workspace_id, name, color FROM tags WHERE workspace_id = $1 AND id = $2";
/// Changes nothing, but makes whoever else holds this tag wait.
const HOLD: &str = "UPDATE tags SET color = color WHERE id = $1";
const COUNT: &str = "SELECT COUNT(*) FROM tags WHERE workspace_id = $1";
const INSERT: &str = "INSERT INTO tags (id, workspace_id, name, color, created_at) VALUES ($1, $2, $3, $4, $5) \
                      ON CONFLICT DO NOTHING";
const NAMED: &str = "SELECT id FROM tags WHERE workspace_id = $1 AND name = $2";
const UPDATE: &str = "UPDATE tags SET name = COALESCE($2, name), color = COALESCE($3, color) WHERE id = $1 \
                      RETURNING id, workspace_id, name, color";
const REMOVE: &str = "DELETE FROM tags WHERE id = $1";
const STRIP: &str = "DELETE FROM connection_tags WHERE tag_id = $1";
const CLEAR: &str = "DELETE FROM connection_tags WHERE connection_id = $1";
const PUT: &str = "INSERT INTO connection_tags (connection_id, tag_id, position) VALUES ($1, $2, $3) \
                   ON CONFLICT DO NOTHING";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    LIST,
    LIST_OF_ORGANIZATION,
    OWN,
    HOLD,
    COUNT,
    INSERT,
    NAMED,
    UPDATE,
    REMOVE,
    STRIP,
    CLEAR,
    PUT,
];

/// How many workspaces are named in one statement.
const NAMED_AT_ONCE: usize = 512;

/// A tag with what is needed to judge who may see it.
#[derive(Debug, sqlx::FromRow)]
pub struct Found {
    #[sqlx(flatten)]
    pub tag: Tag,
    pub organization_id: OrganizationId,
    pub workspace_deleted_at: Option<Timestamp>,
}

#[derive(Debug, sqlx::FromRow)]
struct Listed {
    #[sqlx(flatten)]
    tag: Tag,
    created_at: Timestamp,
}

/// A tag of one connection.
#[derive(Debug, sqlx::FromRow)]
pub struct Tagged {
    pub connection_id: ConnectionId,
    #[sqlx(flatten)]
    pub tag: Tag,
}

/// The tags of these connections, which the caller has been shown or is about to be.
pub async fn of_connections(db: &mut dyn Exec, ids: &[ConnectionId]) -> Result<Vec<Tagged>> {
    let Some(padded) = padded(ids) else {
        return Ok(Vec::new());
    };
    match db.link() {
        Link::Postgres(link) => sqlx::query_as(IN_ARRAY).bind(ids).fetch_all(link).await,
        Link::Sqlite(link) => {
            let text = with_list(
                of_connections!("IN "),
                padded.len(),
                " ORDER BY c.connection_id, c.position, t.id",
            );
            let query = padded
                .iter()
                .fold(sqlx::query_as(text), |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)
}

pub async fn fetch(db: &mut dyn Exec, id: Lookup<TagId>) -> Result<Option<Found>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// All tags within reach.
pub async fn list(db: &mut dyn Exec, reach: Reach<'_>) -> Result<Vec<Tag>> {
    let singles: Vec<WorkspaceId>;
    let (organizations, workspaces) = match reach {
        Reach::Places(places) => (&[][..], places.ids()),
        Reach::Scope(scope) => match scope.extent() {
            Extent::Everything => {
                return on!(db, link => sqlx::query_as(LIST).fetch_all(link).await)
                    .map_err(Error::store);
            }
            Extent::Parts {
                organizations,
                workspaces,
            } => {
                singles = workspaces.iter().map(|position| position.id).collect();
                (organizations.as_slice(), singles.as_slice())
            }
        },
    };
    let mut found: Vec<Listed> = Vec::new();
    for organization in organizations {
        let rows = on!(db, link => {
            sqlx::query_as(LIST_OF_ORGANIZATION).bind(organization).fetch_all(link).await
        });
        found.extend(rows.map_err(Error::store)?);
    }
    for some in workspaces.chunks(NAMED_AT_ONCE) {
        found.extend(in_workspaces(db, some).await?);
    }
    found.sort_by_key(|listed| (listed.created_at, listed.tag.id));
    Ok(found.into_iter().map(|listed| listed.tag).collect())
}

/// PostgreSQL takes an array, and plans once; for SQLite the placeholders are written out.
async fn in_workspaces(db: &mut dyn Exec, ids: &[WorkspaceId]) -> Result<Vec<Listed>> {
    let Some(padded) = padded(ids) else {
        return Ok(Vec::new());
    };
    match db.link() {
        Link::Postgres(link) => {
            sqlx::query_as(LIST_IN_ARRAY)
                .bind(ids)
                .fetch_all(link)
                .await
        }
        Link::Sqlite(link) => {
            let text = with_list(listed!("AND w.id IN "), padded.len(), "");
            let query = padded
                .iter()
                .fold(sqlx::query_as(text), |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)
}

/// A tag, if it belongs to this workspace.
pub async fn own(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, EditSomething>,
    id: TagId,
) -> Result<Option<Tag>> {
    on!(db, link => sqlx::query_as(OWN).bind(workspace.id).bind(id).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Makes others that hold the same tag wait until this transaction is over; says whether it is there.
async fn hold(db: &mut Writer, id: TagId) -> Result<bool> {
    on!(db, link => {
        sqlx::query(HOLD).bind(id).execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

/// How many tags a workspace has.
pub async fn count(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, EditSomething>,
) -> Result<i64> {
    on!(db, link => sqlx::query_scalar(COUNT).bind(workspace.id).fetch_one(link).await)
        .map_err(Error::store)
}

/// Adds a tag to a workspace, unless it has one of this name; says which.
pub async fn insert(
    db: &mut Writer,
    workspace: &Granted<Workspace, EditSomething>,
    (id, name, color): (TagId, &TagName, &Color),
    now: Timestamp,
) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(INSERT).bind(id).bind(workspace.id).bind(name).bind(color).bind(now);
        query.execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

/// The tag of this name in the workspace of another.
pub async fn named(
    db: &mut dyn Exec,
    beside: &Granted<Tag, EditSomething>,
    name: &TagName,
) -> Result<Option<TagId>> {
    on!(db, link => {
        sqlx::query_scalar(NAMED).bind(beside.workspace_id).bind(name).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Changes what is given; `None` when the tag has just gone.
pub async fn update(
    db: &mut Writer,
    tag: &Granted<Tag, EditSomething>,
    name: Option<&TagName>,
    color: Option<&Color>,
) -> Result<Option<Tag>> {
    on!(db, link => {
        sqlx::query_as(UPDATE).bind(tag.id).bind(name).bind(color).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Removes a tag, from the connections first.
pub async fn remove(db: &mut Writer, tag: &Granted<Tag, EditSomething>) -> Result<()> {
    hold(db, tag.id).await?;
    on!(db, link => sqlx::query(STRIP).bind(tag.id).execute(link).await.map(drop))
        .map_err(Error::store)?;
    on!(db, link => sqlx::query(REMOVE).bind(tag.id).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Gives a connection these tags and no others. The connection is held, or has just been made.
///
/// # Errors
/// [`Error::Conflict`] when one of them has just been removed.
pub async fn put(db: &mut Writer, connection: ConnectionId, tags: &[Tag]) -> Result<()> {
    // In one order, so that two of these never wait for each other.
    let mut ids: Vec<_> = tags.iter().map(|tag| tag.id).collect();
    ids.sort_unstable();
    for id in ids {
        if !hold(db, id).await? {
            return Err(Error::conflict(format!("tag {id} has just been deleted")));
        }
    }
    on!(db, link => sqlx::query(CLEAR).bind(connection).execute(link).await.map(drop))
        .map_err(Error::store)?;
    for (position, tag) in tags.iter().enumerate() {
        let position = i32::try_from(position).map_err(Error::internal)?;
        on!(db, link => {
            sqlx::query(PUT).bind(connection).bind(tag.id).bind(position).execute(link).await.map(drop)
        })
        .map_err(Error::store)?;
    }
    Ok(())
}
