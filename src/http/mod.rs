//! The API over HTTP. A request passes `paths` (its spelling), `edge` (its id, its limits, its line
//! in the log), the router, its extractors (`extract`) and one handler in `public` or `internal`; a failure becomes
//! a [`problem`].

pub mod conditional;
pub mod edge;
pub mod extract;
pub mod internal;
pub mod openapi;
pub mod operations;
pub mod paths;
pub mod problem;
pub mod public;
pub mod server;
pub mod unknown_parameters;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::ServiceExt as _;
use tower::util::MapRequestLayer;

use crate::app::App;
use crate::error::Error;
use problem::Problem;

/// The whole server: it answers requests.
#[derive(Debug, Clone)]
pub struct Service {
    app: Arc<App>,
    router: Router,
}

impl Service {
    pub fn answer(self, request: Request) -> impl Future<Output = Response> + Send {
        edge::answer(self.app, self.router, paths::canonical(request))
    }
}

/// Routes and what surrounds them, with `pages`, the routes for people, and `missing`, which answers people who ask
/// for an address where nothing is.
pub fn service(app: &Arc<App>, pages: Router<Arc<App>>, missing: Router<Arc<App>>) -> Service {
    let missing = missing.with_state(Arc::clone(app));
    let router = operations::router()
        .route("/api/public", get(public::documentation::show))
        .route("/api/public/v1/openapi.json", get(openapi::show))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(method_not_allowed)
        .merge(pages)
        .fallback(move |request| no_such_route(request, missing))
        .layer(MapRequestLayer::new(edge::note_route))
        .with_state(Arc::clone(app));
    Service {
        app: Arc::clone(app),
        router,
    }
}

/// A problem for programs, a page for people. Whoever asks below `/api` is a program.
async fn no_such_route(request: Request, missing: Router) -> Response {
    let path = request.uri().path();
    let accepts = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|kinds| kinds.to_str().ok());
    if accepts.is_some_and(|kinds| kinds.contains("text/html")) && !path.starts_with("/api") {
        return missing.oneshot(request).await.into_response();
    }
    Problem::no_such_route(request.method(), path).into_response()
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::method_not_allowed(&method, uri.path())
}

/// Numbers for Prometheus.
async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    if !app.config.server.metrics {
        return Err(Problem::no_such_route(&Method::GET, "/metrics"));
    }
    let text = app.metrics.text().map_err(Error::internal)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
