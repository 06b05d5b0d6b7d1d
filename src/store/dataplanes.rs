//! Data planes, in the order of their creation.

use super::db::{Exec, Writer, on};
use crate::access::granted::{Granted, Lookup, OrganizationScope};
use crate::access::policy::Administer;
use crate::clock::Timestamp;
use crate::domain::ids::{DataplaneId, OrganizationId, RegionId};
use crate::domain::organization::{Dataplane, ManagedRegion};
use crate::domain::text::Name;
use crate::error::{Error, Result};

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "d.id, d.region_id, d.account_id, d.name, d.enabled, d.created_at, d.updated_at, d.deleted_at ",
            $rest
        )
    };
}

const FETCH: &str = concat!(
    "SELECT r.organization_id, ",
    columns!("FROM dataplanes d JOIN regions r ON r.id = d.region_id WHERE d.id = $1")
);
const LIST: &str = concat!(
    "SELECT r.organization_id, ",
    columns!(
        "FROM dataplanes d JOIN regions r ON r.id = d.region_id \
         WHERE d.deleted_at IS NULL ORDER BY d.created_at, d.id"
    )
);
const OF_REGION: &str = concat!(
    "SELECT ",
    columns!(
        "FROM dataplanes d WHERE d.region_id = $1 AND d.deleted_at IS NULL ORDER BY d.created_at, d.id"
    )
);
const INSERT: &str = "INSERT INTO dataplanes (id, region_id, account_id, name, enabled, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING";
const NAMED: &str =
    "SELECT id FROM dataplanes WHERE region_id = $1 AND name = $2 AND deleted_at IS NULL";
const UPDATE: &str = "UPDATE dataplanes SET name = COALESCE($2, name), enabled = COALESCE($3, enabled), \
    updated_at = $4 WHERE id = $1 AND deleted_at IS NULL \
    RETURNING id, region_id, account_id, name, enabled, created_at, updated_at, deleted_at";
const REMOVE: &str = "UPDATE dataplanes SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";
/// Changes nothing, but makes whoever else changes the data planes of this region wait.
const HOLD: &str = "UPDATE regions SET name = name WHERE id = $1 AND deleted_at IS NULL";

pub(super) const STATEMENTS: &[&str] =
    &[FETCH, LIST, OF_REGION, INSERT, NAMED, UPDATE, REMOVE, HOLD];

/// A data plane with what is needed to judge who may see it.
#[derive(Debug, sqlx::FromRow)]
pub struct Found {
    pub organization_id: OrganizationId,
    #[sqlx(flatten)]
    pub dataplane: Dataplane,
}

pub async fn fetch(db: &mut dyn Exec, id: Lookup<DataplaneId>) -> Result<Option<Found>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// The data planes in these organizations. There are few of them.
pub async fn list(db: &mut dyn Exec, scope: &OrganizationScope) -> Result<Vec<Dataplane>> {
    let all: Vec<Found> =
        on!(db, link => sqlx::query_as(LIST).fetch_all(link).await).map_err(Error::store)?;
    let shown = all.into_iter().filter(|found| {
        scope
            .ids()
            .is_none_or(|ids| ids.contains(&found.organization_id))
    });
    Ok(shown.map(|found| found.dataplane).collect())
}

pub async fn of_region(
    db: &mut dyn Exec,
    region: &Granted<ManagedRegion, Administer>,
) -> Result<Vec<Dataplane>> {
    on!(db, link => sqlx::query_as(OF_REGION).bind(region.region.id).fetch_all(link).await)
        .map_err(Error::store)
}

/// Makes others that hold the same region wait until this transaction is over; says whether it is there.
pub async fn hold_region(db: &mut Writer, id: RegionId) -> Result<bool> {
    on!(db, link => {
        sqlx::query(HOLD).bind(id).execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

/// Adds a data plane to a region, unless it has one of this name; says which.
pub async fn insert(
    db: &mut Writer,
    _region: &Granted<ManagedRegion, Administer>,
    new: &Dataplane,
) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(INSERT).bind(new.id).bind(new.region_id).bind(new.account_id);
        let query = query.bind(&new.name).bind(new.enabled).bind(new.created_at);
        query.execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

/// The data plane of this name in the region of another.
pub async fn named(
    db: &mut dyn Exec,
    beside: &Granted<Dataplane, Administer>,
    name: &Name,
) -> Result<Option<DataplaneId>> {
    on!(db, link => {
        sqlx::query_scalar(NAMED).bind(beside.region_id).bind(name).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Changes what is given; `None` when the data plane has just gone.
pub async fn update(
    db: &mut Writer,
    dataplane: &Granted<Dataplane, Administer>,
    name: Option<&Name>,
    enabled: Option<bool>,
    now: Timestamp,
) -> Result<Option<Dataplane>> {
    on!(db, link => {
        let query = sqlx::query_as(UPDATE).bind(dataplane.id).bind(name).bind(enabled).bind(now);
        query.fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Removes a data plane that the caller manages, by itself or with its region.
pub(crate) async fn remove(db: &mut Writer, id: DataplaneId, now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}
