//! Deleting a connection, after a page that names it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;

use super::data;
use super::spot::{Spot, list_address};
use crate::app::App;
use crate::ops::connections;
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page};

/// The page that asks once more.
#[derive(Debug, Template)]
#[template(path = "connections/delete.html")]
pub(in crate::web) struct DeletePage {
    frame: Frame,
    room: Room,
    address: String,
    name: String,
    running: bool,
}

/// Asks.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
) -> Result<Page<DeletePage>, Failure> {
    data::admit_editor(&app, &spot.ground).await?;
    Ok(Page::new(DeletePage {
        frame: spot.frame(),
        address: spot.address(),
        running: data::running(&app, &spot).await?.is_some(),
        name: spot.connection.name,
        room: spot.ground.room,
    }))
}

/// Deletes.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    spot: Spot,
) -> Result<Redirect, Failure> {
    connections::remove(&app, &spot.ground.person.caller, spot.connection.id).await?;
    let list = list_address(&spot.ground);
    Ok(Redirect::to(&format!("{list}?done=deleted")))
}
