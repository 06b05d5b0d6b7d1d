//! Who works: a row for each process that takes jobs, for people to look at. Nothing depends on it; who
//! may work on a job is a matter of leases.

use super::db::{Exec, Writer, on};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

const SEEN: &str = "INSERT INTO workers (id, host, slots, started_at, seen_at) VALUES ($1, $2, $3, $4, $4) \
                    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
const GONE: &str = "DELETE FROM workers WHERE id = $1 OR seen_at < $2";
const LIST: &str =
    "SELECT id, host, slots, started_at, seen_at FROM workers ORDER BY started_at, id";

pub(super) const STATEMENTS: &[&str] = &[SEEN, GONE, LIST];

/// A process that takes jobs.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Worker {
    pub id: String,
    pub host: String,
    /// How many jobs it takes at once.
    pub slots: i32,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
}

/// A worker is there.
pub async fn seen(db: &mut Writer, id: &str, host: &str, slots: i32, now: Timestamp) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(SEEN).bind(id).bind(host).bind(slots).bind(now);
        query.execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

/// A worker leaves, and with it those that were not seen since.
pub async fn gone(db: &mut Writer, id: &str, since: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(GONE).bind(id).bind(since).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// All of them, the one that started first at the head.
pub async fn list(db: &mut dyn Exec) -> Result<Vec<Worker>> {
    on!(db, link => sqlx::query_as(LIST).fetch_all(link).await).map_err(Error::store)
}
