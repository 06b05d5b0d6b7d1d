//! Applications of the caller. A secret is shown by the answer that creates it and never again;
//! every other answer carries a mask in its place.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::domain::application::{Application, MASK};
use crate::domain::ids::ApplicationId;
use crate::domain::text::Name;
use crate::http::extract::{Body, Id};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::applications::Unveiled;
use crate::store::applications;

#[derive(Debug, Deserialize, ToSchema)]
pub struct ApplicationCreate {
    pub name: Name,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationRead {
    id: String,
    name: String,
    client_id: String,
    /// The secret in the answer that creates the application, a mask in all others.
    client_secret: String,
    /// Seconds since 1970.
    created_at: i64,
    /// Seconds since 1970, to the minute; absent until the first use. An extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationReadList {
    pub applications: Vec<ApplicationRead>,
}

impl ApplicationRead {
    fn new(application: Application, secret: &str) -> Self {
        Self {
            id: application.id.to_string(),
            name: application.name,
            client_id: application.client_id,
            client_secret: secret.to_owned(),
            created_at: application.created_at.timestamp(),
            last_used_at: application.last_used_at.map(|time| time.timestamp()),
        }
    }
}

impl From<Application> for ApplicationRead {
    fn from(application: Application) -> Self {
        Self::new(application, MASK)
    }
}

impl From<Unveiled> for ApplicationRead {
    fn from(
        Unveiled {
            application,
            secret,
        }: Unveiled,
    ) -> Self {
        Self::new(application, secret.reveal())
    }
}

/// The caller's applications, oldest first.
#[utoipa::path(
    get,
    path = "/api/public/v1/applications",
    operation_id = "listApplications",
    tag = "Applications",
    responses((status = 200, body = ApplicationReadList))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<ApplicationReadList>, Problem> {
    let found = applications::list(&mut app.db.read().await?, caller.own()).await?;
    Ok(Json(ApplicationReadList {
        applications: found.into_iter().map(Into::into).collect(),
    }))
}

/// Create an application that acts with the caller's permissions. The secret is shown this once.
#[utoipa::path(
    post,
    path = "/api/public/v1/applications",
    operation_id = "createApplication",
    tag = "Applications",
    request_body = ApplicationCreate,
    responses((status = 200, body = ApplicationRead))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<ApplicationCreate>,
) -> Result<Json<ApplicationRead>, Problem> {
    let unveiled = ops::applications::create(&app, &caller, body.name).await?;
    Ok(Json(unveiled.into()))
}

/// One of the caller's applications.
#[utoipa::path(
    get,
    path = "/api/public/v1/applications/{applicationId}",
    operation_id = "getApplication",
    tag = "Applications",
    params(("applicationId" = ApplicationId, Path)),
    responses((status = 200, body = ApplicationRead))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ApplicationId>,
) -> Result<Json<ApplicationRead>, Problem> {
    let application = doors::application(&mut app.db.read().await?, &caller, id).await?;
    Ok(Json(application.into_inner().into()))
}

/// Delete one of the caller's applications; its tokens stop working within a second.
#[utoipa::path(
    delete,
    path = "/api/public/v1/applications/{applicationId}",
    operation_id = "deleteApplication",
    tag = "Applications",
    params(("applicationId" = ApplicationId, Path)),
    responses((status = 200, description = "The application that was deleted", body = ApplicationRead))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ApplicationId>,
) -> Result<Json<ApplicationRead>, Problem> {
    let application = doors::application(&mut app.db.read().await?, &caller, id).await?;
    ops::applications::remove(&app, &application).await?;
    Ok(Json(application.into_inner().into()))
}
