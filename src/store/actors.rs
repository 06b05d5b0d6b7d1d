//! Sources and destinations. Lists are ordered by creation, then id. The usual lists (everything, one
//! organization, one workspace) are one walk along an index of what is alive; others merge the keys of
//! several such walks.

use super::catalogs;
use super::db::{Exec, Link, Writer, on};
use super::lists::{padded, with_list, with_list_after};
use crate::access::granted::{Extent, Granted, Lookup, Places, Scope};
use crate::access::policy::EditActor;
use crate::clock::Timestamp;
use crate::domain::actor::{Actor, ListedActor};
use crate::domain::definition::Kind;
use crate::domain::ids::{ActorId, OrganizationId, WorkspaceId};
use crate::domain::page::{Mark, Page, Slice};
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

/// Columns of a whole row.
macro_rules! whole {
    () => {
        "id, kind, organization_id, workspace_id, definition_id, name, short_name, configuration, \
         fingerprint, resource_allocation, created_at, deleted_at"
    };
}

/// Columns of every statement that lists.
macro_rules! list {
    ($($rest:literal),*) => {
        concat!(
            "SELECT a.id, a.workspace_id, a.definition_id, a.name, a.short_name, a.configuration, \
             a.resource_allocation, a.created_at FROM actors a ",
            $($rest),*
        )
    };
}

/// The first page, with its limit as text: PostgreSQL plans a bound one anew each time.
macro_rules! first {
    ($where:literal, $limit:literal) => {
        list!(
            "WHERE a.kind = $1 AND a.deleted_at IS NULL ",
            $where,
            " ORDER BY a.created_at, a.id LIMIT ",
            $limit
        )
    };
}

/// Any page: narrow keys first, so that no whole row is skipped, then the rows.
macro_rules! page {
    ($where:literal) => {
        concat!(
            "SELECT a.id, a.workspace_id, a.definition_id, a.name, a.short_name, a.configuration, \
             a.resource_allocation, a.created_at FROM \
             (SELECT id FROM actors WHERE kind = $1 AND deleted_at IS NULL AND (created_at, id) > ($4, $5) ",
            $where,
            " ORDER BY created_at, id LIMIT $2 OFFSET $3) AS keys \
             JOIN actors a ON a.id = keys.id ORDER BY a.created_at, a.id"
        )
    };
}

/// Where rows stand, of those that are alive (`IS NULL`) or gone (`IS NOT NULL`).
macro_rules! keys {
    ($gone:literal, $($rest:literal),*) => {
        concat!("SELECT created_at, id FROM actors WHERE deleted_at ", $gone, $($rest),*)
    };
}

/// The two ways of `keys`, by whether the rows are gone.
macro_rules! both {
    ($($rest:literal),*) => {
        [keys!("IS NULL", $($rest),*), keys!("IS NOT NULL", $($rest),*)]
    };
}

const FETCH: &str = concat!(
    "SELECT ",
    whole!(),
    " FROM actors WHERE id = $1 AND kind = $2"
);
const FIRST_20: &str = first!("", "21");
const FIRST_100: &str = first!("", "101");
const FIRST_20_OF_ORGANIZATION: &str = first!("AND a.organization_id = $2", "21");
const FIRST_100_OF_ORGANIZATION: &str = first!("AND a.organization_id = $2", "101");
const FIRST_20_OF_WORKSPACE: &str = first!("AND a.workspace_id = $2", "21");
const FIRST_100_OF_WORKSPACE: &str = first!("AND a.workspace_id = $2", "101");
const PAGE: &str = page!("");
const PAGE_OF_ORGANIZATION: &str = page!("AND organization_id = $6");
const PAGE_OF_WORKSPACE: &str = page!("AND workspace_id = $6");
const KEYS: [&str; 2] =
    both!(" AND kind = $1 AND (created_at, id) > ($3, $4) ORDER BY created_at, id LIMIT $2");
const KEYS_OF_ORGANIZATION: [&str; 2] = both!(
    " AND kind = $1 AND (created_at, id) > ($3, $4) AND organization_id = $5 ORDER BY created_at, id LIMIT $2"
);
const KEYS_IN_ARRAY: [&str; 2] = both!(
    " AND kind = $1 AND (created_at, id) > ($3, $4) AND workspace_id = ANY($5) ORDER BY created_at, id LIMIT $2"
);
// The plus keeps SQLite from walking through everybody's rows in order.
const KEYS_IN: [&str; 2] =
    both!(" AND kind = $1 AND (+created_at, id) > ($3, $4) AND workspace_id IN ");
const IN_ARRAY: &str = list!("WHERE a.id = ANY($1) ORDER BY a.created_at, a.id");
const INSERT: &str = concat!(
    "INSERT INTO actors (",
    whole!(),
    ", updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, $11)"
);
/// Changes nothing, but makes whoever else changes this row wait.
const HOLD: &str = concat!(
    "UPDATE actors SET updated_at = updated_at WHERE id = $1 AND deleted_at IS NULL RETURNING ",
    whole!()
);
const UPDATE: &str = "UPDATE actors SET name = $2, configuration = $3, fingerprint = $4, \
    resource_allocation = $5, updated_at = $6 WHERE id = $1 AND deleted_at IS NULL";
const REMOVE: &str = "UPDATE actors SET deleted_at = $2, updated_at = $2, configuration = '{}' \
    WHERE id = $1 AND deleted_at IS NULL";
const REMOVE_OF_WORKSPACE: &str = "UPDATE actors SET deleted_at = $2, updated_at = $2, \
    configuration = '{}' WHERE workspace_id = $1 AND deleted_at IS NULL";
// Of what is gone: that has an index.
const FORGET_SECRETS_OF_WORKSPACE: &str = "DELETE FROM secrets WHERE owner_id IN \
    (SELECT id FROM actors WHERE workspace_id = $1 AND deleted_at IS NOT NULL)";

const FORGET_CATALOGS_OF_WORKSPACE: &str = "DELETE FROM catalogs WHERE fingerprint IN \
    (SELECT fingerprint FROM actors WHERE workspace_id = $1 AND deleted_at IS NOT NULL) AND NOT EXISTS \
    (SELECT 1 FROM actors a WHERE a.fingerprint = catalogs.fingerprint AND a.deleted_at IS NULL)";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    FIRST_20,
    FIRST_100,
    FIRST_20_OF_ORGANIZATION,
    FIRST_100_OF_ORGANIZATION,
    FIRST_20_OF_WORKSPACE,
    FIRST_100_OF_WORKSPACE,
    PAGE,
    PAGE_OF_ORGANIZATION,
    PAGE_OF_WORKSPACE,
    KEYS[0],
    KEYS[1],
    KEYS_OF_ORGANIZATION[0],
    KEYS_OF_ORGANIZATION[1],
    INSERT,
    HOLD,
    UPDATE,
    REMOVE,
    REMOVE_OF_WORKSPACE,
    FORGET_SECRETS_OF_WORKSPACE,
    FORGET_CATALOGS_OF_WORKSPACE,
];

/// How many workspaces are named in one statement.
const NAMED_AT_ONCE: usize = 512;

/// What a list may show.
#[derive(Debug, Clone, Copy)]
pub enum Reach<'a> {
    Scope(&'a Scope),
    Places(&'a Places),
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub kind: Kind,
    /// What is gone, too.
    pub deleted: bool,
    pub page: Page,
}

/// Where a row stands.
type Key = (Timestamp, ActorId);

pub async fn fetch(db: &mut dyn Exec, kind: Kind, id: Lookup<ActorId>) -> Result<Option<Actor>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).bind(kind).fetch_optional(link).await)
        .map_err(Error::store)
}

/// One page of the sources or destinations within reach.
pub async fn list(
    db: &mut dyn Exec,
    reach: Reach<'_>,
    wanted: Wanted,
) -> Result<Slice<ListedActor>> {
    let singles: Vec<WorkspaceId>;
    let (organizations, workspaces) = match reach {
        Reach::Places(places) => (&[][..], places.ids()),
        Reach::Scope(scope) => match scope.extent() {
            Extent::Everything if wanted.deleted => {
                let mut found = Vec::new();
                for text in KEYS {
                    found.extend(keys(db, text, wanted).await?);
                }
                return page_of(db, found, wanted.page).await;
            }
            Extent::Everything => return walk(db, wanted, None).await,
            Extent::Parts {
                organizations,
                workspaces,
            } => {
                singles = workspaces.iter().map(|position| position.id).collect();
                (&organizations[..], &singles[..])
            }
        },
    };
    match (organizations, workspaces) {
        (&[one], []) if !wanted.deleted => walk(db, wanted, Some(Within::Organization(one))).await,
        ([], &[one]) if !wanted.deleted => walk(db, wanted, Some(Within::Workspace(one))).await,
        _ => merge(db, wanted, organizations, workspaces).await,
    }
}

/// One place that has an index of its own.
#[derive(Clone, Copy)]
enum Within {
    Organization(OrganizationId),
    Workspace(WorkspaceId),
}

/// A page of what is alive, everywhere or in one place.
async fn walk(
    db: &mut dyn Exec,
    wanted: Wanted,
    within: Option<Within>,
) -> Result<Slice<ListedActor>> {
    let texts = match within {
        None => (FIRST_20, FIRST_100, PAGE),
        Some(Within::Organization(_)) => (
            FIRST_20_OF_ORGANIZATION,
            FIRST_100_OF_ORGANIZATION,
            PAGE_OF_ORGANIZATION,
        ),
        Some(Within::Workspace(_)) => (
            FIRST_20_OF_WORKSPACE,
            FIRST_100_OF_WORKSPACE,
            PAGE_OF_WORKSPACE,
        ),
    };
    let page = wanted.page;
    let (text, bounds) = match (page.limit, page.offset, page.after()) {
        (20, 0, None) => (texts.0, None),
        (100, 0, None) => (texts.1, None),
        (limit, offset, after) => {
            let bounds = (i64::from(limit) + 1, i64::from(offset));
            (texts.2, Some((bounds, after.unwrap_or(Mark::LEAST))))
        }
    };
    let rows = on!(db, link => {
        let mut query = sqlx::query_as(text).bind(wanted.kind);
        if let Some(((limit, offset), after)) = bounds {
            query = query.bind(limit).bind(offset).bind(after.at).bind(after.id());
        }
        match within {
            None => query,
            Some(Within::Organization(id)) => query.bind(id),
            Some(Within::Workspace(id)) => query.bind(id),
        }
        .fetch_all(link)
        .await
    })
    .map_err(Error::store)?;
    Ok(Slice::of(page, rows).marked(page, mark))
}

fn mark(actor: &ListedActor) -> Mark {
    Mark::new(actor.created_at, actor.id)
}

/// A page out of several organizations and workspaces.
async fn merge(
    db: &mut dyn Exec,
    wanted: Wanted,
    organizations: &[OrganizationId],
    workspaces: &[WorkspaceId],
) -> Result<Slice<ListedActor>> {
    let (limit, after) = most(wanted.page)?;
    let states = if wanted.deleted { &[0, 1][..] } else { &[0] };
    let mut found = Vec::new();
    for &state in states {
        for &organization in organizations {
            let rows: Vec<Key> = on!(db, link => {
                let query = sqlx::query_as(KEYS_OF_ORGANIZATION[state]).bind(wanted.kind);
                let query = query.bind(limit).bind(after.at).bind(after.id());
                query.bind(organization).fetch_all(link).await
            })
            .map_err(Error::store)?;
            found.extend(rows);
        }
        for some in workspaces.chunks(NAMED_AT_ONCE) {
            found.extend(keys_in(db, state, wanted, some).await?);
        }
    }
    page_of(db, found, wanted.page).await
}

/// How many keys of each place can matter for a page, and after which.
fn most(page: Page) -> Result<(i64, Mark)> {
    let limit = i64::try_from(page.offset() + page.one_more()).map_err(Error::internal)?;
    Ok((limit, page.after().unwrap_or(Mark::LEAST)))
}

async fn keys(db: &mut dyn Exec, text: &'static str, wanted: Wanted) -> Result<Vec<Key>> {
    let (limit, after) = most(wanted.page)?;
    on!(db, link => {
        let query = sqlx::query_as(text).bind(wanted.kind).bind(limit);
        query.bind(after.at).bind(after.id()).fetch_all(link).await
    })
    .map_err(Error::store)
}

/// The keys in these workspaces. The engines share no way to hand in a list: PostgreSQL takes an array,
/// and plans once; for SQLite the placeholders are written out.
async fn keys_in(
    db: &mut dyn Exec,
    state: usize,
    wanted: Wanted,
    workspaces: &[WorkspaceId],
) -> Result<Vec<Key>> {
    let Some(padded) = padded(workspaces) else {
        return Ok(Vec::new());
    };
    let (kind, (limit, after)) = (wanted.kind, most(wanted.page)?);
    match db.link() {
        Link::Postgres(link) => {
            let query = sqlx::query_as(KEYS_IN_ARRAY[state]).bind(kind).bind(limit);
            let query = query.bind(after.at).bind(after.id());
            query.bind(workspaces).fetch_all(link).await
        }
        Link::Sqlite(link) => {
            let order = " ORDER BY +created_at, id LIMIT $2";
            let text = with_list_after(4, KEYS_IN[state], padded.len(), order);
            let query = sqlx::query_as(text).bind(kind).bind(limit);
            let query = query.bind(after.at).bind(after.id());
            let query = padded.iter().fold(query, |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)
}

/// Puts keys in order and fetches the rows of one page of them.
async fn page_of(db: &mut dyn Exec, mut keys: Vec<Key>, page: Page) -> Result<Slice<ListedActor>> {
    keys.sort_unstable();
    keys.dedup();
    let more = keys.len() > page.offset() + page.limit as usize;
    let ids: Vec<ActorId> = keys
        .iter()
        .skip(page.offset())
        .take(page.limit as usize)
        .map(|key| key.1)
        .collect();
    let Some(padded) = padded(&ids) else {
        return Ok(Slice::whole(Vec::new(), more));
    };
    let items = match db.link() {
        Link::Postgres(link) => sqlx::query_as(IN_ARRAY).bind(ids).fetch_all(link).await,
        Link::Sqlite(link) => {
            let before = list!("WHERE a.id IN ");
            let text = with_list(before, padded.len(), " ORDER BY a.created_at, a.id");
            let query = padded
                .iter()
                .fold(sqlx::query_as(text), |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)?;
    Ok(Slice::whole(items, more).marked(page, mark))
}

/// Adds a source or a destination to a workspace. The workspace is held (`workspaces::hold`), so that
/// it does not go in between.
pub async fn insert(
    db: &mut Writer,
    _home: &Granted<Workspace, EditActor>,
    actor: &Actor,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(actor.id)
            .bind(actor.kind)
            .bind(actor.organization_id)
            .bind(actor.workspace_id)
            .bind(actor.definition_id)
            .bind(&actor.name)
            .bind(&actor.short_name)
            .bind(&actor.configuration)
            .bind(&actor.fingerprint)
            .bind(&actor.resource_allocation)
            .bind(actor.created_at)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// The row at this moment, which nobody else changes before this transaction is over; `None` when it has
/// just gone. At any level: a connector that runs may announce a new configuration.
pub async fn hold<L>(db: &mut Writer, actor: &Granted<Actor, L>) -> Result<Option<Actor>> {
    hold_row(db, actor.id).await
}

pub(super) async fn hold_row(db: &mut Writer, id: ActorId) -> Result<Option<Actor>> {
    on!(db, link => sqlx::query_as(HOLD).bind(id).fetch_optional(link).await).map_err(Error::store)
}

/// Writes what can change of a row that is held.
pub async fn update<L>(
    db: &mut Writer,
    actor: &Granted<Actor, L>,
    held: &Actor,
    changed: &Actor,
    now: Timestamp,
) -> Result<()> {
    update_row(db, actor.id, held, changed, now).await
}

pub(super) async fn update_row(
    db: &mut Writer,
    id: ActorId,
    held: &Actor,
    changed: &Actor,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(UPDATE)
            .bind(id)
            .bind(&changed.name)
            .bind(&changed.configuration)
            .bind(&changed.fingerprint)
            .bind(&changed.resource_allocation)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)?;
    if held.fingerprint != changed.fingerprint {
        catalogs::forget(db, &held.fingerprint).await?;
    }
    Ok(())
}

/// Removes a source or a destination and its configuration; its secrets have an owner of their own.
pub async fn remove(
    db: &mut Writer,
    actor: &Granted<Actor, EditActor>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(actor.id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)?;
    catalogs::forget(db, &actor.fingerprint).await
}

/// Removes everything in a workspace that goes, with its secrets and what was found with them.
pub(super) async fn remove_of_workspace<L>(
    db: &mut Writer,
    workspace: &Granted<Workspace, L>,
    now: Timestamp,
) -> Result<()> {
    let id = workspace.id;
    on!(db, link => {
        sqlx::query(REMOVE_OF_WORKSPACE).bind(id).bind(now).execute(link).await.map(drop)
    })
    .map_err(Error::store)?;
    for text in [FORGET_SECRETS_OF_WORKSPACE, FORGET_CATALOGS_OF_WORKSPACE] {
        on!(db, link => sqlx::query(text).bind(id).execute(link).await.map(drop))
            .map_err(Error::store)?;
    }
    Ok(())
}
