//! A token for trying things out, made without the secret: the person who owns the application is
//! signed in, and that is proof enough.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;

use super::{ADDRESS, Named};
use crate::app::App;
use crate::request::Base;
use crate::web::commands;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page, Place};
use crate::web::moment::{Moment, span};
use crate::web::session::SignedIn;

/// The page with the token.
#[derive(Template)]
#[template(path = "application_token.html")]
pub(in crate::web) struct TokenPage {
    frame: Frame,
    place: Place,
    id: String,
    name: String,
    token: String,
    expires: Moment,
    token_life: String,
    file_name: String,
    workspaces_command: String,
}

/// Makes a token and shows it, this once.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    person: SignedIn,
    base: Base,
    Named(application): Named,
) -> Result<Page<TokenPage>, Failure> {
    let application = application.into_inner();
    let (id, name) = (application.id.to_string(), application.name.clone());
    let buyer = application.into();
    let token = app.tokens.issue(&app.db, &app.clock, &buyer).await?;
    app.metrics.tokens_issued.inc();
    Ok(Page::new(TokenPage {
        frame: person.frame(),
        place: Place::Applications,
        id,
        name,
        workspaces_command: commands::workspaces_with(&base.0, &token.text),
        token: token.text,
        expires: Moment(token.expires_at),
        token_life: span(app.tokens.lifetime),
        file_name: format!("ferrobyte-token-{}.txt", Moment(app.clock.now()).day()),
    }))
}

/// Nothing is shown without asking for it anew.
pub(in crate::web) async fn elsewhere() -> Redirect {
    Redirect::to(ADDRESS)
}
