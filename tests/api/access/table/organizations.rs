//! Organizations: their audit log, their regions with data planes, and what is embedded elsewhere.

use axum::http::Method;
use ferrobyte::domain::permission::PermissionType as P;
use serde_json::json;

use super::roles::{ANYBODY, ORGANIZATION_ADMINS, ORGANIZATION_READERS};
use super::{Row, Target, client, fresh};

pub const ROWS: &[Row] = &[
    Row {
        operation: "listOrganizationsForUser",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/organizations".into(), None),
    },
    Row {
        operation: "createOrganization",
        target: Target::None,
        roles: &[P::InstanceAdmin],
        ok: 200,
        request: |_, _| {
            let body = json!({ "organizationName": "another" });
            (Method::POST, "/organizations".into(), Some(body))
        },
    },
    Row {
        operation: "listAuditLog",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/organizations/{id}/auditLog"), None),
    },
    Row {
        operation: "exportAuditLog",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let path = format!("/organizations/{id}/auditLog/export");
            (Method::GET, path, None)
        },
    },
    Row {
        operation: "createOrUpdateOrganizationOAuthCredentials",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let path = format!("/organizations/{id}/oauthCredentials");
            (Method::PUT, path, Some(client()))
        },
    },
    Row {
        operation: "deleteOrganizationOAuthCredentials",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 204,
        request: |id, _| {
            let path = format!("/organizations/{id}/oauthCredentials/source/faker");
            (Method::DELETE, path, None)
        },
    },
    Row {
        operation: "internalGetOrganizationInfo",
        target: Target::Workspace,
        roles: ORGANIZATION_READERS,
        ok: 200,
        request: |id, _| {
            (
                Method::POST,
                "/api/v1/workspaces/get_organization_info".into(),
                Some(json!({ "workspaceId": id })),
            )
        },
    },
    Row {
        operation: "listRegions",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/regions?organizationId={id}"), None),
    },
    Row {
        operation: "createRegion",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": fresh(), "organizationId": id });
            (Method::POST, "/regions".into(), Some(body))
        },
    },
    Row {
        operation: "getRegion",
        target: Target::Region,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/regions/{id}"), None),
    },
    Row {
        operation: "updateRegion",
        target: Target::Region,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "enabled": false });
            (Method::PATCH, format!("/regions/{id}"), Some(body))
        },
    },
    Row {
        operation: "deleteRegion",
        target: Target::Region,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::DELETE, format!("/regions/{id}"), None),
    },
    Row {
        operation: "listDataplanes",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/dataplanes".into(), None),
    },
    Row {
        operation: "listDataplanes",
        target: Target::Region,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/dataplanes?regionIds={id}"), None),
    },
    Row {
        operation: "createDataplane",
        target: Target::Region,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": "first", "regionId": id });
            (Method::POST, "/dataplanes".into(), Some(body))
        },
    },
    Row {
        operation: "getDataplane",
        target: Target::Dataplane,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/dataplanes/{id}"), None),
    },
    Row {
        operation: "updateDataplane",
        target: Target::Dataplane,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "enabled": false });
            (Method::PATCH, format!("/dataplanes/{id}"), Some(body))
        },
    },
    Row {
        operation: "deleteDataplane",
        target: Target::Dataplane,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::DELETE, format!("/dataplanes/{id}"), None),
    },
    Row {
        operation: "listEmbeddedOrganizationsByUser",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/embedded/organizations".into(), None),
    },
    Row {
        operation: "generateEmbeddedScopedToken",
        target: Target::Workspace,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "workspaceId": id });
            (Method::POST, "/embedded/scoped_token".into(), Some(body))
        },
    },
    // There is no widget; whoever may not ask for one is told that first.
    Row {
        operation: "getEmbeddedWidget",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 501,
        request: |id, _| {
            let body = json!({ "organizationId": id, "allowedOrigin": "https://example.org", "externalUserId": "7" });
            (Method::POST, "/embedded/widget_token".into(), Some(body))
        },
    },
];
