//! The pages of an organization, for those who administer it. What each is about has a room of its own; here
//! is what all of them stand in, and the way in.

pub(super) mod grants;
pub(super) mod house;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::app::App;
use crate::store::organizations;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page};
use crate::web::session::SignedIn;
use house::{Wing, address_of};

/// The pages of this room.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/organizations", get(list))
}

/// The organizations that somebody administers.
#[derive(Debug, Template)]
#[template(path = "organizations/list.html")]
struct ListPage {
    frame: Frame,
    /// Address and name.
    rows: Vec<(String, String)>,
}

/// Leads to the only one, or shows them all.
async fn list(State(app): State<Arc<App>>, person: SignedIn) -> Result<Response, Failure> {
    let scope = person.caller.administered();
    let found = organizations::list(&mut app.db.read().await?, &scope).await?;
    let rows: Vec<_> = found
        .into_iter()
        .map(|one| (address_of(one.id, Wing::FIRST), one.name))
        .collect();
    if let [(address, _)] = rows.as_slice() {
        return Ok(Redirect::to(address).into_response());
    }
    let frame = person.frame();
    Ok(Page::new(ListPage { frame, rows }).into_response())
}
