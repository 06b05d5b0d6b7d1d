//! Creating an application. The form carries the id that the application will get: sending it twice,
//! as a reload does, cannot make a second one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Done;
use super::secret::SecretPage;
use crate::app::App;
use crate::domain::ids::ApplicationId;
use crate::domain::text::{LONGEST_NAME, Name};
use crate::ops::applications;
use crate::request::Base;
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::{Frame, Page, Place};
use crate::web::session::SignedIn;

/// The page with the one field.
#[derive(Debug, Template)]
#[template(path = "application_new.html")]
pub(in crate::web) struct NewPage {
    frame: Frame,
    place: Place,
    /// The id of the application to be.
    form: String,
    name: String,
    longest: usize,
    trouble: Option<String>,
}

impl NewPage {
    fn of(person: &SignedIn, form: ApplicationId) -> Self {
        Self {
            frame: person.frame(),
            place: Place::Applications,
            form: form.to_string(),
            name: String::new(),
            longest: LONGEST_NAME,
            trouble: None,
        }
    }
}

/// Shows the form.
pub(in crate::web) async fn show(State(app): State<Arc<App>>, person: SignedIn) -> Page<NewPage> {
    Page::new(NewPage::of(&person, app.clock.new_id().into()))
}

/// Creates it and shows its secret, this once.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    person: SignedIn,
    base: Base,
    Form(form): Form,
) -> Result<Response, Failure> {
    let id = form
        .get("form")
        .parse()
        .unwrap_or_else(|_| app.clock.new_id().into());
    let name = form.get("name").trim();
    let name = match Name::try_from(name.to_owned()) {
        Ok(name) => name,
        Err(why) => {
            let trouble = match name {
                "" => "Give the application a name.".to_owned(),
                _ => format!("The name {why}."),
            };
            let page = NewPage {
                name: name.to_owned(),
                trouble: Some(trouble),
                ..NewPage::of(&person, id)
            };
            return Ok(Page::refused(page).into_response());
        }
    };
    match applications::create_as(&app, &person.caller, id, name).await? {
        Some(unveiled) => {
            Ok(Page::new(SecretPage::created(&app, &person, &base.0, unveiled)).into_response())
        }
        None => Ok(Redirect::to(&Done::AlreadyCreated.address()).into_response()),
    }
}
