//! Who one is, and a new password.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::failure::Failure;
use super::form::{Asked, Form};
use super::frame::{Frame, Page, Place};
use super::session::{self, SignedIn};
use crate::app::App;
use crate::domain::password::SHORTEST;
use crate::error::Error;
use crate::ops::sessions;
use crate::request::Source;

/// The page of one's own account.
#[derive(Debug, Template)]
#[template(path = "profile.html")]
pub(super) struct ProfilePage {
    frame: Frame,
    place: Place,
    done: Option<&'static str>,
    id: String,
    name: String,
    email: String,
    shortest: usize,
    troubles: Troubles,
}

/// What was wrong with each field.
#[derive(Debug, Default)]
struct Troubles {
    current: Option<String>,
    new: Option<String>,
    repeat: Option<String>,
}

impl ProfilePage {
    fn of(person: &SignedIn, done: Option<&'static str>, troubles: Troubles) -> Self {
        let user = person.caller.user();
        Self {
            frame: person.frame(),
            place: Place::Profile,
            done,
            id: user.id.to_string(),
            name: user.name.clone(),
            email: user.email.clone(),
            shortest: SHORTEST,
            troubles,
        }
    }
}

/// Shows it.
pub(super) async fn show(person: SignedIn, Asked(query): Asked) -> Page<ProfilePage> {
    let changed = "Your password was changed. You are logged out everywhere else.";
    Page::new(ProfilePage::of(
        &person,
        (query.get("done") == "password").then_some(changed),
        Troubles::default(),
    ))
}

/// The form is on the page of the account.
pub(super) async fn elsewhere() -> Redirect {
    Redirect::to("/settings")
}

/// Changes the password. Every session ends; this browser gets a new one.
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    person: SignedIn,
    source: Source,
    Form(form): Form,
) -> Result<Response, Failure> {
    let (current, new) = (form.get("current"), form.get("new"));
    if form.get("repeat") != new {
        let repeat = Some("This is not the same as the new password.".to_owned());
        return Ok(refused(
            &person,
            Troubles {
                repeat,
                ..Troubles::default()
            },
        ));
    }
    match sessions::change_password(&app, &person.caller, source.0, current, new).await {
        Ok(()) => {}
        Err(Error::Invalid { faults, .. }) => {
            let told = |pointer: &str, name: &str| {
                let fault = faults.iter().find(|fault| fault.pointer == pointer);
                fault.map(|fault| format!("{name} {}.", fault.message))
            };
            let current = told("/current", "This");
            let new = told("/new", "The new password");
            return Ok(refused(
                &person,
                Troubles {
                    current,
                    new,
                    repeat: None,
                },
            ));
        }
        Err(error) => return Err(error.into()),
    }
    let begun = sessions::begin(&app, source.0, &person.caller.user().email, new).await?;
    session::keep(
        &app,
        &begun,
        Redirect::to("/settings?done=password").into_response(),
    )
}

fn refused(person: &SignedIn, troubles: Troubles) -> Response {
    Page::refused(ProfilePage::of(person, None, troubles)).into_response()
}
