//! Requests that may be sent again: what was made by each, kept for a day.

use super::db::{Exec, Writer, on};
use crate::access::granted::Own;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

const FIND: &str = "SELECT request_hash, result FROM idempotency_keys \
                    WHERE user_id = $1 AND operation = $2 AND key = $3 AND created_at >= $4";
const KEEP: &str = "INSERT INTO idempotency_keys (user_id, operation, key, request_hash, result, created_at) \
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const FORGET: &str = "DELETE FROM idempotency_keys WHERE created_at < $1";

pub(super) const STATEMENTS: &[&str] = &[FIND, KEEP, FORGET];

/// Which request it is.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub operation: &'a str,
    pub key: &'a str,
}

/// What an earlier request said, as a hash, and what it made.
#[derive(Debug, sqlx::FromRow)]
pub struct Earlier {
    pub request_hash: Vec<u8>,
    pub result: String,
}

/// The same request of the same person, if it was made since then.
pub async fn find(
    db: &mut dyn Exec,
    who: Own,
    sent: Sent<'_>,
    since: Timestamp,
) -> Result<Option<Earlier>> {
    on!(db, link => {
        let query = sqlx::query_as(FIND).bind(who.user()).bind(sent.operation).bind(sent.key);
        query.bind(since).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Remembers what a request has made, and forgets what is older than `since`. Says no when somebody else
/// has just made something by the same key.
pub async fn keep(
    db: &mut Writer,
    who: Own,
    sent: Sent<'_>,
    made: &Earlier,
    (since, now): (Timestamp, Timestamp),
) -> Result<bool> {
    on!(db, link => sqlx::query(FORGET).bind(since).execute(link).await.map(drop))
        .map_err(Error::store)?;
    let kept = on!(db, link => {
        let query = sqlx::query(KEEP).bind(who.user()).bind(sent.operation).bind(sent.key);
        let query = query.bind(&made.request_hash).bind(&made.result).bind(now);
        query.execute(link).await.map(|done| done.rows_affected())
    })
    .map_err(Error::store)?;
    Ok(kept == 1)
}
