//! Connections.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::connection_bodies::{
    ConnectionCreateRequest, ConnectionPatchRequest, StreamConfigurations,
};
use super::page::{self, CursorParameter, PageParameters, WriteJson, write_id, write_text};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::domain::connection::{
    Connection, ListedConnection, Namespace, NonBreakingChanges, Status,
};
use crate::domain::ids::{ActorId, ConnectionId, TagId, WorkspaceId};
use crate::domain::page::Page;
use crate::domain::schedule::Told;
use crate::domain::tag::Tag;
use crate::error::{Error, Result};
use crate::http::extract::{Body, FromQuery, Id, KeyParameter, Keyed, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::connections::{Whole, Wish};
use crate::request::Base;
use crate::store::connection_lists::{self, Wanted};
use crate::store::listing::Reach;
use crate::store::tags;

const LIST: &str = "/api/public/v1/connections";

/// A connection. This type describes the answer; [`WriteJson`] writes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionResponse {
    connection_id: ConnectionId,
    name: String,
    source_id: ActorId,
    destination_id: ActorId,
    workspace_id: WorkspaceId,
    /// `deprecated` is deleted.
    status: Status,
    schedule: Told,
    /// Always `auto`: there is one region.
    data_residency: String,
    non_breaking_schema_updates_behavior: Option<NonBreakingChanges>,
    namespace_definition: Option<Namespace>,
    namespace_format: Option<String>,
    prefix: Option<String>,
    #[schema(value_type = StreamConfigurations)]
    configurations: serde_json::Value,
    /// Seconds since 1970.
    created_at: i64,
    tags: Vec<Tag>,
    /// Why the server itself switched it off.
    status_reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionsResponse {
    /// Empty on the first page.
    previous: Option<String>,
    /// Empty on the last page.
    next: Option<String>,
    #[schema(default = json!([]))]
    data: Vec<ConnectionResponse>,
}

/// A connection as answers show it.
struct Shown {
    connection: ListedConnection,
    schedule: Told,
    tags: Vec<Tag>,
}

impl Shown {
    fn new(connection: ListedConnection, tags: Vec<Tag>) -> Result<Self> {
        Ok(Self {
            schedule: Told::of_stored(&connection.schedule).map_err(Error::internal)?,
            connection,
            tags,
        })
    }
}

impl WriteJson for Shown {
    fn write_json(&self, out: &mut Vec<u8>) {
        let connection = &self.connection;
        out.extend_from_slice(b"{\"connectionId\":");
        write_id(connection.id, out);
        out.extend_from_slice(b",\"name\":");
        write_text(&connection.name, out);
        out.extend_from_slice(b",\"sourceId\":");
        write_id(connection.source_id, out);
        out.extend_from_slice(b",\"destinationId\":");
        write_id(connection.destination_id, out);
        out.extend_from_slice(b",\"workspaceId\":");
        write_id(connection.workspace_id, out);
        out.extend_from_slice(b",\"status\":");
        write_text(connection.status.as_str(), out);
        out.extend_from_slice(b",\"schedule\":");
        // Writing to a vector does not fail, and neither do these types.
        let _ = serde_json::to_writer(&mut *out, &self.schedule);
        out.extend_from_slice(b",\"dataResidency\":\"auto\",\"nonBreakingSchemaUpdatesBehavior\":");
        write_text(connection.non_breaking_changes.as_str(), out);
        out.extend_from_slice(b",\"namespaceDefinition\":");
        write_text(connection.namespace.as_str(), out);
        if let Some(format) = &connection.namespace_format {
            out.extend_from_slice(b",\"namespaceFormat\":");
            write_text(format, out);
        }
        out.extend_from_slice(b",\"prefix\":");
        write_text(&connection.prefix, out);
        // Stored as JSON, by us alone.
        out.extend_from_slice(b",\"configurations\":{\"streams\":");
        out.extend_from_slice(connection.streams.as_bytes());
        out.extend_from_slice(b"},\"createdAt\":");
        out.extend_from_slice(connection.created_at.timestamp().to_string().as_bytes());
        out.extend_from_slice(b",\"tags\":");
        let _ = serde_json::to_writer(&mut *out, &self.tags);
        if !connection.status_reason.is_empty() {
            out.extend_from_slice(b",\"statusReason\":");
            write_text(&connection.status_reason, out);
        }
        out.push(b'}');
    }
}

fn respond(whole: Whole) -> Result<Response, Problem> {
    let Whole { connection, tags } = whole;
    Ok(page::respond_one(&Shown::new(listed(connection)?, tags)?))
}

fn listed(whole: Connection) -> Result<ListedConnection> {
    Ok(ListedConnection {
        id: whole.id,
        workspace_id: whole.workspace_id,
        source_id: whole.source_id,
        destination_id: whole.destination_id,
        name: whole.name,
        status: whole.status,
        status_reason: whole.status_reason,
        schedule: serde_json::to_string(&whole.schedule).map_err(Error::internal)?,
        namespace: whole.namespace,
        namespace_format: whole.namespace_format,
        prefix: whole.prefix,
        non_breaking_changes: whole.non_breaking_changes,
        streams: whole.streams,
        tagged: whole.tagged,
        created_at: whole.created_at,
    })
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// Only those in these workspaces; each must be readable.
    #[param(required = false)]
    workspace_ids: Vec<WorkspaceId>,
    /// Only those with one of these tags.
    #[param(required = false)]
    tag_ids: Vec<TagId>,
    /// Deleted ones too.
    #[param(required = false, default = false)]
    include_deleted: bool,
    #[param(ignore)]
    page: Page,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            workspace_ids: parameters.list("workspaceIds"),
            tag_ids: parameters.list("tagIds"),
            include_deleted: parameters.flag("includeDeleted").unwrap_or(false),
            page: parameters.page_or_cursor(),
        }
    }
}

impl ListQuery {
    /// As links keep it.
    fn filters(&self) -> Vec<(&'static str, String)> {
        let mut filters = vec![("includeDeleted", self.include_deleted.to_string())];
        if !self.workspace_ids.is_empty() {
            filters.push(("workspaceIds", page::commas(&self.workspace_ids)));
        }
        if !self.tag_ids.is_empty() {
            filters.push(("tagIds", page::commas(&self.tag_ids)));
        }
        filters
    }
}

/// The connections that the caller may read, oldest first.
#[utoipa::path(
    get,
    path = "/api/public/v1/connections",
    operation_id = "listConnections",
    tag = "Connections",
    params(ListQuery, PageParameters, CursorParameter),
    responses((status = 200, body = ConnectionsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let wanted = Wanted {
        deleted: query.include_deleted,
        tags: &query.tag_ids,
        page: query.page,
    };
    let mut db = app.db.read().await?;
    let found = if query.workspace_ids.is_empty() {
        connection_lists::list(&mut db, Reach::Scope(&caller.scope()), wanted).await?
    } else {
        let places = doors::places(&mut db, &caller, &query.workspace_ids).await?;
        connection_lists::list(&mut db, Reach::Places(&places), wanted).await?
    };
    let tagged = found.items.iter().filter(|connection| connection.tagged);
    let tagged: Vec<_> = tagged.map(|connection| connection.id).collect();
    let mut tags: HashMap<ConnectionId, Vec<Tag>> = HashMap::new();
    for one in tags::of_connections(&mut db, &tagged).await? {
        tags.entry(one.connection_id).or_default().push(one.tag);
    }
    drop(db);
    let slice = found.try_map(|connection| {
        let tags = tags.remove(&connection.id).unwrap_or_default();
        Shown::new(connection, tags)
    })?;
    let filters = query.filters();
    Ok(page::respond(&base, LIST, &filters, query.page, &slice))
}

/// Create a connection between a source and a destination of one workspace. Needs one of the editor roles.
#[utoipa::path(
    post,
    path = "/api/public/v1/connections",
    operation_id = "createConnection",
    tag = "Connections",
    params(KeyParameter),
    request_body = ConnectionCreateRequest,
    responses((status = 200, body = ConnectionResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed { body, key }: Keyed<ConnectionCreateRequest>,
) -> Result<Response, Problem> {
    let wish = Wish {
        source_id: body.source_id,
        destination_id: body.destination_id,
        once: key.of(&app, &caller, "createConnection"),
        change: body.wish()?,
    };
    respond(ops::connections::create(&app, &caller, wish).await?)
}

/// One connection. A deleted one is `deprecated`.
#[utoipa::path(
    get,
    path = "/api/public/v1/connections/{connectionId}",
    operation_id = "getConnection",
    tag = "Connections",
    params(("connectionId" = ConnectionId, Path)),
    responses((status = 200, body = ConnectionResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ConnectionId>,
) -> Result<Response, Problem> {
    respond(ops::connections::read(&app, &caller, id).await?)
}

/// Change a connection; what is absent stays. Needs one of the editor roles.
#[utoipa::path(
    patch,
    path = "/api/public/v1/connections/{connectionId}",
    operation_id = "patchConnection",
    tag = "Connections",
    params(("connectionId" = ConnectionId, Path)),
    request_body = ConnectionPatchRequest,
    responses((status = 200, body = ConnectionResponse))
)]
pub async fn patch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ConnectionId>,
    Body(body): Body<ConnectionPatchRequest>,
) -> Result<Response, Problem> {
    respond(ops::connections::change(&app, &caller, id, body.wish()?).await?)
}

/// Delete a connection; what runs of it is cancelled. Needs one of the editor roles.
#[utoipa::path(
    delete,
    path = "/api/public/v1/connections/{connectionId}",
    operation_id = "deleteConnection",
    tag = "Connections",
    params(("connectionId" = ConnectionId, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ConnectionId>,
) -> Result<StatusCode, Problem> {
    ops::connections::remove(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
