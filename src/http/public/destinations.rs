//! Destinations.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actors::{self, Configuration, GetQuery, ListQuery, respond};
use super::page::{CursorParameter, PageParameters};
use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::ids::{ActorId, DefinitionId, WorkspaceId};
use crate::domain::resources::ScopedResourceRequirements;
use crate::domain::text::Name;
use crate::http::extract::{Body, Id, KeyParameter, Keyed, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::actors::{Change, Given, Wish};
use crate::request::Base;

const KIND: Kind = Kind::Destination;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationCreateRequest {
    name: Name,
    /// Which connector it is; without it, `configuration.destinationType` says so.
    definition_id: Option<DefinitionId>,
    workspace_id: WorkspaceId,
    configuration: Configuration,
    resource_allocation: Option<ScopedResourceRequirements>,
}

/// What to replace; resources that are absent are cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationPutRequest {
    name: Name,
    /// In place of the stored one; where a secret is masked, the stored one stays.
    configuration: Configuration,
    resource_allocation: Option<ScopedResourceRequirements>,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationPatchRequest {
    name: Option<Name>,
    /// Merged into the stored one, object by object. To choose another of several alternatives, PUT.
    configuration: Option<Configuration>,
    resource_allocation: Option<ScopedResourceRequirements>,
}

/// A destination. This type describes the answer; [`super::page::WriteJson`] writes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationResponse {
    destination_id: ActorId,
    name: String,
    /// The short name of the connector, such as `dev-null`.
    destination_type: String,
    definition_id: DefinitionId,
    workspace_id: WorkspaceId,
    /// As it was sent, with `**********` in the places of secrets.
    configuration: Configuration,
    /// Seconds since 1970.
    created_at: i64,
    resource_allocation: Option<ScopedResourceRequirements>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DestinationsResponse {
    /// Empty on the first page.
    previous: Option<String>,
    /// Empty on the last page.
    next: Option<String>,
    data: Vec<DestinationResponse>,
}

/// The destinations that the caller may read, oldest first.
#[utoipa::path(
    get,
    path = "/api/public/v1/destinations",
    operation_id = "listDestinations",
    tag = "Destinations",
    params(ListQuery, PageParameters, CursorParameter),
    responses((status = 200, body = DestinationsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    actors::list(&app, &caller, &base, KIND, &query).await
}

/// Create a destination. Needs `workspace_editor` or `workspace_destination_editor`. Nothing checks whether it can connect.
#[utoipa::path(
    post,
    path = "/api/public/v1/destinations",
    operation_id = "createDestination",
    tag = "Destinations",
    params(KeyParameter),
    request_body = DestinationCreateRequest,
    responses((status = 200, body = DestinationResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed { body, key }: Keyed<DestinationCreateRequest>,
) -> Result<Response, Problem> {
    let wish = Wish {
        name: body.name,
        workspace_id: body.workspace_id,
        definition_id: body.definition_id,
        configuration: body.configuration.into(),
        secret_id: None,
        resources: body.resource_allocation,
        once: key.of(&app, &caller, "createDestination"),
    };
    let actor = ops::actors::create(&app, &caller, KIND, wish).await?;
    Ok(respond(actor))
}

/// One destination.
#[utoipa::path(
    get,
    path = "/api/public/v1/destinations/{destinationId}",
    operation_id = "getDestination",
    tag = "Destinations",
    params(("destinationId" = ActorId, Path), GetQuery),
    responses((status = 200, body = DestinationResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ActorId>,
    Query(query): Query<GetQuery>,
) -> Result<Response, Problem> {
    let coordinates = query.include_secret_coordinates;
    let actor = ops::actors::read(&app, &caller, KIND, id, coordinates).await?;
    Ok(respond(actor))
}

/// Change a destination; what is absent stays. Needs `workspace_editor` or `workspace_destination_editor`.
#[utoipa::path(
    patch,
    path = "/api/public/v1/destinations/{destinationId}",
    operation_id = "patchDestination",
    tag = "Destinations",
    params(("destinationId" = ActorId, Path)),
    request_body = DestinationPatchRequest,
    responses((status = 200, body = DestinationResponse))
)]
pub async fn patch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ActorId>,
    Body(body): Body<DestinationPatchRequest>,
) -> Result<Response, Problem> {
    let change = Change {
        name: body.name,
        configuration: body.configuration.map(|patch| Given::Patch(patch.into())),
        secret_id: None,
        resources: body.resource_allocation.map(Some),
    };
    let actor = ops::actors::change(&app, &caller, KIND, id, change).await?;
    Ok(respond(actor))
}

/// Replace a destination. Needs `workspace_editor` or `workspace_destination_editor`.
#[utoipa::path(
    put,
    path = "/api/public/v1/destinations/{destinationId}",
    operation_id = "putDestination",
    tag = "Destinations",
    params(("destinationId" = ActorId, Path)),
    request_body = DestinationPutRequest,
    responses((status = 200, body = DestinationResponse))
)]
pub async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ActorId>,
    Body(body): Body<DestinationPutRequest>,
) -> Result<Response, Problem> {
    let change = Change {
        name: Some(body.name),
        configuration: Some(Given::Whole(body.configuration.into())),
        secret_id: None,
        resources: Some(body.resource_allocation),
    };
    let actor = ops::actors::change(&app, &caller, KIND, id, change).await?;
    Ok(respond(actor))
}

/// Delete a destination with its secrets. Needs `workspace_editor` or `workspace_destination_editor`.
#[utoipa::path(
    delete,
    path = "/api/public/v1/destinations/{destinationId}",
    operation_id = "deleteDestination",
    tag = "Destinations",
    params(("destinationId" = ActorId, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ActorId>,
) -> Result<StatusCode, Problem> {
    ops::actors::remove(&app, &caller, KIND, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
