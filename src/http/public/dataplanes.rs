//! Data planes: names with credentials. Workers share the database and need none.

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
use crate::domain::application::MASK;
use crate::domain::ids::{DataplaneId, RegionId};
use crate::domain::organization::Dataplane;
use crate::domain::text::Name;
use crate::http::extract::{Body, FromQuery, Id, KeyParameter, Keyed, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::once;
use crate::store::dataplanes;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataplaneCreateRequest {
    region_id: RegionId,
    name: Name,
    /// Yes when absent.
    enabled: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataplanePatchRequest {
    name: Option<Name>,
    enabled: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataplaneResponse {
    dataplane_id: DataplaneId,
    name: String,
    region_id: RegionId,
    enabled: bool,
    created_at: String,
    updated_at: String,
}

/// A new data plane with its credentials.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataplaneCreateResponse {
    dataplane_id: DataplaneId,
    name: String,
    region_id: RegionId,
    enabled: bool,
    created_at: String,
    updated_at: String,
    client_id: String,
    /// Shown this once; asterisks when the request is sent again with its key.
    client_secret: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DataplanesResponse {
    data: Vec<DataplaneResponse>,
}

impl From<Dataplane> for DataplaneResponse {
    fn from(dataplane: Dataplane) -> Self {
        Self {
            dataplane_id: dataplane.id,
            name: dataplane.name,
            region_id: dataplane.region_id,
            enabled: dataplane.enabled,
            created_at: time(dataplane.created_at),
            updated_at: time(dataplane.updated_at),
        }
    }
}

impl DataplaneCreateResponse {
    fn new(dataplane: Dataplane, client_secret: &str) -> Self {
        let client_id = dataplane.account_id.to_string();
        let shown = DataplaneResponse::from(dataplane);
        Self {
            dataplane_id: shown.dataplane_id,
            name: shown.name,
            region_id: shown.region_id,
            enabled: shown.enabled,
            created_at: shown.created_at,
            updated_at: shown.updated_at,
            client_id,
            client_secret: client_secret.to_owned(),
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// Only those in these regions; each must be the caller's to administer.
    #[param(required = false)]
    region_ids: Vec<RegionId>,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            region_ids: parameters.list("regionIds"),
        }
    }
}

/// The data planes of the organizations that the caller administers, oldest first.
#[utoipa::path(
    get,
    path = "/api/public/v1/dataplanes",
    operation_id = "listDataplanes",
    tag = "Dataplanes",
    params(ListQuery),
    responses((status = 200, body = DataplanesResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<DataplanesResponse>, Problem> {
    let mut db = app.db.read().await?;
    let mut found = Vec::new();
    if query.region_ids.is_empty() {
        found = dataplanes::list(&mut db, &caller.administered()).await?;
    } else {
        for &id in &query.region_ids {
            let region = doors::region::<Administer>(&mut db, &caller, id).await?;
            found.extend(dataplanes::of_region(&mut db, &region).await?);
        }
        found.sort_by_key(|one| (one.created_at, one.id));
    }
    Ok(Json(DataplanesResponse {
        data: found.into_iter().map(Into::into).collect(),
    }))
}

/// Create a data plane in a region. Its credentials are shown this once. Needs `organization_admin`.
#[utoipa::path(
    post,
    path = "/api/public/v1/dataplanes",
    operation_id = "createDataplane",
    tag = "Dataplanes",
    params(KeyParameter),
    request_body = DataplaneCreateRequest,
    responses((status = 200, body = DataplaneCreateResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed { body, key }: Keyed<DataplaneCreateRequest>,
) -> Result<Json<DataplaneCreateResponse>, Problem> {
    let once = key.of(&app, &caller, "createDataplane");
    if let Some(id) = once::earlier(&app, once.as_ref()).await? {
        let made = doors::dataplane::<Administer>(&mut app.db.read().await?, &caller, id).await?;
        let again = DataplaneCreateResponse::new(made.into_inner(), MASK);
        return Ok(Json(again));
    }
    let mut db = app.db.write().await?;
    let region = doors::region::<Administer>(&mut db, &caller, body.region_id).await?;
    let enabled = body.enabled.unwrap_or(true);
    let made = ops::dataplanes::create(&app, &mut db, &region, body.name, enabled).await?;
    once::keep(&app, &mut db, once.as_ref(), made.dataplane.id).await?;
    db.commit().await?;
    let secret = made.secret.reveal();
    Ok(Json(DataplaneCreateResponse::new(made.dataplane, secret)))
}

/// One data plane. Needs `organization_admin` on its organization.
#[utoipa::path(
    get,
    path = "/api/public/v1/dataplanes/{dataplaneId}",
    operation_id = "getDataplane",
    tag = "Dataplanes",
    params(("dataplaneId" = DataplaneId, Path)),
    responses((status = 200, body = DataplaneResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<DataplaneId>,
) -> Result<Json<DataplaneResponse>, Problem> {
    let found = doors::dataplane::<Administer>(&mut app.db.read().await?, &caller, id).await?;
    Ok(Json(found.into_inner().into()))
}

/// Rename, enable or disable a data plane; what is absent stays. Needs `organization_admin`.
#[utoipa::path(
    patch,
    path = "/api/public/v1/dataplanes/{dataplaneId}",
    operation_id = "updateDataplane",
    tag = "Dataplanes",
    params(("dataplaneId" = DataplaneId, Path)),
    request_body = DataplanePatchRequest,
    responses((status = 200, body = DataplaneResponse))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<DataplaneId>,
    Body(body): Body<DataplanePatchRequest>,
) -> Result<Json<DataplaneResponse>, Problem> {
    let mut db = app.db.write().await?;
    let found = doors::dataplane::<Administer>(&mut db, &caller, id).await?;
    let (name, enabled) = (body.name.as_ref(), body.enabled);
    let changed = ops::dataplanes::update(&app, &mut db, &found, name, enabled).await?;
    db.commit().await?;
    Ok(Json(changed.into()))
}

/// Delete a data plane; its credentials and tokens stop working within a second. Needs
/// `organization_admin`.
#[utoipa::path(
    delete,
    path = "/api/public/v1/dataplanes/{dataplaneId}",
    operation_id = "deleteDataplane",
    tag = "Dataplanes",
    params(("dataplaneId" = DataplaneId, Path)),
    responses((status = 200, description = "The data plane that was deleted", body = DataplaneResponse))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<DataplaneId>,
) -> Result<Json<DataplaneResponse>, Problem> {
    let mut db = app.db.write().await?;
    let found = doors::dataplane::<Administer>(&mut db, &caller, id).await?;
    let gone = ops::dataplanes::remove(&app, db, found).await?;
    Ok(Json(gone.into()))
}
