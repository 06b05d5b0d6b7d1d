//! Sealed secrets and the keys that seal them. What is sealed passes through here as it is; only
//! `ops::secrets` calls these functions, which want no proof: it is handed the id of an owner that its
//! own caller had to prove.

use uuid::Uuid;

use super::db::{Exec, Writer, on};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

const KEYS: &str =
    "SELECT id, sealed, created_at, retired_at FROM secret_keys ORDER BY created_at, id";
const LIVE: &str = "SELECT id FROM secret_keys WHERE retired_at IS NULL";
const ADD_KEY: &str = "INSERT INTO secret_keys (id, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
const RETIRE: &str = "UPDATE secret_keys SET retired_at = $2 WHERE id = $1 AND retired_at IS NULL";
const RESEAL_KEY: &str = "UPDATE secret_keys SET sealed = $2 WHERE id = $1";
const REMOVE_IDLE: &str = "DELETE FROM secret_keys WHERE retired_at IS NOT NULL \
                           AND NOT EXISTS (SELECT 1 FROM secrets WHERE secrets.key_id = secret_keys.id)";
const OF: &str = "SELECT field, key_id, sealed FROM secrets WHERE owner_id = $1 ORDER BY field";
const PUT: &str = "INSERT INTO secrets (owner_id, field, key_id, sealed, created_at) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (owner_id, field) DO UPDATE \
                   SET key_id = excluded.key_id, sealed = excluded.sealed, created_at = excluded.created_at";
const REMOVE: &str = "DELETE FROM secrets WHERE owner_id = $1 AND field = $2";
const REMOVE_ALL: &str = "DELETE FROM secrets WHERE owner_id = $1";
const COUNTS: &str = "SELECT key_id, COUNT(*) FROM secrets GROUP BY key_id ORDER BY key_id";
const UNDER: &str = "SELECT owner_id, field, key_id, sealed FROM secrets \
                     WHERE key_id = $1 AND (owner_id, field) > ($2, $3) ORDER BY owner_id, field LIMIT $4";
const RESEAL: &str = "UPDATE secrets SET key_id = $4, sealed = $5 WHERE owner_id = $1 AND field = $2 AND sealed = $3";

pub(super) const STATEMENTS: &[&str] = &[
    KEYS,
    LIVE,
    ADD_KEY,
    RETIRE,
    RESEAL_KEY,
    REMOVE_IDLE,
    OF,
    PUT,
    REMOVE,
    REMOVE_ALL,
    COUNTS,
    UNDER,
    RESEAL,
];

/// A key, sealed by the operator's.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredKey {
    pub id: String,
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
    /// Since when it only opens.
    pub retired_at: Option<Timestamp>,
}

/// A secret of one owner.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredSecret {
    pub field: String,
    pub key_id: String,
    pub sealed: Vec<u8>,
}

/// A secret of anyone.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OwnedSecret {
    pub owner_id: Uuid,
    #[sqlx(flatten)]
    pub secret: StoredSecret,
}

/// Every key, the oldest first.
pub async fn keys(db: &mut dyn Exec) -> Result<Vec<StoredKey>> {
    on!(db, link => sqlx::query_as(KEYS).fetch_all(link).await).map_err(Error::store)
}

/// The ids of the keys that are not retired.
pub async fn live(db: &mut dyn Exec) -> Result<Vec<String>> {
    on!(db, link => sqlx::query_scalar(LIVE).fetch_all(link).await).map_err(Error::store)
}

/// Adds a key, unless there is one with its id.
pub async fn add_key(db: &mut Writer, id: &str, sealed: &[u8], now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(ADD_KEY).bind(id).bind(sealed).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// From now on the key only opens.
pub async fn retire(db: &mut Writer, id: &str, now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(RETIRE).bind(id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Stores a key as another master key sealed it.
pub async fn reseal_key(db: &mut Writer, id: &str, sealed: &[u8]) -> Result<()> {
    on!(db, link => sqlx::query(RESEAL_KEY).bind(id).bind(sealed).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Removes retired keys that seal nothing any more.
pub async fn remove_idle_keys(db: &mut Writer) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_IDLE).execute(link).await.map(drop)).map_err(Error::store)
}

/// The secrets of an owner.
pub async fn of(db: &mut dyn Exec, owner: Uuid) -> Result<Vec<StoredSecret>> {
    on!(db, link => sqlx::query_as(OF).bind(owner).fetch_all(link).await).map_err(Error::store)
}

/// Stores a secret in the place of what was there.
pub async fn put(
    db: &mut Writer,
    owner: Uuid,
    secret: &StoredSecret,
    now: Timestamp,
) -> Result<()> {
    let (field, key) = (&secret.field, &secret.key_id);
    on!(db, link => {
        let query = sqlx::query(PUT).bind(owner).bind(field).bind(key);
        query.bind(&secret.sealed).bind(now).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

pub async fn remove(db: &mut Writer, owner: Uuid, field: &str) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(owner).bind(field).execute(link).await.map(drop))
        .map_err(Error::store)
}

pub async fn remove_all(db: &mut Writer, owner: Uuid) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_ALL).bind(owner).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// How many secrets each key seals.
pub async fn counts(db: &mut dyn Exec) -> Result<Vec<(String, i64)>> {
    on!(db, link => sqlx::query_as(COUNTS).fetch_all(link).await).map_err(Error::store)
}

/// Some of the secrets that a key seals, in order, after a place.
pub async fn under(
    db: &mut dyn Exec,
    key: &str,
    after: (Uuid, &str),
    most: i64,
) -> Result<Vec<OwnedSecret>> {
    let (owner, field) = after;
    on!(db, link => {
        let query = sqlx::query_as(UNDER).bind(key).bind(owner).bind(field).bind(most);
        query.fetch_all(link).await
    })
    .map_err(Error::store)
}

/// Stores a secret as another key sealed it, unless it was changed since it was read.
pub async fn reseal(db: &mut Writer, read: &OwnedSecret, key: &str, sealed: &[u8]) -> Result<()> {
    let StoredSecret {
        field,
        sealed: before,
        ..
    } = &read.secret;
    on!(db, link => {
        let query = sqlx::query(RESEAL).bind(read.owner_id).bind(field).bind(before);
        query.bind(key).bind(sealed).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}
