//! Failures as pages, in the same frame as everything else. This is the pages' one match from an
//! error to a status and to words; what a page says is meant for people, so it is not the sentence
//! that the API gives to programs.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::frame::{Frame, Page};
use crate::error::{Error, Story};

/// Why a page is not shown. It renders itself without a person in the bar; `session` renders it once
/// more when somebody is signed in.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    status: StatusCode,
    title: &'static str,
    detail: String,
    retry_after: Option<Duration>,
    /// For the log only.
    story: Option<Arc<Story>>,
}

/// A page that says what went wrong.
#[derive(Debug, Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    status: u16,
    title: &'static str,
    detail: String,
    request_id: Option<String>,
}

impl Failure {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            title,
            detail: detail.into(),
            retry_after: None,
            story: None,
        }
    }

    /// Nothing is at this address, or not any more.
    pub(super) fn no_such_page() -> Self {
        let detail = "The address may be mistyped, or what it showed was deleted.";
        Self::new(StatusCode::NOT_FOUND, "There is no such page", detail)
    }

    /// The link of an invitation that was used, replaced, or left lying for too long.
    pub(super) fn spent_link() -> Self {
        let detail = "It was used already, or replaced by another one, or it is too old. Whoever sent it can send a new one.";
        Self::new(
            StatusCode::NOT_FOUND,
            "This link does not work any more",
            detail,
        )
    }

    /// The page exists, but is not asked for in this way.
    pub(super) fn wrong_method() -> Self {
        let detail =
            "This page does not take requests of that kind. Go back and use the form again.";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "That does not work here",
            detail,
        )
    }

    /// A form that another site sent in this person's name.
    pub(super) fn foreign_form() -> Self {
        let detail = "The form did not come from this site, so nothing was done. Open the page here and try again.";
        Self::new(
            StatusCode::FORBIDDEN,
            "This request came from elsewhere",
            detail,
        )
    }

    /// A body that is no form.
    pub(super) fn no_form() -> Self {
        let detail = "What was sent is not a form that this page knows.";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "That does not work here",
            detail,
        )
    }

    /// A body that is too large or did not arrive whole.
    pub(super) fn unreadable_form(status: StatusCode) -> Self {
        Self::new(
            status,
            "The form could not be read",
            "It is too large, or it did not arrive whole.",
        )
    }

    /// Writes the inner story into the log, if there is one.
    pub(super) fn tell(&self, request_id: Option<&str>) {
        if let Some(story) = &self.story {
            tracing::error!(
                request.id = request_id,
                status = self.status.as_u16(),
                "{story}"
            );
        }
    }

    /// This failure in a frame, with the id under which the log knows the request.
    pub(super) fn page(self, frame: Frame, request_id: Option<String>) -> Response {
        let Self {
            status,
            title,
            detail,
            ..
        } = self;
        let request_id = request_id.filter(|_| status.is_server_error());
        let page = ErrorPage {
            frame,
            status: status.as_u16(),
            title,
            detail,
            request_id,
        };
        let mut response = Page::with(status, page).into_response();
        if let Some(wait) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
        }
        response
    }
}

/// Whole seconds to wait, at least one.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_millis()
        .div_ceil(1000)
        .max(1)
        .try_into()
        .unwrap_or(u64::MAX)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { .. } | Error::UnknownConnector { .. } | Error::Unprocessable(_) => {
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "That cannot be done",
                    sentence(&error),
                )
            }
            Error::Unauthenticated(_) => Self::new(
                StatusCode::UNAUTHORIZED,
                "Please log in",
                "Your session has ended. Log in and try again.",
            ),
            Error::Forbidden(_) => Self::new(
                StatusCode::FORBIDDEN,
                "You may not see this",
                sentence(&error),
            ),
            Error::NotOffered(_) => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                "That is not offered here",
                sentence(&error),
            ),
            Error::NotFound { .. } => Self::no_such_page(),
            Error::Conflict(_) | Error::Running { .. } | Error::Stale | Error::Taken { .. } => {
                Self::new(
                    StatusCode::CONFLICT,
                    "That cannot be done now",
                    sentence(&error),
                )
            }
            Error::NotYet {
                ref message,
                retry_after,
            } => Self {
                retry_after: Some(retry_after),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The connector is still at work",
                    message.clone(),
                )
            },
            Error::Connector {
                late,
                message,
                story,
            } => {
                let status = if late {
                    StatusCode::GATEWAY_TIMEOUT
                } else {
                    StatusCode::BAD_GATEWAY
                };
                Self {
                    story: Some(Arc::new(story)),
                    ..Self::new(status, "The connector failed", message)
                }
            }
            Error::TooMany { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "Too many attempts",
                    format!("Wait {} seconds, then try again.", seconds(retry_after)),
                )
            },
            Error::Unavailable(story) => {
                let detail = "The database does not answer. Try again in a moment.";
                Self {
                    story: Some(Arc::new(story)),
                    ..Self::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "Not available at the moment",
                        detail,
                    )
                }
            }
            Error::Internal(story) => {
                let detail = "The fault is ours. It was written to the server’s log.";
                Self {
                    story: Some(Arc::new(story)),
                    ..Self::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "Something went wrong",
                        detail,
                    )
                }
            }
        }
    }
}

/// The error's own words, as a sentence.
pub(super) fn sentence(error: &Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.clone().page(Frame::default(), None);
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::error::Noun;

    #[tokio::test]
    async fn a_failure_tells_people_what_to_do_and_keeps_its_story() {
        let wait = Duration::from_millis(1200);
        for (error, status, words) in [
            (
                Error::invalid("/name", "must not be blank"),
                422,
                "Name: must not be blank.",
            ),
            (
                Error::forbidden("this is somebody else’s"),
                403,
                "This is somebody else’s.",
            ),
            (
                Error::not_found(Noun::Application, "x"),
                404,
                "There is no such page",
            ),
            (Error::conflict("it was taken"), 409, "It was taken."),
            (Error::TooMany { retry_after: wait }, 429, "Wait 2 seconds"),
            (
                Error::internal("the canary died"),
                500,
                "it as request id-1",
            ),
            (
                Error::Unavailable("the canary died".into()),
                503,
                "it as request id-1",
            ),
        ] {
            let failure = Failure::from(error);
            let response = failure.page(Frame::default(), Some("id-1".to_owned()));
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 429);
            let body = response
                .into_body()
                .collect()
                .await
                .expect("a page")
                .to_bytes();
            let text = String::from_utf8_lossy(&body)
                .replace("<code>", "")
                .replace("</code>", "");
            assert!(text.contains(words), "{status}: {text}");
            assert!(!text.contains("canary"), "{text}");
        }
    }
}
