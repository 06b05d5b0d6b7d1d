//! Generations of streams: they grow by one whenever a stream is read again from its beginning, so that
//! a destination can tell the rows before from those after.

use super::db::{Exec, on};
use super::leases::Fenced;
use crate::domain::ids::ConnectionId;
use crate::domain::job::JobId;
use crate::error::{Error, Result};

const LIST: &str =
    "SELECT namespace, name, generation, job_id FROM generations WHERE connection_id = $1";
const RAISE: &str = "INSERT INTO generations (connection_id, namespace, name, generation, job_id) \
                     VALUES ($1, $2, $3, 1, $4) ON CONFLICT (connection_id, namespace, name) DO UPDATE \
                     SET generation = generations.generation + 1, job_id = excluded.job_id \
                     RETURNING generation";

pub(super) const STATEMENTS: &[&str] = &[LIST, RAISE];

/// The generation of a stream; one that is not stored has generation 0.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Generation {
    /// Empty for none.
    pub namespace: String,
    pub name: String,
    pub generation: i64,
    /// The job that raised it last.
    pub job_id: JobId,
}

pub async fn list(db: &mut dyn Exec, connection: ConnectionId) -> Result<Vec<Generation>> {
    on!(db, link => sqlx::query_as(LIST).bind(connection).fetch_all(link).await)
        .map_err(Error::store)
}

/// Begins a new generation of a stream and gives its number.
pub async fn raise(db: &mut Fenced, namespace: &str, name: &str) -> Result<i64> {
    let (connection, job) = (db.lease().connection(), db.lease().job());
    on!(db, link => {
        let query = sqlx::query_scalar(RAISE).bind(connection).bind(namespace).bind(name).bind(job);
        query.fetch_one(link).await
    })
    .map_err(Error::store)
}
