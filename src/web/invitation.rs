//! Where the link of an invitation leads: somebody chooses their password, once, and is signed in.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::failure::Failure;
use super::form::{Asked, Form};
use super::frame::{Frame, Page};
use super::session;
use crate::app::App;
use crate::domain::password::SHORTEST;
use crate::domain::user::User;
use crate::error::Error;
use crate::ops::{invitations, sessions};
use crate::request::Source;

/// The page with the new password. Whoever else is signed in in this browser is not meant: the bar is empty.
#[derive(Template)]
#[template(path = "invitation.html")]
pub(super) struct InvitationPage {
    frame: Frame,
    token: String,
    name: String,
    email: String,
    shortest: usize,
    troubles: Troubles,
}

/// What was wrong with each field.
#[derive(Debug, Default)]
struct Troubles {
    password: Option<String>,
    repeat: Option<String>,
}

impl InvitationPage {
    fn of(user: User, token: &str, troubles: Troubles) -> Self {
        Self {
            frame: Frame::default(),
            token: token.to_owned(),
            name: user.name,
            email: user.email,
            shortest: SHORTEST,
            troubles,
        }
    }
}

/// Shows it.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Asked(query): Asked,
) -> Result<Page<InvitationPage>, Failure> {
    let token = query.get("token");
    let user = invitations::invited(&app, token).await?;
    let user = user.ok_or_else(Failure::spent_link)?;
    Ok(Page::new(InvitationPage::of(
        user,
        token,
        Troubles::default(),
    )))
}

/// Takes the password and signs in with it.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    source: Source,
    Form(form): Form,
) -> Result<Response, Failure> {
    let (token, password) = (form.get("token"), form.get("password"));
    let user = invitations::invited(&app, token).await?;
    let user = user.ok_or_else(Failure::spent_link)?;
    let mut troubles = Troubles::default();
    if form.get("repeat") == password {
        match invitations::accept(&app, token, password).await {
            Ok(Some(user)) => {
                let begun = sessions::begin(&app, source.0, &user.email, password).await?;
                return session::keep(&app, &begun, Redirect::to("/").into_response());
            }
            Ok(None) => return Err(Failure::spent_link()),
            Err(Error::Invalid { faults, .. }) => {
                let why = faults.first().map(|fault| fault.message.as_str());
                let why = why.unwrap_or("cannot be used");
                troubles.password = Some(format!("The password {why}."));
            }
            Err(error) => return Err(error.into()),
        }
    } else {
        troubles.repeat = Some("This is not the same as the password.".to_owned());
    }
    Ok(Page::refused(InvitationPage::of(user, token, troubles)).into_response())
}
