//! The pages for people: signing in, the start page, workspaces, connections with their jobs and tags, connectors with
//! sources and destinations, organizations with their people, groups and audit log, one's own settings and
//! applications. One file per page: its data, its template, its handlers. Forms post and answers redirect, except
//! where a secret is shown. Everything works without the script.
//!
//! The layers below guard every page; `http` knows nothing of this room, nor this room of it.

mod applications;
mod assets;
mod audit;
mod commands;
mod connections;
mod connectors;
mod destination;
mod failure;
mod form;
mod forms;
mod frame;
mod groups;
mod headers;
mod home;
mod invitation;
mod login;
mod moment;
mod organizations;
mod paging;
mod people;
mod profile;
mod roles;
mod session;
mod tags;
mod workspaces;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::IntoResponse;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::app::App;
use crate::error::Error;
use failure::Failure;

/// The largest form, in bytes, unless a page says otherwise. None needs a tenth of it.
const LARGEST_FORM: usize = 64 * 1024;

/// Every page, as one visible list.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    use applications::{create, delete, list, rotate, token};

    let pages = Router::new()
        .route("/", get(home::show))
        .route("/login", get(login::show).post(login::submit))
        .route("/logout", get(login::elsewhere).post(login::leave))
        .route(
            "/invitation",
            get(invitation::show).post(invitation::submit),
        )
        .route("/settings", get(profile::show))
        .route(
            "/settings/password",
            get(profile::elsewhere).post(profile::change_password),
        )
        .route("/settings/applications", get(list))
        .route(
            "/settings/applications/new",
            get(create::show).post(create::submit),
        )
        .route(
            "/settings/applications/{id}/token",
            get(token::elsewhere).post(token::submit),
        )
        .route(
            "/settings/applications/{id}/rotate",
            get(rotate::show).post(rotate::submit),
        )
        .route(
            "/settings/applications/{id}/delete",
            get(delete::show).post(delete::submit),
        )
        .merge(audit::routes())
        .merge(connections::routes())
        .merge(connectors::routes())
        .merge(groups::routes())
        .merge(organizations::routes())
        .merge(people::routes())
        .merge(tags::routes())
        .merge(workspaces::routes())
        .method_not_allowed_fallback(async || Failure::wrong_method());
    let assets = assets::ROUTES
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route, get(assets::get))
        });
    guarded(app, pages).merge(assets.layer(map_response(headers::add)))
}

/// What a browser sees at an address where nothing is.
pub fn missing(app: &Arc<App>) -> Router<Arc<App>> {
    guarded(
        app,
        Router::new().fallback(async || Failure::no_such_page()),
    )
}

/// The layers around pages, the innermost first: who asks, forged forms, panics, headers.
fn guarded(app: &Arc<App>, pages: Router<Arc<App>>) -> Router<Arc<App>> {
    let foreign = |_: ProtectionError| Failure::foreign_form().into_response();
    let panicked =
        |_: Box<dyn Any + Send>| Failure::from(Error::internal("a page panicked")).into_response();
    let mut forged = CsrfLayer::new();
    // Behind a proxy that changes the host, our own forms come from the address that people use.
    if let Some(origin) = app.config.server.external_url.as_deref().and_then(origin) {
        match forged.clone().add_trusted_origin(&origin) {
            Ok(trusting) => forged = trusting,
            Err(error) => tracing::warn!("forms from {origin} are not trusted: {error}"),
        }
    }
    pages
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(forged.with_rejection_response(foreign))
        .layer(from_fn_with_state(Arc::clone(app), session::recognise))
        .layer(map_response(headers::add))
}

/// The origin of an address, as a browser spells it.
fn origin(address: &str) -> Option<String> {
    let address: Uri = address.parse().ok()?;
    let (scheme, host) = (address.scheme_str()?, address.host()?.to_ascii_lowercase());
    let usual = if scheme == "https" { 443 } else { 80 };
    match address.port_u16().filter(|&port| port != usual) {
        Some(port) => Some(format!("{scheme}://{host}:{port}")),
        None => Some(format!("{scheme}://{host}")),
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_spelled_as_browsers_do() {
        for (address, expected) in [
            (
                "https://Data.example.org/airbyte",
                "https://data.example.org",
            ),
            ("https://data.example.org:443", "https://data.example.org"),
            (
                "http://data.example.org:8000",
                "http://data.example.org:8000",
            ),
        ] {
            assert_eq!(origin(address).as_deref(), Some(expected));
        }
    }
}
