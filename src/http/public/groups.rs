//! Groups.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{Links, PageParameters};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::group::{Description, Group};
use crate::domain::ids::{GroupId, OrganizationId};
use crate::domain::page::Page;
use crate::domain::text::Name;
use crate::error::Error;
use crate::http::extract::{Body, FromQuery, Id, KeyParameter, Keyed, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::once;
use crate::request::Base;
use crate::store::groups;

const LIST: &str = "/api/public/v1/groups";

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupCreateRequest {
    /// There once in the organization, whatever its case.
    name: Name,
    description: Option<Description>,
    organization_id: OrganizationId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupUpdateRequest {
    name: Option<Name>,
    /// An empty one takes it away.
    description: Option<Description>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupResponse {
    group_id: GroupId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    organization_id: OrganizationId,
    member_count: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GroupsResponse {
    data: Vec<GroupResponse>,
    /// Absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<Group> for GroupResponse {
    fn from(group: Group) -> Self {
        Self {
            group_id: group.id,
            name: group.name,
            description: group.description,
            organization_id: group.organization_id,
            member_count: group.member_count,
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    #[param(required = true, value_type = OrganizationId)]
    organization_id: Option<OrganizationId>,
    #[param(ignore)]
    page: Page,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            organization_id: parameters.required("organizationId"),
            page: parameters.page(),
        }
    }
}

/// The groups of an organization, by name. Needs `organization_admin`.
#[utoipa::path(
    get,
    path = "/api/public/v1/groups",
    operation_id = "listGroups",
    tag = "Groups",
    params(ListQuery, PageParameters),
    responses((status = 200, body = GroupsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Query(query): Query<ListQuery>,
) -> Result<Json<GroupsResponse>, Problem> {
    let organization = query
        .organization_id
        .ok_or_else(|| Error::internal("a required parameter is missing"))?;
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, &caller, organization).await?;
    let found = groups::list(&mut db, &host, query.page).await?;
    let filters = [("organizationId", organization.to_string())];
    let links = Links::new(&base, LIST, &filters, query.page, &found);
    Ok(Json(GroupsResponse {
        data: found.items.into_iter().map(Into::into).collect(),
        previous: links.previous(),
        next: links.next(),
    }))
}

/// Create a group in an organization. Needs `organization_admin`.
#[utoipa::path(
    post,
    path = "/api/public/v1/groups",
    operation_id = "createGroup",
    tag = "Groups",
    params(KeyParameter),
    request_body = GroupCreateRequest,
    responses((status = 200, body = GroupResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed { body, key }: Keyed<GroupCreateRequest>,
) -> Result<Json<GroupResponse>, Problem> {
    let once = key.of(&app, &caller, "createGroup");
    if let Some(id) = once::earlier(&app, once.as_ref()).await? {
        let made = doors::group::<Administer>(&mut app.db.read().await?, &caller, id).await?;
        return Ok(Json(made.into_inner().into()));
    }
    let mut db = app.db.write().await?;
    let host = doors::organization::<Administer>(&mut db, &caller, body.organization_id).await?;
    let made = ops::groups::create(&mut db, &app.clock, &host, body.name, body.description).await?;
    once::keep(&app, &mut db, once.as_ref(), made.id).await?;
    db.commit().await?;
    Ok(Json(made.into()))
}

/// One group. Needs `organization_admin` on its organization.
#[utoipa::path(
    get,
    path = "/api/public/v1/groups/{groupId}",
    operation_id = "getGroup",
    tag = "Groups",
    params(("groupId" = GroupId, Path)),
    responses((status = 200, body = GroupResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<GroupId>,
) -> Result<Json<GroupResponse>, Problem> {
    let group = doors::group::<Administer>(&mut app.db.read().await?, &caller, id).await?;
    Ok(Json(group.into_inner().into()))
}

/// Change the name or the description of a group; what is absent stays. Needs `organization_admin` on
/// its organization.
#[utoipa::path(
    patch,
    path = "/api/public/v1/groups/{groupId}",
    operation_id = "updateGroup",
    tag = "Groups",
    params(("groupId" = GroupId, Path)),
    request_body = GroupUpdateRequest,
    responses((status = 200, body = GroupResponse))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<GroupId>,
    Body(body): Body<GroupUpdateRequest>,
) -> Result<Json<GroupResponse>, Problem> {
    let mut db = app.db.write().await?;
    let group = doors::group::<Administer>(&mut db, &caller, id).await?;
    let changed = ops::groups::update(&mut db, group, body.name, body.description).await?;
    db.commit().await?;
    Ok(Json(changed.into()))
}

/// Delete a group; its members keep what they hold otherwise. Needs `organization_admin` on its
/// organization.
#[utoipa::path(
    delete,
    path = "/api/public/v1/groups/{groupId}",
    operation_id = "deleteGroup",
    tag = "Groups",
    params(("groupId" = GroupId, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<GroupId>,
) -> Result<StatusCode, Problem> {
    let mut db = app.db.write().await?;
    let group = doors::group::<Administer>(&mut db, &caller, id).await?;
    groups::remove(&mut db, &group, app.clock.now()).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(StatusCode::NO_CONTENT)
}
