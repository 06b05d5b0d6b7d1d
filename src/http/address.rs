//! One address of the API: which handler answers which method. axum's own would wrap every handler in boxes, once at
//! the start and again for every request; here a handler is a function that is called.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use futures_util::future::ready;
use tower::service_fn;
use utoipa::openapi::HttpMethod;

use super::edge;
use super::operations::{Answer, Operations};
use super::problem::Problem;
use crate::app::App;

/// Lets a router answer the requests for one address. It leaves out the bodies for HEAD by itself.
pub(super) fn add<S>(router: Router<S>, operations: &Operations, app: &Arc<App>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let handlers = operations.answered.iter().flat_map(|answered| {
        let methods = (answered.methods)().into_iter();
        methods.map(|named| (method(&named), answered.by))
    });
    let (handlers, app): (Arc<[_]>, _) = (handlers.collect(), Arc::clone(app));
    let answer = service_fn(move |request: Request| {
        let request = edge::note_route(request);
        let answer = match of(&handlers, request.method()) {
            Some(answer) => answer(request, Arc::clone(&app)),
            None => Box::pin(ready(not_allowed(&handlers, &request))),
        };
        answer.map(Ok::<_, Infallible>)
    });
    router.route_service(&(operations.path)(), answer)
}

/// Who answers a method. Whoever answers GET answers HEAD.
fn of(handlers: &[(Method, Answer)], method: &Method) -> Option<Answer> {
    let method = match *method {
        Method::HEAD => &Method::GET,
        _ => method,
    };
    let found = handlers.iter().find(|(known, _)| known == method);
    found.map(|(_, answer)| *answer)
}

fn not_allowed(handlers: &[(Method, Answer)], request: &Request) -> Response {
    let names = handlers.iter().map(|(method, _)| match *method {
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

fn method(named: &HttpMethod) -> Method {
    match named {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}
