//! Workspaces.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{self, CursorParameter, PageParameters, WriteJson, write_id, write_text};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{Edit, EditSomething, Read};
use crate::app::App;
use crate::domain::ids::{OrganizationId, RegionId, WorkspaceId};
use crate::domain::notifications::NotificationsChange;
use crate::domain::page::{Mark, Page, Slice};
use crate::domain::text::Name;
use crate::domain::workspace::{ListedWorkspace, Workspace};
use crate::error::Result;
use crate::http::extract::{Body, FromQuery, Id, KeyParameter, Keyed, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::once;
use crate::ops::workspaces::Wish;
use crate::request::Base;
use crate::store::db::Exec;
use crate::store::workspaces;

const LIST: &str = "/api/public/v1/workspaces";

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceCreateRequest {
    name: Name,
    /// The default organization when absent.
    organization_id: Option<OrganizationId>,
    notifications: Option<NotificationsChange>,
    region_id: Option<RegionId>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceUpdateRequest {
    name: Option<Name>,
    notifications: Option<NotificationsChange>,
    region_id: Option<RegionId>,
}

/// A workspace. This type describes the answer; [`WriteJson`] writes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceResponse {
    workspace_id: WorkspaceId,
    name: String,
    /// The name of its region in lower case.
    data_residency: String,
    notifications: NotificationsChange,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspacesResponse {
    /// Empty on the first page.
    previous: Option<String>,
    /// Empty on the last page.
    next: Option<String>,
    data: Vec<WorkspaceResponse>,
}

impl WriteJson for ListedWorkspace {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"workspaceId\":");
        write_id(self.id, out);
        out.extend_from_slice(b",\"name\":");
        write_text(&self.name, out);
        out.extend_from_slice(b",\"dataResidency\":");
        write_text(&self.region.to_lowercase(), out);
        out.extend_from_slice(b",\"notifications\":");
        // Stored as JSON, by us alone.
        out.extend_from_slice(self.notifications.as_bytes());
        out.push(b'}');
    }
}

fn respond(workspace: Workspace) -> Response {
    page::respond_one(&ListedWorkspace::from(workspace))
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// Only these; each must be readable.
    #[param(required = false)]
    workspace_ids: Vec<WorkspaceId>,
    /// Deleted ones too, of those named in workspaceIds.
    #[param(required = false, default = false)]
    include_deleted: bool,
    #[param(ignore)]
    page: Page,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            workspace_ids: parameters.list("workspaceIds"),
            include_deleted: parameters.flag("includeDeleted").unwrap_or(false),
            page: parameters.page_or_cursor(),
        }
    }
}

/// The workspaces that the caller may read, oldest first.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces",
    operation_id = "listWorkspaces",
    tag = "Workspaces",
    params(ListQuery, PageParameters, CursorParameter),
    responses((status = 200, body = WorkspacesResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let mut db = app.db.read().await?;
    let found = if query.workspace_ids.is_empty() {
        workspaces::list(
            &mut db,
            &app.lists,
            app.clock.now(),
            &caller.scope(),
            query.page,
        )
        .await?
    } else {
        named(&mut db, &caller, &query).await?
    };
    let mut filters = vec![("includeDeleted", query.include_deleted.to_string())];
    if !query.workspace_ids.is_empty() {
        filters.push(("workspaceIds", page::commas(&query.workspace_ids)));
    }
    Ok(page::respond(&base, LIST, &filters, query.page, &found))
}

/// One page of the workspaces that the query names.
async fn named(
    db: &mut dyn Exec,
    caller: &Caller,
    query: &ListQuery,
) -> Result<Slice<ListedWorkspace>> {
    let page = query.page;
    let found = doors::workspaces_named(db, caller, &query.workspace_ids).await?;
    let mark = |workspace: &Workspace| Mark::new(workspace.created_at, workspace.id);
    let wanted = found
        .into_iter()
        .map(Granted::into_inner)
        .filter(|workspace| query.include_deleted || workspace.deleted_at.is_none())
        .filter(|workspace| page.after().is_none_or(|after| mark(workspace) > after));
    let items = wanted.skip(page.offset()).take(page.one_more());
    let found = Slice::of(page, items.collect()).marked(page, mark);
    Ok(found.map(ListedWorkspace::from))
}

/// Create a workspace. Needs `organization_editor` on its organization.
#[utoipa::path(
    post,
    path = "/api/public/v1/workspaces",
    operation_id = "createWorkspace",
    tag = "Workspaces",
    params(KeyParameter),
    request_body = WorkspaceCreateRequest,
    responses((status = 200, body = WorkspaceResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed { body, key }: Keyed<WorkspaceCreateRequest>,
) -> Result<Response, Problem> {
    let once = key.of(&app, &caller, "createWorkspace");
    if let Some(id) = once::earlier(&app, once.as_ref()).await? {
        let made = doors::workspace::<Read>(&mut app.db.read().await?, &caller, id).await?;
        return Ok(respond(made.into_inner()));
    }
    let organization = body.organization_id.unwrap_or(OrganizationId::DEFAULT);
    let mut db = app.db.write().await?;
    let host = doors::organization::<Edit>(&mut db, &caller, organization).await?;
    let wish = Wish {
        name: None,
        notifications: body.notifications,
        region_id: body.region_id,
    };
    let workspace =
        ops::workspaces::create(&mut db, &app.clock, &caller, &host, body.name, &wish).await?;
    once::keep(&app, &mut db, once.as_ref(), workspace.id).await?;
    db.commit().await?;
    Ok(respond(workspace))
}

/// One workspace.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}",
    operation_id = "getWorkspace",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path)),
    responses((status = 200, body = WorkspaceResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
) -> Result<Response, Problem> {
    let workspace = doors::workspace::<Read>(&mut app.db.read().await?, &caller, id).await?;
    Ok(respond(workspace.into_inner()))
}

/// Change a workspace; what is absent stays. Needs one of the editor roles.
#[utoipa::path(
    patch,
    path = "/api/public/v1/workspaces/{workspaceId}",
    operation_id = "updateWorkspace",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path)),
    request_body = WorkspaceUpdateRequest,
    responses((status = 200, body = WorkspaceResponse))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    Body(body): Body<WorkspaceUpdateRequest>,
) -> Result<Response, Problem> {
    let mut db = app.db.write().await?;
    let workspace = doors::workspace::<EditSomething>(&mut db, &caller, id).await?;
    let wish = Wish {
        name: body.name,
        notifications: body.notifications,
        region_id: body.region_id,
    };
    let changed = ops::workspaces::update(&mut db, workspace, wish).await?;
    db.commit().await?;
    Ok(respond(changed))
}

/// Delete a workspace. Needs one of the editor roles.
#[utoipa::path(
    delete,
    path = "/api/public/v1/workspaces/{workspaceId}",
    operation_id = "deleteWorkspace",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
) -> Result<StatusCode, Problem> {
    ops::workspaces::remove(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
