//! Source and destination definitions of a workspace: the public ones, which nobody changes here, and
//! those that it brings as an image or, which is an extension, as a Python package. The two kinds are
//! twins; only the roles differ.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::{self, WriteJson, write_id, write_text};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::{Edit, EditSources, EditsDefinitions, Read};
use crate::app::App;
use crate::domain::definition::{Definition, Kind, ListedDefinition, Shelf};
use crate::domain::ids::{DefinitionId, WorkspaceId};
use crate::domain::origin::{DocumentationUrl, Repository, Tag};
use crate::domain::text::Name;
use crate::http::extract::{Body, Id, Ids};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::definitions::NewDefinition;
use crate::store::definitions;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDefinitionRequest {
    name: Name,
    /// An image's repository; or, as an extension, `pypi:` and the name of a Python package.
    docker_repository: Repository,
    /// The image's tag, or the version of the package.
    docker_image_tag: Tag,
    documentation_url: Option<DocumentationUrl>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateDefinitionRequest {
    name: Name,
    docker_image_tag: Tag,
}

/// A definition. This type describes the answer; [`WriteJson`] writes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionResponse {
    id: DefinitionId,
    name: String,
    docker_repository: String,
    docker_image_tag: String,
    /// Empty when unknown.
    documentation_url: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DefinitionsResponse {
    /// Never there: the list has no pages.
    previous: Option<String>,
    /// Never there: the list has no pages.
    next: Option<String>,
    data: Vec<DefinitionResponse>,
}

impl WriteJson for ListedDefinition {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        write_id(self.id, out);
        out.extend_from_slice(b",\"name\":");
        write_text(&self.name, out);
        out.extend_from_slice(b",\"dockerRepository\":");
        write_text(&self.repository, out);
        out.extend_from_slice(b",\"dockerImageTag\":");
        write_text(&self.tag, out);
        out.extend_from_slice(b",\"documentationUrl\":");
        write_text(&self.documentation_url, out);
        out.push(b'}');
    }
}

fn respond(definition: Definition) -> Response {
    page::respond_one(&ListedDefinition::from(definition))
}

async fn list(
    app: &App,
    caller: &Caller,
    host: WorkspaceId,
    kind: Kind,
) -> Result<Response, Problem> {
    let mut db = app.db.read().await?;
    let workspace = doors::workspace::<Read>(&mut db, caller, host).await?;
    let found = definitions::list(&mut db, &workspace, kind).await?;
    Ok(page::respond_whole(&found))
}

async fn get(
    app: &App,
    caller: &Caller,
    host: WorkspaceId,
    shelf: Shelf,
    id: DefinitionId,
) -> Result<Response, Problem> {
    let mut db = app.db.read().await?;
    let found = doors::definition::<Read>(&mut db, caller, host, shelf, id).await?;
    Ok(respond(found.into_inner()))
}

async fn create<L: EditsDefinitions>(
    app: &Arc<App>,
    caller: &Caller,
    host: WorkspaceId,
    body: CreateDefinitionRequest,
) -> Result<Response, Problem> {
    let new = NewDefinition {
        name: body.name,
        repository: body.docker_repository,
        tag: body.docker_image_tag,
        documentation_url: body.documentation_url.unwrap_or_default(),
    };
    let made = ops::definitions::create::<L>(app, caller, host, new).await?;
    Ok(respond(made))
}

async fn update<L: EditsDefinitions>(
    app: &Arc<App>,
    caller: &Caller,
    host: WorkspaceId,
    id: DefinitionId,
    body: UpdateDefinitionRequest,
) -> Result<Response, Problem> {
    let (name, tag) = (body.name, body.docker_image_tag);
    let changed = ops::definitions::update::<L>(app, caller, host, id, name, tag).await?;
    Ok(respond(changed))
}

/// The source definitions of a workspace and the public ones, by name; low-code ones have a list of
/// their own.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/sources",
    operation_id = "listSourceDefinitions",
    tag = "SourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path)),
    responses((status = 200, body = DefinitionsResponse))
)]
pub async fn list_sources(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(host): Id<WorkspaceId>,
) -> Result<Response, Problem> {
    list(&app, &caller, host, Kind::Source).await
}

/// Bring a source. It is asked for its specification first. Needs `workspace_editor` or
/// `workspace_source_editor`.
#[utoipa::path(
    post,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/sources",
    operation_id = "createSourceDefinition",
    tag = "SourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path)),
    request_body = CreateDefinitionRequest,
    responses((status = 200, body = DefinitionResponse))
)]
pub async fn create_source(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(host): Id<WorkspaceId>,
    Body(body): Body<CreateDefinitionRequest>,
) -> Result<Response, Problem> {
    create::<EditSources>(&app, &caller, host, body).await
}

/// One source definition.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/sources/{definitionId}",
    operation_id = "getSourceDefinition",
    tag = "SourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    responses((status = 200, body = DefinitionResponse))
)]
pub async fn get_source(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
) -> Result<Response, Problem> {
    get(&app, &caller, host, Shelf::Sources, id).await
}

/// Change the name and the tag of a source definition that the workspace brought. Needs
/// `workspace_editor` or `workspace_source_editor`.
#[utoipa::path(
    put,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/sources/{definitionId}",
    operation_id = "updateSourceDefinition",
    tag = "SourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    request_body = UpdateDefinitionRequest,
    responses((status = 200, body = DefinitionResponse))
)]
pub async fn update_source(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
    Body(body): Body<UpdateDefinitionRequest>,
) -> Result<Response, Problem> {
    update::<EditSources>(&app, &caller, host, id, body).await
}

/// Delete a source definition that the workspace brought, and all its sources. Needs `workspace_editor`
/// or `workspace_source_editor`.
#[utoipa::path(
    delete,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/sources/{definitionId}",
    operation_id = "deleteSourceDefinition",
    tag = "SourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    responses((status = 200, body = DefinitionResponse))
)]
pub async fn delete_source(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
) -> Result<Response, Problem> {
    let gone = ops::definitions::remove::<EditSources>(&app, &caller, host, id).await?;
    Ok(respond(gone))
}

/// The destination definitions of a workspace and the public ones, by name.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/destinations",
    operation_id = "listDestinationDefinitions",
    tag = "DestinationDefinitions",
    params(("workspaceId" = WorkspaceId, Path)),
    responses((status = 200, body = DefinitionsResponse))
)]
pub async fn list_destinations(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(host): Id<WorkspaceId>,
) -> Result<Response, Problem> {
    list(&app, &caller, host, Kind::Destination).await
}

/// Bring a destination. It is asked for its specification first. Needs `workspace_editor`.
#[utoipa::path(
    post,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/destinations",
    operation_id = "createDestinationDefinition",
    tag = "DestinationDefinitions",
    params(("workspaceId" = WorkspaceId, Path)),
    request_body = CreateDefinitionRequest,
    responses((status = 200, body = DefinitionResponse))
)]
pub async fn create_destination(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(host): Id<WorkspaceId>,
    Body(body): Body<CreateDefinitionRequest>,
) -> Result<Response, Problem> {
    create::<Edit>(&app, &caller, host, body).await
}

/// One destination definition.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/destinations/{definitionId}",
    operation_id = "getDestinationDefinition",
    tag = "DestinationDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    responses((status = 200, body = DefinitionResponse))
)]
pub async fn get_destination(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
) -> Result<Response, Problem> {
    get(&app, &caller, host, Shelf::Destinations, id).await
}

/// Change the name and the tag of a destination definition that the workspace brought. Needs
/// `workspace_editor`.
#[utoipa::path(
    put,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/destinations/{definitionId}",
    operation_id = "updateDestinationDefinition",
    tag = "DestinationDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    request_body = UpdateDefinitionRequest,
    responses((status = 200, body = DefinitionResponse))
)]
pub async fn update_destination(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
    Body(body): Body<UpdateDefinitionRequest>,
) -> Result<Response, Problem> {
    update::<Edit>(&app, &caller, host, id, body).await
}

/// Delete a destination definition that the workspace brought, and all its destinations. Needs
/// `workspace_editor`.
#[utoipa::path(
    delete,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/destinations/{definitionId}",
    operation_id = "deleteDestinationDefinition",
    tag = "DestinationDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    responses((status = 200, body = DefinitionResponse))
)]
pub async fn delete_destination(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
) -> Result<Response, Problem> {
    let gone = ops::definitions::remove::<Edit>(&app, &caller, host, id).await?;
    Ok(respond(gone))
}
