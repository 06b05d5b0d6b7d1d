//! How far a connection has come, as an extension.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::ids::ConnectionId;
use crate::http::extract::{Body, Id};
use crate::http::problem::Problem;
use crate::ops::states::{self, Document};

/// The state that the last syncs have committed. `PyAirbyte` reads the same shape. An extension.
#[utoipa::path(
    get,
    path = "/api/public/v1/connections/{connectionId}/state",
    operation_id = "getConnectionState",
    tag = "Connections",
    params(("connectionId" = ConnectionId, Path)),
    responses((status = 200, body = Document))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ConnectionId>,
) -> Result<Json<Document>, Problem> {
    Ok(Json(states::read(&app, &caller, id).await?))
}

/// Put a state in the place of the stored one; the next sync goes on from it. Needs one of the editor roles.
/// While a job of the connection runs the answer is 409. An extension.
#[utoipa::path(
    put,
    path = "/api/public/v1/connections/{connectionId}/state",
    operation_id = "putConnectionState",
    tag = "Connections",
    params(("connectionId" = ConnectionId, Path)),
    request_body = Document,
    responses((status = 200, body = Document))
)]
pub async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ConnectionId>,
    Body(state): Body<Document>,
) -> Result<Json<Document>, Problem> {
    Ok(Json(states::set(&app, &caller, id, state).await?))
}
