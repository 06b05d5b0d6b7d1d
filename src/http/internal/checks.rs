//! Checks in the older style, as `PyAirbyte` asks for them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::ids::ActorId;
use crate::http::extract::Body;
use crate::http::problem::Problem;
use crate::http::public::checks::{self, CheckResponse};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceIdRequestBody {
    source_id: ActorId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationIdRequestBody {
    destination_id: ActorId,
}

/// Check whether a source can connect. Needs one of the runner roles.
#[utoipa::path(
    post,
    path = "/api/v1/sources/check_connection",
    operation_id = "internalCheckSource",
    tag = "Older endpoints",
    request_body = SourceIdRequestBody,
    responses((status = 200, body = CheckResponse))
)]
pub async fn source(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<SourceIdRequestBody>,
) -> Result<Json<CheckResponse>, Problem> {
    checks::stored(&app, &caller, Kind::Source, body.source_id).await
}

/// Check whether a destination can connect. Needs one of the runner roles.
#[utoipa::path(
    post,
    path = "/api/v1/destinations/check_connection",
    operation_id = "internalCheckDestination",
    tag = "Older endpoints",
    request_body = DestinationIdRequestBody,
    responses((status = 200, body = CheckResponse))
)]
pub async fn destination(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<DestinationIdRequestBody>,
) -> Result<Json<CheckResponse>, Problem> {
    checks::stored(&app, &caller, Kind::Destination, body.destination_id).await
}
