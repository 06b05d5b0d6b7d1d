//! Keeping somebody out, after a page that says what that means, and letting them in again.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::show;
use super::spot::Spot;
use crate::app::App;
use crate::error::{Error, Noun};
use crate::ops::accounts;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page};
use crate::web::organizations::house::{Hall, Wing};

/// The page that asks once more.
#[derive(Debug, Template)]
#[template(path = "people/disable.html")]
pub(super) struct DisablePage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    name: String,
}

/// Asks.
pub(super) async fn show(spot: Spot) -> Result<Page<DisablePage>, Failure> {
    if !spot.governed || spot.account.disabled_at.is_some() {
        return Err(Error::not_found(Noun::User, spot.account.id).into());
    }
    Ok(Page::new(DisablePage {
        frame: spot.house.frame(),
        at: spot.wing(),
        address: spot.address(),
        name: spot.account.name,
        hall: spot.house.hall,
    }))
}

/// Keeps them out.
pub(super) async fn disable(State(app): State<Arc<App>>, spot: Spot) -> Result<Response, Failure> {
    set(&app, spot, true).await
}

/// Lets them in.
pub(super) async fn enable(State(app): State<Arc<App>>, spot: Spot) -> Result<Response, Failure> {
    set(&app, spot, false).await
}

async fn set(app: &App, spot: Spot, disabled: bool) -> Result<Response, Failure> {
    let caller = &spot.house.person.caller;
    match accounts::set_disabled(app, caller, spot.account.id, disabled).await {
        Ok(_) => Ok(spot.after(if disabled { "disabled" } else { "enabled" })),
        Err(why @ Error::Conflict(_)) => show::refused(app, spot, &why).await,
        Err(error) => Err(error.into()),
    }
}
