//! Running an organization: its people and service accounts, and where workspaces belong. Extensions: the
//! reference has none of this.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::applications::{ApplicationCreate, ApplicationRead, ApplicationReadList};
use super::organizations::OrganizationResponse;
use super::page::time;
use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::domain::ids::{ApplicationId, OrganizationId, UserId, WorkspaceId};
use crate::domain::permission::PermissionType;
use crate::domain::secret::PlainSecret;
use crate::domain::text::{EmailAddress, Name};
use crate::domain::user::Account;
use crate::error::Error;
use crate::http::extract::{Body, Id, Ids};
use crate::http::problem::Problem;
use crate::ops::accounts::{self, Kind, Wish};
use crate::ops::invitations::{self, Invitation};
use crate::ops::{self, people};
use crate::request::Base;
use crate::store::applications;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserCreateRequest {
    organization_id: OrganizationId,
    name: Name,
    /// Of a person; a service account has none.
    #[schema(format = Email)]
    email: Option<String>,
    /// When it is absent, the answer has a link with which they choose one.
    password: Option<String>,
    /// What they hold on the organization; `organization_member` when it is absent.
    #[schema(value_type = Option<String>)]
    permission_type: Option<PermissionType>,
    /// A service account owns applications and cannot sign in to the pages.
    #[serde(default)]
    service_account: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct UserUpdateRequest {
    /// Sessions and tokens of somebody who is disabled stop working within a second.
    disabled: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationCreateRequest {
    organization_name: Name,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceMoveRequest {
    organization_id: OrganizationId,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountResponse {
    id: UserId,
    name: String,
    #[schema(format = Email)]
    email: String,
    disabled: bool,
    service_account: bool,
    /// In the answer that creates a person without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationResponse>,
}

/// A link with which somebody chooses their password. It works once, and is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationResponse {
    #[schema(format = "uri")]
    url: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceMoveResponse {
    workspace_id: WorkspaceId,
    name: String,
    organization_id: OrganizationId,
}

impl From<Account> for AccountResponse {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            name: account.name,
            email: account.email,
            disabled: account.disabled_at.is_some(),
            service_account: account.service,
            invitation: None,
        }
    }
}

impl InvitationResponse {
    fn new(base: &Base, invitation: &Invitation) -> Self {
        Self {
            url: invitation.link(&base.0),
            expires_at: time(invitation.expires_at),
        }
    }
}

/// Add a person or a service account to an organization. Needs `organization_admin`.
#[utoipa::path(
    post,
    path = "/api/public/v1/users",
    operation_id = "createUser",
    tag = "Users",
    request_body = UserCreateRequest,
    responses((status = 200, body = AccountResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Body(body): Body<UserCreateRequest>,
) -> Result<Json<AccountResponse>, Problem> {
    let password = body.password.as_deref().map(PlainSecret::received);
    let email = body.email.as_deref().map(str::parse::<EmailAddress>);
    let email = email
        .transpose()
        .map_err(|why| Error::invalid("/email", why))?;
    let kind = match (email, body.service_account) {
        (Some(email), false) => Kind::Person(email, password),
        (None, true) if password.is_none() => Kind::Service,
        (None, true) => {
            return Err(Error::invalid("/password", "is not for a service account").into());
        }
        (Some(_), true) => {
            return Err(Error::invalid("/email", "is not for a service account").into());
        }
        (None, false) => return Err(Error::invalid("/email", "is required").into()),
    };
    let wish = Wish {
        name: body.name,
        kind,
        permission_type: body
            .permission_type
            .unwrap_or(PermissionType::OrganizationMember),
    };
    let created = accounts::create(&app, &caller, body.organization_id, wish).await?;
    let invitation = created.invitation.as_ref();
    Ok(Json(AccountResponse {
        invitation: invitation.map(|made| InvitationResponse::new(&base, made)),
        ..created.account.into()
    }))
}

/// One person or service account. Needs `organization_admin` on every organization in which they hold
/// something.
#[utoipa::path(
    get,
    path = "/api/public/v1/users/{userId}",
    operation_id = "getUser",
    tag = "Users",
    params(("userId" = UserId, Path)),
    responses((status = 200, body = AccountResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<Json<AccountResponse>, Problem> {
    let found = doors::account(&mut app.db.read().await?, &caller, id).await?;
    Ok(Json(found.into_inner().into()))
}

/// Disable somebody, or enable them again. Needs `organization_admin` on every organization in which they
/// hold something.
#[utoipa::path(
    patch,
    path = "/api/public/v1/users/{userId}",
    operation_id = "updateUser",
    tag = "Users",
    params(("userId" = UserId, Path)),
    request_body = UserUpdateRequest,
    responses((status = 200, body = AccountResponse))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UserId>,
    Body(body): Body<UserUpdateRequest>,
) -> Result<Json<AccountResponse>, Problem> {
    let changed = accounts::set_disabled(&app, &caller, id, body.disabled).await?;
    Ok(Json(changed.into()))
}

/// Make a link with which a person chooses a new password, in place of the one before. No mail is sent: pass it
/// on. Needs `organization_admin` on every organization in which they hold something.
#[utoipa::path(
    post,
    path = "/api/public/v1/users/{userId}/invitation",
    operation_id = "createInvitation",
    tag = "Users",
    params(("userId" = UserId, Path)),
    responses((status = 200, body = InvitationResponse))
)]
pub async fn invite(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Id(id): Id<UserId>,
) -> Result<Json<InvitationResponse>, Problem> {
    let made = invitations::renew(&app, &caller, id).await?;
    Ok(Json(InvitationResponse::new(&base, &made)))
}

/// The applications of a service account.
#[utoipa::path(
    get,
    path = "/api/public/v1/users/{userId}/applications",
    operation_id = "listServiceAccountApplications",
    tag = "Users",
    params(("userId" = UserId, Path)),
    responses((status = 200, body = ApplicationReadList))
)]
pub async fn list_applications(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<Json<ApplicationReadList>, Problem> {
    let service = accounts::service(&app, &caller, id).await?;
    let found = applications::list(&mut app.db.read().await?, service.own()).await?;
    Ok(Json(ApplicationReadList {
        applications: found.into_iter().map(Into::into).collect(),
    }))
}

/// Create an application that acts as a service account. The secret is shown this once.
#[utoipa::path(
    post,
    path = "/api/public/v1/users/{userId}/applications",
    operation_id = "createServiceAccountApplication",
    tag = "Users",
    params(("userId" = UserId, Path)),
    request_body = ApplicationCreate,
    responses((status = 200, body = ApplicationRead))
)]
pub async fn create_application(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UserId>,
    Body(body): Body<ApplicationCreate>,
) -> Result<Json<ApplicationRead>, Problem> {
    let service = accounts::service(&app, &caller, id).await?;
    let unveiled = ops::applications::create(&app, &service, body.name).await?;
    Ok(Json(unveiled.into()))
}

/// Delete an application of a service account; its tokens stop working within a second.
#[utoipa::path(
    delete,
    path = "/api/public/v1/users/{userId}/applications/{applicationId}",
    operation_id = "deleteServiceAccountApplication",
    tag = "Users",
    params(("userId" = UserId, Path), ("applicationId" = ApplicationId, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete_application(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id, application): Ids<UserId, ApplicationId>,
) -> Result<StatusCode, Problem> {
    let service = accounts::service(&app, &caller, id).await?;
    let found = doors::application(&mut app.db.read().await?, &service, application).await?;
    ops::applications::remove(&app, &found).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Create an organization, with a region of its own and you as its contact. Needs `instance_admin`.
#[utoipa::path(
    post,
    path = "/api/public/v1/organizations",
    operation_id = "createOrganization",
    tag = "Organizations",
    request_body = OrganizationCreateRequest,
    responses((status = 200, body = OrganizationResponse))
)]
pub async fn create_organization(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<OrganizationCreateRequest>,
) -> Result<Json<OrganizationResponse>, Problem> {
    doors::instance(&mut app.db.read().await?, &caller).await?;
    let contact = caller.user().email.clone();
    let id = people::create_organization_for(&app, &body.organization_name, &contact).await?;
    Ok(Json(OrganizationResponse::new(
        id,
        body.organization_name.into(),
        contact,
    )))
}

/// Move a workspace with all that is in it to another organization. Needs `organization_admin` on both.
#[utoipa::path(
    post,
    path = "/api/public/v1/workspaces/{workspaceId}/move",
    operation_id = "moveWorkspace",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path)),
    request_body = WorkspaceMoveRequest,
    responses((status = 200, body = WorkspaceMoveResponse))
)]
pub async fn move_workspace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    Body(body): Body<WorkspaceMoveRequest>,
) -> Result<Json<WorkspaceMoveResponse>, Problem> {
    let moved = accounts::move_workspace(&app, &caller, id, body.organization_id).await?;
    Ok(Json(WorkspaceMoveResponse {
        workspace_id: moved.id,
        name: moved.name,
        organization_id: moved.organization_id,
    }))
}
