//! Which problem an [`Error`] is: status, type and title.

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use serde_json::json;

use super::{Problem, kind};
use crate::error::{Error, Noun, Rule};

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
