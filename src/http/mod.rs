//! The API over HTTP. A request passes `paths` (its spelling), `edge` (its id, its limits, its line
//! in the log), the router, the `address` that it is for, its extractors (`extract`) and one handler in `public` or
//! `internal`; a failure becomes a [`problem`].

mod address;
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

use std::sync::{Arc, OnceLock};

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

/// What makes the routes for people.
pub type Pages = fn(&Arc<App>) -> Router<Arc<App>>;

/// Routes and what surrounds them, with `pages`, the routes for people, and `missing`, which answers people who ask
/// for an address where nothing is.
pub fn service(app: &Arc<App>, pages: Pages, missing: Pages) -> Service {
    let others = Others {
        app: Arc::clone(app),
        made: OnceLock::new(),
        pages,
        missing,
    };
    let others = Arc::new(others);
    let router = Router::new()
        .route("/api/public", get(public::documentation::show))
        .route("/api/public/v1/openapi.json", get(openapi::show))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(MapRequestLayer::new(edge::note_route));
    let router = operations::all()
        .fold(router, |router, one| address::add(router, one, app))
        .fallback(move |request| others.answer(request))
        .with_state(Arc::clone(app));
    Service {
        app: Arc::clone(app),
        router,
    }
}

/// What is not of the API: pages. They are a router of their own, made for the first who looks at one, because a
/// server that only programs talk to needs neither them nor their code in memory.
struct Others {
    app: Arc<App>,
    made: OnceLock<Router>,
    pages: Pages,
    missing: Pages,
}

impl Others {
    async fn answer(self: Arc<Self>, request: Request) -> Response {
        // Whoever asks below `/api` is a program.
        if request.uri().path().starts_with("/api") {
            return no_such_route(&request);
        }
        let router = self.made.get_or_init(|| self.make()).clone();
        router.oneshot(request).await.into_response()
    }

    fn make(&self) -> Router {
        let missing = (self.missing)(&self.app).with_state(Arc::clone(&self.app));
        (self.pages)(&self.app)
            .fallback(async move |request: Request| {
                if accepts_pages(&request) {
                    missing.oneshot(request).await.into_response()
                } else {
                    no_such_route(&request)
                }
            })
            .layer(MapRequestLayer::new(edge::note_route))
            .with_state(Arc::clone(&self.app))
    }
}

fn accepts_pages(request: &Request) -> bool {
    let accepted = request.headers().get(header::ACCEPT);
    let accepted = accepted.and_then(|kinds| kinds.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

fn no_such_route(request: &Request) -> Response {
    Problem::no_such_route(request.method(), request.uri().path()).into_response()
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
