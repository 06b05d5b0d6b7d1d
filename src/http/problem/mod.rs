//! From a failure to an answer: the one match from [`Error`] to a status, and the one shape of every
//! error body. A [`Problem`] travels as an extension of an empty response; `edge` writes the body,
//! because only there the request's id is known, and logs the inner story once.

use std::sync::Arc;

use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::access::throttle::Left;
use crate::error::{Error, Fault, Noun, Place, Rule, Story};

/// A problem's type, as clients of the reference server know it.
macro_rules! kind {
    ($anchor:literal) => {
        concat!("https://reference.airbyte.com/reference/errors", $anchor)
    };
}

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

    /// The body as it is sent.
    #[must_use]
    pub fn text(&self, request_id: &str) -> Vec<u8> {
        let mut text = Vec::with_capacity(512);
        // Writing to memory does not fail, and nothing in a document refuses to be written.
        let _ = serde_json::to_writer(&mut text, &self.document(request_id));
        text
    }

    fn document<'a>(&'a self, request_id: &'a str) -> Document<'a> {
        let Parts {
            status,
            kind,
            title,
            detail,
            data,
            faults,
            extra,
            ..
        } = &*self.0;
        Document {
            status: status.as_u16(),
            kind,
            title,
            detail,
            documentation_url: None,
            data: Data {
                rest: data,
                message: detail,
            },
            errors: faults.iter().map(DocumentFault::from).collect(),
            request_id,
            extra,
        }
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

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// The HTTP status.
    status: u16,
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    /// A sentence on what is wrong and what to do.
    detail: &'a str,
    documentation_url: Option<&'a str>,
    /// `message` repeats `detail`; `resourceType` and `resourceId` name what was not found.
    #[schema(value_type = Object)]
    data: Data<'a>,
    /// What exactly is wrong with the request, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<DocumentFault<'a>>,
    /// Also in the header `x-request-id` and in the server's log.
    request_id: &'a str,
    /// `error` and `error_description` where OAuth libraries expect them.
    #[serde(flatten)]
    #[schema(ignore)]
    extra: &'a Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    rest: &'a Map<String, Value>,
    message: &'a str,
}

/// One thing wrong with a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemFault)]
struct DocumentFault<'a> {
    /// `body`, `path` or `query`.
    #[serde(rename = "in")]
    place: &'static str,
    /// JSON pointer into the body, or to the parameter.
    pointer: &'a str,
    message: &'a str,
}

impl<'a> From<&'a Fault> for DocumentFault<'a> {
    fn from(fault: &'a Fault) -> Self {
        let place = match fault.place {
            Place::Body => "body",
            Place::Path => "path",
            Place::Query => "query",
        };
        Self {
            place,
            pointer: &fault.pointer,
            message: &fault.message,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use StatusCode as S;
        let detail = error.to_string();
        match error {
            Error::Invalid { rule, faults } => {
                let (status, kind, title) = broken(rule);
                Self::new(status, kind, title, detail).naming(faults)
            }
            Error::UnknownConnector { name, .. } => {
                Self::new(S::BAD_REQUEST, kind!(""), "value-not-found", detail)
                    .with_data("value", json!(name))
            }
            Error::Unprocessable(_) => Self::new(
                S::UNPROCESSABLE_ENTITY,
                kind!("#unprocessable-entity"),
                "unprocessable-entity",
                detail,
            ),
            Error::NotOffered(_) => Self::new(
                S::NOT_IMPLEMENTED,
                "error:implementation/not-implemented-in-oss",
                "API not implemented in Airbyte OSS",
                detail,
            ),
            Error::Unauthenticated(_) => {
                let challenge =
                    HeaderValue::from_static("Bearer realm=\"ferrobyte\", error=\"invalid_token\"");
                Self::new(
                    S::UNAUTHORIZED,
                    kind!("#unauthorized"),
                    "unauthorized",
                    detail,
                )
                .with_header(header::WWW_AUTHENTICATE, challenge)
            }
            Error::Forbidden(_) => {
                Self::new(S::FORBIDDEN, kind!("#forbidden"), "forbidden", detail)
            }
            Error::NotFound { what, id } => Self::new(
                S::NOT_FOUND,
                kind!("#resource-not-found"),
                "resource-not-found",
                detail,
            )
            .with_data("resourceType", json!(resource_type(what)))
            .with_data("resourceId", json!(id)),
            Error::Conflict(_) => Self::new(
                S::CONFLICT,
                kind!("#409-state-conflict"),
                "state-conflict",
                detail,
            ),
            Error::Stale => Self::stale(detail),
            Error::Taken { what, .. } => {
                let (kind, title) = taken(what);
                Self::new(S::CONFLICT, kind, title, detail)
            }
            Error::Running { job, .. } => Self::new(
                S::CONFLICT,
                kind!("#try-again-later"),
                "try-again-later",
                detail,
            )
            .with_data("jobId", json!(job)),
            Error::NotYet { retry_after, .. } => Self::new(
                S::SERVICE_UNAVAILABLE,
                "error:connector/still-running",
                "connector-still-running",
                detail,
            )
            .retrying(retry_after),
            Error::Connector { late, story, .. } => Self::connector(late, detail).telling(story),
            Error::TooMany { retry_after } => Self::new(
                S::TOO_MANY_REQUESTS,
                kind!("#too-many-requests"),
                "too-many-requests",
                detail,
            )
            .retrying(retry_after),
            Error::Unavailable(story) => {
                let problem = Self::new(
                    S::SERVICE_UNAVAILABLE,
                    kind!(""),
                    "service-unavailable",
                    detail,
                );
                problem
                    .telling(story)
                    .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            Error::Internal(story) => {
                let problem = Self::new(
                    S::INTERNAL_SERVER_ERROR,
                    kind!(""),
                    "unexpected-problem",
                    detail,
                );
                problem.telling(story)
            }
        }
    }
}

/// What it means to break a rule: status, type and title.
fn broken(rule: Rule) -> (StatusCode, &'static str, &'static str) {
    match rule {
        Rule::Request => (
            StatusCode::BAD_REQUEST,
            kind!("#bad-request"),
            "bad-request",
        ),
        Rule::NotificationUrl => (
            StatusCode::BAD_REQUEST,
            "error:notification/config/missing-url",
            "Notification missing URL",
        ),
        Rule::Configuration => (
            StatusCode::UNPROCESSABLE_ENTITY,
            kind!("#unprocessable-entity"),
            "unprocessable-entity",
        ),
        Rule::TagName => (
            StatusCode::BAD_REQUEST,
            "error:tag-name-too-long",
            "Tag name too long",
        ),
        Rule::TagColor => (
            StatusCode::BAD_REQUEST,
            "error:tag-invalid-hex-color",
            "Invalid hex color",
        ),
        Rule::TagLimit => (
            StatusCode::BAD_REQUEST,
            "error:tag-limit-for-workspace-reached",
            "Tag limit for workspace reached",
        ),
    }
}

/// What the reference server says when there is such a thing already: type and title.
fn taken(noun: Noun) -> (&'static str, &'static str) {
    match noun {
        Noun::Dataplane => (
            "error:dataplane-name-already-exists",
            "Data plane name already exists",
        ),
        Noun::Group => ("error:group-already-exists", "Group already exists"),
        Noun::GroupMember => (
            "error:group-member-already-exists",
            "Group member already exists",
        ),
        Noun::GroupPermission => (
            "error:group-permission-already-exists",
            "Group permission already exists",
        ),
        Noun::Region => (
            "error:dataplane-group-name-already-exists",
            "Data plane group name already exists",
        ),
        Noun::Tag => ("error:tag-already-exists", "Tag already exists"),
        _ => (kind!("#409-state-conflict"), "state-conflict"),
    }
}

/// What the reference server calls a thing that is not found.
fn resource_type(noun: Noun) -> &'static str {
    match noun {
        Noun::Application => "APPLICATION",
        Noun::Connection => "STANDARD_SYNC",
        Noun::Dataplane => "DATAPLANE",
        Noun::Group => "GROUP",
        Noun::GroupMember => "GROUP_MEMBER",
        Noun::GroupPermission => "GROUP_PERMISSION",
        Noun::Job => "JOB",
        Noun::Organization => "ORGANIZATION",
        Noun::Permission => "PERMISSION",
        Noun::Region => "DATAPLANE_GROUP",
        Noun::Tag => "TAG",
        Noun::User => "USER",
        Noun::Destination => "DESTINATION_CONNECTION",
        Noun::DestinationDefinition => "STANDARD_DESTINATION_DEFINITION",
        Noun::Source => "SOURCE_CONNECTION",
        Noun::SourceDefinition => "STANDARD_SOURCE_DEFINITION",
        Noun::Workspace => "STANDARD_WORKSPACE",
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
