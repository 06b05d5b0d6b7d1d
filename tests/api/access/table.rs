//! The table: every operation that needs a token, whom it serves and how it is asked. The roles are
//! spelled out here rather than taken from the policy that is being tested.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::Method;
use ferrobyte::domain::ids::{OrganizationId, UserId};
use ferrobyte::domain::permission::PermissionType as P;
use serde_json::{Value, json};

/// Whom an operation serves on their own organization or workspace, spelled out by role.
type Roles = &'static [P];

const ANYBODY: Roles = &P::ALL;
const ORGANIZATION_MEMBERS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::OrganizationRunner,
    P::OrganizationReader,
    P::OrganizationMember,
];
const ORGANIZATION_READERS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::OrganizationRunner,
    P::OrganizationReader,
];
const ORGANIZATION_EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
];
const ORGANIZATION_ADMINS: Roles = &[P::InstanceAdmin, P::OrganizationAdmin];
const READERS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::OrganizationRunner,
    P::OrganizationReader,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceSourceEditor,
    P::WorkspaceDestinationEditor,
    P::WorkspaceRunner,
    P::WorkspaceReader,
];
const EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceSourceEditor,
    P::WorkspaceDestinationEditor,
];
const SOURCE_EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceSourceEditor,
];
/// Editors of everything: a destination editor does not bring destinations.
const WHOLE_EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
];
const DESTINATION_EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceDestinationEditor,
];
const RUNNERS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::OrganizationRunner,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceSourceEditor,
    P::WorkspaceDestinationEditor,
    P::WorkspaceRunner,
];
const WORKSPACE_ADMINS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
];

/// What an operation is asked about.
#[derive(Clone, Copy, PartialEq)]
pub enum Target {
    /// Nothing in particular: a list, or a deed without an id.
    None,
    Organization,
    Workspace,
    /// A permission on a workspace.
    Permission,
    /// A definition that a workspace brought; the id is `WORKSPACE/DEFINITION`.
    SourceDefinition,
    DestinationDefinition,
    LowCode,
    Source,
    Destination,
    /// A source and a destination; the id is `SOURCE/DESTINATION`.
    Pair,
    Connection,
    Job,
    Tag,
    Region,
    Dataplane,
    Group,
    /// A group and a permission of it; the id is `GROUP/PERMISSION`.
    GroupPermission,
    /// One of the caller's own applications; everybody else's do not exist.
    Application,
    /// A person in the organization.
    Human,
    /// A service account in the organization.
    User,
    /// A service account and an application of it; the id is `USER/APPLICATION`.
    UserApplication,
}

pub struct Row {
    pub operation: &'static str,
    pub target: Target,
    pub roles: Roles,
    pub ok: u16,
    /// Method, path and body about this id.
    pub request: fn(id: &str, other: &Other) -> (Method, String, Option<Value>),
}

/// What some requests mention besides their target.
pub struct Other {
    /// Somebody without grants.
    pub user: String,
}

pub const TABLE: &[Row] = &[
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
        operation: "listOrganizationsForUser",
        target: Target::None,
        roles: ANYBODY,
        ok: 200,
        request: |_, _| (Method::GET, "/organizations".into(), None),
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

/// The path of a definition; its id is `WORKSPACE/DEFINITION`. A single id stands for both.
fn within(id: &str, list: &str) -> String {
    let (workspace, definition) = id.split_once('/').unwrap_or((id, id));
    format!("/workspaces/{workspace}/definitions/{list}/{definition}")
}

/// A name that nothing else has.
fn fresh() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("fresh {}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An OAuth client as it is brought.
fn client() -> Value {
    json!({ "actorType": "source", "name": "faker", "configuration": { "client_id": "x" } })
}

/// A low-code definition as it is sent, with a flow by which it is signed in.
pub fn low_code() -> Value {
    let flow = json!({ "oauth_connector_input_specification": {
        "consent_url": "https://example.org/consent?{{client_id_param}}&{{state_param}}",
        "access_token_url": "https://example.org/token",
    } });
    let oauth = json!({ "auth_flow_type": "oauth2.0", "oauth_config_specification": flow });
    json!({ "name": "api", "manifest": { "spec": {
        "connection_specification": { "type": "object" }, "advanced_auth": oauth,
    } } })
}

/// Operations that need no token.
pub const ANONYMOUS: &[&str] = &[
    "getDocumentation",
    "getHealthCheck",
    "createAccessToken",
    "internalCreateToken",
    "internalHealth",
    "health",
    // Knowing the state is the proof.
    "oauthCallback",
    "live",
    "ready",
];
