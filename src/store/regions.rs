//! Regions; and their names, for lists of workspaces. There are few regions and many workspaces, so a
//! name is remembered for a second instead of being joined to every row of every page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::db::{Exec, Writer, on};
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::Administer;
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, RegionId};
use crate::domain::organization::{ManagedRegion, Organization};
use crate::domain::text::Name;
use crate::error::{Error, Result};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, organization_id, name, enabled, created_at, updated_at, deleted_at FROM regions ",
            $rest
        )
    };
}

const NAME: &str = "SELECT name FROM regions WHERE id = $1";
const FETCH: &str = select!("WHERE id = $1");
const LIST: &str = select!(
    "WHERE organization_id IN ($1, $2) AND deleted_at IS NULL ORDER BY updated_at DESC, id"
);
const INSERT: &str = "INSERT INTO regions (id, organization_id, name, enabled, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $5)";
const UPDATE: &str = "UPDATE regions SET name = COALESCE($2, name), enabled = COALESCE($3, enabled), \
    updated_at = $4 WHERE id = $1 AND deleted_at IS NULL \
    RETURNING id, organization_id, name, enabled, created_at, updated_at, deleted_at";
const COUNT_WORKSPACES: &str =
    "SELECT COUNT(*) FROM workspaces WHERE region_id = $1 AND deleted_at IS NULL";
const REMOVE: &str = "UPDATE regions SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";

pub(super) const STATEMENTS: &[&str] =
    &[NAME, FETCH, LIST, INSERT, UPDATE, COUNT_WORKSPACES, REMOVE];

pub async fn fetch(db: &mut dyn Exec, id: Lookup<RegionId>) -> Result<Option<ManagedRegion>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// The regions that workspaces of an organization can be in: its own and those of the default one, the
/// last changed first.
pub async fn list(
    db: &mut dyn Exec,
    organization: &Granted<Organization, Administer>,
) -> Result<Vec<ManagedRegion>> {
    around(db, organization.id).await
}

/// The same, around a region.
pub async fn list_beside(
    db: &mut dyn Exec,
    region: &Granted<ManagedRegion, Administer>,
) -> Result<Vec<ManagedRegion>> {
    around(db, region.region.organization_id).await
}

async fn around(db: &mut dyn Exec, organization: OrganizationId) -> Result<Vec<ManagedRegion>> {
    on!(db, link => {
        let query = sqlx::query_as(LIST).bind(organization).bind(OrganizationId::DEFAULT);
        query.fetch_all(link).await
    })
    .map_err(Error::store)
}

/// Adds a region to an organization that the caller administers.
pub async fn insert(
    db: &mut Writer,
    host: &Granted<Organization, Administer>,
    (id, name, enabled): (RegionId, &Name, bool),
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(INSERT).bind(id).bind(host.id).bind(name).bind(enabled).bind(now);
        query.execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

/// Changes what is given; `None` when the region has just gone.
pub async fn update(
    db: &mut Writer,
    region: &Granted<ManagedRegion, Administer>,
    name: Option<&Name>,
    enabled: Option<bool>,
    now: Timestamp,
) -> Result<Option<ManagedRegion>> {
    on!(db, link => {
        let query = sqlx::query_as(UPDATE).bind(region.region.id).bind(name).bind(enabled).bind(now);
        query.fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// How many workspaces are in a region.
pub async fn count_workspaces(
    db: &mut dyn Exec,
    region: &Granted<ManagedRegion, Administer>,
) -> Result<i64> {
    on!(db, link => {
        sqlx::query_scalar(COUNT_WORKSPACES).bind(region.region.id).fetch_one(link).await
    })
    .map_err(Error::store)
}

pub async fn remove(
    db: &mut Writer,
    region: &Granted<ManagedRegion, Administer>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(region.region.id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// How long a name is believed.
const BELIEVED: TimeDelta = TimeDelta::seconds(1);

/// The names that lists needed lately.
#[derive(Debug, Default)]
pub struct RegionNames {
    known: Mutex<HashMap<RegionId, (Arc<str>, Timestamp)>>,
}

impl RegionNames {
    /// The name of a region that a workspace refers to.
    pub(super) async fn name(
        &self,
        db: &mut dyn Exec,
        now: Timestamp,
        id: RegionId,
    ) -> Result<Arc<str>> {
        if let Some(name) = self.remembered(now, id) {
            return Ok(name);
        }
        let name: String = on!(db, link => sqlx::query_scalar(NAME).bind(id).fetch_one(link).await)
            .map_err(Error::store)?;
        let name: Arc<str> = name.into();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, read_at)| now - *read_at < BELIEVED);
        known.insert(id, (Arc::clone(&name), now));
        Ok(name)
    }

    fn remembered(&self, now: Timestamp, id: RegionId) -> Option<Arc<str>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, read_at) = known.get(&id)?;
        (now - *read_at < BELIEVED).then(|| Arc::clone(name))
    }
}
