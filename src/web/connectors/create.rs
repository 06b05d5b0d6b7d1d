//! A new source or destination: the form that its connector asks for.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::data;
use super::form::Deed;
use super::ground::{Ground, Id};
use crate::app::App;
use crate::domain::ids::DefinitionId;
use crate::error::Result;
use crate::web::failure::Failure;
use crate::web::form::Form;

/// Shows the empty form.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Id(id): Id<DefinitionId>,
) -> Result<Response, Failure> {
    deed(&app, &ground, id).await?.show(&app, &ground).await
}

/// Does what the form asks for.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    ground: Ground,
    Id(id): Id<DefinitionId>,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let deed = deed(&app, &ground, id).await?;
    deed.submit(&app, &ground, &fields).await
}

async fn deed(app: &App, ground: &Ground, id: DefinitionId) -> Result<Deed> {
    data::admit_editor(app, ground).await?;
    let connector = data::connector(app, ground, id).await?;
    Ok(Deed::Create(Box::new(connector)))
}
