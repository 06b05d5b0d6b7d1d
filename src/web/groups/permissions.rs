//! What a group is granted: a role on its organization, or on one of its workspaces.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Spot;
use super::show::{self, Troubles};
use crate::app::App;
use crate::domain::ids::PermissionId;
use crate::error::{Error, Noun, Result};
use crate::ops;
use crate::store::groups;
use crate::web::failure::Failure;
use crate::web::form::{Fields, Form};
use crate::web::frame::Page;
use crate::web::organizations::grants::{self, Refused};
use crate::web::paging::Number;

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
            let page = show::page(&app, spot, Number::FIRST, None, troubles).await?;
            Ok(Page::refused(page).into_response())
        }
    }
}

/// Does it, or says what is wrong with the choice.
async fn granted(app: &App, spot: &Spot, fields: &Fields) -> Result<Result<(), String>> {
    let not_here = "This role cannot be granted to a group.";
    let (role, scope) = match grants::chosen(fields, spot.house.id, not_here) {
        Ok(chosen) => chosen,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let mut db = app.db.write().await?;
    let group = spot.admit(&mut db).await?;
    match ops::groups::grant(&mut db, &app.clock, &group, role, scope).await {
        Ok(_) => {}
        Err(Error::Taken { .. }) => {
            return Ok(Err("The group is granted the same already.".to_owned()));
        }
        Err(Error::NotFound {
            what: Noun::Workspace,
            ..
        }) => return Ok(Err("The organization has no such workspace.".to_owned())),
        Err(error) => return Err(error),
    }
    db.commit().await?;
    app.callers.forget();
    Ok(Ok(()))
}

/// Takes something away. What is gone already is gone.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let permission: PermissionId = fields
        .get("permission")
        .parse()
        .map_err(|_| Failure::no_such_page())?;
    let mut db = app.db.write().await?;
    let group = spot.admit(&mut db).await?;
    groups::revoke(&mut db, &group, permission).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(spot.after("revoked"))
}
