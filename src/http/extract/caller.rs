//! Whoever asks, by bearer token. No caller, no handler.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::access::caller::Caller;
use crate::app::App;
use crate::error::Error;

use crate::http::problem::Problem;
use crate::request::Notes;

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let caller = app
            .callers
            .recognise(&app.db, &app.clock, &app.tokens, token)
            .await?;
        if let Some(notes) = parts.extensions.get::<Notes>() {
            notes.asked_by(caller.id(), caller.application());
        }
        Ok(caller)
    }
}

fn bearer(parts: &Parts) -> Result<&str, Error> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
        return Err(Error::Unauthenticated(
            "this needs an access token: get one at POST /api/v1/applications/token and send it as \
             Authorization: Bearer",
        ));
    };
    let text = header.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Error::Unauthenticated(
            "the Authorization header must be Bearer and an access token",
        )),
    }
}
