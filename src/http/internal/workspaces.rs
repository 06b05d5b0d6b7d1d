//! Workspaces in the older style, as `PyAirbyte` asks for them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Read;
use crate::app::App;
use crate::domain::ids::{OrganizationId, WorkspaceId};
use crate::http::extract::Body;
use crate::http::problem::Problem;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceIdRequestBody {
    workspace_id: WorkspaceId,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceOrganizationInfoRead {
    organization_id: OrganizationId,
    organization_name: String,
    /// Nobody signs in elsewhere.
    sso: bool,
}

/// The organization that a workspace belongs to. Needs a reader's role on that organization.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/get_organization_info",
    operation_id = "internalGetOrganizationInfo",
    tag = "Older endpoints",
    request_body = WorkspaceIdRequestBody,
    responses((status = 200, body = WorkspaceOrganizationInfoRead))
)]
pub async fn organization(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<WorkspaceIdRequestBody>,
) -> Result<Json<WorkspaceOrganizationInfoRead>, Problem> {
    let mut db = app.db.read().await?;
    let workspace = doors::workspace::<Read>(&mut db, &caller, body.workspace_id).await?;
    let host = doors::organization::<Read>(&mut db, &caller, workspace.organization_id).await?;
    Ok(Json(WorkspaceOrganizationInfoRead {
        organization_id: host.id,
        organization_name: host.name.clone(),
        sso: false,
    }))
}
