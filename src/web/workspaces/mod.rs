//! Workspaces themselves on pages: making one, naming it anew, deleting it.

mod create;
mod delete;
mod edit;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::access::doors;
use crate::access::policy::Edit;
use crate::app::App;
use crate::domain::ids::OrganizationId;
use crate::domain::text::Name;
use crate::error::{Error, Result};
use crate::web::session::SignedIn;

/// The pages of this room.
pub(super) fn routes() -> Router<Arc<App>> {
    let one = "/workspaces/{workspace}";
    Router::new()
        .route("/workspaces/new", get(create::show).post(create::submit))
        .route(
            &format!("{one}/settings"),
            get(edit::show).post(edit::submit),
        )
        .route(
            &format!("{one}/delete"),
            get(delete::show).post(delete::submit),
        )
}

/// Whether somebody may make a workspace in the default organization, where new ones go.
pub(super) async fn may_create(app: &App, person: &SignedIn) -> Result<bool> {
    let mut db = app.db.read().await?;
    let host = OrganizationId::DEFAULT;
    match doors::organization::<Edit>(&mut db, &person.caller, host).await {
        Ok(_) => Ok(true),
        Err(Error::Forbidden(_) | Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A name out of a form, or what is wrong with it.
fn named(text: &str) -> Result<Name, String> {
    Name::try_from(text.to_owned()).map_err(|why| match text {
        "" => "Give the workspace a name.".to_owned(),
        _ => format!("The name {why}."),
    })
}
