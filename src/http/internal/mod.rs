//! The few older endpoints under `/api/v1` that pages, scripts and clients of the reference server call:
//! the applications' twins, checks, and health. Everything else under `/api/v1` is a JSON 404.

pub mod applications;
pub mod checks;
pub mod health;

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
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::root))
}
