//! The tags of a connection: which it has of those that its workspace has.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;

use super::spot::Spot;
use crate::access::doors;
use crate::app::App;
use crate::domain::ids::TagId;
use crate::domain::tag::Tag;
use crate::error::{Error, Result};
use crate::ops::connections::{self, Change};
use crate::store::listing::Reach;
use crate::store::tags;
use crate::web::connectors::ground::Ground;
use crate::web::failure::Failure;
use crate::web::form::Form;

/// Those of the workspace.
pub(super) async fn of_workspace(app: &App, ground: &Ground) -> Result<Vec<Tag>> {
    let mut db = app.db.read().await?;
    let places = doors::places(&mut db, &ground.person.caller, &[ground.workspace]).await?;
    tags::list(&mut db, Reach::Places(&places)).await
}

/// Gives it those that are ticked and no others.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let ticked = fields.pairs().iter().filter(|(name, _)| name == "tag");
    let ticked: Result<Vec<TagId>, _> = ticked.map(|(_, id)| id.parse()).collect();
    let Ok(ticked) = ticked else {
        return Err(Failure::no_such_page());
    };
    let change = Change {
        tags: Some(ticked),
        ..Change::default()
    };
    let caller = &spot.ground.person.caller;
    match connections::change(&app, caller, spot.connection.id, change).await {
        Ok(_) => {}
        // A tag that has gone since the page was shown.
        Err(Error::Invalid { .. }) => {
            let gone = "one of the tags has been deleted; look at the connection again";
            return Err(Error::conflict(gone).into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to(&format!("{}?done=tagged", spot.address())))
}
