//! Connectors on pages: what there is to choose from, and the sources and destinations of a workspace.
//! Their addresses are those that people know: `/workspaces/{id}/source/…`, `/workspaces/{id}/destination/…`.
//!
//! A page never waits long for a connector. What takes longer gets a page that comes again by itself,
//! and the question goes on meanwhile (`wait`).

mod catalog;
mod choose;
mod connector;
mod create;
pub(super) mod data;
mod delete;
mod edit;
mod form;
pub(super) mod ground;
mod list;
mod pick;
mod show;
pub(super) mod wait;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

use crate::app::App;
use crate::domain::definition::Kind;

/// The largest form, in bytes: configurations hold certificates, keys and whole documents.
const LARGEST_FORM: usize = 1024 * 1024;

/// The pages of this room.
pub(super) fn routes() -> Router<Arc<App>> {
    let mut pages = Router::new()
        .route("/connections", get(choose::connections))
        .route("/connectors", get(choose::connectors))
        .route("/sources", get(choose::sources))
        .route("/destinations", get(choose::destinations))
        .route("/workspaces/{workspace}", get(choose::workspace))
        .route("/workspaces/{workspace}/connectors", get(catalog::show));
    for kind in [Kind::Source, Kind::Destination] {
        let side = kind.as_str();
        let all = format!("/workspaces/{{workspace}}/{side}");
        let one = format!("{all}/{{id}}");
        let new = format!("{all}/new-{side}");
        pages = pages
            .route(&all, get(list::show))
            .route(&new, get(pick::show))
            .route(
                &format!("{new}/{{id}}"),
                get(create::show).post(create::submit),
            )
            .route(&one, get(show::show))
            .route(
                &format!("{one}/test"),
                get(show::elsewhere).post(show::test),
            )
            .route(&format!("{one}/edit"), get(edit::show).post(edit::submit))
            .route(
                &format!("{one}/delete"),
                get(delete::show).post(delete::submit),
            );
    }
    pages.layer(DefaultBodyLimit::max(LARGEST_FORM))
}
