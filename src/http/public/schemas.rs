//! What a source offers beside what a connection takes of it, as an extension.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::ids::ConnectionId;
use crate::http::extract::Id;
use crate::http::problem::Problem;
use crate::ops::schema_refresh;

/// What has changed at the source, and what the connection made of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchemaRefreshResponse {
    /// A sentence each.
    changes: Vec<String>,
    /// What the connection cannot go on with: its cursor or its key is gone.
    breaking_changes: Vec<String>,
    /// The connection has followed.
    applied: bool,
    /// Why the connection was switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
}

/// Discover what the source of a connection offers now and bring the connection up to date, as its
/// `nonBreakingSchemaUpdatesBehavior` says. A discovery that takes long is answered 503 and goes on: ask
/// again. Needs one of the editor roles. An extension.
#[utoipa::path(
    post,
    path = "/api/public/v1/connections/{connectionId}/schema/refresh",
    operation_id = "refreshConnectionSchema",
    tag = "Connections",
    params(("connectionId" = ConnectionId, Path)),
    responses((status = 200, body = SchemaRefreshResponse))
)]
pub async fn refresh(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ConnectionId>,
) -> Result<Json<SchemaRefreshResponse>, Problem> {
    let outcome = schema_refresh::on_request(&app, &caller, id).await?;
    Ok(Json(SchemaRefreshResponse {
        changes: outcome.changes,
        breaking_changes: outcome.breaking,
        applied: outcome.applied,
        disabled_reason: outcome.off,
    }))
}
