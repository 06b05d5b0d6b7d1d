//! Groups on pages: people of an organization who are granted things together.

mod create;
mod delete;
mod edit;
mod form;
mod list;
mod members;
mod permissions;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::group::Group;
use crate::domain::ids::GroupId;
use crate::error::{Error, Noun, Result};
use crate::store::db::Exec;
use crate::web::connectors::ground::named;
use crate::web::organizations::house::{House, Wing};

/// The pages of this room.
pub(super) fn routes() -> Router<Arc<App>> {
    let all = "/organizations/{organization}/groups";
    let one = format!("{all}/{{id}}");
    Router::new()
        .route(all, get(list::show))
        .route(
            &format!("{all}/new"),
            get(create::show).post(create::submit),
        )
        .route(&one, get(show::show))
        .route(&format!("{one}/edit"), get(edit::show).post(edit::submit))
        .route(
            &format!("{one}/delete"),
            get(delete::show).post(delete::submit),
        )
        .route(&format!("{one}/members"), get(elsewhere).post(members::add))
        .route(
            &format!("{one}/members/remove"),
            get(elsewhere).post(members::remove),
        )
        .route(
            &format!("{one}/permissions"),
            get(elsewhere).post(permissions::grant),
        )
        .route(
            &format!("{one}/permissions/revoke"),
            get(elsewhere).post(permissions::revoke),
        )
}

/// The group that an address names, in the organization that it names.
#[derive(Debug)]
struct Spot {
    house: House,
    id: GroupId,
}

impl Spot {
    /// The group, to be worked with. One of another organization is not at this address.
    async fn admit(&self, db: &mut dyn Exec) -> Result<Granted<Group, Administer>> {
        let group = doors::group::<Administer>(db, &self.house.person.caller, self.id).await?;
        if group.organization_id == self.house.id {
            Ok(group)
        } else {
            Err(Error::not_found(Noun::Group, self.id))
        }
    }

    /// Its page.
    fn address(&self) -> String {
        format!("{}/{}", self.house.address(Wing::Groups), self.id)
    }

    /// Its page, saying what was done.
    fn after(&self, done: &str) -> Response {
        Redirect::to(&format!("{}?done={done}", self.address())).into_response()
    }
}

impl FromRequestParts<Arc<App>> for Spot {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let house = House::from_request_parts(parts, app).await?;
        let id = named(parts, app, "id").await?;
        Ok(Self { house, id })
    }
}

/// Nothing is to be seen here.
async fn elsewhere(spot: Spot) -> Redirect {
    Redirect::to(&spot.address())
}
