//! Regions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::time;
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::ids::{OrganizationId, RegionId};
use crate::domain::organization::ManagedRegion;
use crate::domain::text::Name;
use crate::error::Error;
use crate::http::extract::{Body, FromQuery, Id, KeyParameter, Keyed, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::once;
use crate::store::regions;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegionCreateRequest {
    name: Name,
    organization_id: OrganizationId,
    /// Yes when absent.
    enabled: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegionPatchRequest {
    name: Option<Name>,
    enabled: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegionResponse {
    region_id: RegionId,
    name: String,
    organization_id: OrganizationId,
    /// Whether it takes new workspaces.
    enabled: bool,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RegionsResponse {
    data: Vec<RegionResponse>,
}

impl From<ManagedRegion> for RegionResponse {
    fn from(managed: ManagedRegion) -> Self {
        Self {
            region_id: managed.region.id,
            name: managed.region.name,
            organization_id: managed.region.organization_id,
            enabled: managed.enabled,
            created_at: time(managed.created_at),
            updated_at: time(managed.updated_at),
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    #[param(required = true, value_type = OrganizationId)]
    organization_id: Option<OrganizationId>,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            organization_id: parameters.required("organizationId"),
        }
    }
}

/// The regions for workspaces of an organization: its own and those of the default organization, the
/// last changed first. Needs `organization_admin`.
#[utoipa::path(
    get,
    path = "/api/public/v1/regions",
    operation_id = "listRegions",
    tag = "Regions",
    params(ListQuery),
    responses((status = 200, body = RegionsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<RegionsResponse>, Problem> {
    let organization = query
        .organization_id
        .ok_or_else(|| Error::internal("a required parameter is missing"))?;
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, &caller, organization).await?;
    let found = regions::list(&mut db, &host).await?;
    Ok(Json(RegionsResponse {
        data: found.into_iter().map(Into::into).collect(),
    }))
}

/// Create a region for workspaces of an organization. Needs `organization_admin`.
#[utoipa::path(
    post,
    path = "/api/public/v1/regions",
    operation_id = "createRegion",
    tag = "Regions",
    params(KeyParameter),
    request_body = RegionCreateRequest,
    responses((status = 200, body = RegionResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed { body, key }: Keyed<RegionCreateRequest>,
) -> Result<Json<RegionResponse>, Problem> {
    let once = key.of(&app, &caller, "createRegion");
    if let Some(id) = once::earlier(&app, once.as_ref()).await? {
        let made = doors::region::<Administer>(&mut app.db.read().await?, &caller, id).await?;
        return Ok(Json(made.into_inner().into()));
    }
    let mut db = app.db.write().await?;
    let host = doors::organization::<Administer>(&mut db, &caller, body.organization_id).await?;
    let enabled = body.enabled.unwrap_or(true);
    let made = ops::regions::create(&mut db, &app.clock, &host, body.name, enabled).await?;
    once::keep(&app, &mut db, once.as_ref(), made.region.id).await?;
    db.commit().await?;
    Ok(Json(made.into()))
}

/// One region. Needs `organization_admin` on its organization.
#[utoipa::path(
    get,
    path = "/api/public/v1/regions/{regionId}",
    operation_id = "getRegion",
    tag = "Regions",
    params(("regionId" = RegionId, Path)),
    responses((status = 200, body = RegionResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<RegionId>,
) -> Result<Json<RegionResponse>, Problem> {
    let region = doors::region::<Administer>(&mut app.db.read().await?, &caller, id).await?;
    Ok(Json(region.into_inner().into()))
}

/// Rename a region, or say whether it takes new workspaces; what is absent stays. Needs
/// `organization_admin` on its organization.
#[utoipa::path(
    patch,
    path = "/api/public/v1/regions/{regionId}",
    operation_id = "updateRegion",
    tag = "Regions",
    params(("regionId" = RegionId, Path)),
    request_body = RegionPatchRequest,
    responses((status = 200, body = RegionResponse))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<RegionId>,
    Body(body): Body<RegionPatchRequest>,
) -> Result<Json<RegionResponse>, Problem> {
    let mut db = app.db.write().await?;
    let region = doors::region::<Administer>(&mut db, &caller, id).await?;
    let (name, enabled) = (body.name.as_ref(), body.enabled);
    let changed = ops::regions::update(&mut db, &app.clock, &region, name, enabled).await?;
    db.commit().await?;
    Ok(Json(changed.into()))
}

/// Delete a region without workspaces, with its data planes. Needs `organization_admin` on its
/// organization.
#[utoipa::path(
    delete,
    path = "/api/public/v1/regions/{regionId}",
    operation_id = "deleteRegion",
    tag = "Regions",
    params(("regionId" = RegionId, Path)),
    responses((status = 200, description = "The region that was deleted", body = RegionResponse))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<RegionId>,
) -> Result<Json<RegionResponse>, Problem> {
    let mut db = app.db.write().await?;
    let region = doors::region::<Administer>(&mut db, &caller, id).await?;
    let gone = ops::regions::remove(&app, db, region).await?;
    Ok(Json(gone.into()))
}
