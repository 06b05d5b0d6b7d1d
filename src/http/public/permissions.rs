//! Permissions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::{Administer, Read};
use crate::app::App;
use crate::domain::ids::{OrganizationId, PermissionId, UserId, WorkspaceId};
use crate::domain::permission::{Permission, PermissionScope as Scope, PermissionType, ScopeKind};
use crate::error::{Error, Fault, Place};
use crate::http::extract::{Body, FromQuery, Id, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::store::permissions;

/// What can be granted here: every type but `instance_admin` and the old `workspace_owner`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(try_from = "PermissionType")]
#[schema(rename_all = "snake_case")]
pub enum PublicPermissionType {
    OrganizationAdmin,
    OrganizationEditor,
    OrganizationRunner,
    OrganizationReader,
    OrganizationMember,
    WorkspaceAdmin,
    WorkspaceEditor,
    WorkspaceSourceEditor,
    WorkspaceDestinationEditor,
    WorkspaceRunner,
    WorkspaceReader,
}

impl TryFrom<PermissionType> for PublicPermissionType {
    type Error = String;

    fn try_from(wider: PermissionType) -> Result<Self, String> {
        use PermissionType as P;
        Ok(match wider {
            P::OrganizationAdmin => Self::OrganizationAdmin,
            P::OrganizationEditor => Self::OrganizationEditor,
            P::OrganizationRunner => Self::OrganizationRunner,
            P::OrganizationReader => Self::OrganizationReader,
            P::OrganizationMember => Self::OrganizationMember,
            P::WorkspaceAdmin => Self::WorkspaceAdmin,
            P::WorkspaceEditor => Self::WorkspaceEditor,
            P::WorkspaceSourceEditor => Self::WorkspaceSourceEditor,
            P::WorkspaceDestinationEditor => Self::WorkspaceDestinationEditor,
            P::WorkspaceRunner => Self::WorkspaceRunner,
            P::WorkspaceReader => Self::WorkspaceReader,
            P::InstanceAdmin | P::WorkspaceOwner => {
                return Err(format!("{} cannot be granted here", wider.as_str()));
            }
        })
    }
}

impl From<PublicPermissionType> for PermissionType {
    fn from(narrow: PublicPermissionType) -> Self {
        use PublicPermissionType as P;
        match narrow {
            P::OrganizationAdmin => Self::OrganizationAdmin,
            P::OrganizationEditor => Self::OrganizationEditor,
            P::OrganizationRunner => Self::OrganizationRunner,
            P::OrganizationReader => Self::OrganizationReader,
            P::OrganizationMember => Self::OrganizationMember,
            P::WorkspaceAdmin => Self::WorkspaceAdmin,
            P::WorkspaceEditor => Self::WorkspaceEditor,
            P::WorkspaceSourceEditor => Self::WorkspaceSourceEditor,
            P::WorkspaceDestinationEditor => Self::WorkspaceDestinationEditor,
            P::WorkspaceRunner => Self::WorkspaceRunner,
            P::WorkspaceReader => Self::WorkspaceReader,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionCreateRequest {
    permission_type: PublicPermissionType,
    user_id: UserId,
    /// Either this or organizationId.
    workspace_id: Option<WorkspaceId>,
    /// Either this or workspaceId.
    organization_id: Option<OrganizationId>,
}

/// What a request grants something on: exactly one of the two.
pub(super) fn scope(
    organization: Option<OrganizationId>,
    workspace: Option<WorkspaceId>,
) -> Result<Scope, Error> {
    match (organization, workspace) {
        (Some(organization), None) => Ok(Scope::Organization(organization)),
        (None, Some(workspace)) => Ok(Scope::Workspace(workspace)),
        (Some(_), Some(_)) => Err(Error::invalid(
            "/workspaceId",
            "give either workspaceId or organizationId, not both",
        )),
        (None, None) => Err(Error::invalid(
            "/workspaceId",
            "give either workspaceId or organizationId",
        )),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionUpdateRequest {
    permission_type: PermissionType,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionResponse {
    permission_id: PermissionId,
    permission_type: PermissionType,
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<WorkspaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
}

/// A permission as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionResponseRead {
    permission_id: PermissionId,
    permission_type: PermissionType,
    user_id: UserId,
    /// All zeros for the scope `none`.
    scope_id: Uuid,
    scope: PermissionScope,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PermissionScope {
    Workspace,
    Organization,
    /// The whole instance.
    None,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionsResponse {
    data: Vec<PermissionResponseRead>,
}

impl From<Permission> for PermissionResponse {
    fn from(permission: Permission) -> Self {
        Self {
            permission_id: permission.id,
            permission_type: permission.permission_type,
            user_id: permission.user_id,
            workspace_id: permission.workspace_id,
            organization_id: permission.organization_id,
        }
    }
}

impl From<Permission> for PermissionResponseRead {
    fn from(permission: Permission) -> Self {
        let scope = permission.scope();
        let organization = scope.organization().map(Uuid::from);
        Self {
            permission_id: permission.id,
            permission_type: permission.permission_type,
            user_id: permission.user_id,
            scope_id: organization
                .or(scope.workspace().map(Uuid::from))
                .unwrap_or_default(),
            scope: match scope.kind() {
                ScopeKind::Workspace => PermissionScope::Workspace,
                ScopeKind::Organization => PermissionScope::Organization,
                ScopeKind::Instance => PermissionScope::None,
            },
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// The caller when absent.
    #[param(required = false, value_type = UserId)]
    user_id: Option<UserId>,
    /// Required for somebody else's permissions.
    #[param(required = false, value_type = OrganizationId)]
    organization_id: Option<OrganizationId>,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            user_id: parameters.optional("userId"),
            organization_id: parameters.optional("organizationId"),
        }
    }
}

/// The caller's own permissions, or somebody else's within an organization that the caller administers.
#[utoipa::path(
    get,
    path = "/api/public/v1/permissions",
    operation_id = "listPermissions",
    tag = "Permissions",
    params(ListQuery),
    responses((status = 200, body = PermissionsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<PermissionsResponse>, Problem> {
    let mut db = app.db.read().await?;
    let found = match query.user_id.filter(|&user| user != caller.id()) {
        None => permissions::list_own(&mut db, caller.own()).await?,
        Some(user) => {
            let organization = query.organization_id.ok_or_else(organization_required)?;
            let host = doors::organization::<Administer>(&mut db, &caller, organization).await?;
            permissions::list_within(&mut db, &host, user).await?
        }
    };
    Ok(Json(PermissionsResponse {
        data: found.into_iter().map(Into::into).collect(),
    }))
}

fn organization_required() -> Error {
    let why = "is required to list the permissions of another user";
    Error::faults(vec![Fault::in_parameter(
        Place::Query,
        "organizationId",
        why,
    )])
}

/// Grant a permission. Needs `workspace_admin` on the workspace or `organization_admin` on the organization.
#[utoipa::path(
    post,
    path = "/api/public/v1/permissions",
    operation_id = "createPermission",
    tag = "Permissions",
    request_body = PermissionCreateRequest,
    responses((status = 200, body = PermissionResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<PermissionCreateRequest>,
) -> Result<Json<PermissionResponse>, Problem> {
    let scope = scope(body.organization_id, body.workspace_id)?;
    let mut db = app.db.write().await?;
    let made = ops::permissions::create(
        &mut db,
        &app.clock,
        &caller,
        body.user_id,
        body.permission_type.into(),
        scope,
    )
    .await?;
    db.commit().await?;
    app.callers.forget();
    Ok(Json(made.into()))
}

/// One permission. Needs a reader's role on what it is granted on.
#[utoipa::path(
    get,
    path = "/api/public/v1/permissions/{permissionId}",
    operation_id = "getPermission",
    tag = "Permissions",
    params(("permissionId" = PermissionId, Path)),
    responses((status = 200, body = PermissionResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PermissionId>,
) -> Result<Json<PermissionResponse>, Problem> {
    let permission = doors::permission::<Read>(&mut app.db.read().await?, &caller, id).await?;
    Ok(Json(permission.into_inner().into()))
}

/// Change the type of a permission. Needs an admin's role on what it is granted on.
#[utoipa::path(
    patch,
    path = "/api/public/v1/permissions/{permissionId}",
    operation_id = "updatePermission",
    tag = "Permissions",
    params(("permissionId" = PermissionId, Path)),
    request_body = PermissionUpdateRequest,
    responses((status = 200, body = PermissionResponse))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PermissionId>,
    Body(body): Body<PermissionUpdateRequest>,
) -> Result<Json<PermissionResponse>, Problem> {
    let mut db = app.db.write().await?;
    let permission = doors::permission::<Administer>(&mut db, &caller, id).await?;
    let changed =
        ops::permissions::change(&mut db, &caller, permission, body.permission_type).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(Json(changed.into()))
}

/// Take a permission away. Needs an admin's role on what it is granted on.
#[utoipa::path(
    delete,
    path = "/api/public/v1/permissions/{permissionId}",
    operation_id = "deletePermission",
    tag = "Permissions",
    params(("permissionId" = PermissionId, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PermissionId>,
) -> Result<StatusCode, Problem> {
    let mut db = app.db.write().await?;
    let permission = doors::permission::<Administer>(&mut db, &caller, id).await?;
    ops::permissions::remove(&mut db, &caller, &permission).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(StatusCode::NO_CONTENT)
}
