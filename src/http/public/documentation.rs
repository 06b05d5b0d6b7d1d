//! The page at the documentation root: every operation, written from the OpenAPI document, and the limits in effect.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use utoipa::openapi::path::Operation;

use crate::app::App;
use crate::config::Config;
use crate::domain::page::Page as Paging;
use crate::error::Error;
use crate::http::openapi;
use crate::http::problem::Problem;

/// The page lists operations under their tags.
#[derive(Template)]
#[template(path = "documentation.html")]
struct Page {
    version: &'static str,
    limits: Vec<(&'static str, String)>,
    groups: Vec<Group>,
}

struct Group {
    name: String,
    operations: Vec<Row>,
}

struct Row {
    method: &'static str,
    path: String,
    summary: String,
    anonymous: bool,
}

/// The API, for people.
#[utoipa::path(
    get,
    path = "/api/public/v1",
    operation_id = "getDocumentation",
    tag = "public",
    security(()),
    responses((status = 200, description = "A page that lists every operation", content_type = "text/html", body = String))
)]
pub async fn show(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        limits: limits(&app.config),
        groups: groups(),
    };
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let html = page.render().map_err(Error::internal)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response())
}

/// What a caller meets; `docs/limits.md` has the others.
fn limits(config: &Config) -> Vec<(&'static str, String)> {
    let (server, throttle) = (&config.server, &config.throttle);
    let failures = match throttle.tokens_by_source {
        most if throttle.enabled && most > 0 => format!("{most} a minute"),
        _ => "any number".to_owned(),
    };
    vec![
        (
            "Items of a page",
            format!("{}, at most {}", Paging::USUAL, Paging::LARGEST),
        ),
        ("Body of a request", format!("{} bytes", server.body_limit)),
        (
            "Time for a request",
            format!("{} s", server.request_timeout.as_secs()),
        ),
        ("Failed token requests from one address", failures),
        ("Other requests", "any number".to_owned()),
    ]
}

fn groups() -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (path, item) in &openapi::document().paths.paths {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                add(&mut groups, method, path, operation);
            }
        }
    }
    groups
}

fn add(groups: &mut Vec<Group>, method: &'static str, path: &str, operation: &Operation) {
    let name = operation
        .tags
        .iter()
        .flatten()
        .next()
        .cloned()
        .unwrap_or_default();
    let row = Row {
        method,
        path: path.to_owned(),
        summary: operation.summary.clone().unwrap_or_default(),
        anonymous: operation.security.is_some(),
    };
    match groups.iter_mut().find(|group| group.name == name) {
        Some(group) => group.operations.push(row),
        None => groups.push(Group {
            name,
            operations: vec![row],
        }),
    }
}
