//! Health for scripts and orchestrators: alive (the process answers), ready (so does its database).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::problem::Problem;
use crate::store::db;

#[derive(Debug, Serialize, ToSchema)]
pub struct HealthCheckRead {
    available: bool,
}

async fn answer(app: &App) -> Result<Json<HealthCheckRead>, Problem> {
    db::ping(&mut app.db.read().await?).await?;
    Ok(Json(HealthCheckRead { available: true }))
}

/// Whether the server and its database answer.
#[utoipa::path(
    get, path = "/api/v1/health", operation_id = "internalHealth", tag = "Health", security(()),
    responses((status = 200, body = HealthCheckRead))
)]
pub async fn health(State(app): State<Arc<App>>) -> Result<Json<HealthCheckRead>, Problem> {
    answer(&app).await
}

/// Whether the server and its database answer.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "Health", security(()),
    responses((status = 200, body = HealthCheckRead))
)]
pub async fn root(State(app): State<Arc<App>>) -> Result<Json<HealthCheckRead>, Problem> {
    answer(&app).await
}

/// Whether the server should get requests: its database answers and it is not stopping.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "ready", tag = "Health", security(()),
    responses((status = 200, body = HealthCheckRead))
)]
pub async fn ready(State(app): State<Arc<App>>) -> Result<Json<HealthCheckRead>, Problem> {
    answer(&app).await
}

/// Whether the process answers at all; asks nobody else.
#[utoipa::path(
    get, path = "/health/live", operation_id = "live", tag = "Health", security(()),
    responses((status = 200, body = HealthCheckRead))
)]
pub async fn live() -> Json<HealthCheckRead> {
    Json(HealthCheckRead { available: true })
}
