//! Deleting an application, after a page that names it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;

use super::{Done, Named};
use crate::app::App;
use crate::ops::applications;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page, Place};
use crate::web::moment::Moment;
use crate::web::session::SignedIn;

/// The page that asks once more.
#[derive(Debug, Template)]
#[template(path = "application_delete.html")]
pub(in crate::web) struct DeletePage {
    frame: Frame,
    place: Place,
    id: String,
    name: String,
    client_id: String,
    created: Moment,
    last_used: Option<Moment>,
}

/// Asks.
pub(in crate::web) async fn show(person: SignedIn, Named(application): Named) -> Page<DeletePage> {
    let application = application.into_inner();
    Page::new(DeletePage {
        frame: person.frame(),
        place: Place::Applications,
        id: application.id.to_string(),
        name: application.name,
        client_id: application.client_id,
        created: Moment(application.created_at),
        last_used: application.last_used_at.map(Moment),
    })
}

/// Deletes.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    Named(application): Named,
) -> Result<Redirect, Failure> {
    applications::remove(&app, &application).await?;
    Ok(Redirect::to(&Done::Deleted.address()))
}
