//! Connections with their states, and their jobs.

use axum::http::Method;
use serde_json::{Value, json};

use super::roles::{EDITORS, READERS, RUNNERS};
use super::{Row, Target};

pub const ROWS: &[Row] = &[
    Row {
        operation: "listConnections",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/connections?workspaceIds={id}"), None),
    },
    Row {
        operation: "createConnection",
        target: Target::Pair,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            let (source, destination) = id.split_once('/').unwrap_or((id, id));
            let body = json!({ "sourceId": source, "destinationId": destination });
            (Method::POST, "/connections".into(), Some(body))
        },
    },
    Row {
        operation: "getConnection",
        target: Target::Connection,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/connections/{id}"), None),
    },
    Row {
        operation: "patchConnection",
        target: Target::Connection,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PATCH,
                format!("/connections/{id}"),
                Some(json!({ "name": "cats" })),
            )
        },
    },
    Row {
        operation: "deleteConnection",
        target: Target::Connection,
        roles: EDITORS,
        ok: 204,
        request: |id, _| (Method::DELETE, format!("/connections/{id}"), None),
    },
    Row {
        operation: "refreshConnection",
        target: Target::Connection,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                format!("/connections/{id}/refresh"),
                Some(json!({})),
            )
        },
    },
    Row {
        operation: "clearConnection",
        target: Target::Connection,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                format!("/connections/{id}/clear"),
                Some(json!({})),
            )
        },
    },
    Row {
        operation: "getConnectionState",
        target: Target::Connection,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/connections/{id}/state"), None),
    },
    Row {
        operation: "refreshConnectionSchema",
        target: Target::Connection,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            let path = format!("/connections/{id}/schema/refresh");
            (Method::POST, path, None)
        },
    },
    Row {
        operation: "putConnectionState",
        target: Target::Connection,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PUT,
                format!("/connections/{id}/state"),
                Some(json!({ "stateType": "not_set" })),
            )
        },
    },
    Row {
        operation: "listJobs",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/jobs?workspaceIds={id}"), None),
    },
    Row {
        operation: "listJobs",
        target: Target::Connection,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/jobs?connectionId={id}"), None),
    },
    Row {
        operation: "createJob",
        target: Target::Connection,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/jobs".into(),
                Some(json!({ "connectionId": id, "jobType": "sync" })),
            )
        },
    },
    Row {
        operation: "createJob",
        target: Target::Connection,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/jobs".into(),
                Some(json!({ "connectionId": id, "jobType": "reset" })),
            )
        },
    },
    Row {
        operation: "createJob",
        target: Target::Connection,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/jobs".into(),
                Some(json!({ "connectionId": id, "jobType": "clear" })),
            )
        },
    },
    Row {
        operation: "getJob",
        target: Target::Job,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/jobs/{id}"), None),
    },
    Row {
        operation: "cancelJob",
        target: Target::Job,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| (Method::DELETE, format!("/jobs/{id}"), None),
    },
    Row {
        operation: "listJobAttempts",
        target: Target::Job,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/jobs/{id}/attempts"), None),
    },
    Row {
        operation: "getJobLogs",
        target: Target::Job,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/jobs/{id}/logs"), None),
    },
    Row {
        operation: "internalGetConnection",
        target: Target::Connection,
        roles: READERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/api/v1/connections/get".into(),
                Some(json!({ "connectionId": id })),
            )
        },
    },
    Row {
        operation: "internalSyncConnection",
        target: Target::Connection,
        roles: RUNNERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/api/v1/connections/sync".into(),
                Some(json!({ "connectionId": id })),
            )
        },
    },
    Row {
        operation: "internalGetState",
        target: Target::Connection,
        roles: READERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/api/v1/state/get".into(),
                Some(json!({ "connectionId": id })),
            )
        },
    },
    Row {
        operation: "internalPutState",
        target: Target::Connection,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "connectionId": id, "connectionState": { "stateType": "not_set" } });
            (
                Method::POST,
                "/api/v1/state/create_or_update_safe".into(),
                Some(body),
            )
        },
    },
    Row {
        operation: "internalGetJob",
        target: Target::Job,
        roles: READERS,
        ok: 200,
        request: |id, _| {
            let id: Value = id.parse::<i64>().map_or_else(|_| json!(id), |id| json!(id));
            (
                Method::POST,
                "/api/v1/jobs/get".into(),
                Some(json!({ "id": id })),
            )
        },
    },
];
