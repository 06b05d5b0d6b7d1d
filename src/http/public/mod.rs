//! The public API, one file per resource: its routes, bodies and handlers.

pub mod accounts;
mod actors;
pub mod applications;
pub mod audit;
pub mod checks;
pub mod connection_bodies;
pub mod connections;
pub mod connector_definitions;
pub mod dataplanes;
pub mod declarative_definitions;
pub mod definitions;
pub mod deliveries;
pub mod destinations;
pub mod documentation;
pub mod embedded;
pub mod group_members;
pub mod group_permissions;
pub mod groups;
pub mod health;
pub mod job_bodies;
pub mod job_details;
pub mod job_queries;
pub mod jobs;
pub mod oauth;
pub mod organizations;
pub mod page;
pub mod permissions;
pub mod regions;
pub mod schemas;
pub mod sources;
pub mod states;
pub mod streams;
pub mod tags;
pub mod tokens;
pub mod users;
pub mod workspaces;

use super::operations::{Operations, operations};

/// Every operation of the public API, as one visible list in two parts.
pub const OPERATIONS: &[Operations] = &[
    operations!("/api/public/v1": GET documentation::show),
    operations!("/api/public/v1/health": GET health::health),
    operations!("/api/public/v1/applications/token": POST tokens::create),
    operations!("/api/public/v1/applications": GET applications::list, POST applications::create),
    operations!(
        "/api/public/v1/applications/{applicationId}":
        GET applications::get,
        DELETE applications::delete,
    ),
    operations!("/api/public/v1/workspaces": GET workspaces::list, POST workspaces::create),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}":
        GET workspaces::get,
        PATCH workspaces::update,
        DELETE workspaces::delete,
    ),
    operations!("/api/public/v1/workspaces/{workspaceId}/deliveries": GET deliveries::list),
    operations!("/api/public/v1/workspaces/{workspaceId}/deliveries/test": POST deliveries::test),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/webhookSecret":
        GET deliveries::show_secret,
    ),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/webhookSecret/rotate":
        POST deliveries::rotate_secret,
    ),
    operations!("/api/public/v1/sources": GET sources::list, POST sources::create),
    operations!(
        "/api/public/v1/sources/{sourceId}":
        GET sources::get,
        PATCH sources::patch,
        PUT sources::put,
        DELETE sources::delete,
    ),
    operations!("/api/public/v1/sources/{sourceId}/check": POST checks::source),
    operations!("/api/public/v1/sources/check": POST checks::source_configuration),
    operations!("/api/public/v1/destinations": GET destinations::list, POST destinations::create),
    operations!(
        "/api/public/v1/destinations/{destinationId}":
        GET destinations::get,
        PATCH destinations::patch,
        PUT destinations::put,
        DELETE destinations::delete,
    ),
    operations!("/api/public/v1/destinations/{destinationId}/check": POST checks::destination),
    operations!("/api/public/v1/destinations/check": POST checks::destination_configuration),
    operations!("/api/public/v1/streams": GET streams::get),
    operations!("/api/public/v1/connections": GET connections::list, POST connections::create),
    operations!(
        "/api/public/v1/connections/{connectionId}":
        GET connections::get,
        PATCH connections::patch,
        DELETE connections::delete,
    ),
    operations!("/api/public/v1/connections/{connectionId}/refresh": POST jobs::refresh),
    operations!("/api/public/v1/connections/{connectionId}/clear": POST jobs::clear),
    operations!("/api/public/v1/connections/{connectionId}/schema/refresh": POST schemas::refresh),
    operations!(
        "/api/public/v1/connections/{connectionId}/state":
        GET states::get,
        PUT states::put,
    ),
    operations!("/api/public/v1/jobs": GET jobs::list, POST jobs::create),
    operations!("/api/public/v1/jobs/{jobId}": GET jobs::get, DELETE jobs::cancel),
    operations!("/api/public/v1/jobs/{jobId}/attempts": GET job_details::attempts),
    operations!("/api/public/v1/jobs/{jobId}/logs": GET job_details::logs),
    operations!("/api/public/v1/connector_definitions": GET connector_definitions::list),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/definitions/sources":
        GET definitions::list_sources,
        POST definitions::create_source,
    ),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/definitions/sources/{definitionId}":
        GET definitions::get_source,
        PUT definitions::update_source,
        DELETE definitions::delete_source,
    ),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/definitions/destinations":
        GET definitions::list_destinations,
        POST definitions::create_destination,
    ),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/definitions/destinations/{definitionId}":
        GET definitions::get_destination,
        PUT definitions::update_destination,
        DELETE definitions::delete_destination,
    ),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/definitions/declarative_sources":
        GET declarative_definitions::list,
        POST declarative_definitions::create,
    ),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/definitions/declarative_sources/{definitionId}":
        GET declarative_definitions::get,
        PUT declarative_definitions::update,
        DELETE declarative_definitions::delete,
    ),
    operations!("/api/public/v1/sources/initiateOAuth": POST oauth::initiate),
    operations!("/api/public/v1/oauth/callback": GET oauth::callback),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/oauthCredentials":
        PUT oauth::put_of_workspace,
    ),
    operations!(
        "/api/public/v1/workspaces/{workspaceId}/oauthCredentials/{actorType}/{name}":
        DELETE oauth::delete_of_workspace,
    ),
    operations!(
        "/api/public/v1/organizations/{organizationId}/oauthCredentials":
        PUT oauth::put_of_organization,
    ),
    operations!(
        "/api/public/v1/organizations/{organizationId}/oauthCredentials/{actorType}/{name}":
        DELETE oauth::delete_of_organization,
    ),
    operations!("/api/public/v1/tags": GET tags::list, POST tags::create),
    operations!(
        "/api/public/v1/tags/{tagId}":
        GET tags::get,
        PATCH tags::update,
        DELETE tags::delete,
    ),
];

/// What organizations are run with, and by whom.
pub const ADMINISTRATION: &[Operations] = &[
    operations!("/api/public/v1/regions": GET regions::list, POST regions::create),
    operations!(
        "/api/public/v1/regions/{regionId}":
        GET regions::get,
        PATCH regions::update,
        DELETE regions::delete,
    ),
    operations!("/api/public/v1/dataplanes": GET dataplanes::list, POST dataplanes::create),
    operations!(
        "/api/public/v1/dataplanes/{dataplaneId}":
        GET dataplanes::get,
        PATCH dataplanes::update,
        DELETE dataplanes::delete,
    ),
    operations!(
        "/api/public/v1/organizations":
        GET organizations::list,
        POST accounts::create_organization,
    ),
    operations!("/api/public/v1/workspaces/{workspaceId}/move": POST accounts::move_workspace),
    operations!("/api/public/v1/organizations/{organizationId}/auditLog": GET audit::list),
    operations!("/api/public/v1/organizations/{organizationId}/auditLog/export": GET audit::export),
    operations!("/api/public/v1/embedded/organizations": GET embedded::organizations),
    operations!("/api/public/v1/embedded/scoped_token": POST embedded::scoped_token),
    operations!("/api/public/v1/embedded/widget_token": POST embedded::widget_token),
    operations!("/api/public/v1/groups": GET groups::list, POST groups::create),
    operations!(
        "/api/public/v1/groups/{groupId}":
        GET groups::get,
        PATCH groups::update,
        DELETE groups::delete,
    ),
    operations!(
        "/api/public/v1/groups/{groupId}/members":
        GET group_members::list,
        POST group_members::add,
    ),
    operations!("/api/public/v1/groups/{groupId}/members/{userId}": DELETE group_members::remove),
    operations!(
        "/api/public/v1/groups/{groupId}/permissions":
        GET group_permissions::list,
        POST group_permissions::create,
    ),
    operations!(
        "/api/public/v1/groups/{groupId}/permissions/{permissionId}":
        DELETE group_permissions::delete,
    ),
    operations!("/api/public/v1/users": GET users::list, POST accounts::create),
    operations!("/api/public/v1/users/{userId}": GET accounts::get, PATCH accounts::update),
    operations!("/api/public/v1/users/{userId}/invitation": POST accounts::invite),
    operations!(
        "/api/public/v1/users/{userId}/applications":
        GET accounts::list_applications,
        POST accounts::create_application,
    ),
    operations!(
        "/api/public/v1/users/{userId}/applications/{applicationId}":
        DELETE accounts::delete_application,
    ),
    operations!("/api/public/v1/permissions": GET permissions::list, POST permissions::create),
    operations!(
        "/api/public/v1/permissions/{permissionId}":
        GET permissions::get,
        PATCH permissions::update,
        DELETE permissions::delete,
    ),
];
