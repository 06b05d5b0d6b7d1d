//! Sources and destinations, their checks, and signing in to them.

use axum::http::Method;
use serde_json::json;

use super::roles::{ANYBODY, DESTINATION_EDITORS, READERS, RUNNERS, SOURCE_EDITORS};
use super::{Row, Target};

pub const ROWS: &[Row] = &[
    Row {
        operation: "initiateOAuth",
        target: Target::LowCode,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            let (workspace, definition) = id.split_once('/').unwrap_or((id, id));
            let body = json!({
                "workspaceId": workspace, "definitionId": definition, "redirectUrl": "https://example.org/",
                "oAuthInputConfiguration": { "client_id": "x" },
            });
            (Method::POST, "/sources/initiateOAuth".into(), Some(body))
        },
    },
    Row {
        operation: "listSources",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/sources".into(), None),
    },
    Row {
        operation: "listSources",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/sources?workspaceIds={id}"), None),
    },
    Row {
        operation: "createSource",
        target: Target::Workspace,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/sources".into(),
                Some(
                    json!({ "name": "pets", "workspaceId": id, "configuration": { "sourceType": "faker", "count": 10 } }),
                ),
            )
        },
    },
    Row {
        operation: "getSource",
        target: Target::Source,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/sources/{id}"), None),
    },
    Row {
        operation: "patchSource",
        target: Target::Source,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PATCH,
                format!("/sources/{id}"),
                Some(json!({ "name": "cats" })),
            )
        },
    },
    Row {
        operation: "putSource",
        target: Target::Source,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PUT,
                format!("/sources/{id}"),
                Some(
                    json!({ "name": "cats", "configuration": { "sourceType": "faker", "count": 10 } }),
                ),
            )
        },
    },
    Row {
        operation: "deleteSource",
        target: Target::Source,
        roles: SOURCE_EDITORS,
        ok: 204,
        request: |id, _| (Method::DELETE, format!("/sources/{id}"), None),
    },
    Row {
        operation: "checkSource",
        target: Target::Source,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| (Method::POST, format!("/sources/{id}/check"), None),
    },
    Row {
        operation: "checkSourceConfiguration",
        target: Target::Workspace,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/sources/check".into(),
                Some(
                    json!({ "workspaceId": id, "configuration": { "sourceType": "faker", "count": 10 } }),
                ),
            )
        },
    },
    Row {
        operation: "checkSourceConfiguration",
        target: Target::Source,
        roles: SOURCE_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/sources/check".into(),
                Some(
                    json!({ "sourceId": id, "configuration": { "sourceType": "faker", "count": 10 } }),
                ),
            )
        },
    },
    Row {
        operation: "internalCheckSource",
        target: Target::Source,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/api/v1/sources/check_connection".into(),
                Some(json!({ "sourceId": id })),
            )
        },
    },
    Row {
        operation: "listDestinations",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/destinations".into(), None),
    },
    Row {
        operation: "listDestinations",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| {
            (
                Method::GET,
                format!("/destinations?workspaceIds={id}"),
                None,
            )
        },
    },
    Row {
        operation: "createDestination",
        target: Target::Workspace,
        roles: DESTINATION_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/destinations".into(),
                Some(
                    json!({ "name": "pets", "workspaceId": id, "configuration": { "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } } }),
                ),
            )
        },
    },
    Row {
        operation: "getDestination",
        target: Target::Destination,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/destinations/{id}"), None),
    },
    Row {
        operation: "patchDestination",
        target: Target::Destination,
        roles: DESTINATION_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PATCH,
                format!("/destinations/{id}"),
                Some(json!({ "name": "cats" })),
            )
        },
    },
    Row {
        operation: "putDestination",
        target: Target::Destination,
        roles: DESTINATION_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PUT,
                format!("/destinations/{id}"),
                Some(
                    json!({ "name": "cats", "configuration": { "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } } }),
                ),
            )
        },
    },
    Row {
        operation: "deleteDestination",
        target: Target::Destination,
        roles: DESTINATION_EDITORS,
        ok: 204,
        request: |id, _| (Method::DELETE, format!("/destinations/{id}"), None),
    },
    Row {
        operation: "checkDestination",
        target: Target::Destination,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| (Method::POST, format!("/destinations/{id}/check"), None),
    },
    Row {
        operation: "checkDestinationConfiguration",
        target: Target::Workspace,
        roles: DESTINATION_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/destinations/check".into(),
                Some(
                    json!({ "workspaceId": id, "configuration": { "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } } }),
                ),
            )
        },
    },
    Row {
        operation: "checkDestinationConfiguration",
        target: Target::Destination,
        roles: DESTINATION_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/destinations/check".into(),
                Some(
                    json!({ "destinationId": id, "configuration": { "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } } }),
                ),
            )
        },
    },
    Row {
        operation: "internalCheckDestination",
        target: Target::Destination,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/api/v1/destinations/check_connection".into(),
                Some(json!({ "destinationId": id })),
            )
        },
    },
    Row {
        operation: "getStreamProperties",
        target: Target::Source,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/streams?sourceId={id}"), None),
    },
];
