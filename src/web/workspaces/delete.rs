//! Deleting a workspace, after a page that names it; whoever means it writes its name.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use crate::access::doors;
use crate::access::policy::EditSomething;
use crate::app::App;
use crate::error::Result;
use crate::ops::workspaces;
use crate::web::connectors::ground::{Ground, Room};
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::{Frame, Page};

/// The page that asks once more.
#[derive(Debug, Template)]
#[template(path = "workspaces/delete.html")]
pub(in crate::web) struct DeletePage {
    frame: Frame,
    room: Room,
    name: String,
    trouble: Option<String>,
}

/// Asks.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
) -> Result<Page<DeletePage>, Failure> {
    admit(&app, &ground).await?;
    Ok(Page::new(page(ground)))
}

/// Deletes.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    ground: Ground,
    Form(form): Form,
) -> Result<Response, Failure> {
    admit(&app, &ground).await?;
    let name = form.get("name");
    if name.trim() != ground.room.name.trim() {
        let page = DeletePage {
            name: name.to_owned(),
            trouble: Some("That is not the name of the workspace.".to_owned()),
            ..page(ground)
        };
        return Ok(Page::refused(page).into_response());
    }
    workspaces::remove(&app, &ground.person.caller, ground.workspace).await?;
    Ok(Redirect::to("/").into_response())
}

async fn admit(app: &App, ground: &Ground) -> Result<()> {
    let mut db = app.db.read().await?;
    let caller = &ground.person.caller;
    doors::workspace::<EditSomething>(&mut db, caller, ground.workspace).await?;
    Ok(())
}

fn page(ground: Ground) -> DeletePage {
    DeletePage {
        frame: ground.person.frame(),
        room: ground.room,
        name: String::new(),
        trouble: None,
    }
}
