//! The outermost layer of every request: its id, its time limit, its panics, its line in the log, its
//! numbers, the body of its problem if it has one, and the headers that every answer carries.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use super::problem::{Pending, Problem};
use crate::app::App;
use crate::config::RequestLog;
use crate::request::{Asker, RequestId};

/// The header that carries a request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a request.
const LONGEST_ID: usize = 64;

pub async fn edge(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&request);
    let asker = Asker::default();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(asker.clone());
    request.extensions_mut().insert(RequestId(id.clone()));

    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match tokio::time::timeout(app.config.server.request_timeout, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Problem::panicked().into_response(),
        Err(_elapsed) => Problem::timed_out().into_response(),
    };
    if let Some(Pending(problem)) = response.extensions_mut().remove::<Pending>() {
        tell(&problem, &id);
        response = written(response, &problem, &id);
    }

    let took = began.elapsed();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let status = response.status();
    app.metrics
        .answered(known(&method), route, status.as_u16(), took);
    if logged(app.config.log.requests, status) {
        line(&method, &path, status, took, &asker, &id);
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The id that the request brings, if it is presentable, or a new one.
fn request_id(request: &Request) -> HeaderValue {
    static PREFIX: LazyLock<u64> =
        LazyLock::new(|| u64::from_ne_bytes(crate::clock::Clock::System.random()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let presentable = |id: &&HeaderValue| {
        (1..=LONGEST_ID).contains(&id.len())
            && id
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
    };
    if let Some(id) = request.headers().get(REQUEST_ID).filter(presentable) {
        return id.clone();
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::from_str(&format!("{:016x}-{count:x}", *PREFIX))
        .unwrap_or(HeaderValue::from_static("none"))
}

/// The problem's document as the response's body; its status and headers are there already.
fn written(response: Response, problem: &Problem, id: &HeaderValue) -> Response {
    let (mut parts, _) = response.into_parts();
    let (head, body) = Json(problem.document(id.to_str().unwrap_or_default()))
        .into_response()
        .into_parts();
    parts.headers.extend(head.headers);
    Response::from_parts(parts, body)
}

/// Logs the inner story of a problem that has one.
fn tell(problem: &Problem, id: &HeaderValue) {
    if let Some(story) = problem.story() {
        let mut text = story.to_string();
        let mut cause = story.source();
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        tracing::error!(request.id = ?id, status = problem.status().as_u16(), "{text}");
    }
}

fn logged(which: RequestLog, status: StatusCode) -> bool {
    match which {
        RequestLog::All => true,
        RequestLog::Failures => status.is_server_error(),
        RequestLog::None => false,
    }
}

fn line(
    method: &Method,
    path: &str,
    status: StatusCode,
    took: Duration,
    asker: &Asker,
    id: &HeaderValue,
) {
    tracing::info!(
        target: "ferrobyte::request",
        status = status.as_u16(),
        duration_ms = f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1000.0,
        caller = asker.known().map(tracing::field::display),
        request.id = id.to_str().unwrap_or_default(),
        "{method} {path}"
    );
}

/// The methods that we know by name, so that nobody can make up labels.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
