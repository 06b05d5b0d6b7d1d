//! Deleting a tag, after a page that names it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{Spot, address, after};
use crate::app::App;
use crate::domain::tag::Tag;
use crate::store::tags;
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Nav, Page};

/// The page that asks once more.
#[derive(Debug, Template)]
#[template(path = "tags/delete.html")]
pub(super) struct DeletePage {
    frame: Frame,
    room: Room,
    list: String,
    address: String,
    tag: Tag,
}

/// Asks.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
) -> Result<Page<DeletePage>, Failure> {
    let tag = spot.admit(&mut app.db.read().await?).await?.into_inner();
    Ok(Page::new(DeletePage {
        frame: spot.ground.frame_at(Nav::Connections),
        list: address(&spot.ground),
        address: spot.address(),
        tag,
        room: spot.ground.room,
    }))
}

/// Deletes. Connections lose it.
pub(super) async fn submit(State(app): State<Arc<App>>, spot: Spot) -> Result<Response, Failure> {
    let mut db = app.db.write().await?;
    let tag = spot.admit(&mut db).await?;
    tags::remove(&mut db, &tag).await?;
    db.commit().await?;
    Ok(after(&spot.ground, "deleted"))
}
