//! Connections and their states in the older style, as `Dagster` and `PyAirbyte` ask for them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::jobs::JobInfoRead;
use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::connection::{Namespace, Status};
use crate::domain::ids::{ActorId, ConnectionId, WorkspaceId};
use crate::domain::job::JobType;
use crate::error::Error;
use crate::http::extract::Body;
use crate::http::problem::Problem;
use crate::ops::jobs::{self, Wish};
use crate::ops::states::{self, Document};
use crate::ops::sync_catalog;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionIdRequestBody {
    connection_id: ConnectionId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionStateCreateOrUpdate {
    connection_id: ConnectionId,
    connection_state: Document,
}

/// A connection as its own clients of the reference read it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRead {
    connection_id: ConnectionId,
    name: String,
    namespace_definition: InternalNamespace,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_format: Option<String>,
    prefix: String,
    source_id: ActorId,
    destination_id: ActorId,
    workspace_id: WorkspaceId,
    status: Status,
    /// `manual`, `cron` or `basic`.
    schedule_type: &'static str,
    /// `streams`, each with `stream` (`name`, `jsonSchema`, …) and `config` (`selected`, `syncMode`, …).
    #[schema(value_type = Object)]
    sync_catalog: serde_json::Value,
    /// Seconds since 1970.
    created_at: i64,
}

/// The same three as everywhere, two of them in other words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InternalNamespace {
    Source,
    Destination,
    CustomFormat,
}

/// A connection with its catalog.
#[utoipa::path(
    post,
    path = "/api/v1/connections/get",
    operation_id = "internalGetConnection",
    tag = "Older endpoints",
    request_body = ConnectionIdRequestBody,
    responses((status = 200, body = ConnectionRead))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<ConnectionIdRequestBody>,
) -> Result<Json<ConnectionRead>, Problem> {
    let (connection, sync_catalog) = sync_catalog::read(&app, &caller, body.connection_id).await?;
    Ok(Json(ConnectionRead {
        connection_id: connection.id,
        name: connection.name,
        namespace_definition: match connection.namespace {
            Namespace::Source => InternalNamespace::Source,
            Namespace::Destination => InternalNamespace::Destination,
            Namespace::CustomFormat => InternalNamespace::CustomFormat,
        },
        namespace_format: connection.namespace_format,
        prefix: connection.prefix,
        source_id: connection.source_id,
        destination_id: connection.destination_id,
        workspace_id: connection.workspace_id,
        status: connection.status,
        schedule_type: connection.schedule.kind(),
        sync_catalog,
        created_at: connection.created_at.timestamp(),
    }))
}

/// Start a sync. Needs one of the runner roles.
#[utoipa::path(
    post,
    path = "/api/v1/connections/sync",
    operation_id = "internalSyncConnection",
    tag = "Older endpoints",
    request_body = ConnectionIdRequestBody,
    responses((status = 200, body = JobInfoRead))
)]
pub async fn sync(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<ConnectionIdRequestBody>,
) -> Result<Json<JobInfoRead>, Problem> {
    let wish = Wish {
        connection: body.connection_id,
        job_type: JobType::Sync,
        streams: None,
        once: None,
    };
    let job = jobs::create(&app, &caller, wish).await?;
    Ok(Json(JobInfoRead::of(&job, Vec::new())))
}

/// How far a connection has come.
#[utoipa::path(
    post,
    path = "/api/v1/state/get",
    operation_id = "internalGetState",
    tag = "Older endpoints",
    request_body = ConnectionIdRequestBody,
    responses((status = 200, body = Document))
)]
pub async fn state(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<ConnectionIdRequestBody>,
) -> Result<Json<Document>, Problem> {
    Ok(Json(states::read(&app, &caller, body.connection_id).await?))
}

/// Put a state in the place of the stored one, unless a job of the connection runs: then the answer is 423.
/// Needs one of the editor roles.
#[utoipa::path(
    post,
    path = "/api/v1/state/create_or_update_safe",
    operation_id = "internalPutState",
    tag = "Older endpoints",
    request_body = ConnectionStateCreateOrUpdate,
    responses((status = 200, body = Document))
)]
pub async fn put_state(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<ConnectionStateCreateOrUpdate>,
) -> Result<Json<Document>, Problem> {
    match states::set(&app, &caller, body.connection_id, body.connection_state).await {
        Ok(state) => Ok(Json(state)),
        Err(Error::Running { message, .. }) => Err(Problem::locked(message)),
        Err(error) => Err(error.into()),
    }
}
