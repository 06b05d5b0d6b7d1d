//! Rotating a secret. The form names the generation of the secret that it replaces: sending it twice,
//! as a reload does, cannot replace the secret that was just shown.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;

use super::secret::SecretPage;
use super::{Done, Named};
use crate::app::App;
use crate::domain::application::Application;
use crate::error::Error;
use crate::ops::applications;
use crate::request::Base;
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::{Frame, Page, Place};
use crate::web::session::SignedIn;

/// How long the old secret may go on working.
struct Choice {
    key: &'static str,
    label: &'static str,
    hint: &'static str,
    grace: TimeDelta,
}

const CHOICES: [Choice; 4] = [
    Choice {
        key: "none",
        label: "Not at all",
        hint: "The old secret and every token it bought stop working within a second. Choose this when the secret \
               may have leaked.",
        grace: TimeDelta::zero(),
    },
    Choice {
        key: "hour",
        label: "1 hour",
        hint: "Time to change one program by hand.",
        grace: TimeDelta::hours(1),
    },
    Choice {
        key: "day",
        label: "24 hours",
        hint: "Time to deploy every program anew.",
        grace: TimeDelta::hours(24),
    },
    Choice {
        key: "week",
        label: "7 days",
        hint: "For programs that are seldom deployed.",
        grace: TimeDelta::days(7),
    },
];

/// The page that asks for the grace. Nothing is chosen beforehand: one choice stops programs at once,
/// the others leave a secret alive that may have leaked.
#[derive(Template)]
#[template(path = "application_rotate.html")]
pub(in crate::web) struct RotatePage {
    frame: Frame,
    place: Place,
    id: String,
    name: String,
    generation: i64,
    choices: &'static [Choice],
    trouble: Option<String>,
}

impl RotatePage {
    fn of(person: &SignedIn, application: &Application) -> Self {
        Self {
            frame: person.frame(),
            place: Place::Applications,
            id: application.id.to_string(),
            name: application.name.clone(),
            generation: application.secret_generation,
            choices: &CHOICES,
            trouble: None,
        }
    }
}

/// Shows the choices.
pub(in crate::web) async fn show(person: SignedIn, Named(application): Named) -> Page<RotatePage> {
    Page::new(RotatePage::of(&person, &application))
}

/// Rotates and shows the new secret, this once.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    person: SignedIn,
    base: Base,
    Named(application): Named,
    Form(form): Form,
) -> Result<Response, Failure> {
    let already = || Redirect::to(&Done::AlreadyRotated.address()).into_response();
    if form.get("generation").parse() != Ok(application.secret_generation) {
        return Ok(already());
    }
    let Some(choice) = CHOICES
        .iter()
        .find(|choice| choice.key == form.get("grace"))
    else {
        let trouble = Some("Choose how long the old secret keeps working.".to_owned());
        return Ok(Page::refused(RotatePage {
            trouble,
            ..RotatePage::of(&person, &application)
        })
        .into_response());
    };
    match applications::rotate(&app, application, choice.grace).await {
        Ok(unveiled) => {
            Ok(Page::new(SecretPage::rotated(&app, &person, &base.0, unveiled)).into_response())
        }
        Err(Error::Conflict(_)) => Ok(already()),
        Err(error) => Err(error.into()),
    }
}
