//! Logging in and out.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::destination::Destination;
use super::failure::{Failure, seconds};
use super::form::{Asked, Fields, Form};
use super::frame::{Frame, Page};
use super::session::{self, SignedIn};
use crate::app::App;
use crate::error::Error;
use crate::ops::sessions;
use crate::request::Source;

/// The page with e-mail and password.
#[derive(Debug, Default, Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    done: Option<&'static str>,
    error: Option<String>,
    next: Option<String>,
    email: String,
}

/// Shows the form, or goes on when somebody is signed in already.
pub(super) async fn show(person: Option<SignedIn>, Asked(query): Asked) -> Response {
    if person.is_some() {
        return onward(&query).into_response();
    }
    let lost = "Your password was right, but the browser did not keep the session. This server is set up for \
                https, so open it by its https address, or set sessions.secure_cookie to off.";
    let page = LoginPage {
        done: (query.get("done") == "logout").then_some("You are logged out."),
        error: (query.get("done") == "login").then(|| lost.to_owned()),
        next: next(&query),
        ..LoginPage::default()
    };
    Page::new(page).into_response()
}

/// Takes e-mail and password.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    source: Source,
    Form(form): Form,
) -> Result<Response, Failure> {
    let email = form.get("email").trim();
    let error = match sessions::begin(&app, source.0, email, form.get("password")).await {
        Ok(begun) => {
            // A cookie for https that comes by http is dropped: the log-in page can tell, and says so.
            let to = if session::is_secure(&app) {
                Redirect::to(&format!("/login?done=login{}", query_of(&form)))
            } else {
                onward(&form)
            };
            return session::keep(&app, &begun, to.into_response());
        }
        Err(error) => error,
    };
    let (status, text) = match &error {
        Error::Unauthenticated(why) => (StatusCode::UNAUTHORIZED, (*why).to_owned()),
        Error::TooMany { retry_after } => (
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "Too many wrong attempts. Wait {} seconds, then try again.",
                seconds(*retry_after)
            ),
        ),
        _ => return Err(error.into()),
    };
    let page = LoginPage {
        error: Some(text),
        next: next(&form),
        email: email.to_owned(),
        ..LoginPage::default()
    };
    let mut response = Page::with(status, page).into_response();
    if let Error::TooMany { retry_after } = error {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds(retry_after)));
    }
    Ok(response)
}

/// Ends the session, here and in the database.
pub(super) async fn leave(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if let Some(cookie) = session::value(&app, &headers) {
        sessions::end(&app, cookie).await?;
    }
    session::forget(&app, Redirect::to("/login?done=logout").into_response())
}

/// Logging out takes a form, so that no link elsewhere can do it.
pub(super) async fn elsewhere() -> Redirect {
    Redirect::to("/")
}

fn next(fields: &Fields) -> Option<String> {
    Destination::local(fields.get("next")).map(|to| to.as_str().to_owned())
}

fn query_of(fields: &Fields) -> String {
    Destination::local(fields.get("next"))
        .map_or_else(String::new, |to| format!("&next={}", to.encoded()))
}

fn onward(fields: &Fields) -> Redirect {
    Redirect::to(&next(fields).unwrap_or_else(|| "/".to_owned()))
}
