//! Connections on pages: what flows from where to where, when and how, and what became of it: their jobs,
//! live while they run, with their logs and the reasons of failures.

mod act;
mod cancel;
mod chart;
mod data;
mod delete;
mod demo;
mod edit;
mod empty;
mod figures;
mod follow;
mod form;
mod job;
mod list;
mod live;
mod log;
mod offered;
mod pick;
mod reason;
mod schedule;
mod set_state;
mod show;
mod spot;
mod state;
mod stream;
mod tags;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

pub(super) use data::has_none;

/// The largest form, in bytes: a source may offer thousands of streams.
const LARGEST_FORM: usize = 1024 * 1024;

/// The pages of this room.
pub(super) fn routes() -> Router<Arc<App>> {
    let all = "/workspaces/{workspace}/connections";
    let new = format!("{all}/new-connection");
    let one = format!("{all}/{{id}}");
    let job = format!("{one}/jobs/{{job}}");
    Router::new()
        .route(all, get(list::show))
        .route("/workspaces/{workspace}/demo", post(demo::submit))
        .route(&new, get(pick::show))
        .route(
            &format!("{new}/configure"),
            get(edit::show_new).post(edit::create),
        )
        .route(&one, get(show::show))
        .route(&format!("{one}/sync"), get(act::elsewhere).post(act::sync))
        .route(
            &format!("{one}/status"),
            get(act::elsewhere).post(act::status),
        )
        .route(
            &format!("{one}/edit"),
            get(edit::show_stored).post(edit::change),
        )
        .route(
            &format!("{one}/delete"),
            get(delete::show).post(delete::submit),
        )
        .route(
            &format!("{one}/clear"),
            get(empty::show_clear).post(empty::clear),
        )
        .route(
            &format!("{one}/refresh"),
            get(empty::show_refresh).post(empty::refresh),
        )
        .route(&format!("{one}/state"), get(state::show))
        .route(
            &format!("{one}/state/set"),
            get(set_state::show).post(set_state::submit),
        )
        .route(
            &format!("{one}/stream"),
            get(stream::show).post(stream::submit),
        )
        .route(
            &format!("{one}/tags"),
            get(act::elsewhere).post(tags::submit),
        )
        .route(&job, get(job::show))
        .route(&format!("{job}/live"), get(live::show))
        .route(&format!("{job}/log"), get(log::show))
        .route(&format!("{job}/log/lines"), get(log::lines))
        .route(
            &format!("{job}/cancel"),
            get(cancel::elsewhere).post(cancel::submit),
        )
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}
