//! Connectors, public ones and those that a workspace brings.

use axum::http::Method;
use serde_json::json;

use super::roles::{ANYBODY, READERS, SOURCE_EDITORS, WHOLE_EDITORS};
use super::{Row, Target, low_code};

pub const ROWS: &[Row] = &[
    Row {
        operation: "listConnectorDefinitions",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| {
            (
                Method::GET,
                "/connector_definitions?type=source".into(),
                None,
            )
        },
    },
    Row {
        operation: "listConnectorDefinitions",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| {
            let path = format!("/connector_definitions?type=source&workspaceId={id}");
            (Method::GET, path, None)
        },
    },
    Row {
        operation: "listSourceDefinitions",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| {
            (
                Method::GET,
                format!("/workspaces/{id}/definitions/sources"),
                None,
            )
        },
    },
    Row {
        operation: "createSourceDefinition",
        target: Target::Workspace,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": "x", "dockerRepository": "airbyte/source-faker", "dockerImageTag": "1" });
            (
                Method::POST,
                format!("/workspaces/{id}/definitions/sources"),
                Some(body),
            )
        },
    },
    Row {
        operation: "getSourceDefinition",
        target: Target::SourceDefinition,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, within(id, "sources"), None),
    },
    Row {
        operation: "updateSourceDefinition",
        target: Target::SourceDefinition,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": "x", "dockerImageTag": "2" });
            (Method::PUT, within(id, "sources"), Some(body))
        },
    },
    Row {
        operation: "deleteSourceDefinition",
        target: Target::SourceDefinition,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| (Method::DELETE, within(id, "sources"), None),
    },
    Row {
        operation: "listDestinationDefinitions",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| {
            (
                Method::GET,
                format!("/workspaces/{id}/definitions/destinations"),
                None,
            )
        },
    },
    Row {
        operation: "createDestinationDefinition",
        target: Target::Workspace,
        roles: WHOLE_EDITORS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": "x", "dockerRepository": "airbyte/destination-dev-null", "dockerImageTag": "1" });
            (
                Method::POST,
                format!("/workspaces/{id}/definitions/destinations"),
                Some(body),
            )
        },
    },
    Row {
        operation: "getDestinationDefinition",
        target: Target::DestinationDefinition,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, within(id, "destinations"), None),
    },
    Row {
        operation: "updateDestinationDefinition",
        target: Target::DestinationDefinition,
        roles: WHOLE_EDITORS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": "x", "dockerImageTag": "2" });
            (Method::PUT, within(id, "destinations"), Some(body))
        },
    },
    Row {
        operation: "deleteDestinationDefinition",
        target: Target::DestinationDefinition,
        roles: WHOLE_EDITORS,
        ok: 200,
        request: |id, _| (Method::DELETE, within(id, "destinations"), None),
    },
    Row {
        operation: "listDeclarativeSourceDefinitions",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| {
            let path = format!("/workspaces/{id}/definitions/declarative_sources");
            (Method::GET, path, None)
        },
    },
    Row {
        operation: "createDeclarativeSourceDefinition",
        target: Target::Workspace,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            let path = format!("/workspaces/{id}/definitions/declarative_sources");
            (Method::POST, path, Some(low_code()))
        },
    },
    Row {
        operation: "getDeclarativeSourceDefinition",
        target: Target::LowCode,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, within(id, "declarative_sources"), None),
    },
    Row {
        operation: "updateDeclarativeSourceDefinition",
        target: Target::LowCode,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PUT,
                within(id, "declarative_sources"),
                Some(low_code()),
            )
        },
    },
    Row {
        operation: "deleteDeclarativeSourceDefinition",
        target: Target::LowCode,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| (Method::DELETE, within(id, "declarative_sources"), None),
    },
];

/// The path of a definition; its id is `WORKSPACE/DEFINITION`. A single id stands for both.
fn within(id: &str, list: &str) -> String {
    let (workspace, definition) = id.split_once('/').unwrap_or((id, id));
    format!("/workspaces/{workspace}/definitions/{list}/{definition}")
}
