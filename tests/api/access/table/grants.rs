//! What is granted: to people and to groups.

use axum::http::Method;
use ferrobyte::domain::ids::{OrganizationId, UserId};
use serde_json::json;

use super::roles::{ANYBODY, ORGANIZATION_ADMINS, READERS, WORKSPACE_ADMINS};
use super::{Row, Target, fresh};

pub const ROWS: &[Row] = &[
    Row {
        operation: "listPermissions",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/permissions".into(), None),
    },
    Row {
        operation: "listPermissions",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, other| {
            (
                Method::GET,
                format!("/permissions?userId={}&organizationId={id}", other.user),
                None,
            )
        },
    },
    Row {
        operation: "createPermission",
        target: Target::Workspace,
        roles: WORKSPACE_ADMINS,
        ok: 200,
        request: |id, other| {
            (
                Method::POST,
                "/permissions".into(),
                Some(
                    json!({ "permissionType": "workspace_reader", "userId": other.user, "workspaceId": id }),
                ),
            )
        },
    },
    Row {
        operation: "createPermission",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, other| {
            (
                Method::POST,
                "/permissions".into(),
                Some(
                    json!({ "permissionType": "organization_member", "userId": other.user, "organizationId": id }),
                ),
            )
        },
    },
    Row {
        operation: "getPermission",
        target: Target::Permission,
        roles: READERS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/permissions/{id}"), None),
    },
    Row {
        operation: "updatePermission",
        target: Target::Permission,
        roles: WORKSPACE_ADMINS,
        ok: 200,
        request: |id, _| {
            (
                Method::PATCH,
                format!("/permissions/{id}"),
                Some(json!({ "permissionType": "workspace_runner" })),
            )
        },
    },
    Row {
        operation: "deletePermission",
        target: Target::Permission,
        roles: WORKSPACE_ADMINS,
        ok: 204,
        request: |id, _| (Method::DELETE, format!("/permissions/{id}"), None),
    },
    Row {
        operation: "listGroups",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/groups?organizationId={id}"), None),
    },
    Row {
        operation: "createGroup",
        target: Target::Organization,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "name": fresh(), "organizationId": id });
            (Method::POST, "/groups".into(), Some(body))
        },
    },
    Row {
        operation: "getGroup",
        target: Target::Group,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/groups/{id}"), None),
    },
    Row {
        operation: "updateGroup",
        target: Target::Group,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| {
            let body = json!({ "description": "on call" });
            (Method::PATCH, format!("/groups/{id}"), Some(body))
        },
    },
    Row {
        operation: "deleteGroup",
        target: Target::Group,
        roles: ORGANIZATION_ADMINS,
        ok: 204,
        request: |id, _| (Method::DELETE, format!("/groups/{id}"), None),
    },
    Row {
        operation: "listGroupMembers",
        target: Target::Group,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/groups/{id}/members"), None),
    },
    Row {
        operation: "addGroupMember",
        target: Target::Group,
        roles: ORGANIZATION_ADMINS,
        ok: 201,
        request: |id, _| {
            let body = json!({ "userId": UserId::DEFAULT });
            (Method::POST, format!("/groups/{id}/members"), Some(body))
        },
    },
    Row {
        operation: "removeGroupMember",
        target: Target::Group,
        roles: ORGANIZATION_ADMINS,
        ok: 204,
        request: |id, other| {
            let path = format!("/groups/{id}/members/{}", other.user);
            (Method::DELETE, path, None)
        },
    },
    Row {
        operation: "listGroupPermissions",
        target: Target::Group,
        roles: ORGANIZATION_ADMINS,
        ok: 200,
        request: |id, _| (Method::GET, format!("/groups/{id}/permissions"), None),
    },
    Row {
        operation: "createGroupPermission",
        target: Target::Group,
        roles: ORGANIZATION_ADMINS,
        ok: 201,
        request: |id, _| {
            let body = json!({ "permissionType": "organization_reader", "organizationId": OrganizationId::DEFAULT });
            (
                Method::POST,
                format!("/groups/{id}/permissions"),
                Some(body),
            )
        },
    },
    Row {
        operation: "deleteGroupPermission",
        target: Target::GroupPermission,
        roles: ORGANIZATION_ADMINS,
        ok: 204,
        request: |id, _| {
            let (group, permission) = id.split_once('/').unwrap_or((id, id));
            let path = format!("/groups/{group}/permissions/{permission}");
            (Method::DELETE, path, None)
        },
    },
];
