//! Signing connectors in by OAuth: beginning a flow, taking the browser back, and the OAuth clients that
//! workspaces and organizations bring.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::ids::{DefinitionId, OrganizationId, WorkspaceId};
use crate::http::extract::{Body, Id, Triple};
use crate::http::problem::Problem;
use crate::ops::oauth::clients::{self, Named};
use crate::ops::oauth::{self, Inputs, Wish};
use crate::request::Base;

/// The values that the flow of a connector needs of its configuration, such as a subdomain.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct OAuthInputConfiguration(Map<String, Value>);

/// The OAuth client of a connector, as its specification wants it: mostly `client_id` and
/// `client_secret`.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct OAuthCredentialsConfiguration(Map<String, Value>);

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitiateOauthRequest {
    /// The short name of the connector, such as `github`.
    source_type: Option<String>,
    /// The former name of `sourceType`.
    name: Option<String>,
    /// An extension: the definition, for connectors that have no short name. Wins over `sourceType`.
    definition_id: Option<DefinitionId>,
    workspace_id: WorkspaceId,
    /// Where the browser goes in the end, with `secret_id` in the query; https.
    redirect_url: String,
    o_auth_input_configuration: Option<OAuthInputConfiguration>,
    /// These scopes instead of those that the connector declares.
    requested_scopes: Option<Vec<String>>,
    requested_optional_scopes: Option<Vec<String>>,
}

/// Where to send the browser.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitiateOauthResponse {
    consent_url: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceOAuthCredentialsRequest {
    actor_type: Kind,
    /// The short name of the connector, or the id of its definition.
    name: String,
    configuration: OAuthCredentialsConfiguration,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationOAuthCredentialsRequest {
    actor_type: Kind,
    /// The short name of the connector, or the id of its definition.
    name: String,
    configuration: OAuthCredentialsConfiguration,
}

/// Begin to sign a source in by OAuth: send a browser to the address in the answer. It comes back to
/// `redirectUrl` with a `secret_id`, which is given as `secretId` when the source is created. Needs
/// `workspace_editor` or `workspace_source_editor`, and a connector that declares such a flow.
#[utoipa::path(
    post,
    path = "/api/public/v1/sources/initiateOAuth",
    operation_id = "initiateOAuth",
    tag = "Sources",
    request_body = InitiateOauthRequest,
    responses((status = 200, body = InitiateOauthResponse))
)]
pub async fn initiate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Base(base): Base,
    Body(body): Body<InitiateOauthRequest>,
) -> Result<Response, Problem> {
    let inputs = body.o_auth_input_configuration.unwrap_or_default();
    let wish = Wish {
        workspace_id: body.workspace_id,
        definition_id: body.definition_id,
        name: body.source_type.or(body.name),
        redirect_url: body.redirect_url,
        inputs: Inputs(inputs.0),
        scope: body.requested_scopes.filter(|scopes| !scopes.is_empty()),
        optional_scope: body
            .requested_optional_scopes
            .filter(|scopes| !scopes.is_empty()),
    };
    let consent_url = oauth::initiate(&app, &caller, &base, wish).await?;
    Ok(axum::Json(InitiateOauthResponse { consent_url }).into_response())
}

/// Where providers send browsers back to. Answers with the way to the `redirectUrl` of whoever began.
#[utoipa::path(
    get,
    path = "/api/public/v1/oauth/callback",
    operation_id = "oauthCallback",
    tag = "OAuth",
    security(()),
    params(("queryParams" = Option<std::collections::HashMap<String, String>>, Query, description = "Whatever the provider sends.")),
    responses((status = 302, description = "To the redirectUrl, with secret_id or error"))
)]
pub async fn callback(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let next = oauth::finish(&app, &pairs).await?;
    let headers = [
        (header::LOCATION, next.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        // The code of the provider stands in the address that is left here.
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}

/// Bring a workspace's own OAuth client for a connector. Needs one of the editor roles.
#[utoipa::path(
    put,
    path = "/api/public/v1/workspaces/{workspaceId}/oauthCredentials",
    operation_id = "createOrUpdateWorkspaceOAuthCredentials",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path)),
    request_body = WorkspaceOAuthCredentialsRequest,
    responses((status = 200, description = "It is kept"))
)]
pub async fn put_of_workspace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    Body(body): Body<WorkspaceOAuthCredentialsRequest>,
) -> Result<StatusCode, Problem> {
    let connector = Named {
        kind: body.actor_type,
        name: body.name,
    };
    let client = Inputs(body.configuration.0);
    clients::put_for_workspace(&app, &caller, id, &connector, client).await?;
    Ok(StatusCode::OK)
}

/// Forget a workspace's own OAuth client for a connector. Needs one of the editor roles.
#[utoipa::path(
    delete,
    path = "/api/public/v1/workspaces/{workspaceId}/oauthCredentials/{actorType}/{name}",
    operation_id = "deleteWorkspaceOAuthCredentials",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path), ("actorType" = Kind, Path), ("name" = String, Path)),
    responses((status = 204, description = "There is none any more"))
)]
pub async fn delete_of_workspace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Triple(id, kind, name): Triple<WorkspaceId, Kind, String>,
) -> Result<StatusCode, Problem> {
    clients::remove_for_workspace(&app, &caller, id, &Named { kind, name }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Bring an organization's own OAuth client for a connector: it serves all its workspaces that bring
/// none. Needs `organization_admin`.
#[utoipa::path(
    put,
    path = "/api/public/v1/organizations/{organizationId}/oauthCredentials",
    operation_id = "createOrUpdateOrganizationOAuthCredentials",
    tag = "Organizations",
    params(("organizationId" = OrganizationId, Path)),
    request_body = OrganizationOAuthCredentialsRequest,
    responses((status = 200, description = "It is kept"))
)]
pub async fn put_of_organization(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<OrganizationId>,
    Body(body): Body<OrganizationOAuthCredentialsRequest>,
) -> Result<StatusCode, Problem> {
    let connector = Named {
        kind: body.actor_type,
        name: body.name,
    };
    let client = Inputs(body.configuration.0);
    clients::put_for_organization(&app, &caller, id, &connector, client).await?;
    Ok(StatusCode::OK)
}

/// Forget an organization's own OAuth client for a connector. Needs `organization_admin`.
#[utoipa::path(
    delete,
    path = "/api/public/v1/organizations/{organizationId}/oauthCredentials/{actorType}/{name}",
    operation_id = "deleteOrganizationOAuthCredentials",
    tag = "Organizations",
    params(("organizationId" = OrganizationId, Path), ("actorType" = Kind, Path), ("name" = String, Path)),
    responses((status = 204, description = "There is none any more"))
)]
pub async fn delete_of_organization(
    State(app): State<Arc<App>>,
    caller: Caller,
    Triple(id, kind, name): Triple<OrganizationId, Kind, String>,
) -> Result<StatusCode, Problem> {
    clients::remove_for_organization(&app, &caller, id, &Named { kind, name }).await?;
    Ok(StatusCode::NO_CONTENT)
}
