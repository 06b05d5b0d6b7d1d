//! One address of the API: which handler answers which method. axum's own would wrap every handler in boxes, once at
//! the start and again for every request; here a handler is a function that is called.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use futures_util::future::ready;
use tower::service_fn;

use super::edge;
use super::operations::{Answer, Answers, answered_as};
use super::problem::Problem;
use crate::app::App;

/// Lets a router answer the requests for one address.
pub(super) fn add(router: Router, path: &str, answers: Answers, app: &Arc<App>) -> Router {
    let app = Arc::clone(app);
    let answer = service_fn(move |request: Request| {
        let request = edge::note_route(request);
        let head = request.method() == Method::HEAD;
        let answer = match of(answers, request.method()) {
            Some(answer) => answer(request, Arc::clone(&app)),
            None => Box::pin(ready(not_allowed(answers, &request))),
        };
        answer.map(move |response| {
            let response = if head { head_of(response) } else { response };
            Ok::<_, Infallible>(response)
        })
    });
    router.route_service(path, answer)
}

/// Who answers a method.
fn of(answers: Answers, method: &Method) -> Option<Answer> {
    let method = answered_as(method);
    let found = answers.iter().find(|(known, _)| known == method);
    found.map(|(_, answer)| *answer)
}

/// A response without its body, whose length is told.
fn head_of(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        let told = parts.headers.entry(header::CONTENT_LENGTH);
        told.or_insert(length.into());
    }
    Response::from_parts(parts, Body::empty())
}

fn not_allowed(answers: Answers, request: &Request) -> Response {
    let names = answers.iter().map(|(method, _)| match *method {
        Method::GET => "GET,HEAD",
        ref other => other.as_str(),
    });
    let names = names.collect::<Vec<_>>().join(",");
    let problem = Problem::method_not_allowed(request.method(), request.uri().path());
    match HeaderValue::try_from(names) {
        Ok(names) => problem.with_header(header::ALLOW, names),
        Err(_) => problem,
    }
    .into_response()
}
