//! Organizations.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::ids::OrganizationId;
use crate::domain::organization::Organization;
use crate::http::problem::Problem;
use crate::store::organizations;

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationResponse {
    organization_id: OrganizationId,
    organization_name: String,
    /// Of its contact; empty when the operator made it on the command line.
    #[schema(format = Email)]
    email: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationsResponse {
    data: Vec<OrganizationResponse>,
}

impl OrganizationResponse {
    /// One just made.
    pub fn new(id: OrganizationId, name: String, email: String) -> Self {
        Self {
            organization_id: id,
            organization_name: name,
            email,
        }
    }
}

impl From<Organization> for OrganizationResponse {
    fn from(organization: Organization) -> Self {
        Self {
            organization_id: organization.id,
            organization_name: organization.name,
            email: organization.email,
        }
    }
}

/// The organizations in which the caller holds a permission, by name.
#[utoipa::path(
    get,
    path = "/api/public/v1/organizations",
    operation_id = "listOrganizationsForUser",
    tag = "Organizations",
    responses((status = 200, body = OrganizationsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<OrganizationsResponse>, Problem> {
    let found = organizations::list(&mut app.db.read().await?, &caller.organizations()).await?;
    Ok(Json(OrganizationsResponse {
        data: found.into_iter().map(Into::into).collect(),
    }))
}
