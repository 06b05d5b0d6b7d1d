//! The keys that sign access tokens, when the operator gives none.

use super::db::{Exec, Writer, on};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

const LIST: &str = "SELECT kid, secret FROM signing_keys WHERE retired_at IS NULL OR retired_at > $1 \
                    ORDER BY CASE WHEN retired_at IS NULL THEN 0 ELSE 1 END, created_at DESC, kid";
const INSERT: &str = "INSERT INTO signing_keys (kid, secret, created_at) VALUES ($1, $2, $3)";
const RETIRE: &str =
    "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL OR retired_at > $1";

pub(super) const STATEMENTS: &[&str] = &[LIST, INSERT, RETIRE];

/// A key as it is stored.
#[derive(sqlx::FromRow)]
pub struct SigningKey {
    pub kid: String,
    pub secret: Vec<u8>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

/// The keys that are good at this moment, the one that signs first.
pub async fn list(db: &mut dyn Exec, now: Timestamp) -> Result<Vec<SigningKey>> {
    on!(db, link => sqlx::query_as(LIST).bind(now).fetch_all(link).await).map_err(Error::store)
}

pub async fn insert(db: &mut Writer, kid: &str, secret: &[u8], now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(INSERT).bind(kid).bind(secret).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Every key that is good now is good until then at most.
pub async fn retire(db: &mut Writer, until: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(RETIRE).bind(until).execute(link).await.map(drop))
        .map_err(Error::store)
}
