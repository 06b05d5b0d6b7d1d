//! Deleting a source or destination, after a page that names it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;

use super::data;
use super::ground::{Ground, Id, Room};
use super::list::Done;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::ids::ActorId;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page};
use crate::web::moment::Moment;

/// The page that asks once more.
#[derive(Debug, Template)]
#[template(path = "connectors/delete.html")]
pub(in crate::web) struct DeletePage {
    frame: Frame,
    room: Room,
    kind: Kind,
    address: String,
    name: String,
    connector: String,
    created: Moment,
}

/// Asks.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Id(id): Id<ActorId>,
) -> Result<Page<DeletePage>, Failure> {
    let held = data::held_to_edit(&app, &ground, id).await?;
    Ok(Page::new(DeletePage {
        frame: ground.frame(),
        kind: ground.kind,
        address: ground.address_of(id),
        name: held.name,
        connector: held.connector.definition.name,
        created: held.created,
        room: ground.room,
    }))
}

/// Deletes.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    ground: Ground,
    Id(id): Id<ActorId>,
) -> Result<Redirect, Failure> {
    data::remove(&app, &ground, id).await?;
    Ok(Redirect::to(&Done::Deleted.at(&ground.address())))
}
