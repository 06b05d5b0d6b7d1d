//! Lists of connections.

use super::db::{Exec, Link};
use super::listing::{self, Listed, Listing, NAMED_AT_ONCE, Reach, Where, listing, read_in_order};
use super::lists::{padded, with_list};
use crate::clock::Timestamp;
use crate::domain::connection::ListedConnection;
use crate::domain::ids::{ConnectionId, OrganizationId, TagId, WorkspaceId};
use crate::domain::page::{Mark, Page, Slice};
use crate::error::{Error, Result};

pub(super) const CONNECTIONS: Listing = listing!(
    "connections",
    "",
    "t.id, t.workspace_id, t.source_id, t.destination_id, t.name, t.status, t.status_reason, t.schedule, \
     t.namespace_definition, t.namespace_format, t.prefix, t.non_breaking_changes, t.streams, t.tagged, \
     t.created_at",
    "hex(t.id), hex(t.workspace_id), hex(t.source_id), hex(t.destination_id), t.name, t.status, \
     t.status_reason, t.schedule, t.namespace_definition, t.namespace_format, t.prefix, \
     t.non_breaking_changes, json(iif(t.tagged, 'true', 'false')), t.created_at",
    "t.streams"
);

macro_rules! tagged {
    ($which:literal) => {
        concat!(
            "SELECT c.created_at, c.id, c.organization_id, c.workspace_id, c.deleted_at \
             FROM connection_tags t JOIN connections c ON c.id = t.connection_id WHERE t.tag_id ",
            $which
        )
    };
}

const TAGGED_IN_ARRAY: &str = tagged!("= ANY($1)");

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What is gone, too.
    pub deleted: bool,
    /// Those with one of these tags; all when empty.
    pub tags: &'a [TagId],
    pub page: Page,
}

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
    listing::page(db, &CONNECTIONS, &places, wanted.deleted, wanted.page).await
}

read_in_order!(ListedConnection {
    id,
    workspace_id,
    source_id,
    destination_id,
    name,
    status,
    status_reason,
    schedule,
    namespace,
    namespace_format,
    prefix,
    non_breaking_changes,
    streams,
    tagged,
    created_at,
});

impl Listed for ListedConnection {
    fn mark(&self) -> Mark {
        Mark::new(self.created_at, self.id)
    }

    fn with(self, streams: &str) -> Self {
        let streams = streams.to_owned();
        Self { streams, ..self }
    }
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
        .map(|row| (row.0, row.1.into()));
    listing::page_of(db, &CONNECTIONS, keys.collect(), wanted.page).await
}
