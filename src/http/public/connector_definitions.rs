//! All connectors that can be chosen, of either kind, in short.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::page::{self, WriteJson, write_id, write_text};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Read;
use crate::app::App;
use crate::domain::definition::{Kind, ListedDefinition};
use crate::domain::ids::{DefinitionId, WorkspaceId};
use crate::error::Error;
use crate::http::extract::{FromQuery, Parameters, Query};
use crate::http::problem::Problem;
use crate::store::definitions;

/// A connector. This type describes the answer; [`WriteJson`] writes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorDefinitionResponse {
    id: DefinitionId,
    name: String,
    connector_definition_type: ConnectorType,
    version: String,
}

/// Which side of a connection a connector stands on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConnectorType {
    Source,
    Destination,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectorDefinitionsResponse {
    data: Vec<ConnectorDefinitionResponse>,
}

struct Item(Kind, ListedDefinition);

impl WriteJson for Item {
    fn write_json(&self, out: &mut Vec<u8>) {
        let Self(kind, definition) = self;
        out.extend_from_slice(b"{\"id\":");
        write_id(definition.id, out);
        out.extend_from_slice(b",\"name\":");
        write_text(&definition.name, out);
        out.extend_from_slice(b",\"connectorDefinitionType\":\"");
        out.extend_from_slice(kind.as_str().as_bytes());
        out.extend_from_slice(b"\",\"version\":");
        write_text(&definition.tag, out);
        out.push(b'}');
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    #[param(value_type = ConnectorType, rename = "type")]
    kind: Option<Kind>,
    /// With the connectors that this workspace has brought. The public ones alone when absent.
    #[param(required = false, value_type = WorkspaceId)]
    workspace_id: Option<WorkspaceId>,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            kind: parameters.required("type"),
            workspace_id: parameters.optional("workspaceId"),
        }
    }
}

/// The connectors that can be chosen, by name.
#[utoipa::path(
    get,
    path = "/api/public/v1/connector_definitions",
    operation_id = "listConnectorDefinitions",
    tag = "ConnectorDefinitions",
    params(ListQuery),
    responses((status = 200, body = ConnectorDefinitionsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let missing = || Error::internal("a query without a type was let through");
    let kind = query.kind.ok_or_else(missing)?;
    let mut db = app.db.read().await?;
    let found = match query.workspace_id {
        None => definitions::list_public(&mut db, kind).await?,
        Some(id) => {
            let workspace = doors::workspace::<Read>(&mut db, &caller, id).await?;
            definitions::list_with_low_code(&mut db, &workspace, kind).await?
        }
    };
    let items: Vec<_> = found.into_iter().map(|one| Item(kind, one)).collect();
    Ok(page::respond_whole(&items))
}
