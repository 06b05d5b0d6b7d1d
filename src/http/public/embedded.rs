//! What programs need that embed us for people of their own. There is no widget here to show to them, but
//! a token by which such a person brings sources.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::{Administer, Read};
use crate::app::App;
use crate::domain::ids::{OrganizationId, WorkspaceId};
use crate::domain::permission::PermissionType;
use crate::error::Error;
use crate::http::extract::Body;
use crate::http::problem::Problem;
use crate::ops;
use crate::store::organizations;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what there is no widget for")]
pub struct EmbeddedWidgetRequest {
    organization_id: OrganizationId,
    allowed_origin: String,
    external_user_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EmbeddedWidgetResponse {
    token: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedScopedTokenRequest {
    workspace_id: WorkspaceId,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EmbeddedScopedTokenResponse {
    /// Good for twenty minutes.
    token: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedOrganizationListItem {
    organization_id: OrganizationId,
    organization_name: String,
    permission: PermissionType,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EmbeddedOrganizationsList {
    organizations: Vec<EmbeddedOrganizationListItem>,
}

/// The organizations on which the caller has a role, by name, each with the widest one.
#[utoipa::path(
    get,
    path = "/api/public/v1/embedded/organizations",
    operation_id = "listEmbeddedOrganizationsByUser",
    tag = "Embedded",
    responses((status = 200, body = EmbeddedOrganizationsList))
)]
pub async fn organizations(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<EmbeddedOrganizationsList>, Problem> {
    let found = organizations::list(&mut app.db.read().await?, &caller.organizations()).await?;
    let items = found.into_iter().filter_map(|organization| {
        Some(EmbeddedOrganizationListItem {
            permission: caller.role_on(organization.id)?,
            organization_id: organization.id,
            organization_name: organization.name,
        })
    });
    Ok(Json(EmbeddedOrganizationsList {
        organizations: items.collect(),
    }))
}

/// A token for an end user of a program that embeds us, who may edit the sources of this workspace and see
/// what is in it. Needs `organization_admin` on its organization.
#[utoipa::path(
    post,
    path = "/api/public/v1/embedded/scoped_token",
    operation_id = "generateEmbeddedScopedToken",
    tag = "Embedded",
    request_body = EmbeddedScopedTokenRequest,
    responses((status = 200, body = EmbeddedScopedTokenResponse))
)]
pub async fn scoped_token(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<EmbeddedScopedTokenRequest>,
) -> Result<Json<EmbeddedScopedTokenResponse>, Problem> {
    let mut db = app.db.write().await?;
    let seen = doors::workspace::<Read>(&mut db, &caller, body.workspace_id).await?;
    doors::organization::<Administer>(&mut db, &caller, seen.organization_id).await?;
    let workspace = doors::workspace::<Administer>(&mut db, &caller, body.workspace_id).await?;
    let token = ops::embedded::token(&app, db, &workspace).await?;
    Ok(Json(EmbeddedScopedTokenResponse { token: token.text }))
}

/// Not offered: there is no widget here. Answers 501 to those who may ask for one.
#[utoipa::path(
    post,
    path = "/api/public/v1/embedded/widget_token",
    operation_id = "getEmbeddedWidget",
    tag = "Embedded",
    request_body = EmbeddedWidgetRequest,
    responses(
        (status = 200, description = "Never", body = EmbeddedWidgetResponse),
        (status = 501, description = "There is no widget here"),
    )
)]
pub async fn widget_token(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<EmbeddedWidgetRequest>,
) -> Result<Json<EmbeddedWidgetResponse>, Problem> {
    let mut db = app.db.read().await?;
    doors::organization::<Administer>(&mut db, &caller, body.organization_id).await?;
    let instead = "this server has no widget to embed; POST /embedded/scoped_token gives a token by which \
                   a program of yours can create and change sources for a person of its own";
    Err(Error::NotOffered(instead).into())
}
