//! Low-code source definitions of a workspace. A manifest goes in and comes out as the same text.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::page::{self, WriteJson, write_id, write_text};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Read;
use crate::app::App;
use crate::domain::definition::{Definition, Shelf};
use crate::domain::ids::{DefinitionId, WorkspaceId};
use crate::domain::text::Name;
use crate::http::extract::{Body, Id, Ids};
use crate::http::problem::Problem;
use crate::ops::definitions::{self, LowCode};
use crate::store::manifests::{self, ListedManifest};

#[derive(Debug, Deserialize, ToSchema)]
pub struct CreateDeclarativeSourceDefinitionRequest {
    name: Name,
    #[schema(value_type = Object)]
    manifest: Box<RawValue>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct UpdateDeclarativeSourceDefinitionRequest {
    #[schema(value_type = Object)]
    manifest: Box<RawValue>,
}

/// A low-code definition. This type describes the answer; [`WriteJson`] writes it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeclarativeSourceDefinitionResponse {
    id: DefinitionId,
    name: String,
    #[schema(value_type = Object)]
    manifest: Box<RawValue>,
    /// Of the manifest, counted from 1.
    version: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeclarativeSourceDefinitionsResponse {
    /// Never there: the list has no pages.
    previous: Option<String>,
    /// Never there: the list has no pages.
    next: Option<String>,
    data: Vec<DeclarativeSourceDefinitionResponse>,
}

impl WriteJson for ListedManifest {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        write_id(self.id, out);
        out.extend_from_slice(b",\"name\":");
        write_text(&self.name, out);
        out.extend_from_slice(b",\"manifest\":");
        // Stored as JSON, after it was read as JSON.
        out.extend_from_slice(self.manifest.as_bytes());
        out.extend_from_slice(b",\"version\":");
        out.extend_from_slice(self.version.to_string().as_bytes());
        out.push(b'}');
    }
}

fn respond(definition: Definition, manifest: String) -> Response {
    page::respond_one(&ListedManifest {
        id: definition.id,
        name: definition.name,
        version: definition.manifest_version.unwrap_or_default(),
        manifest,
    })
}

/// The low-code source definitions of a workspace, by name.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/declarative_sources",
    operation_id = "listDeclarativeSourceDefinitions",
    tag = "DeclarativeSourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path)),
    responses((status = 200, body = DeclarativeSourceDefinitionsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(host): Id<WorkspaceId>,
) -> Result<Response, Problem> {
    let mut db = app.db.read().await?;
    let workspace = doors::workspace::<Read>(&mut db, &caller, host).await?;
    let found = manifests::list(&mut db, &workspace).await?;
    Ok(page::respond_whole(&found))
}

/// Bring a low-code source; the manifest becomes version 1. Needs `workspace_editor` or
/// `workspace_source_editor`.
#[utoipa::path(
    post,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/declarative_sources",
    operation_id = "createDeclarativeSourceDefinition",
    tag = "DeclarativeSourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path)),
    request_body = CreateDeclarativeSourceDefinitionRequest,
    responses((status = 200, body = DeclarativeSourceDefinitionResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(host): Id<WorkspaceId>,
    Body(body): Body<CreateDeclarativeSourceDefinitionRequest>,
) -> Result<Response, Problem> {
    let low_code = LowCode::parse(body.manifest)?;
    let made = definitions::create_low_code(&app, &caller, host, body.name, &low_code).await?;
    Ok(respond(made, low_code.into_text()))
}

/// One low-code source definition with its active manifest.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/declarative_sources/{definitionId}",
    operation_id = "getDeclarativeSourceDefinition",
    tag = "DeclarativeSourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    responses((status = 200, body = DeclarativeSourceDefinitionResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
) -> Result<Response, Problem> {
    let mut db = app.db.read().await?;
    let found = doors::definition::<Read>(&mut db, &caller, host, Shelf::LowCode, id).await?;
    let manifest = definitions::active_manifest(&mut db, &found).await?;
    Ok(respond(found.into_inner(), manifest))
}

/// Give a low-code source definition a new manifest, which becomes the next version and the active one.
/// Needs `workspace_editor` or `workspace_source_editor`.
#[utoipa::path(
    put,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/declarative_sources/{definitionId}",
    operation_id = "updateDeclarativeSourceDefinition",
    tag = "DeclarativeSourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    request_body = UpdateDeclarativeSourceDefinitionRequest,
    responses((status = 200, body = DeclarativeSourceDefinitionResponse))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
    Body(body): Body<UpdateDeclarativeSourceDefinitionRequest>,
) -> Result<Response, Problem> {
    let low_code = LowCode::parse(body.manifest)?;
    let changed = definitions::update_low_code(&app, &caller, host, id, &low_code).await?;
    Ok(respond(changed, low_code.into_text()))
}

/// Delete a low-code source definition and all its sources. Needs `workspace_editor` or
/// `workspace_source_editor`.
#[utoipa::path(
    delete,
    path = "/api/public/v1/workspaces/{workspaceId}/definitions/declarative_sources/{definitionId}",
    operation_id = "deleteDeclarativeSourceDefinition",
    tag = "DeclarativeSourceDefinitions",
    params(("workspaceId" = WorkspaceId, Path), ("definitionId" = DefinitionId, Path)),
    responses((status = 200, body = DeclarativeSourceDefinitionResponse))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(host, id): Ids<WorkspaceId, DefinitionId>,
) -> Result<Response, Problem> {
    let (gone, manifest) = definitions::remove_low_code(&app, &caller, host, id).await?;
    Ok(respond(gone, manifest))
}
