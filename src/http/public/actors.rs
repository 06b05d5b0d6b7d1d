//! What the doors of sources and destinations share: how both are written, listed and asked for. What
//! they are called differs, and is said in `sources` and `destinations`.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::page::{self, WriteJson, write_id, write_text};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::domain::actor::{Actor, ListedActor};
use crate::domain::definition::Kind;
use crate::domain::ids::WorkspaceId;
use crate::domain::page::Page;
use crate::http::extract::{FromQuery, Parameters};
use crate::http::problem::Problem;
use crate::request::Base;
use crate::store::actors::{self, Wanted};
use crate::store::listing::Reach;

/// Any JSON object. What a connector wants in it is in its specification.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct Configuration(Map<String, Value>);

impl From<Configuration> for Value {
    fn from(configuration: Configuration) -> Self {
        Self::Object(configuration.0)
    }
}

/// A source or destination as answers show it.
struct Shown {
    kind: Kind,
    actor: ListedActor,
}

impl WriteJson for Shown {
    fn write_json(&self, out: &mut Vec<u8>) {
        let (id, connector) = match self.kind {
            Kind::Source => (&b"{\"sourceId\":"[..], &b",\"sourceType\":"[..]),
            Kind::Destination => (&b"{\"destinationId\":"[..], &b",\"destinationType\":"[..]),
        };
        let actor = &self.actor;
        out.extend_from_slice(id);
        write_id(actor.id, out);
        out.extend_from_slice(b",\"name\":");
        write_text(&actor.name, out);
        out.extend_from_slice(connector);
        write_text(&actor.short_name, out);
        out.extend_from_slice(b",\"definitionId\":");
        write_id(actor.definition_id, out);
        out.extend_from_slice(b",\"workspaceId\":");
        write_id(actor.workspace_id, out);
        // Stored as JSON, by us alone.
        out.extend_from_slice(b",\"configuration\":");
        out.extend_from_slice(actor.configuration.as_bytes());
        out.extend_from_slice(b",\"createdAt\":");
        out.extend_from_slice(actor.created_at.timestamp().to_string().as_bytes());
        if let Some(resources) = &actor.resource_allocation {
            out.extend_from_slice(b",\"resourceAllocation\":");
            out.extend_from_slice(resources.as_bytes());
        }
        out.push(b'}');
    }
}

/// One source or destination as an answer.
pub(super) fn respond(actor: Actor) -> Response {
    let kind = actor.kind;
    let actor = actor.into();
    page::respond_one(&Shown { kind, actor })
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// Only those in these workspaces; each must be readable.
    #[param(required = false)]
    workspace_ids: Vec<WorkspaceId>,
    /// Deleted ones too, with an empty configuration.
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

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct GetQuery {
    /// Show the references to secrets that are kept elsewhere instead of masks.
    #[param(required = false)]
    pub(super) include_secret_coordinates: bool,
}

impl FromQuery for GetQuery {
    fn read(parameters: &mut Parameters) -> Self {
        let name = "includeSecretCoordinates";
        Self {
            include_secret_coordinates: parameters.flag(name).unwrap_or(false),
        }
    }
}

/// One page of the sources or destinations that the caller may read, oldest first.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    base: &Base,
    kind: Kind,
    query: &ListQuery,
) -> Result<Response, Problem> {
    let wanted = Wanted {
        kind,
        deleted: query.include_deleted,
        page: query.page,
    };
    let mut db = app.db.read().await?;
    let found = if query.workspace_ids.is_empty() {
        actors::list(&mut db, Reach::Scope(&caller.scope()), wanted).await?
    } else {
        let places = doors::places(&mut db, caller, &query.workspace_ids).await?;
        actors::list(&mut db, Reach::Places(&places), wanted).await?
    };
    drop(db);
    let shown = found.map(|actor| Shown { kind, actor });
    let mut filters = vec![("includeDeleted", query.include_deleted.to_string())];
    if !query.workspace_ids.is_empty() {
        filters.push(("workspaceIds", page::commas(&query.workspace_ids)));
    }
    let path = match kind {
        Kind::Source => "/api/public/v1/sources",
        Kind::Destination => "/api/public/v1/destinations",
    };
    Ok(page::respond(base, path, &filters, query.page, &shown))
}
