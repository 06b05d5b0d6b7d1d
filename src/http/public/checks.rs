//! Checks: whether a source or destination can connect, stored or not. The contract has none of this.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actors::Configuration;
use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::ids::{ActorId, DefinitionId, WorkspaceId};
use crate::http::extract::{Body, Id};
use crate::http::problem::Problem;
use crate::ops::checks::{self, Checked, Trial};

/// A configuration of a source to be tried without being stored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceCheckRequest {
    /// Required unless a source is named.
    workspace_id: Option<WorkspaceId>,
    /// Which connector it is; without it, `configuration.sourceType` says so.
    definition_id: Option<DefinitionId>,
    /// A source whose stored secrets stand behind the masks.
    source_id: Option<ActorId>,
    configuration: Configuration,
}

/// A configuration of a destination to be tried without being stored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationCheckRequest {
    /// Required unless a destination is named.
    workspace_id: Option<WorkspaceId>,
    /// Which connector it is; without it, `configuration.destinationType` says so.
    definition_id: Option<DefinitionId>,
    /// A destination whose stored secrets stand behind the masks.
    destination_id: Option<ActorId>,
    configuration: Configuration,
}

/// What came of a check.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckResponse {
    status: CheckStatus,
    /// The connector's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    Succeeded,
    Failed,
}

impl From<Checked> for CheckResponse {
    fn from(checked: Checked) -> Self {
        Self {
            status: if checked.succeeded {
                CheckStatus::Succeeded
            } else {
                CheckStatus::Failed
            },
            message: checked.message,
        }
    }
}

/// Check whether a source can connect. Needs one of the runner roles.
#[utoipa::path(
    post,
    path = "/api/public/v1/sources/{sourceId}/check",
    operation_id = "checkSource",
    tag = "Sources",
    extensions(("x-extension" = json!(true))),
    params(("sourceId" = ActorId, Path)),
    responses((status = 200, body = CheckResponse))
)]
pub async fn source(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ActorId>,
) -> Result<Json<CheckResponse>, Problem> {
    stored(&app, &caller, Kind::Source, id).await
}

/// Check whether a destination can connect. Needs one of the runner roles.
#[utoipa::path(
    post,
    path = "/api/public/v1/destinations/{destinationId}/check",
    operation_id = "checkDestination",
    tag = "Destinations",
    extensions(("x-extension" = json!(true))),
    params(("destinationId" = ActorId, Path)),
    responses((status = 200, body = CheckResponse))
)]
pub async fn destination(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ActorId>,
) -> Result<Json<CheckResponse>, Problem> {
    stored(&app, &caller, Kind::Destination, id).await
}

/// Try a configuration of a source without storing it. Needs `workspace_editor` or `workspace_source_editor`.
#[utoipa::path(
    post,
    path = "/api/public/v1/sources/check",
    operation_id = "checkSourceConfiguration",
    tag = "Sources",
    extensions(("x-extension" = json!(true))),
    request_body = SourceCheckRequest,
    responses((status = 200, body = CheckResponse))
)]
pub async fn source_configuration(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<SourceCheckRequest>,
) -> Result<Json<CheckResponse>, Problem> {
    let trial = Trial {
        actor_id: body.source_id,
        workspace_id: body.workspace_id,
        definition_id: body.definition_id,
        configuration: body.configuration.into(),
    };
    let checked = checks::try_out(&app, &caller, Kind::Source, trial).await?;
    Ok(Json(checked.into()))
}

/// Try a configuration of a destination without storing it. Needs `workspace_editor` or
/// `workspace_destination_editor`.
#[utoipa::path(
    post,
    path = "/api/public/v1/destinations/check",
    operation_id = "checkDestinationConfiguration",
    tag = "Destinations",
    extensions(("x-extension" = json!(true))),
    request_body = DestinationCheckRequest,
    responses((status = 200, body = CheckResponse))
)]
pub async fn destination_configuration(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<DestinationCheckRequest>,
) -> Result<Json<CheckResponse>, Problem> {
    let trial = Trial {
        actor_id: body.destination_id,
        workspace_id: body.workspace_id,
        definition_id: body.definition_id,
        configuration: body.configuration.into(),
    };
    let checked = checks::try_out(&app, &caller, Kind::Destination, trial).await?;
    Ok(Json(checked.into()))
}

/// Checks what is stored.
pub(in crate::http) async fn stored(
    app: &Arc<App>,
    caller: &Caller,
    kind: Kind,
    id: ActorId,
) -> Result<Json<CheckResponse>, Problem> {
    let checked = checks::check(app, caller, kind, id).await?;
    Ok(Json(checked.into()))
}
