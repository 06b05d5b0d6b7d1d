//! Lists of what stands in workspaces, ordered by creation, then id. The usual lists (everything, one
//! organization, one workspace) are one walk along an index of what is alive; others merge the keys of
//! several such walks.

use serde::de::DeserializeOwned;
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::db::{Exec, Link, on};
use super::lists::{in_one_row, padded, rows_of, with_list, with_list_after};
use crate::access::granted::{Extent, Places, Scope};
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, WorkspaceId};
use crate::domain::page::{Mark, Page, Slice};
use crate::error::{Error, Result};

/// How many values are named in one statement.
pub(super) const NAMED_AT_ONCE: usize = 512;

/// What a list may show.
#[derive(Debug, Clone, Copy)]
pub enum Reach<'a> {
    Scope(&'a Scope),
    Places(&'a Places),
}

/// Where a reach goes.
pub(super) enum Where {
    Everywhere,
    In(Vec<OrganizationId>, Vec<WorkspaceId>),
}

impl Where {
    pub(super) fn of(reach: Reach<'_>) -> Self {
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

    pub(super) fn holds(&self, organization: OrganizationId, workspace: WorkspaceId) -> bool {
        match self {
            Self::Everywhere => true,
            Self::In(organizations, workspaces) => {
                organizations.contains(&organization) || workspaces.contains(&workspace)
            }
        }
    }
}

/// The statements of one list, as [`listing!`] writes them. Of three, the first is for everything, the second
/// for one organization, the third for one workspace; of two, the first is for what is alive, the second for
/// what is gone.
#[derive(Debug)]
pub(super) struct Listing {
    /// The first pages, with their limit as text: PostgreSQL plans a bound one anew each time.
    pub(super) first_20: [&'static str; 3],
    pub(super) first_100: [&'static str; 3],
    /// Any page: narrow keys first, so that no whole row is skipped, then the rows.
    pub(super) page: [&'static str; 3],
    /// Where rows stand.
    pub(super) keys: [&'static str; 2],
    pub(super) keys_of_organization: [&'static str; 2],
    pub(super) keys_in_array: [&'static str; 2],
    pub(super) keys_in: [&'static str; 2],
    /// The columns as members of JSON, for SQLite, and the one that is JSON itself.
    pub(super) members: &'static str,
    pub(super) document: &'static str,
    /// The rows with these ids.
    pub(super) in_array: &'static str,
    pub(super) in_list: &'static str,
}

impl Listing {
    /// What both engines prepare.
    pub(super) fn statements(&self) -> Vec<&'static str> {
        let threes = [self.first_20, self.first_100, self.page];
        let twos = [self.keys, self.keys_of_organization];
        [threes.as_flattened(), twos.as_flattened()].concat()
    }
}

/// The [`Listing`] of some columns of a table, whose alias is `t`, for the rows of which a condition holds: nothing,
/// or text that ends in ` AND `.
macro_rules! listing {
    ($table:literal, $which:literal, $columns:literal, $members:literal, $document:literal) => {{
        macro_rules! first {
            ($where:literal, $limit:literal) => {
                concat!(
                    "SELECT ",
                    $columns,
                    " FROM ",
                    $table,
                    " t WHERE ",
                    $which,
                    "t.deleted_at IS NULL",
                    $where,
                    " ORDER BY t.created_at, t.id LIMIT ",
                    $limit
                )
            };
        }
        macro_rules! page {
            ($where:literal) => {
                concat!(
                    "SELECT ",
                    $columns,
                    " FROM (SELECT t.id FROM ",
                    $table,
                    " t WHERE ",
                    $which,
                    "t.deleted_at IS NULL AND (t.created_at, t.id) > ($3, $4)",
                    $where,
                    " ORDER BY t.created_at, t.id LIMIT $1 OFFSET $2) AS keys JOIN ",
                    $table,
                    " t ON t.id = keys.id ORDER BY t.created_at, t.id"
                )
            };
        }
        macro_rules! keys {
            ($gone:literal, $rest:literal) => {
                concat!(
                    "SELECT t.created_at, t.id FROM ",
                    $table,
                    " t WHERE ",
                    $which,
                    "t.deleted_at IS ",
                    $gone,
                    $rest
                )
            };
        }
        macro_rules! both {
            ($rest:literal) => {
                [keys!("NULL", $rest), keys!("NOT NULL", $rest)]
            };
        }
        $crate::store::listing::Listing {
            first_20: [
                first!("", "21"),
                first!(" AND t.organization_id = $1", "21"),
                first!(" AND t.workspace_id = $1", "21"),
            ],
            first_100: [
                first!("", "101"),
                first!(" AND t.organization_id = $1", "101"),
                first!(" AND t.workspace_id = $1", "101"),
            ],
            page: [
                page!(""),
                page!(" AND t.organization_id = $5"),
                page!(" AND t.workspace_id = $5"),
            ],
            keys: both!(
                " AND (t.created_at, t.id) > ($2, $3) ORDER BY t.created_at, t.id LIMIT $1"
            ),
            keys_of_organization: both!(
                " AND (t.created_at, t.id) > ($2, $3) AND t.organization_id = $4 \
                 ORDER BY t.created_at, t.id LIMIT $1"
            ),
            keys_in_array: both!(
                " AND (t.created_at, t.id) > ($2, $3) AND t.workspace_id = ANY($4) \
                 ORDER BY t.created_at, t.id LIMIT $1"
            ),
            // The plus keeps SQLite from walking through everybody's rows in order.
            keys_in: both!(" AND (+t.created_at, t.id) > ($2, $3) AND t.workspace_id IN "),
            members: $members,
            document: $document,
            in_array: concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " t WHERE t.id = ANY($1) ORDER BY t.created_at, t.id"
            ),
            in_list: concat!("SELECT ", $columns, " FROM ", $table, " t WHERE t.id IN "),
        }
    }};
}

pub(super) use listing;

/// Reads a row by the places of its columns, which are those of the fields: a name has to be looked up for each
/// value of each row.
macro_rules! read_in_order {
    ($row:ident { $($field:ident),+ $(,)? }) => {
        $crate::store::listing::read_in_order!(@ sqlx::postgres::PgRow => $row { $($field),+ });
        $crate::store::listing::read_in_order!(@ sqlx::sqlite::SqliteRow => $row { $($field),+ });
    };
    (@ $from:ty => $row:ident { $($field:ident),+ }) => {
        impl sqlx::FromRow<'_, $from> for $row {
            fn from_row(row: &$from) -> sqlx::Result<Self> {
                let mut places = 0..;
                let mut place = || places.next().unwrap_or_default();
                Ok(Self { $($field: sqlx::Row::try_get(row, place())?),+ })
            }
        }
    };
}

pub(super) use read_in_order;

/// A row of such a list. As JSON it comes without its document.
pub(super) trait Listed:
    for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + DeserializeOwned + Send + Unpin
{
    fn mark(&self) -> Mark;

    fn with(self, document: &str) -> Self;
}

/// Where a row stands.
pub(super) type Key = (Timestamp, Uuid);

/// One page of what is within reach; of what is gone, too, when `deleted`.
pub(super) async fn page<T: Listed>(
    db: &mut dyn Exec,
    listing: &Listing,
    places: &Where,
    deleted: bool,
    page: Page,
) -> Result<Slice<T>> {
    let within = match places {
        Where::Everywhere => Some(Within::Everything),
        Where::In(organizations, workspaces) => match (&organizations[..], &workspaces[..]) {
            (&[one], []) => Some(Within::Organization(one)),
            ([], &[one]) => Some(Within::Workspace(one)),
            _ => None,
        },
    };
    match within {
        Some(within) if !deleted => walk(db, listing, within, page).await,
        _ => merge(db, listing, places, deleted, page).await,
    }
}

/// What has an index of its own.
#[derive(Clone, Copy)]
enum Within {
    Everything,
    Organization(OrganizationId),
    Workspace(WorkspaceId),
}

impl Within {
    /// Its place among the statements.
    fn of(self, texts: [&'static str; 3]) -> &'static str {
        match self {
            Self::Everything => texts[0],
            Self::Organization(_) => texts[1],
            Self::Workspace(_) => texts[2],
        }
    }
}

/// A page of what is alive, everywhere or in one place.
async fn walk<T: Listed>(
    db: &mut dyn Exec,
    listing: &Listing,
    within: Within,
    page: Page,
) -> Result<Slice<T>> {
    let (texts, bounds) = match (page.limit, page.offset, page.after()) {
        (20, 0, None) => (listing.first_20, None),
        (100, 0, None) => (listing.first_100, None),
        (limit, offset, after) => {
            let bounds = (i64::from(limit) + 1, i64::from(offset));
            (listing.page, Some((bounds, after.unwrap_or(Mark::LEAST))))
        }
    };
    let text = within.of(texts);
    macro_rules! bound {
        ($query:expr) => {{
            let mut query = $query;
            if let Some(((limit, offset), after)) = bounds {
                query = query
                    .bind(limit)
                    .bind(offset)
                    .bind(after.at)
                    .bind(after.id());
            }
            match within {
                Within::Everything => query,
                Within::Organization(id) => query.bind(id),
                Within::Workspace(id) => query.bind(id),
            }
        }};
    }
    let rows = match db.link() {
        Link::Postgres(link) => {
            let rows = bound!(sqlx::query_as(text)).fetch_all(link).await;
            rows.map_err(Error::store)?
        }
        Link::Sqlite(link) => {
            let text = in_one_row(text, listing.members, listing.document);
            let rows: Option<String> = bound!(sqlx::query_scalar(text))
                .fetch_one(link)
                .await
                .map_err(Error::store)?;
            let rows = rows_of::<T>(rows.as_deref())?.into_iter();
            rows.map(|(row, document)| row.with(document)).collect()
        }
    };
    Ok(Slice::of(page, rows).marked(page, T::mark))
}

/// A page out of several places, or of what is gone, too.
async fn merge<T: Listed>(
    db: &mut dyn Exec,
    listing: &Listing,
    places: &Where,
    deleted: bool,
    page: Page,
) -> Result<Slice<T>> {
    let most = i64::try_from(page.offset() + page.one_more()).map_err(Error::internal)?;
    let after = page.after().unwrap_or(Mark::LEAST);
    let states = if deleted { &[0, 1][..] } else { &[0] };
    let mut found = Vec::new();
    for &state in states {
        let Where::In(organizations, workspaces) = places else {
            let rows: Vec<Key> = on!(db, link => {
                let query = sqlx::query_as(listing.keys[state]).bind(most);
                query.bind(after.at).bind(after.id()).fetch_all(link).await
            })
            .map_err(Error::store)?;
            found.extend(rows);
            continue;
        };
        for &organization in organizations {
            let rows: Vec<Key> = on!(db, link => {
                let query = sqlx::query_as(listing.keys_of_organization[state]).bind(most);
                let query = query.bind(after.at).bind(after.id());
                query.bind(organization).fetch_all(link).await
            })
            .map_err(Error::store)?;
            found.extend(rows);
        }
        for some in workspaces.chunks(NAMED_AT_ONCE) {
            found.extend(keys_in(db, listing, state, some, (most, after)).await?);
        }
    }
    page_of(db, listing, found, page).await
}

/// The keys in these workspaces. The engines share no way to hand in a list: PostgreSQL takes an array,
/// and plans once; for SQLite the placeholders are written out.
async fn keys_in(
    db: &mut dyn Exec,
    listing: &Listing,
    state: usize,
    workspaces: &[WorkspaceId],
    (most, after): (i64, Mark),
) -> Result<Vec<Key>> {
    let Some(padded) = padded(workspaces) else {
        return Ok(Vec::new());
    };
    match db.link() {
        Link::Postgres(link) => {
            let query = sqlx::query_as(listing.keys_in_array[state]).bind(most);
            let query = query.bind(after.at).bind(after.id());
            query.bind(workspaces).fetch_all(link).await
        }
        Link::Sqlite(link) => {
            let order = " ORDER BY +t.created_at, t.id LIMIT $1";
            let text = with_list_after(3, listing.keys_in[state], padded.len(), order);
            let query = sqlx::query_as(text).bind(most);
            let query = query.bind(after.at).bind(after.id());
            let query = padded.iter().fold(query, |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)
}

/// Puts keys in order and fetches the rows of one page of them.
pub(super) async fn page_of<T: Listed>(
    db: &mut dyn Exec,
    listing: &Listing,
    mut keys: Vec<Key>,
    page: Page,
) -> Result<Slice<T>> {
    keys.sort_unstable();
    keys.dedup();
    let more = keys.len() > page.offset() + page.limit as usize;
    let ids: Vec<Uuid> = keys
        .iter()
        .skip(page.offset())
        .take(page.limit as usize)
        .map(|key| key.1)
        .collect();
    let Some(padded) = padded(&ids) else {
        return Ok(Slice::whole(Vec::new(), more));
    };
    let items = match db.link() {
        Link::Postgres(link) => {
            let query = sqlx::query_as(listing.in_array).bind(ids);
            query.fetch_all(link).await
        }
        Link::Sqlite(link) => {
            let order = " ORDER BY t.created_at, t.id";
            let text = with_list(listing.in_list, padded.len(), order);
            let query = padded
                .iter()
                .fold(sqlx::query_as(text), |query, id| query.bind(*id));
            query.fetch_all(link).await
        }
    }
    .map_err(Error::store)?;
    Ok(Slice::whole(items, more).marked(page, T::mark))
}
