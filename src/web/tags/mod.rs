//! Tags on pages: what people of a workspace sort its connections by. Connections get them on their own page.

mod delete;
mod edit;
mod form;
mod list;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::EditSomething;
use crate::app::App;
use crate::domain::ids::TagId;
use crate::domain::tag::Tag;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Noun, Result};
use crate::store::db::Exec;
use crate::web::connectors::ground::{Ground, named};

/// The pages of this room.
pub(super) fn routes() -> Router<Arc<App>> {
    let all = "/workspaces/{workspace}/tags";
    let one = format!("{all}/{{id}}");
    Router::new()
        .route(all, get(list::show))
        .route(
            &format!("{all}/new"),
            get(edit::show_new).post(edit::create),
        )
        .route(&one, get(edit::show_stored).post(edit::change))
        .route(
            &format!("{one}/delete"),
            get(delete::show).post(delete::submit),
        )
}

/// The list.
fn address(ground: &Ground) -> String {
    format!("/workspaces/{}/tags", ground.workspace)
}

/// The list, saying what was done.
fn after(ground: &Ground, done: &str) -> Response {
    Redirect::to(&format!("{}?done={done}", address(ground))).into_response()
}

/// Lets in who may change tags.
async fn admit(db: &mut dyn Exec, ground: &Ground) -> Result<Granted<Workspace, EditSomething>> {
    doors::workspace(db, &ground.person.caller, ground.workspace).await
}

/// The tag that an address names, in the workspace that it names.
#[derive(Debug)]
struct Spot {
    ground: Ground,
    id: TagId,
}

impl Spot {
    /// The tag, to be changed. One of another workspace is not at this address.
    async fn admit(&self, db: &mut dyn Exec) -> Result<Granted<Tag, EditSomething>> {
        let tag = doors::tag::<EditSomething>(db, &self.ground.person.caller, self.id).await?;
        if tag.workspace_id == self.ground.workspace {
            Ok(tag)
        } else {
            Err(Error::not_found(Noun::Tag, self.id))
        }
    }

    /// Its form.
    fn address(&self) -> String {
        format!("{}/{}", address(&self.ground), self.id)
    }
}

impl FromRequestParts<Arc<App>> for Spot {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let ground = Ground::from_request_parts(parts, app).await?;
        let id = named(parts, app, "id").await?;
        Ok(Self { ground, id })
    }
}
