//! What a browser sends: the fields of a form or of a query. A field that is absent reads as empty,
//! because to the person in front of the form it is the same.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;
use std::fmt;

use super::failure::Failure;

/// Fields by name.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, String)>);

/// Their names; their values may be secrets.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Fields {
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first field of this name, or nothing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// Everything, in order.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// The fields of a form that was posted.
#[derive(Debug)]
pub(super) struct Form(pub(super) Fields);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let kind = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") && !kind.is_empty() {
            return Err(Failure::no_form().into_response());
        }
        let unreadable =
            |why: BytesRejection| Failure::unreadable_form(why.status()).into_response();
        let body = Bytes::from_request(request, state)
            .await
            .map_err(unreadable)?;
        Ok(Self(Fields::parse(&body)))
    }
}

/// The fields of the query.
#[derive(Debug)]
pub(super) struct Asked(pub(super) Fields);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Fields::parse(
            parts.uri.query().unwrap_or_default().as_bytes(),
        )))
    }
}
