//! Tags as connections show them, in the order in which they were sent.

use super::db::{Exec, Link, Writer, on};
use super::lists::{padded, with_list};
use crate::access::granted::Granted;
use crate::access::policy::EditSomething;
use crate::domain::ids::{ConnectionId, TagId};
use crate::domain::tag::Tag;
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

const IN_ARRAY: &str = of_connections!("= ANY($1) ORDER BY c.connection_id, c.position, t.id");
const OWN: &str =
    "SELECT id, workspace_id, name, color FROM tags WHERE workspace_id = $1 AND id = $2";
const CLEAR: &str = "DELETE FROM connection_tags WHERE connection_id = $1";
const PUT: &str = "INSERT INTO connection_tags (connection_id, tag_id, position) VALUES ($1, $2, $3) \
                   ON CONFLICT DO NOTHING";

pub(super) const STATEMENTS: &[&str] = &[OWN, CLEAR, PUT];

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

/// A tag, if it belongs to this workspace.
pub async fn own(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, EditSomething>,
    id: TagId,
) -> Result<Option<Tag>> {
    on!(db, link => sqlx::query_as(OWN).bind(workspace.id).bind(id).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Gives a connection these tags and no others. The connection is held, or has just been made.
pub async fn put(db: &mut Writer, connection: ConnectionId, tags: &[Tag]) -> Result<()> {
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
