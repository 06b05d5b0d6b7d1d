//! States as people set them, while no job of the connection is live. What workers commit goes through
//! `states`, under their lease.

use super::db::{Writer, on};
use super::states::StoredState;
use crate::access::granted::Granted;
use crate::access::policy::EditSomething;
use crate::clock::Timestamp;
use crate::domain::connection::Connection;
use crate::error::{Error, Result};

const REMOVE_ALL: &str = "DELETE FROM states WHERE connection_id = $1";
const REMOVE: &str = "DELETE FROM states WHERE connection_id = $1 AND namespace = $2 AND name = $3 AND kind = 'stream'";
const PUT: &str = "INSERT INTO states (connection_id, namespace, name, kind, state, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const STATEMENTS: &[&str] = &[REMOVE_ALL, REMOVE, PUT];

/// Puts these states in the place of all that are stored. The connection is held.
pub async fn replace(
    db: &mut Writer,
    connection: &Granted<Connection, EditSomething>,
    states: &[StoredState],
    now: Timestamp,
) -> Result<()> {
    let id = connection.id;
    on!(db, link => sqlx::query(REMOVE_ALL).bind(id).execute(link).await.map(drop))
        .map_err(Error::store)?;
    for state in states {
        on!(db, link => {
            sqlx::query(PUT)
                .bind(id)
                .bind(&state.namespace)
                .bind(&state.name)
                .bind(state.kind)
                .bind(&state.state)
                .bind(now)
                .execute(link)
                .await
                .map(drop)
        })
        .map_err(Error::store)?;
    }
    Ok(())
}

/// Forgets how far a stream has come.
pub async fn forget(
    db: &mut Writer,
    connection: &Granted<Connection, EditSomething>,
    namespace: &str,
    name: &str,
) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(REMOVE).bind(connection.id).bind(namespace).bind(name);
        query.execute(link).await.map(drop)
    })
    .map_err(Error::store)
}
