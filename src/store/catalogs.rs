//! What discovery found, by what was run and with which configuration.

use chrono::TimeDelta;

use super::db::{Exec, Writer, on};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

const STREAMS: &str = "SELECT streams FROM catalogs WHERE edition = $1 AND fingerprint = $2";
const CATALOG: &str = "SELECT catalog FROM catalogs WHERE edition = $1 AND fingerprint = $2";
const FOUND_AT: &str = "SELECT created_at FROM catalogs WHERE edition = $1 AND fingerprint = $2";
const STORE: &str = "INSERT INTO catalogs (edition, fingerprint, catalog, streams, created_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (edition, fingerprint) DO UPDATE \
    SET catalog = excluded.catalog, streams = excluded.streams, created_at = excluded.created_at";
/// Of other editions of the connector, which nobody runs with this configuration any more.
const FORGET_FORMER: &str =
    "DELETE FROM catalogs WHERE fingerprint = $1 AND edition <> $2 AND created_at < $3";
const FORGET: &str = "DELETE FROM catalogs WHERE fingerprint = $1 AND NOT EXISTS \
    (SELECT 1 FROM actors WHERE fingerprint = $1 AND deleted_at IS NULL)";

pub(super) const STATEMENTS: &[&str] = &[STREAMS, CATALOG, FOUND_AT, STORE, FORGET_FORMER, FORGET];

/// How long the catalog of another edition stays.
const FORMER: TimeDelta = TimeDelta::days(30);

/// A catalog to be stored.
#[derive(Debug)]
pub struct NewCatalog<'a> {
    pub edition: &'a str,
    pub fingerprint: &'a [u8],
    /// JSON.
    pub catalog: &'a str,
    /// The offers in it, as JSON.
    pub streams: &'a str,
}

/// The offers that were found, as JSON. Whoever has the fingerprint knows the configuration.
pub async fn streams(
    db: &mut dyn Exec,
    edition: &str,
    fingerprint: &[u8],
) -> Result<Option<String>> {
    on!(db, link => {
        sqlx::query_scalar(STREAMS).bind(edition).bind(fingerprint).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// The whole catalog that was found, as JSON.
pub async fn catalog(
    db: &mut dyn Exec,
    edition: &str,
    fingerprint: &[u8],
) -> Result<Option<String>> {
    on!(db, link => {
        sqlx::query_scalar(CATALOG).bind(edition).bind(fingerprint).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// When it was found.
pub async fn found_at(
    db: &mut dyn Exec,
    edition: &str,
    fingerprint: &[u8],
) -> Result<Option<Timestamp>> {
    on!(db, link => {
        sqlx::query_scalar(FOUND_AT).bind(edition).bind(fingerprint).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Stores what was found, over what was found before.
pub async fn store(db: &mut Writer, new: &NewCatalog<'_>, now: Timestamp) -> Result<()> {
    on!(db, link => {
        sqlx::query(STORE)
            .bind(new.edition)
            .bind(new.fingerprint)
            .bind(new.catalog)
            .bind(new.streams)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)?;
    on!(db, link => {
        sqlx::query(FORGET_FORMER)
            .bind(new.fingerprint)
            .bind(new.edition)
            .bind(now - FORMER)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// Forgets what was found with a configuration that nothing has any more.
pub(super) async fn forget(db: &mut Writer, fingerprint: &[u8]) -> Result<()> {
    on!(db, link => sqlx::query(FORGET).bind(fingerprint).execute(link).await.map(drop))
        .map_err(Error::store)
}
