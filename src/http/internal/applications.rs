//! Applications in the older style: every deed a POST with a body.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::domain::ids::ApplicationId;
use crate::http::extract::Body;
use crate::http::problem::Problem;
use crate::http::public::applications::{
    self as public, ApplicationCreate, ApplicationRead, ApplicationReadList,
};
use crate::http::public::tokens::{self, PublicAccessTokenResponse, TokenRequest};
use crate::ops;
use crate::request::Source;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationIdRequestBody {
    application_id: ApplicationId,
    /// Read by nobody: what is deleted is gone.
    #[serde(rename = "includeTombstone")]
    _include_tombstone: Option<bool>,
}

/// The caller's applications, oldest first.
#[utoipa::path(
    post,
    path = "/api/v1/applications/list",
    operation_id = "internalListApplications",
    tag = "Older endpoints",
    responses((status = 200, body = ApplicationReadList))
)]
pub async fn list(
    app: State<Arc<App>>,
    caller: Caller,
) -> Result<Json<ApplicationReadList>, Problem> {
    public::list(app, caller).await
}

/// Create an application. The secret is shown this once.
#[utoipa::path(
    post,
    path = "/api/v1/applications/create",
    operation_id = "internalCreateApplication",
    tag = "Older endpoints",
    request_body = ApplicationCreate,
    responses((status = 200, body = ApplicationRead))
)]
pub async fn create(
    app: State<Arc<App>>,
    caller: Caller,
    body: Body<ApplicationCreate>,
) -> Result<Json<ApplicationRead>, Problem> {
    public::create(app, caller, body).await
}

/// Delete one of the caller's applications.
#[utoipa::path(
    post,
    path = "/api/v1/applications/delete",
    operation_id = "internalDeleteApplication",
    tag = "Older endpoints",
    request_body = ApplicationIdRequestBody,
    responses((status = 200, description = "It is gone"))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<ApplicationIdRequestBody>,
) -> Result<(), Problem> {
    let application =
        doors::application(&mut app.db.read().await?, &caller, body.application_id).await?;
    ops::applications::remove(&app, &application).await?;
    Ok(())
}

/// Trade a client id and a client secret for an access token.
#[utoipa::path(
    post,
    path = "/api/v1/applications/token",
    operation_id = "internalCreateToken",
    tag = "Older endpoints",
    security(()),
    request_body(content(
        (TokenRequest = "application/json"),
        (TokenRequest = "application/x-www-form-urlencoded")
    )),
    responses((status = 200, body = PublicAccessTokenResponse))
)]
pub async fn token(
    app: State<Arc<App>>,
    source: Source,
    request: Request,
) -> Result<Json<PublicAccessTokenResponse>, Problem> {
    tokens::create(app, source, request).await
}
