//! Changing a source or destination. Secrets are shown as a mask; where it stays, they stay.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::data;
use super::form::Deed;
use super::ground::{Ground, Id};
use crate::app::App;
use crate::domain::ids::ActorId;
use crate::error::Result;
use crate::web::failure::Failure;
use crate::web::form::Form;

/// Shows the form with what is stored.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Id(id): Id<ActorId>,
) -> Result<Response, Failure> {
    deed(&app, &ground, id).await?.show(&app, &ground).await
}

/// Does what the form asks for.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    ground: Ground,
    Id(id): Id<ActorId>,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let deed = deed(&app, &ground, id).await?;
    deed.submit(&app, &ground, &fields).await
}

async fn deed(app: &App, ground: &Ground, id: ActorId) -> Result<Deed> {
    let held = data::held_to_edit(app, ground, id).await?;
    Ok(Deed::Change(Box::new(held)))
}
