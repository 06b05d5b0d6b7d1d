//! Tags.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::{EditSomething, Read};
use crate::app::App;
use crate::domain::ids::{TagId, WorkspaceId};
use crate::domain::tag::Tag;
use crate::http::extract::{Body, FromQuery, Id, KeyParameter, Keyed, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::once;
use crate::store::listing::Reach;
use crate::store::tags;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagCreateRequest {
    /// At most 30 characters.
    name: String,
    /// Six hexadecimal digits without #.
    color: String,
    workspace_id: WorkspaceId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagPatchRequest {
    name: Option<String>,
    color: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TagsResponse {
    data: Vec<Tag>,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// Only those of these workspaces; each must be readable.
    #[param(required = false)]
    workspace_ids: Vec<WorkspaceId>,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            workspace_ids: parameters.list("workspaceIds"),
        }
    }
}

/// The tags of the workspaces that the caller may read, oldest first.
#[utoipa::path(
    get,
    path = "/api/public/v1/tags",
    operation_id = "listTags",
    tag = "Tags",
    params(ListQuery),
    responses((status = 200, body = TagsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<TagsResponse>, Problem> {
    let mut db = app.db.read().await?;
    let data = if query.workspace_ids.is_empty() {
        tags::list(&mut db, Reach::Scope(&caller.scope())).await?
    } else {
        let places = doors::places(&mut db, &caller, &query.workspace_ids).await?;
        tags::list(&mut db, Reach::Places(&places)).await?
    };
    Ok(Json(TagsResponse { data }))
}

/// Create a tag in a workspace. Needs one of the editor roles.
#[utoipa::path(
    post,
    path = "/api/public/v1/tags",
    operation_id = "createTag",
    tag = "Tags",
    params(KeyParameter),
    request_body = TagCreateRequest,
    responses((status = 200, body = Tag))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed { body, key }: Keyed<TagCreateRequest>,
) -> Result<Json<Tag>, Problem> {
    let once = key.of(&app, &caller, "createTag");
    if let Some(id) = once::earlier(&app, once.as_ref()).await? {
        let made = doors::tag::<Read>(&mut app.db.read().await?, &caller, id).await?;
        return Ok(Json(made.into_inner()));
    }
    let mut db = app.db.write().await?;
    let home = doors::workspace::<EditSomething>(&mut db, &caller, body.workspace_id).await?;
    let made = ops::tags::create(&mut db, &app.clock, &home, body.name, body.color).await?;
    once::keep(&app, &mut db, once.as_ref(), made.id).await?;
    db.commit().await?;
    Ok(Json(made))
}

/// One tag.
#[utoipa::path(
    get,
    path = "/api/public/v1/tags/{tagId}",
    operation_id = "getTag",
    tag = "Tags",
    params(("tagId" = TagId, Path)),
    responses((status = 200, body = Tag))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<TagId>,
) -> Result<Json<Tag>, Problem> {
    let tag = doors::tag::<Read>(&mut app.db.read().await?, &caller, id).await?;
    Ok(Json(tag.into_inner()))
}

/// Change the name or the colour of a tag; what is absent stays. Needs one of the editor roles.
#[utoipa::path(
    patch,
    path = "/api/public/v1/tags/{tagId}",
    operation_id = "updateTag",
    tag = "Tags",
    params(("tagId" = TagId, Path)),
    request_body = TagPatchRequest,
    responses((status = 200, body = Tag))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<TagId>,
    Body(body): Body<TagPatchRequest>,
) -> Result<Json<Tag>, Problem> {
    let mut db = app.db.write().await?;
    let tag = doors::tag::<EditSomething>(&mut db, &caller, id).await?;
    let changed = ops::tags::update(&mut db, &tag, body.name, body.color).await?;
    db.commit().await?;
    Ok(Json(changed))
}

/// Delete a tag; connections lose it. Needs one of the editor roles.
#[utoipa::path(
    delete,
    path = "/api/public/v1/tags/{tagId}",
    operation_id = "deleteTag",
    tag = "Tags",
    params(("tagId" = TagId, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<TagId>,
) -> Result<StatusCode, Problem> {
    let mut db = app.db.write().await?;
    let tag = doors::tag::<EditSomething>(&mut db, &caller, id).await?;
    tags::remove(&mut db, &tag).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
