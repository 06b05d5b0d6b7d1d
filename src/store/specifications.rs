//! Specifications by edition (see `Definition::edition`). They describe programs, not tenants, so no
//! proof is asked for. What a connector printed is never replaced by the outline of a snapshot.

use sqlx::FromRow;

use super::db::{Exec, Writer, on};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

const FETCH: &str = "SELECT specification, printed FROM specifications WHERE edition = $1";
const KEEP: &str = "INSERT INTO specifications (edition, specification, printed, created_at) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (edition) DO UPDATE SET specification = excluded.specification, \
                    printed = excluded.printed, created_at = excluded.created_at \
                    WHERE (excluded.printed OR NOT specifications.printed) \
                    AND specifications.specification <> excluded.specification";

pub(super) const STATEMENTS: &[&str] = &[FETCH, KEEP];

#[derive(Debug, FromRow)]
pub struct Stored {
    /// JSON.
    pub specification: String,
    /// By the connector itself; otherwise it is an outline.
    pub printed: bool,
}

pub async fn fetch(db: &mut dyn Exec, edition: &str) -> Result<Option<Stored>> {
    on!(db, link => sqlx::query_as(FETCH).bind(edition).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Keeps a specification, `printed` by the connector itself or not; says whether that changed something.
pub async fn keep(
    db: &mut Writer,
    edition: &str,
    specification: &str,
    printed: bool,
    now: Timestamp,
) -> Result<bool> {
    let changed = on!(db, link => {
        sqlx::query(KEEP)
            .bind(edition)
            .bind(specification)
            .bind(printed)
            .bind(now)
            .execute(link)
            .await
            .map(|done| done.rows_affected())
    })
    .map_err(Error::store)?;
    Ok(changed > 0)
}
