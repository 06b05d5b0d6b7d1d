//! The tags of a workspace. There are never so many that they need pages.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::{address, admit};
use crate::access::doors;
use crate::app::App;
use crate::domain::tag::Tag;
use crate::store::listing::Reach;
use crate::store::tags;
use crate::web::connectors::data::answered;
use crate::web::connectors::ground::{Ground, Room};
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Nav, Page};

/// The page with the list.
#[derive(Debug, Template)]
#[template(path = "tags/list.html")]
pub(super) struct ListPage {
    frame: Frame,
    room: Room,
    done: Option<&'static str>,
    address: String,
    tags: Vec<Tag>,
    may_edit: bool,
}

/// Shows the list.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
) -> Result<Page<ListPage>, Failure> {
    let mut db = app.db.read().await?;
    let caller = &ground.person.caller;
    let places = doors::places(&mut db, caller, &[ground.workspace]).await?;
    let tags = tags::list(&mut db, Reach::Places(&places)).await?;
    let may_edit = answered(admit(&mut db, &ground).await)?;
    Ok(Page::new(ListPage {
        frame: ground.frame_at(Nav::Connections),
        done: done(query.get("done")),
        address: address(&ground),
        tags,
        may_edit,
        room: ground.room,
    }))
}

/// What was done just now. The address names it by a key, so nobody can put words into this page.
fn done(key: &str) -> Option<&'static str> {
    match key {
        "created" => Some("The tag was created. Give it to connections on their pages."),
        "saved" => Some("Your changes were saved."),
        "deleted" => Some("The tag was deleted. No connection has it any more."),
        _ => None,
    }
}
