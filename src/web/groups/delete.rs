//! Deleting a group, after a page that names it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;

use super::Spot;
use crate::app::App;
use crate::store::groups;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page};
use crate::web::organizations::house::{Hall, Wing};

/// The page that asks once more.
#[derive(Debug, Template)]
#[template(path = "groups/delete.html")]
pub(super) struct DeletePage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    name: String,
    members: i64,
}

/// Asks.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
) -> Result<Page<DeletePage>, Failure> {
    let group = spot.admit(&mut app.db.read().await?).await?.into_inner();
    Ok(Page::new(DeletePage {
        frame: spot.house.frame(),
        at: Wing::Groups,
        address: spot.address(),
        name: group.name,
        members: group.member_count,
        hall: spot.house.hall,
    }))
}

/// Deletes. What its members held by it they hold no longer.
pub(super) async fn submit(State(app): State<Arc<App>>, spot: Spot) -> Result<Redirect, Failure> {
    let mut db = app.db.write().await?;
    let group = spot.admit(&mut db).await?;
    groups::remove(&mut db, &group, app.clock.now()).await?;
    db.commit().await?;
    app.callers.forget();
    let list = spot.house.address(Wing::Groups);
    Ok(Redirect::to(&format!("{list}?done=deleted")))
}
