//! The settings of a workspace: its name.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::named;
use crate::access::doors;
use crate::access::policy::EditSomething;
use crate::app::App;
use crate::domain::text::LONGEST_NAME;
use crate::ops::workspaces::{self, Wish};
use crate::web::connectors::ground::{Ground, Room};
use crate::web::failure::Failure;
use crate::web::form::{Asked, Form};
use crate::web::frame::{Frame, Page};

/// The page with the one field.
#[derive(Debug, Template)]
#[template(path = "workspaces/edit.html")]
pub(in crate::web) struct EditPage {
    frame: Frame,
    room: Room,
    name: String,
    longest: usize,
    saved: bool,
    trouble: Option<String>,
}

impl EditPage {
    fn of(ground: Ground) -> Self {
        Self {
            frame: ground.person.frame(),
            name: ground.room.name.clone(),
            room: ground.room,
            longest: LONGEST_NAME,
            saved: false,
            trouble: None,
        }
    }
}

/// Shows the form.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
) -> Result<Page<EditPage>, Failure> {
    let mut db = app.db.read().await?;
    let caller = &ground.person.caller;
    doors::workspace::<EditSomething>(&mut db, caller, ground.workspace).await?;
    Ok(Page::new(EditPage {
        saved: query.get("done") == "saved",
        ..EditPage::of(ground)
    }))
}

/// Keeps the name.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    ground: Ground,
    Form(form): Form,
) -> Result<Response, Failure> {
    let mut db = app.db.write().await?;
    let (caller, id) = (&ground.person.caller, ground.workspace);
    let workspace = doors::workspace::<EditSomething>(&mut db, caller, id).await?;
    let text = form.get("name").trim();
    let name = match named(text) {
        Ok(name) => name,
        Err(trouble) => {
            let page = EditPage {
                name: text.to_owned(),
                trouble: Some(trouble),
                ..EditPage::of(ground)
            };
            return Ok(Page::refused(page).into_response());
        }
    };
    let wish = Wish {
        name: Some(name),
        ..Wish::default()
    };
    workspaces::update(&mut db, workspace, wish).await?;
    db.commit().await?;
    let address = format!("/workspaces/{id}/settings?done=saved");
    Ok(Redirect::to(&address).into_response())
}
