//! Around the router, for every request: its id, its time limit, its panics, its line in the log, its
//! numbers, the body of its problem if it has one, and the headers that every answer carries.

use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::Either;

use super::conditional;
use super::operations;
use super::problem::Problem;
use super::unknown_parameters;
use crate::app::App;
use crate::config::RequestLog;
use crate::domain::audit::{TRAIL, Trail};
use crate::request::{Notes, Source};

/// The header that carries a request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a request.
const LONGEST_ID: usize = 64;

/// The digits of a number in an id of ours.
const LONGEST_NUMBER: usize = 16;

/// Answers a request with whatever `router` says to it.
pub async fn answer(app: Arc<App>, router: Router, mut request: Request) -> Response {
    let began = Instant::now();
    let id = request_id(&request);
    let Source(address) = Source::of(request.headers(), request.extensions(), &app);
    let method = request.method().clone();
    let uri = request.uri().clone();
    // What only reads leaves no trail.
    let trail = (!method.is_safe()).then(|| {
        let id = id.to_str().unwrap_or_default().to_owned();
        Trail::new(app.clock.clone(), address, id)
    });
    let notes = Notes::new(id, trail);
    request.extensions_mut().insert(notes.clone());

    let answer = conditional::answer(&app, router, request, &notes);
    let answer = match notes.trail() {
        Some(trail) => Either::Left(TRAIL.scope(trail.clone(), answer)),
        None => Either::Right(answer),
    };
    let answer = AssertUnwindSafe(answer).catch_unwind();
    let mut response = match tokio::time::timeout(app.config.server.request_timeout, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Problem::panicked().into_response(),
        Err(_elapsed) => Problem::timed_out().into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        tell(&problem, notes.id());
        write(&problem, &method, notes.id(), &mut response);
    }

    let took = began.elapsed();
    let status = response.status();
    app.metrics
        .answered(known(&method), notes.route(), status.as_u16(), took);
    if logged(app.config.log.requests, status) {
        line(&method, uri.path(), status, took, &notes);
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, notes.id().clone());
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(warning) = notes.warning() {
        headers.insert(header::WARNING, warning.clone());
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Notes the route of a request, once the router has found it, and what of the query it does not know.
#[must_use]
pub fn note_route(request: Request) -> Request {
    let extensions = request.extensions();
    if let (Some(notes), Some(route)) = (extensions.get::<Notes>(), extensions.get::<MatchedPath>())
    {
        let query = request.uri().query();
        if let Some(warning) = unknown_parameters::warning(request.method(), route.as_str(), query)
        {
            notes.warn(warning);
        }
        if let Some(trail) = notes.trail() {
            trail.operation(operations::name(request.method(), route.as_str()));
        }
        notes.routed(route.clone());
    }
    request
}

/// The id that the request brings, if it is presentable, or a new one.
fn request_id(request: &Request) -> HeaderValue {
    static PREFIX: LazyLock<String> = LazyLock::new(|| {
        let random = u64::from_ne_bytes(crate::clock::Clock::System.random());
        format!("{random:016x}")
    });
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
    let mut id = String::with_capacity(2 * LONGEST_NUMBER + 1);
    // Writing to a string does not fail.
    let _ = write!(id, "{}-{count:x}", *PREFIX);
    HeaderValue::from_maybe_shared(Bytes::from(id)).unwrap_or(HeaderValue::from_static("none"))
}

/// Writes the problem's document into the response, whose status and other headers are there already.
fn write(problem: &Problem, method: &Method, id: &HeaderValue, response: &mut Response) {
    let body = problem.text(id.to_str().unwrap_or_default());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    // The router believed the body to be empty.
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    if method != Method::HEAD {
        *response.body_mut() = Body::from(body);
    }
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

fn line(method: &Method, path: &str, status: StatusCode, took: Duration, notes: &Notes) {
    tracing::info!(
        target: "ferrobyte::request",
        status = status.as_u16(),
        duration_ms = f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1000.0,
        caller = notes.asker().map(tracing::field::display),
        request.id = notes.id().to_str().unwrap_or_default(),
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
