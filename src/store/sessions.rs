//! Browser sessions, found by the hash of the cookie's value.

use super::db::{Exec, Writer, on};
use crate::access::granted::Own;
use crate::clock::Timestamp;
use crate::domain::ids::UserId;
use crate::domain::secret::SecretHash;
use crate::domain::user::User;
use crate::error::{Error, Result};

const FETCH: &str = "SELECT u.id, u.name, u.email FROM sessions s JOIN users u ON u.id = s.user_id \
                     WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.deleted_at IS NULL \
                     AND u.disabled_at IS NULL";
const INSERT: &str =
    "INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
const REMOVE: &str = "DELETE FROM sessions WHERE token_hash = $1";
const REMOVE_OF_USER: &str = "DELETE FROM sessions WHERE user_id = $1";
const REMOVE_EXPIRED: &str = "DELETE FROM sessions WHERE expires_at <= $1";

pub(super) const STATEMENTS: &[&str] = &[FETCH, INSERT, REMOVE, REMOVE_OF_USER, REMOVE_EXPIRED];

/// Whose session this is, if it has not ended.
pub async fn fetch(db: &mut dyn Exec, token: &SecretHash, now: Timestamp) -> Result<Option<User>> {
    on!(db, link => sqlx::query_as(FETCH).bind(token).bind(now).fetch_optional(link).await)
        .map_err(Error::store)
}

pub async fn insert(
    db: &mut Writer,
    token: &SecretHash,
    user: Own,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(INSERT).bind(token).bind(user.user()).bind(now).bind(expires_at);
        query.execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

pub async fn remove(db: &mut Writer, token: &SecretHash) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(token).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Signs somebody out everywhere.
pub async fn remove_of_user(db: &mut Writer, user: UserId) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_OF_USER).bind(user).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Sweeps out what has ended.
pub async fn remove_expired(db: &mut Writer, now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_EXPIRED).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}
