//! The short addresses: into the workspace, when there is just one, or to a choice of them.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::data;
use super::ground::Ground;
use crate::app::App;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page};
use crate::web::session::SignedIn;

/// The page with the choice.
#[derive(Debug, Template)]
#[template(path = "connectors/choose.html")]
pub(in crate::web) struct ChoosePage {
    frame: Frame,
    title: &'static str,
    /// Address and name.
    workspaces: Vec<(String, String)>,
    more: bool,
}

pub(in crate::web) async fn connections(
    State(app): State<Arc<App>>,
    person: SignedIn,
) -> Result<Response, Failure> {
    choice(&app, &person, "connections", "Connections").await
}

pub(in crate::web) async fn connectors(
    State(app): State<Arc<App>>,
    person: SignedIn,
) -> Result<Response, Failure> {
    choice(&app, &person, "connectors", "Connectors").await
}

pub(in crate::web) async fn sources(
    State(app): State<Arc<App>>,
    person: SignedIn,
) -> Result<Response, Failure> {
    choice(&app, &person, "source", "Sources").await
}

pub(in crate::web) async fn destinations(
    State(app): State<Arc<App>>,
    person: SignedIn,
) -> Result<Response, Failure> {
    choice(&app, &person, "destination", "Destinations").await
}

/// A workspace begins with its connections.
pub(in crate::web) async fn workspace(ground: Ground) -> Redirect {
    Redirect::to(&format!("/workspaces/{}/connections", ground.workspace))
}

async fn choice(
    app: &App,
    person: &SignedIn,
    side: &'static str,
    title: &'static str,
) -> Result<Response, Failure> {
    let (workspaces, more) = data::workspaces(app, &person.caller, side).await?;
    if let [(only, _)] = workspaces.as_slice() {
        return Ok(Redirect::to(only).into_response());
    }
    let page = ChoosePage {
        frame: person.frame(),
        title,
        workspaces,
        more,
    };
    Ok(Page::new(page).into_response())
}
