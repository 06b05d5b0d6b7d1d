//! The API over HTTP. A request passes `paths` (its spelling), `edge` (its id, its limits, its line
//! in the log), the router, the `address` that it is for, its extractors (`extract`) and one handler in `public` or
//! `internal`; a failure becomes a [`problem`].

mod address;
pub mod conditional;
pub mod edge;
pub mod extract;
pub mod internal;
mod metrics;
pub mod openapi;
pub mod operations;
pub mod paths;
mod patience;
pub mod problem;
pub mod public;
pub mod server;
pub mod unknown_parameters;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt as _;
use tower::util::MapRequestLayer;

use crate::app::App;
use operations::{Answers, answers};
use problem::Problem;
use public::documentation;

/// What the OpenAPI document leaves out.
const UNDESCRIBED: [(&str, Answers); 3] = [
    ("/api/public", answers!(GET documentation::show)),
    ("/api/public/v1/openapi.json", answers!(GET openapi::show)),
    ("/metrics", answers!(GET metrics::show)),
];

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
    let described = operations::all().map(|one| (one.path, one.answers));
    let router = described
        .chain(UNDESCRIBED)
        .fold(Router::new(), |router, (path, answers)| {
            address::add(router, path, answers, app)
        })
        .fallback(move |request| others.answer(request));
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
