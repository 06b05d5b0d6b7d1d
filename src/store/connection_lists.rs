//! Lists of connections, ordered by creation, then id. As with sources, the usual lists are one walk along
//! an index of what is alive; others merge the keys of several such walks.

use super::actors::Reach;
use super::db::{Exec, Link, on};
use super::lists::{padded, with_list, with_list_after};
use crate::access::granted::Extent;
use crate::clock::Timestamp;
use crate::domain::connection::ListedConnection;
use crate::domain::ids::{ConnectionId, OrganizationId, TagId, WorkspaceId};
use crate::domain::page::{Mark, Page, Slice};
use crate::error::{Error, Result};

macro_rules! list {
    ($($rest:literal),*) => {
        concat!(
            "SELECT c.id, c.workspace_id, c.source_id, c.destination_id, c.name, c.status, c.status_reason, \
             c.schedule, c.namespace_definition, c.namespace_format, c.prefix, c.non_breaking_changes, \
             c.streams, c.tagged, c.created_at FROM ",
            $($rest),*
        )
    };
}

/// The first page, with its limit as text: PostgreSQL plans a bound one anew each time.
macro_rules! first {
    ($where:literal, $limit:literal) => {
        list!(
            "connections c WHERE c.deleted_at IS NULL ",
            $where,
            " ORDER BY c.created_at, c.id LIMIT ",
            $limit
        )
    };
}

/// Any page: narrow keys first, so that no whole row is skipped, then the rows.
macro_rules! page {
    ($where:literal) => {
        list!(
            "(SELECT id FROM connections WHERE deleted_at IS NULL AND (created_at, id) > ($3, $4) ",
            $where,
            " ORDER BY created_at, id LIMIT $1 OFFSET $2) AS keys \
             JOIN connections c ON c.id = keys.id ORDER BY c.created_at, c.id"
        )
    };
}

/// Where rows stand, of those that are alive and of those that are gone.
macro_rules! both {
    ($rest:literal) => {
        [
            concat!(
                "SELECT created_at, id FROM connections WHERE deleted_at IS NULL",
                $rest
            ),
            concat!(
                "SELECT created_at, id FROM connections WHERE deleted_at IS NOT NULL",
                $rest
            ),
        ]
    };
}

macro_rules! tagged {
    ($which:literal) => {
        concat!(
            "SELECT c.created_at, c.id, c.organization_id, c.workspace_id, c.deleted_at \
             FROM connection_tags t JOIN connections c ON c.id = t.connection_id WHERE t.tag_id ",
            $which
        )
    };
}

const FIRST_20: &str = first!("", "21");
const FIRST_100: &str = first!("", "101");
const FIRST_20_OF_ORGANIZATION: &str = first!("AND c.organization_id = $1", "21");
const FIRST_100_OF_ORGANIZATION: &str = first!("AND c.organization_id = $1", "101");
const FIRST_20_OF_WORKSPACE: &str = first!("AND c.workspace_id = $1", "21");
const FIRST_100_OF_WORKSPACE: &str = first!("AND c.workspace_id = $1", "101");
const PAGE: &str = page!("");
const PAGE_OF_ORGANIZATION: &str = page!("AND organization_id = $5");
const PAGE_OF_WORKSPACE: &str = page!("AND workspace_id = $5");
const KEYS: [&str; 2] = both!(" AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $1");
const KEYS_OF_ORGANIZATION: [&str; 2] = both!(
    " AND (created_at, id) > ($2, $3) AND organization_id = $4 ORDER BY created_at, id LIMIT $1"
);
const KEYS_IN_ARRAY: [&str; 2] = both!(
    " AND (created_at, id) > ($2, $3) AND workspace_id = ANY($4) ORDER BY created_at, id LIMIT $1"
);
const KEYS_IN: [&str; 2] = both!(" AND (created_at, id) > ($2, $3) AND workspace_id IN ");
const IN_ARRAY: &str = list!("connections c WHERE c.id = ANY($1) ORDER BY c.created_at, c.id");
const TAGGED_IN_ARRAY: &str = tagged!("= ANY($1)");

pub(super) const STATEMENTS: &[&str] = &[
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
];

/// How many workspaces are named in one statement.
const NAMED_AT_ONCE: usize = 512;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What is gone, too.
    pub deleted: bool,
    /// Those with one of these tags; all when empty.
    pub tags: &'a [TagId],
    pub page: Page,
}

/// Where a row stands.
type Key = (Timestamp, ConnectionId);

/// One page of the connections within reach.
pub async fn list(
    db: &mut dyn Exec,
    reach: Reach<'_>,
    wanted: Wanted<'_>,
) -> Result<Slice<ListedConnection>> {
    let places = Where::of(reach);
    if !wanted.tags.is_empty() {
        return tagged(db, &places, wanted).await;
    }
    let one = match &places {
        Where::Everywhere => Some(None),
        Where::In(organizations, workspaces) => {
            match (organizations.as_slice(), workspaces.as_slice()) {
                (&[one], []) => Some(Some(Within::Organization(one))),
                ([], &[one]) => Some(Some(Within::Workspace(one))),
                _ => None,
            }
        }
    };
    match one {
        Some(within) if !wanted.deleted => walk(db, wanted.page, within).await,
        _ => merge(db, &places, wanted).await,
    }
}

/// What a list may show.
enum Where {
    Everywhere,
    In(Vec<OrganizationId>, Vec<WorkspaceId>),
}

impl Where {
    fn of(reach: Reach<'_>) -> Self {
        match reach {
            Reach::Places(places) => Self::In(Vec::new(), places.ids().to_vec()),
            Reach::Scope(scope) => match scope.extent() {
                Extent::Everything => Self::Everywhere,
                Extent::Parts {
                    organizations,
                    workspaces,
                } => Self::In(
                    organizations.clone(),
                    workspaces.iter().map(|position| position.id).collect(),
                ),
            },
        }
    }

    fn holds(&self, organization: OrganizationId, workspace: WorkspaceId) -> bool {
        match self {
            Self::Everywhere => true,
            Self::In(organizations, workspaces) => {
                organizations.contains(&organization) || workspaces.contains(&workspace)
            }
        }
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
    page: Page,
    within: Option<Within>,
) -> Result<Slice<ListedConnection>> {
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
    let (text, bounds) = match (page.limit, page.offset, page.after()) {
        (20, 0, None) => (texts.0, None),
        (100, 0, None) => (texts.1, None),
        (limit, offset, after) => {
            let bounds = (i64::from(limit) + 1, i64::from(offset));
            (texts.2, Some((bounds, after.unwrap_or(Mark::LEAST))))
        }
    };
    let rows = on!(db, link => {
        let mut query = sqlx::query_as(text);
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

fn mark(connection: &ListedConnection) -> Mark {
    Mark::new(connection.created_at, connection.id)
}

/// A page out of several places, or of what is gone, too.
async fn merge(
    db: &mut dyn Exec,
    places: &Where,
    wanted: Wanted<'_>,
) -> Result<Slice<ListedConnection>> {
    let page = wanted.page;
    let limit = i64::try_from(page.offset() + page.one_more()).map_err(Error::internal)?;
    let after = page.after().unwrap_or(Mark::LEAST);
    let states = if wanted.deleted { &[0, 1][..] } else { &[0] };
    let mut found = Vec::new();
    for &state in states {
        let Where::In(organizations, workspaces) = places else {
            let rows: Vec<Key> = on!(db, link => {
                let query = sqlx::query_as(KEYS[state]).bind(limit);
                query.bind(after.at).bind(after.id()).fetch_all(link).await
            })
            .map_err(Error::store)?;
            found.extend(rows);
            continue;
        };
        for &organization in organizations {
            let rows: Vec<Key> = on!(db, link => {
                let query = sqlx::query_as(KEYS_OF_ORGANIZATION[state]).bind(limit);
                let query = query.bind(after.at).bind(after.id());
                query.bind(organization).fetch_all(link).await
            })
            .map_err(Error::store)?;
            found.extend(rows);
        }
        for some in workspaces.chunks(NAMED_AT_ONCE) {
            found.extend(keys_in(db, state, some, (limit, after)).await?);
        }
    }
    page_of(db, found, page).await
}

/// A page of what has one of the tags. A tag is on few connections.
async fn tagged(
    db: &mut dyn Exec,
    places: &Where,
    wanted: Wanted<'_>,
) -> Result<Slice<ListedConnection>> {
    type Row = (
        Timestamp,
        ConnectionId,
        OrganizationId,
        WorkspaceId,
        Option<Timestamp>,
    );
    let mut found = Vec::new();
    for some in wanted.tags.chunks(NAMED_AT_ONCE) {
        let Some(padded) = padded(some) else { continue };
        let rows: Vec<Row> = match db.link() {
            Link::Postgres(link) => {
                sqlx::query_as(TAGGED_IN_ARRAY)
                    .bind(some)
                    .fetch_all(link)
                    .await
            }
            Link::Sqlite(link) => {
                let text = with_list(tagged!("IN "), padded.len(), "");
                let query = padded
                    .iter()
                    .fold(sqlx::query_as(text), |query, id| query.bind(*id));
                query.fetch_all(link).await
            }
        }
        .map_err(Error::store)?;
        found.extend(rows);
    }
    let after = wanted.page.after().unwrap_or(Mark::LEAST);
    let keys = found
        .into_iter()
        .filter(|row| Mark::new(row.0, row.1) > after)
        .filter(|row| (wanted.deleted || row.4.is_none()) && places.holds(row.2, row.3))
        .map(|row| (row.0, row.1));
    page_of(db, keys.collect(), wanted.page).await
}

/// The keys in these workspaces. The engines share no way to hand in a list: PostgreSQL takes an array,
/// and plans once; for SQLite the placeholders are written out.
async fn keys_in(
    db: &mut dyn Exec,
    state: usize,
    workspaces: &[WorkspaceId],
    (limit, after): (i64, Mark),
) -> Result<Vec<Key>> {
    let Some(padded) = padded(workspaces) else {
        return Ok(Vec::new());
    };
    match db.link() {
        Link::Postgres(link) => {
            let query = sqlx::query_as(KEYS_IN_ARRAY[state]).bind(limit);
            let query = query.bind(after.at).bind(after.id());
            query.bind(workspaces).fetch_all(link).await
        }
        Link::Sqlite(link) => {
            let order = " ORDER BY created_at, id LIMIT $1";
            let text = with_list_after(3, KEYS_IN[state], padded.len(), order);
            let query = sqlx::query_as(text).bind(limit);
            let query = query.bind(after.at).bind(after.id());
            let query = padded.iter().fold(query, |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)
}

/// Puts keys in order and fetches the rows of one page of them.
async fn page_of(
    db: &mut dyn Exec,
    mut keys: Vec<Key>,
    page: Page,
) -> Result<Slice<ListedConnection>> {
    keys.sort_unstable();
    keys.dedup();
    let more = keys.len() > page.offset() + page.limit as usize;
    let ids: Vec<ConnectionId> = keys
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
            let before = list!("connections c WHERE c.id IN ");
            let text = with_list(before, padded.len(), " ORDER BY c.created_at, c.id");
            let query = padded
                .iter()
                .fold(sqlx::query_as(text), |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)?;
    Ok(Slice::whole(items, more).marked(page, mark))
}
