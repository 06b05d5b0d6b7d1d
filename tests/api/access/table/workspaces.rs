//! Workspaces: their notifications, their OAuth clients and their tags.

use axum::http::Method;
use ferrobyte::domain::ids::OrganizationId;
use serde_json::json;

use super::roles::{ANYBODY, EDITORS, ORGANIZATION_ADMINS, ORGANIZATION_EDITORS, READERS};
use super::{Row, Target, client};

pub const ROWS: &[Row] = &[
    Row {
        operation: "moveWorkspace",
        target: Target::Workspace,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "organizationId": OrganizationId::DEFAULT });
            (Method::POST, format!("/workspaces/{id}/move"), Some(body))
        },
    },
    Row {
        operation: "listWorkspaces",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/workspaces".into(), None),
    },
    Row {
        operation: "listWorkspaces",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/workspaces?workspaceIds={id}"), None),
    },
    Row {
        operation: "createWorkspace",
        target: Target::Organization,
        roles: ORGANIZATION_EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/workspaces".into(),
                Some(json!({ "name": "pets", "organizationId": id })),
            )
        },
    },
    Row {
        operation: "getWorkspace",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/workspaces/{id}"), None),
    },
    Row {
        operation: "listDeliveries",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/workspaces/{id}/deliveries"), None),
    },
    Row {
        operation: "testDelivery",
        target: Target::Workspace,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            // Refused, and that is the outcome.
            let body = json!({ "url": "http://127.0.0.1:9/" });
            (
                Method::POST,
                format!("/workspaces/{id}/deliveries/test"),
                Some(body),
            )
        },
    },
    Row {
        operation: "getWebhookSecret",
        target: Target::Workspace,
        roles: EDITORS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/workspaces/{id}/webhookSecret"), None),
    },
    Row {
        operation: "rotateWebhookSecret",
        target: Target::Workspace,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                format!("/workspaces/{id}/webhookSecret/rotate"),
                None,
            )
        },
    },
    Row {
        operation: "createOrUpdateWorkspaceOAuthCredentials",
        target: Target::Workspace,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            let path = format!("/workspaces/{id}/oauthCredentials");
            (Method::PUT, path, Some(client()))
        },
    },
    Row {
        operation: "deleteWorkspaceOAuthCredentials",
        target: Target::Workspace,
        roles: EDITORS,
        ok: 204,
        request: |id, _| {
            let path = format!("/workspaces/{id}/oauthCredentials/source/faker");
            (Method::DELETE, path, None)
        },
    },
    Row {
        operation: "updateWorkspace",
        target: Target::Workspace,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PATCH,
                format!("/workspaces/{id}"),
                Some(json!({ "name": "cats" })),
            )
        },
    },
    Row {
        operation: "deleteWorkspace",
        target: Target::Workspace,
        roles: EDITORS,
        ok: 204,
        request: |id, _| (Method::DELETE, format!("/workspaces/{id}"), None),
    },
    Row {
        operation: "listTags",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/tags".into(), None),
    },
    Row {
        operation: "listTags",
        target: Target::Workspace,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/tags?workspaceIds={id}"), None),
    },
    Row {
        operation: "createTag",
        target: Target::Workspace,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": "daily", "color": "FF8800", "workspaceId": id });
            (Method::POST, "/tags".into(), Some(body))
        },
    },
    Row {
        operation: "getTag",
        target: Target::Tag,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/tags/{id}"), None),
    },
    Row {
        operation: "updateTag",
        target: Target::Tag,
        roles: EDITORS,
        ok: 200,
        request: |id, _| {
            (
                Method::PATCH,
                format!("/tags/{id}"),
                Some(json!({ "color": "00ff00" })),
            )
        },
    },
    Row {
        operation: "deleteTag",
        target: Target::Tag,
        roles: EDITORS,
        ok: 204,
        request: |id, _| (Method::DELETE, format!("/tags/{id}"), None),
    },
];
