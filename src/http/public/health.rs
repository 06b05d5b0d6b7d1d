//! Health: whether the server works, which needs its database.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::http::problem::Problem;
use crate::store::db;

/// Whether the server can answer.
#[utoipa::path(
    get,
    path = "/api/public/v1/health",
    operation_id = "getHealthCheck",
    tag = "public",
    security(()),
    responses((status = 200, description = "The server and its database answer", content_type = "application/json", body = String))
)]
pub async fn health(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    db::ping(&mut app.db.read().await?).await?;
    // A JSON text, so that clients that parse every answer are served as well.
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        "\"Successful operation\"",
    )
        .into_response())
}
