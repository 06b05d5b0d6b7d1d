//! What a group is granted. It counts for every member within a second.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permissions::scope;
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::group::GroupPermission;
use crate::domain::ids::{GroupId, OrganizationId, PermissionId, WorkspaceId};
use crate::domain::permission::PermissionType;
use crate::error::{Error, Noun};
use crate::http::extract::{Id, Ids, KeyParameter, Keyed};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::once;
use crate::store::groups;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupPermissionCreateRequest {
    permission_type: PermissionType,
    /// Either this or organizationId.
    workspace_id: Option<WorkspaceId>,
    /// Either this or workspaceId; the group's own.
    organization_id: Option<OrganizationId>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupPermissionResponse {
    permission_id: PermissionId,
    group_id: GroupId,
    permission_type: PermissionType,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<WorkspaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GroupPermissionsResponse {
    data: Vec<GroupPermissionResponse>,
}

impl From<GroupPermission> for GroupPermissionResponse {
    fn from(permission: GroupPermission) -> Self {
        Self {
            permission_id: permission.id,
            group_id: permission.group_id,
            permission_type: permission.permission_type,
            workspace_id: permission.workspace_id,
            organization_id: permission.organization_id,
        }
    }
}

/// What a group is granted, oldest first. Needs `organization_admin` on its organization.
#[utoipa::path(
    get,
    path = "/api/public/v1/groups/{groupId}/permissions",
    operation_id = "listGroupPermissions",
    tag = "Groups",
    params(("groupId" = GroupId, Path)),
    responses((status = 200, body = GroupPermissionsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<GroupId>,
) -> Result<Json<GroupPermissionsResponse>, Problem> {
    let mut db = app.db.read().await?;
    let group = doors::group::<Administer>(&mut db, &caller, id).await?;
    let found = groups::permissions(&mut db, &group).await?;
    Ok(Json(GroupPermissionsResponse {
        data: found.into_iter().map(Into::into).collect(),
    }))
}

/// Grant something to a group, on its organization or on a workspace of it. Needs `organization_admin`.
#[utoipa::path(
    post,
    path = "/api/public/v1/groups/{groupId}/permissions",
    operation_id = "createGroupPermission",
    tag = "Groups",
    params(("groupId" = GroupId, Path), KeyParameter),
    request_body = GroupPermissionCreateRequest,
    responses((status = 201, description = "What the group is granted now", body = GroupPermissionResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<GroupId>,
    Keyed { body, key }: Keyed<GroupPermissionCreateRequest>,
) -> Result<(StatusCode, Json<GroupPermissionResponse>), Problem> {
    let once = key
        .with("groupId", &id)
        .of(&app, &caller, "createGroupPermission");
    if let Some(made) = once::earlier(&app, once.as_ref()).await? {
        let mut db = app.db.read().await?;
        let group = doors::group::<Administer>(&mut db, &caller, id).await?;
        let found = groups::permission(&mut db, &group, made).await?;
        let found = found.ok_or_else(|| Error::not_found(Noun::GroupPermission, made))?;
        return Ok((StatusCode::CREATED, Json(found.into())));
    }
    let mut db = app.db.write().await?;
    let group = doors::group::<Administer>(&mut db, &caller, id).await?;
    let scope = scope(body.organization_id, body.workspace_id)?;
    let granted = body.permission_type;
    let made = ops::groups::grant(&mut db, &app.clock, &group, granted, scope).await?;
    once::keep(&app, &mut db, once.as_ref(), made.id).await?;
    db.commit().await?;
    app.callers.forget();
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Take something away from a group. Needs `organization_admin` on its organization.
#[utoipa::path(
    delete,
    path = "/api/public/v1/groups/{groupId}/permissions/{permissionId}",
    operation_id = "deleteGroupPermission",
    tag = "Groups",
    params(("groupId" = GroupId, Path), ("permissionId" = PermissionId, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id, permission): Ids<GroupId, PermissionId>,
) -> Result<StatusCode, Problem> {
    let mut db = app.db.write().await?;
    let group = doors::group::<Administer>(&mut db, &caller, id).await?;
    if !groups::revoke(&mut db, &group, permission).await? {
        return Err(Error::not_found(Noun::GroupPermission, permission).into());
    }
    db.commit().await?;
    app.callers.forget();
    Ok(StatusCode::NO_CONTENT)
}
