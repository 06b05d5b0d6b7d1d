//! Numbers for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse as _, Response};

use super::problem::Problem;
use crate::app::App;
use crate::error::Error;

pub(super) async fn show(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    if !app.config.server.metrics {
        return Err(Problem::no_such_route(&Method::GET, "/metrics"));
    }
    let text = app.metrics.text().map_err(Error::internal)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
