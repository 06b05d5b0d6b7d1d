//! The page that shows a new secret, the only one that ever does.

use askama::Template;

use crate::app::App;
use crate::ops::applications::Unveiled;
use crate::web::commands;
use crate::web::frame::{Frame, Place};
use crate::web::moment::{Moment, span};
use crate::web::session::SignedIn;

/// The page after creating an application or rotating its secret.
#[derive(Template)]
#[template(path = "application_secret.html")]
pub(super) struct SecretPage {
    frame: Frame,
    place: Place,
    title: &'static str,
    name: String,
    client_id: String,
    client_secret: String,
    /// What became of the secret before.
    aftermath: Option<&'static str>,
    grace_end: Option<Moment>,
    token_life: String,
    token_command: String,
}

impl SecretPage {
    /// The secret of a new application.
    pub(super) fn created(app: &App, person: &SignedIn, base: &str, unveiled: Unveiled) -> Self {
        Self::of(app, person, base, unveiled, "Application created")
    }

    /// The secret that replaces another.
    pub(super) fn rotated(app: &App, person: &SignedIn, base: &str, unveiled: Unveiled) -> Self {
        let grace_end = unveiled.application.previous_secret_expires_at.map(Moment);
        let aftermath = match grace_end {
            Some(_) => "The old secret and its tokens keep working until",
            None => "The old secret and its tokens have stopped working",
        };
        let page = Self::of(app, person, base, unveiled, "Secret rotated");
        Self {
            aftermath: Some(aftermath),
            grace_end,
            ..page
        }
    }

    fn of(
        app: &App,
        person: &SignedIn,
        base: &str,
        unveiled: Unveiled,
        title: &'static str,
    ) -> Self {
        let Unveiled {
            application,
            secret,
        } = unveiled;
        Self {
            frame: person.frame(),
            place: Place::Applications,
            title,
            name: application.name,
            token_command: commands::token(base, &application.client_id, secret.reveal()),
            client_id: application.client_id,
            client_secret: secret.reveal().to_owned(),
            aftermath: None,
            grace_end: None,
            token_life: span(app.tokens.lifetime),
        }
    }
}
