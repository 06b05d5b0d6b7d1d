//! People, service accounts, and the applications by which programs act.

use axum::http::Method;
use serde_json::json;

use super::roles::{ANYBODY, ORGANIZATION_ADMINS, ORGANIZATION_MEMBERS};
use super::{Row, Target};

pub const ROWS: &[Row] = &[
    Row {
        operation: "listApplications",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/applications".into(), None),
    },
    Row {
        operation: "createApplication",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| {
            (
                Method::POST,
                "/applications".into(),
                Some(json!({ "name": "etl" })),
            )
        },
    },
    Row {
        operation: "getApplication",
        target: Target::Application,
        roles: ANYBODY,
        ok: 200,
        request: |id, _| (Method::GET, format!("/applications/{id}"), None),
    },
    Row {
        operation: "deleteApplication",
        target: Target::Application,
        roles: ANYBODY,
        ok: 200,
        request: |id, _| (Method::DELETE, format!("/applications/{id}"), None),
    },
    Row {
        operation: "internalListApplications",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::POST, "/api/v1/applications/list".into(), None),
    },
    Row {
        operation: "internalCreateApplication",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| {
            (
                Method::POST,
                "/api/v1/applications/create".into(),
                Some(json!({ "name": "etl" })),
            )
        },
    },
    Row {
        operation: "internalDeleteApplication",
        target: Target::Application,
        roles: ANYBODY,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/api/v1/applications/delete".into(),
                Some(json!({ "applicationId": id })),
            )
        },
    },
    Row {
        operation: "listUsersWithinAnOrganization",
        target: Target::Organization,
        roles: ORGANIZATION_MEMBERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/users?organizationId={id}"), None),
    },
    Row {
        operation: "createUser",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": "nightly", "serviceAccount": true, "organizationId": id });
            (Method::POST, "/users".into(), Some(body))
        },
    },
    Row {
        operation: "getUser",
        target: Target::User,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/users/{id}"), None),
    },
    Row {
        operation: "updateUser",
        target: Target::User,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "disabled": true });
            (Method::PATCH, format!("/users/{id}"), Some(body))
        },
    },
    Row {
        operation: "createInvitation",
        target: Target::Human,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::POST, format!("/users/{id}/invitation"), None),
    },
    Row {
        operation: "listServiceAccountApplications",
        target: Target::User,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/users/{id}/applications"), None),
    },
    Row {
        operation: "createServiceAccountApplication",
        target: Target::User,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": "etl" });
            (
                Method::POST,
                format!("/users/{id}/applications"),
                Some(body),
            )
        },
    },
    Row {
        operation: "deleteServiceAccountApplication",
        target: Target::UserApplication,
        roles: ORGANIZATION_ADMINS,
        ok: 204,
        request: |id, _| {
            let (user, application) = id.split_once('/').unwrap_or((id, id));
            let path = format!("/users/{user}/applications/{application}");
            (Method::DELETE, path, None)
        },
    },
];
