//! Who is in a group: taking somebody in by their e-mail, and letting them go.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Spot;
use super::show::{self, Troubles};
use crate::access::doors;
use crate::access::policy::Belong;
use crate::app::App;
use crate::domain::ids::UserId;
use crate::domain::text::EmailAddress;
use crate::error::{Error, Result};
use crate::ops;
use crate::store::groups;
use crate::store::users::{self, Wanted};
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::Page;
use crate::web::paging::Number;

/// Takes somebody in.
pub(super) async fn add(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let email = fields.get("email").trim();
    match taken_in(&app, &spot, email).await? {
        Ok(()) => Ok(spot.after("added")),
        Err(trouble) => {
            let troubles = Troubles {
                email: email.to_owned(),
                member: Some(trouble),
                ..Troubles::default()
            };
            let page = show::page(&app, spot, Number::FIRST, None, troubles).await?;
            Ok(Page::refused(page).into_response())
        }
    }
}

/// Does it, or says what is wrong with the address.
async fn taken_in(app: &App, spot: &Spot, email: &str) -> Result<Result<(), String>> {
    let wanted = match (email, email.parse::<EmailAddress>()) {
        ("", _) => return Ok(Err("Write somebody’s e-mail.".to_owned())),
        (_, Ok(wanted)) => wanted,
        (_, Err(why)) => return Ok(Err(format!("This {why}."))),
    };
    let caller = &spot.house.person.caller;
    let mut db = app.db.write().await?;
    let group = spot.admit(&mut db).await?;
    let host = doors::organization::<Belong>(&mut db, caller, spot.house.id).await?;
    let wanted = Wanted {
        ids: &[],
        emails: &[wanted],
    };
    let found = users::list_of_organization(&mut db, &host, &wanted).await?;
    let Some(user) = found.first() else {
        let trouble = "Nobody with this e-mail belongs to the organization.";
        return Ok(Err(trouble.to_owned()));
    };
    match ops::groups::add(&mut db, &app.clock, &group, user.id).await {
        Ok(_) => {}
        Err(Error::Taken { .. }) => {
            return Ok(Err(format!("{} is in the group already.", user.name)));
        }
        Err(error) => return Err(error),
    }
    db.commit().await?;
    app.callers.forget();
    Ok(Ok(()))
}

/// Lets somebody go.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let user: UserId = fields
        .get("user")
        .parse()
        .map_err(|_| Failure::no_such_page())?;
    let mut db = app.db.write().await?;
    let group = spot.admit(&mut db).await?;
    groups::remove_member(&mut db, &group, user).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(spot.after("removed"))
}
