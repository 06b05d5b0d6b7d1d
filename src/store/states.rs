//! States that a destination has acknowledged. Streams are merged one by one; a state that speaks for
//! all streams takes the place of everything before it.

use super::db::{Exec, on};
use super::leases::Fenced;
use crate::clock::Timestamp;
use crate::domain::ids::ConnectionId;
use crate::domain::job::StateKind;
use crate::error::{Error, Result};

const LIST: &str = "SELECT namespace, name, kind, state FROM states WHERE connection_id = $1 ORDER BY namespace, name";
const PUT: &str = "INSERT INTO states (connection_id, namespace, name, kind, state, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (connection_id, namespace, name) DO UPDATE \
                   SET kind = excluded.kind, state = excluded.state, updated_at = excluded.updated_at";
const REMOVE: &str = "DELETE FROM states WHERE connection_id = $1 AND namespace = $2 AND name = $3 AND kind = 'stream'";
const REMOVE_ALL: &str = "DELETE FROM states WHERE connection_id = $1";
const REMOVE_OTHER_KINDS: &str = "DELETE FROM states WHERE connection_id = $1 AND kind <> $2";

pub(super) const STATEMENTS: &[&str] = &[LIST, PUT, REMOVE, REMOVE_ALL, REMOVE_OTHER_KINDS];

/// A state as it is stored. The kinds other than `stream` have no name.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredState {
    /// Empty for none.
    pub namespace: String,
    pub name: String,
    pub kind: StateKind,
    /// JSON: of a stream what its source said, otherwise the whole.
    pub state: String,
}

/// Everything that is stored for a connection.
pub async fn list(db: &mut dyn Exec, connection: ConnectionId) -> Result<Vec<StoredState>> {
    on!(db, link => sqlx::query_as(LIST).bind(connection).fetch_all(link).await)
        .map_err(Error::store)
}

/// Stores a state in the place of the one before.
pub async fn put(db: &mut Fenced, state: &StoredState, now: Timestamp) -> Result<()> {
    let connection = db.lease().connection();
    on!(db, link => {
        sqlx::query(REMOVE_OTHER_KINDS).bind(connection).bind(state.kind).execute(link).await.map(drop)
    })
    .map_err(Error::store)?;
    on!(db, link => {
        sqlx::query(PUT)
            .bind(connection)
            .bind(&state.namespace)
            .bind(&state.name)
            .bind(state.kind)
            .bind(&state.state)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// Forgets how far a stream has come.
pub async fn remove(db: &mut Fenced, namespace: &str, name: &str) -> Result<()> {
    let connection = db.lease().connection();
    on!(db, link => {
        let query = sqlx::query(REMOVE).bind(connection).bind(namespace).bind(name);
        query.execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

/// Forgets everything.
pub async fn remove_all(db: &mut Fenced) -> Result<()> {
    let connection = db.lease().connection();
    on!(db, link => sqlx::query(REMOVE_ALL).bind(connection).execute(link).await.map(drop))
        .map_err(Error::store)
}
