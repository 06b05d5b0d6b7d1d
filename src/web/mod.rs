//! The pages for people.

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// Every page, as one visible list.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
}
