//! Workspaces. Lists are ordered by creation, then id. A page is found in few shapes: everything, one
//! organization, or keys gathered from several places; deep pages start from a fence (`fences`).

use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::actors;
use super::db::{Exec, Link, Writer, on};
use super::fences::Fences;
use super::lists::{padded, with_list};
use super::regions::RegionNames;
use crate::access::granted::{Extent, Granted, Lookup, Position, Scope};
use crate::access::policy::{Edit, EditSomething};
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, RegionId, WorkspaceId};
use crate::domain::organization::{Organization, Region};
use crate::domain::page::{Mark, Page, Slice};
use crate::domain::tag::Tag;
use crate::domain::workspace::{ListedWorkspace, NewWorkspace, Workspace, WorkspaceChange};
use crate::error::{Error, Result};

/// Columns and joins of every statement that reads whole workspaces.
macro_rules! select {
    ($($rest:literal),*) => {
        concat!(
            "SELECT w.id, w.organization_id, w.name, r.name AS region, w.notifications, \
             w.created_at, w.deleted_at \
             FROM workspaces w JOIN regions r ON r.id = w.region_id ",
            $($rest),*
        )
    };
}

/// Columns of every statement that lists workspaces.
macro_rules! list {
    ($($rest:literal),*) => {
        concat!(
            "SELECT w.id, w.name, w.region_id, w.notifications FROM workspaces w ",
            $($rest),*
        )
    };
}

/// A page: narrow keys first, so that no whole row is skipped, then the rows.
macro_rules! page {
    ($where:literal, $limit:literal) => {
        concat!(
            "SELECT w.id, w.name, w.region_id, w.notifications FROM \
             (SELECT id FROM workspaces WHERE deleted_at IS NULL ",
            $where,
            " ORDER BY created_at, id LIMIT ",
            $limit,
            ") AS keys JOIN workspaces w ON w.id = keys.id ORDER BY w.created_at, w.id"
        )
    };
}

const FETCH: &str = select!("WHERE w.id = $1");
const IN_ARRAY: &str = select!("WHERE w.id = ANY($1) ORDER BY w.created_at, w.id");
const HOSTS_IN_ARRAY: &str =
    "SELECT w.id, w.organization_id FROM workspaces w WHERE w.id = ANY($1)";
const LIVE_IN_ARRAY: &str =
    list!("WHERE w.deleted_at IS NULL AND w.id = ANY($1) ORDER BY w.created_at, w.id");
// The usual first pages carry their limit as text: PostgreSQL plans a bound one anew each time.
const FIRST_20: &str = list!("WHERE w.deleted_at IS NULL ORDER BY w.created_at, w.id LIMIT 21");
const FIRST_100: &str = list!("WHERE w.deleted_at IS NULL ORDER BY w.created_at, w.id LIMIT 101");
const PAGE: &str = page!("", "$1 OFFSET $2");
const PAGE_AFTER: &str = page!("AND (created_at, id) > ($1, $2)", "$3 OFFSET $4");
const FIRST_20_OF_ONE: &str = list!(
    "WHERE w.organization_id = $1 AND w.deleted_at IS NULL ORDER BY w.created_at, w.id LIMIT 21"
);
const FIRST_100_OF_ONE: &str = list!(
    "WHERE w.organization_id = $1 AND w.deleted_at IS NULL ORDER BY w.created_at, w.id LIMIT 101"
);
const PAGE_OF_ONE: &str = page!("AND organization_id = $1", "$2 OFFSET $3");
const PAGE_OF_ONE_AFTER: &str = page!(
    "AND organization_id = $1 AND (created_at, id) > ($2, $3)",
    "$4 OFFSET $5"
);
const KEYS_OF_ONE: &str = "SELECT created_at, id FROM workspaces WHERE organization_id = $1 AND deleted_at IS NULL \
                           AND (created_at, id) > ($3, $4) ORDER BY created_at, id LIMIT $2";
const MARK: &str = "SELECT created_at FROM workspaces WHERE id = $1";
const INSERT: &str = "INSERT INTO workspaces (id, organization_id, region_id, name, email, notifications, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
const UPDATE: &str = "UPDATE workspaces SET name = COALESCE($2, name), notifications = COALESCE($3, notifications), \
                      region_id = COALESCE($4, region_id) WHERE id = $1 AND deleted_at IS NULL";
/// Changes nothing, but makes whoever else changes this workspace wait.
const HOLD: &str = "UPDATE workspaces SET email = email WHERE id = $1 AND deleted_at IS NULL \
                    RETURNING notifications";
/// The same, unless it has moved to another organization.
const HOLD_WITHIN: &str = "UPDATE workspaces SET email = email WHERE id = $1 AND organization_id = $2 \
                           AND deleted_at IS NULL RETURNING notifications";
const REMOVE: &str = "UPDATE workspaces SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";
const COUNT_REMOVED: &str =
    "UPDATE counters SET value = value + 1 WHERE name = 'workspaces_removed'";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    FIRST_20,
    FIRST_100,
    PAGE,
    PAGE_AFTER,
    FIRST_20_OF_ONE,
    FIRST_100_OF_ONE,
    PAGE_OF_ONE,
    PAGE_OF_ONE_AFTER,
    KEYS_OF_ONE,
    MARK,
    INSERT,
    UPDATE,
    HOLD,
    HOLD_WITHIN,
    REMOVE,
    COUNT_REMOVED,
];

pub async fn fetch(db: &mut dyn Exec, id: Lookup<WorkspaceId>) -> Result<Option<Workspace>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Those of the ids that exist, gone ones included, in list order.
pub async fn fetch_named(db: &mut dyn Exec, ids: &[Lookup<WorkspaceId>]) -> Result<Vec<Workspace>> {
    let ids: Vec<_> = ids.iter().map(|id| id.id()).collect();
    fetch_in(db, IN_ARRAY, select!("WHERE w.id IN "), &ids).await
}

/// The organizations of those of the workspaces that exist, gone ones included.
pub async fn hosts(
    db: &mut dyn Exec,
    ids: &[Lookup<WorkspaceId>],
) -> Result<Vec<(WorkspaceId, OrganizationId)>> {
    let ids: Vec<_> = ids.iter().map(|id| id.id()).collect();
    let before = "SELECT w.id, w.organization_id FROM workspaces w WHERE w.id IN ";
    fetch_in(db, HOSTS_IN_ARRAY, before, &ids).await
}

/// The rows with these ids, in list order. The engines share no way to hand in a list: PostgreSQL takes
/// an array, and plans once; for SQLite the placeholders are written out after `before`.
async fn fetch_in<T>(
    db: &mut dyn Exec,
    of_array: &'static str,
    before: &'static str,
    ids: &[WorkspaceId],
) -> Result<Vec<T>>
where
    T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let Some(padded) = padded(ids) else {
        return Ok(Vec::new());
    };
    match db.link() {
        Link::Postgres(link) => sqlx::query_as(of_array).bind(ids).fetch_all(link).await,
        Link::Sqlite(link) => {
            let text = with_list(before, padded.len(), " ORDER BY w.created_at, w.id");
            let query = padded
                .iter()
                .fold(sqlx::query_as(text), |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)
}

/// What lists remember between requests.
#[derive(Debug, Default)]
pub struct Lists {
    fences: Fences,
    regions: RegionNames,
}

/// A row of a list, before its region has a name.
#[derive(Debug, FromRow)]
struct Row {
    id: WorkspaceId,
    name: String,
    region_id: RegionId,
    notifications: String,
}

/// One page of the live workspaces in scope.
pub async fn list(
    db: &mut dyn Exec,
    lists: &Lists,
    now: Timestamp,
    scope: &Scope,
    page: Page,
) -> Result<Slice<ListedWorkspace>> {
    let fences = &lists.fences;
    let rows = match scope.extent() {
        Extent::Everything => Slice::of(page, list_all(db, fences, now, page).await?),
        Extent::Parts {
            organizations,
            workspaces,
        } => match (organizations.as_slice(), &workspaces[..]) {
            (&[one], []) => Slice::of(page, list_of_one(db, fences, now, one, page).await?),
            (organizations, singles) => list_of_parts(db, organizations, singles, page).await?,
        },
    };
    let mut items = Vec::with_capacity(rows.items.len());
    for row in rows.items {
        let region = lists.regions.name(db, now, row.region_id).await?;
        let Row {
            id,
            name,
            notifications,
            ..
        } = row;
        items.push(ListedWorkspace {
            id,
            name,
            region,
            notifications,
        });
    }
    let last = match (rows.last, items.last()) {
        (None, Some(last)) if page.cursor.is_some() => mark(db, last.id).await?,
        (known, _) => known,
    };
    Ok(Slice {
        items,
        more: rows.more,
        last,
    })
}

/// Where a workspace stands. Pages do not fetch it with each row: only whoever goes on by a cursor needs it.
async fn mark(db: &mut dyn Exec, id: WorkspaceId) -> Result<Option<Mark>> {
    let at: Option<Timestamp> =
        on!(db, link => sqlx::query_scalar(MARK).bind(id).fetch_optional(link).await)
            .map_err(Error::store)?;
    Ok(at.map(|at| Mark::new(at, id)))
}

/// The statement for the first page, where it is of a usual length.
fn first_of(page: Page, of_20: &'static str, of_100: &'static str) -> Option<&'static str> {
    match page {
        Page {
            limit: 20,
            offset: 0,
            cursor: None,
        } => Some(of_20),
        Page {
            limit: 100,
            offset: 0,
            cursor: None,
        } => Some(of_100),
        _ => None,
    }
}

async fn list_all(
    db: &mut dyn Exec,
    fences: &Fences,
    now: Timestamp,
    page: Page,
) -> Result<Vec<Row>> {
    if let Some(first) = first_of(page, FIRST_20, FIRST_100) {
        return on!(db, link => sqlx::query_as(first).fetch_all(link).await).map_err(Error::store);
    }
    let limit = i64::from(page.limit) + 1;
    let start = match page.after() {
        Some(mark) => Some((mark.into(), 0)),
        None => fences.before(db, now, None, page.offset).await?,
    };
    let found = match start {
        Some((post, rest)) => on!(db, link => {
            let query = sqlx::query_as(PAGE_AFTER).bind(post.created_at).bind(post.id).bind(limit).bind(rest);
            query.fetch_all(link).await
        }),
        None => on!(db, link => {
            sqlx::query_as(PAGE).bind(limit).bind(i64::from(page.offset)).fetch_all(link).await
        }),
    };
    found.map_err(Error::store)
}

async fn list_of_one(
    db: &mut dyn Exec,
    fences: &Fences,
    now: Timestamp,
    organization: OrganizationId,
    page: Page,
) -> Result<Vec<Row>> {
    if let Some(first) = first_of(page, FIRST_20_OF_ONE, FIRST_100_OF_ONE) {
        return on!(db, link => sqlx::query_as(first).bind(organization).fetch_all(link).await)
            .map_err(Error::store);
    }
    let limit = i64::from(page.limit) + 1;
    let start = match page.after() {
        Some(mark) => Some((mark.into(), 0)),
        None => {
            let organization = Some(organization);
            fences.before(db, now, organization, page.offset).await?
        }
    };
    let found = match start {
        Some((post, rest)) => on!(db, link => {
            let query = sqlx::query_as(PAGE_OF_ONE_AFTER).bind(organization).bind(post.created_at).bind(post.id);
            query.bind(limit).bind(rest).fetch_all(link).await
        }),
        None => on!(db, link => {
            let query = sqlx::query_as(PAGE_OF_ONE).bind(organization).bind(limit).bind(i64::from(page.offset));
            query.fetch_all(link).await
        }),
    };
    found.map_err(Error::store)
}

/// Merges the keys of several organizations and single workspaces, then fetches one page of rows.
async fn list_of_parts(
    db: &mut dyn Exec,
    organizations: &[OrganizationId],
    singles: &[Position],
    page: Page,
) -> Result<Slice<Row>> {
    let reach = page.offset() + page.one_more();
    let after = page.after().unwrap_or(Mark::LEAST);
    let ahead = singles.iter().filter(|&&single| single > after.into());
    let mut keys: Vec<Position> = ahead.take(reach).copied().collect();
    for &organization in organizations {
        let limit = i64::try_from(reach).map_err(Error::internal)?;
        let rows: Vec<(Timestamp, WorkspaceId)> = on!(db, link => {
            let query = sqlx::query_as(KEYS_OF_ONE).bind(organization).bind(limit);
            query.bind(after.at).bind(after.id()).fetch_all(link).await
        })
        .map_err(Error::store)?;
        keys.extend(
            rows.into_iter()
                .map(|(created_at, id)| Position { created_at, id }),
        );
    }
    if !organizations.is_empty() {
        keys.sort_unstable();
    }
    let more = keys.len() > page.offset() + page.limit as usize;
    let keys: Vec<_> = keys
        .into_iter()
        .skip(page.offset())
        .take(page.limit as usize)
        .collect();
    let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
    // A single workspace may have gone since the caller's standing was read.
    let before = list!("WHERE w.deleted_at IS NULL AND w.id IN ");
    let items = fetch_in(db, LIVE_IN_ARRAY, before, &ids).await?;
    let last = keys.last().map(|key| Mark::new(key.created_at, key.id));
    Ok(Slice {
        items,
        more,
        last: last.filter(|_| page.cursor.is_some()),
    })
}

/// Adds a workspace to an organization that the caller may edit.
pub async fn insert(
    db: &mut Writer,
    _host: &Granted<Organization, Edit>,
    workspace: &NewWorkspace,
    now: Timestamp,
) -> Result<()> {
    insert_unasked(db, workspace, now).await
}

/// Adds a workspace when nobody asks: at the first start.
pub(super) async fn insert_unasked(
    db: &mut Writer,
    workspace: &NewWorkspace,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(workspace.id)
            .bind(workspace.organization_id)
            .bind(workspace.region_id)
            .bind(&workspace.name)
            .bind(&workspace.email)
            .bind(&workspace.notifications)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// The notifications at this moment, which nobody else changes before this transaction is over; `None`
/// when the workspace has just gone, or has moved to another organization.
pub async fn hold<L>(db: &mut Writer, workspace: &Granted<Workspace, L>) -> Result<Option<String>> {
    on!(db, link => {
        let query = sqlx::query_scalar(HOLD_WITHIN).bind(workspace.id).bind(workspace.organization_id);
        query.fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Makes others that hold the workspace of a tag wait until this transaction is over.
pub async fn hold_of_tag(db: &mut Writer, tag: &Granted<Tag, EditSomething>) -> Result<()> {
    on!(db, link => sqlx::query(HOLD).bind(tag.workspace_id).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Changes what the change names. A region belongs to the workspace's organization: see [`Region`].
pub async fn update(
    db: &mut Writer,
    workspace: &Granted<Workspace, EditSomething>,
    change: &WorkspaceChange,
    region: Option<&Region>,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(UPDATE)
            .bind(workspace.id)
            .bind(&change.name)
            .bind(&change.notifications)
            .bind(region.map(|region| region.id))
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// Removes a workspace with what is in it.
pub async fn remove(
    db: &mut Writer,
    workspace: &Granted<Workspace, EditSomething>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(workspace.id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)?;
    actors::remove_of_workspace(db, workspace, now).await?;
    on!(db, link => sqlx::query(COUNT_REMOVED).execute(link).await.map(drop)).map_err(Error::store)
}
