//! What somebody holds in an organization: granting, changing and taking it away.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::show::{self, Troubles};
use super::spot::Spot;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::ids::PermissionId;
use crate::domain::permission::PermissionType;
use crate::error::{Error, Noun, Result};
use crate::ops;
use crate::store::db::Reader;
use crate::store::permissions;
use crate::web::failure::{Failure, sentence};
use crate::web::form::{Fields, Form};
use crate::web::organizations::grants::{self, Names, Refused};
use crate::web::roles::{self, Choice};

/// Something held.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: String,
    pub(super) role: &'static str,
    /// What it is held on.
    pub(super) on: String,
    /// What it may be changed to.
    pub(super) choices: Vec<Choice>,
}

/// What they hold, the organization first.
pub(super) async fn held(db: &mut Reader, spot: &Spot) -> Result<Vec<Held>> {
    let caller = &spot.house.person.caller;
    let host = doors::organization::<Administer>(db, caller, spot.house.id).await?;
    let mut found = permissions::list_within(db, &host, spot.account.id).await?;
    found.sort_by_key(|one| one.workspace_id.is_some());
    let on = found.iter().map(|one| one.workspace_id);
    let names = Names::read(db, &spot.house, on).await?;
    let shown = found.iter().map(|one| Held {
        id: one.id.to_string(),
        role: roles::words(one.permission_type),
        on: names.of(one.workspace_id),
        choices: roles::choices(one.scope().kind(), one.permission_type.as_str()),
    });
    Ok(shown.collect())
}

/// Grants something.
pub(super) async fn grant(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    match granted(&app, &spot, &fields).await? {
        Ok(()) => Ok(spot.after("granted")),
        Err(trouble) => {
            let troubles = Troubles {
                grant: Refused::of(&fields, trouble),
                ..Troubles::default()
            };
            show::again(&app, spot, troubles).await
        }
    }
}

/// Does it, or says what is wrong with the choice.
async fn granted(app: &App, spot: &Spot, fields: &Fields) -> Result<Result<(), String>> {
    let not_here = "This role cannot be granted here.";
    let (role, scope) = match grants::chosen(fields, spot.house.id, not_here) {
        Ok(chosen) => chosen,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let caller = &spot.house.person.caller;
    let mut db = app.db.write().await?;
    let made =
        ops::permissions::create(&mut db, &app.clock, caller, spot.account.id, role, scope).await;
    match made {
        Ok(_) => {}
        Err(why @ Error::Conflict(_)) => return Ok(Err(sentence(&why))),
        Err(
            Error::NotFound {
                what: Noun::Workspace,
                ..
            }
            | Error::Forbidden(_),
        ) => {
            return Ok(Err("The organization has no such workspace.".to_owned()));
        }
        Err(error) => return Err(error),
    }
    db.commit().await?;
    app.callers.forget();
    Ok(Ok(()))
}

/// Gives another role on the same thing.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let id = permission(&fields)?;
    let Ok(role) = fields.get("role").parse::<PermissionType>() else {
        let why = Error::conflict("choose a role");
        return show::refused(&app, spot, &why).await;
    };
    let caller = &spot.house.person.caller;
    let mut db = app.db.write().await?;
    let before = doors::permission::<Administer>(&mut db, caller, id).await?;
    if before.user_id != spot.account.id {
        return Err(Failure::no_such_page());
    }
    let changed = ops::permissions::change(&mut db, caller, before, role).await;
    match changed {
        Ok(_) => {}
        Err(why @ Error::Conflict(_)) => return show::refused(&app, spot, &why).await,
        Err(error) => return Err(error.into()),
    }
    db.commit().await?;
    app.callers.forget();
    Ok(spot.after("changed"))
}

/// Takes something away. Whoever holds nothing here any more has no page here either.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let id = permission(&fields)?;
    let caller = &spot.house.person.caller;
    let mut db = app.db.write().await?;
    let held = doors::permission::<Administer>(&mut db, caller, id).await?;
    if held.user_id != spot.account.id {
        return Err(Failure::no_such_page());
    }
    match ops::permissions::remove(&mut db, caller, &held).await {
        Ok(()) => {}
        Err(why @ Error::Conflict(_)) => return show::refused(&app, spot, &why).await,
        Err(error) => return Err(error.into()),
    }
    db.commit().await?;
    app.callers.forget();
    if self::held(&mut app.db.read().await?, &spot)
        .await?
        .is_empty()
    {
        let list = spot.house.address(spot.wing());
        return Ok(Redirect::to(&format!("{list}?done=left")).into_response());
    }
    Ok(spot.after("revoked"))
}

/// The permission that a form names.
fn permission(fields: &Fields) -> Result<PermissionId, Failure> {
    let named = fields.get("permission").parse();
    named.map_err(|_| Failure::no_such_page())
}
