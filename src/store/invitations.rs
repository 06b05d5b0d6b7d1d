//! Links that let somebody choose their password, found by the hash of the token in them. Each person has one at
//! most: a new one replaces the one before.

use super::db::{Exec, Writer, on};
use crate::clock::Timestamp;
use crate::domain::ids::UserId;
use crate::domain::secret::SecretHash;
use crate::domain::user::User;
use crate::error::{Error, Result};

const PUT: &str = "INSERT INTO invitations (user_id, token_hash, expires_at) VALUES ($1, $2, $3) \
    ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at";
const FETCH: &str = "SELECT u.id, u.name, u.email FROM invitations i JOIN users u ON u.id = i.user_id \
    WHERE i.token_hash = $1 AND i.expires_at > $2 AND u.deleted_at IS NULL AND u.disabled_at IS NULL";
const TAKE: &str = "DELETE FROM invitations WHERE token_hash = $1";
const REMOVE_OF_USER: &str = "DELETE FROM invitations WHERE user_id = $1";

pub(super) const STATEMENTS: &[&str] = &[PUT, FETCH, TAKE, REMOVE_OF_USER];

pub async fn put(
    db: &mut Writer,
    user: UserId,
    token: &SecretHash,
    expires_at: Timestamp,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(PUT).bind(user).bind(token).bind(expires_at).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

/// Who is invited, if the link still works.
pub async fn fetch(db: &mut dyn Exec, token: &SecretHash, now: Timestamp) -> Result<Option<User>> {
    on!(db, link => sqlx::query_as(FETCH).bind(token).bind(now).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Uses a link up: says whether it was there, which it is for one only of those who come at once.
pub async fn take(db: &mut Writer, token: &SecretHash) -> Result<bool> {
    on!(db, link => {
        sqlx::query(TAKE).bind(token).execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

pub async fn remove_of_user(db: &mut Writer, user: UserId) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_OF_USER).bind(user).execute(link).await.map(drop))
        .map_err(Error::store)
}
