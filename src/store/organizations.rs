//! Organizations and their regions.

use super::db::{Exec, Writer, on};
use super::lists::{padded, with_list};
use crate::access::granted::{Granted, Lookup, OrganizationScope};
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, RegionId};
use crate::domain::organization::{Organization, Region};
use crate::error::{Error, Result};

const FETCH: &str = "SELECT id, name, email, deleted_at FROM organizations WHERE id = $1";
const LIST: &str = "SELECT id, name, email, deleted_at FROM organizations WHERE deleted_at IS NULL";
/// Changes nothing, but makes whoever else decides about this organization wait.
const HOLD: &str = "UPDATE organizations SET email = email WHERE id = $1";
const INSERT: &str = "INSERT INTO organizations (id, name, email, created_at) VALUES ($1, $2, $3, $4) \
                      ON CONFLICT (id) DO NOTHING";
const SET_EMAIL: &str = "UPDATE organizations SET email = $2 WHERE id = $1";
const REGION: &str = "SELECT id, organization_id, name FROM regions \
    WHERE organization_id IN ($1, $3) AND id = $2 AND deleted_at IS NULL AND enabled";
const FIRST_REGION: &str = "SELECT id, organization_id, name FROM regions \
    WHERE organization_id = $1 AND deleted_at IS NULL AND enabled ORDER BY created_at, id LIMIT 1";
const INSERT_REGION: &str = "INSERT INTO regions (id, organization_id, name, created_at, updated_at) \
                             VALUES ($1, $2, $3, $4, $4)";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    LIST,
    HOLD,
    INSERT,
    SET_EMAIL,
    REGION,
    FIRST_REGION,
    INSERT_REGION,
];

pub async fn fetch(db: &mut dyn Exec, id: Lookup<OrganizationId>) -> Result<Option<Organization>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// The live organizations in scope, by name.
pub async fn list(db: &mut dyn Exec, scope: &OrganizationScope) -> Result<Vec<Organization>> {
    let found = match scope.ids() {
        None => on!(db, link => sqlx::query_as(LIST).fetch_all(link).await),
        Some(ids) => {
            let Some(ids) = padded(ids) else {
                return Ok(Vec::new());
            };
            let before = "SELECT id, name, email, deleted_at FROM organizations WHERE deleted_at IS NULL AND id IN ";
            let statement = with_list(before, ids.len(), "");
            on!(db, link => {
                let query = ids.iter().fold(sqlx::query_as(statement), |query, id| query.bind(*id));
                query.fetch_all(link).await
            })
        }
    };
    let mut found: Vec<Organization> = found.map_err(Error::store)?;
    // Sorted here, because the engines collate text differently.
    found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(found)
}

/// Makes other writers that hold the same organization wait until this transaction is over.
pub async fn hold(db: &mut Writer, id: OrganizationId) -> Result<()> {
    on!(db, link => sqlx::query(HOLD).bind(id).execute(link).await.map(drop)).map_err(Error::store)
}

/// An enabled region for workspaces of the organization.
pub async fn region<L>(
    db: &mut dyn Exec,
    organization: &Granted<Organization, L>,
    id: RegionId,
) -> Result<Option<Region>> {
    region_of(db, organization.id, id).await
}

/// An enabled region for workspaces of the organization: one of its own, or of the default one.
pub async fn region_of(
    db: &mut dyn Exec,
    organization: OrganizationId,
    id: RegionId,
) -> Result<Option<Region>> {
    on!(db, link => {
        let query = sqlx::query_as(REGION).bind(organization).bind(id).bind(OrganizationId::DEFAULT);
        query.fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// The organization's oldest enabled region: where workspaces go when nobody says.
pub async fn first_region(
    db: &mut dyn Exec,
    organization: OrganizationId,
) -> Result<Option<Region>> {
    on!(db, link => sqlx::query_as(FIRST_REGION).bind(organization).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Adds an organization, and says whether it was new.
pub(super) async fn insert_unasked(
    db: &mut Writer,
    id: OrganizationId,
    name: &str,
    email: &str,
    now: Timestamp,
) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(INSERT).bind(id).bind(name).bind(email).bind(now);
        query.execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

pub(super) async fn set_email(db: &mut Writer, id: OrganizationId, email: &str) -> Result<()> {
    on!(db, link => sqlx::query(SET_EMAIL).bind(id).bind(email).execute(link).await.map(drop))
        .map_err(Error::store)
}

pub(super) async fn insert_region(db: &mut Writer, region: &Region, now: Timestamp) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(INSERT_REGION).bind(region.id).bind(region.organization_id).bind(&region.name);
        query.bind(now).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}
