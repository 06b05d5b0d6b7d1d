//! The few older endpoints under `/api/v1` that pages, scripts and clients of the reference server call:
//! the applications' twins, checks, connections with their catalogs and states, jobs, the organization of a workspace,
//! and health. Everything else under `/api/v1` is a JSON 404.

pub mod applications;
pub mod checks;
pub mod connections;
pub mod health;
pub mod jobs;
pub mod workspaces;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Every operation of the older API, as one visible list.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(applications::list))
        .routes(routes!(applications::create))
        .routes(routes!(applications::delete))
        .routes(routes!(applications::token))
        .routes(routes!(checks::source))
        .routes(routes!(checks::destination))
        .routes(routes!(connections::get))
        .routes(routes!(connections::sync))
        .routes(routes!(connections::state))
        .routes(routes!(connections::put_state))
        .routes(routes!(jobs::get))
        .routes(routes!(workspaces::organization))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::root))
}
