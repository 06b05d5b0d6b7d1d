//! The browser session: a random value in a cookie, whose hash is in the database. `recognise` looks
//! the person up once a request; a handler that wants somebody signed in takes [`SignedIn`], and
//! whoever is not is sent to log in first.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{Redirect, Response};

use super::destination::Destination;
use super::failure::Failure;
use super::frame::Frame;
use crate::access::caller::Caller;
use crate::app::App;
use crate::error::Error;
use crate::ops::sessions::{self, Begun};
use crate::request::Notes;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    pub(super) caller: Caller,
}

impl SignedIn {
    /// The frame around this person's pages.
    pub(super) fn frame(&self) -> Frame {
        Frame::of(&self.caller)
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Redirect> {
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(|| Redirect::to(&login_address(parts.uri.path())))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for SignedIn {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// The log-in page, which leads back to where somebody wanted to go.
fn login_address(wanted: &str) -> String {
    match Destination::local(wanted) {
        Some(to) if to.as_str() != "/" => format!("/login?next={}", to.encoded()),
        _ => "/login".to_owned(),
    }
}

/// Finds out who asks, and puts their name and the request's id on the page when it is a failure.
pub(super) async fn recognise(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request
        .extensions()
        .get::<Notes>()
        .and_then(|notes| notes.id().to_str().ok())
        .map(str::to_owned);
    let person = match value(&app, request.headers()) {
        Some(cookie) => sessions::caller(&app, cookie).await,
        None => Ok(None),
    };
    let person = match person {
        Ok(caller) => caller.map(|caller| SignedIn { caller }),
        Err(error) => {
            let failure = Failure::from(error);
            failure.tell(id.as_deref());
            return failure.page(Frame::default(), id);
        }
    };
    let frame = person.as_ref().map(SignedIn::frame).unwrap_or_default();
    if let Some(person) = person {
        if let Some(notes) = request.extensions().get::<Notes>() {
            notes.asked_by(person.caller.id(), None);
        }
        request.extensions_mut().insert(person);
    }
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Failure>() {
        Some(failure) => {
            failure.tell(id.as_deref());
            failure.page(frame, id)
        }
        None => response,
    }
}

/// Whether the cookie is for https only.
pub(super) fn is_secure(app: &App) -> bool {
    let by_address = || {
        app.config
            .server
            .external_url
            .as_ref()
            .is_some_and(|url| url.starts_with("https://"))
    };
    app.config.sessions.secure_cookie.unwrap_or_else(by_address)
}

/// The prefix makes the browser refuse the name to anybody but this host, on https.
fn name(app: &App) -> &'static str {
    if is_secure(app) {
        "__Host-ferrobyte_session"
    } else {
        "ferrobyte_session"
    }
}

/// The value of the session cookie.
pub(super) fn value<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('='));
    named
        .find(|(key, _)| *key == name(app))
        .map(|(_, value)| value)
}

/// Gives the browser the cookie of a session just begun.
pub(super) fn keep(app: &App, begun: &Begun, mut response: Response) -> Result<Response, Failure> {
    let age = (begun.expires_at - app.clock.now()).num_seconds().max(0);
    set(app, begun.cookie.reveal(), age, &mut response)?;
    Ok(response)
}

/// Takes the cookie away.
pub(super) fn forget(app: &App, mut response: Response) -> Result<Response, Failure> {
    set(app, "", 0, &mut response)?;
    Ok(response)
}

fn set(app: &App, value: &str, age: i64, response: &mut Response) -> Result<(), Failure> {
    let secure = if is_secure(app) { "; Secure" } else { "" };
    let text = format!(
        "{}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}",
        name(app)
    );
    let line = HeaderValue::try_from(text).map_err(Error::internal)?;
    response.headers_mut().append(SET_COOKIE, line);
    Ok(())
}
