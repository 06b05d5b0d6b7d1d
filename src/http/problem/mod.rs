//! From a failure to an answer: the one match from [`Error`] to a status, and the one shape of every
//! error body. A [`Problem`] travels as an extension of an empty response; `edge` writes the body,
//! because only there the request's id is known, and logs the inner story once.

mod document;
mod of_error;

use std::sync::Arc;

use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::access::throttle::Left;
use crate::error::{Error, Fault, Story};
pub use document::Document;

/// A problem's type, as clients of the reference server know it.
macro_rules! kind {
    ($anchor:literal) => {
        concat!("https://reference.airbyte.com/reference/errors", $anchor)
    };
}
use kind;

/// A failure on its way out. Boxed, because it is larger than most answers.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    data: Map<String, Value>,
    faults: Vec<Fault>,
    /// Further members, for those who expect another vocabulary, such as OAuth's.
    extra: Map<String, Value>,
    headers: HeaderMap,
    /// For the log only.
    story: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Parts {
            status,
            kind,
            title,
            detail: detail.into(),
            data: Map::new(),
            faults: Vec::new(),
            extra: Map::new(),
            headers: HeaderMap::new(),
            story: None,
        }))
    }

    /// A request that cannot be read at all: broken JSON, a body where none fits.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            kind!("#bad-request"),
            "bad-request",
            detail,
        )
    }

    pub fn no_such_route(method: &Method, path: &str) -> Self {
        let detail = format!(
            "there is no {method} {path}; the API is described at /api/public/v1/openapi.json"
        );
        Self::new(
            StatusCode::NOT_FOUND,
            kind!("#resource-not-found"),
            "resource-not-found",
            detail,
        )
    }

    pub fn method_not_allowed(method: &Method, path: &str) -> Self {
        let detail =
            format!("{path} does not answer {method}; the Allow header lists what it answers");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            kind!("#method-not-allowed"),
            "method-not-allowed",
            detail,
        )
    }

    pub fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            kind!("#payload-too-large"),
            "payload-too-large",
            detail,
        )
    }

    /// What is to be changed is in use: 423, where a client of the reference waits for it.
    pub fn locked(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::LOCKED,
            kind!("#try-again-later"),
            "try-again-later",
            detail,
        )
    }

    /// What `If-Match` names is not there any more.
    fn stale(detail: String) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            kind!("#precondition-failed"),
            "precondition-failed",
            detail,
        )
    }

    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            kind!("#unsupported-media-type"),
            "unsupported-media-type",
            detail,
        )
    }

    pub fn timed_out() -> Self {
        let detail = "the server did not finish in time; try again";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            kind!(""),
            "service-unavailable",
            detail,
        )
    }

    pub fn panicked() -> Self {
        Self::from(Error::internal("a handler panicked"))
    }

    fn with_data(mut self, name: &str, value: Value) -> Self {
        self.0.data.insert(name.to_owned(), value);
        self
    }

    fn naming(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    fn telling(mut self, story: Story) -> Self {
        self.0.story = Some(story.into());
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// Says when to ask again.
    fn retrying(self, after: std::time::Duration) -> Self {
        let seconds = after.as_secs_f64().ceil().max(1.0);
        match seconds.to_string().parse() {
            Ok(value) => self.with_header(header::RETRY_AFTER, value),
            Err(_) => self,
        }
    }

    /// A connector broke, or took too long.
    fn connector(late: bool, detail: String) -> Self {
        let (status, kind, title) = if late {
            (
                StatusCode::GATEWAY_TIMEOUT,
                "error:connector/timed-out",
                "connector-timed-out",
            )
        } else {
            (
                StatusCode::BAD_GATEWAY,
                "error:connector/failed",
                "connector-failed",
            )
        };
        Self::new(status, kind, title, detail)
    }

    /// Replaces the challenge: for credentials that are no bearer token.
    #[must_use]
    pub fn challenging(mut self, challenge: &'static str) -> Self {
        self.0.headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        );
        self
    }

    /// Adds the members that OAuth libraries read.
    #[must_use]
    pub fn as_oauth(mut self, error: &'static str) -> Self {
        self.0.extra.insert("error".to_owned(), error.into());
        self.0
            .extra
            .insert("error_description".to_owned(), self.0.detail.clone().into());
        self
    }

    /// Tells how many failed attempts are left.
    #[must_use]
    pub fn with_allowance(mut self, left: Option<Left>) -> Self {
        if let Some(left) = left {
            let seconds = left.reset.as_secs_f64().ceil();
            let numbers = [
                ("ratelimit-limit", left.limit.to_string()),
                ("ratelimit-remaining", left.remaining.to_string()),
                ("ratelimit-reset", seconds.to_string()),
                (
                    "ratelimit-policy",
                    format!("\"failures\";q={};w=60", left.limit),
                ),
                (
                    "ratelimit",
                    format!("\"failures\";r={};t={seconds}", left.remaining),
                ),
            ];
            for (name, value) in numbers {
                if let Ok(value) = value.parse() {
                    self.0.headers.insert(HeaderName::from_static(name), value);
                }
            }
        }
        self
    }

    /// What the log should know and the caller must not.
    #[must_use]
    pub fn story(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.0.story.as_deref()
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The sentence for the caller.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let mut response = self.0.status.into_response();
        std::mem::swap(response.headers_mut(), &mut self.0.headers);
        response.extensions_mut().insert(self);
        response
    }
}
