//! What somebody holds in an organization: granting, changing and taking it away.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::show::{self, Troubles};
use super::spot::Spot;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::ids::{PermissionId, WorkspaceId};
use crate::domain::page::{Page as Part, Slice};
use crate::domain::permission::{Permission, PermissionScope, PermissionType, ScopeKind};
use crate::error::{Error, Noun, Result};
use crate::ops;
use crate::store::{permissions, workspaces};
use crate::web::failure::{Failure, sentence};
use crate::web::form::{Fields, Form};
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
pub(super) async fn held(app: &App, spot: &Spot) -> Result<Vec<Held>> {
    let caller = &spot.house.person.caller;
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, caller, spot.house.id).await?;
    let mut found = permissions::list_within(&mut db, &host, spot.account.id).await?;
    found.sort_by_key(|one| one.workspace_id.is_some());
    let ids: Vec<WorkspaceId> = found.iter().filter_map(|one| one.workspace_id).collect();
    let named = match doors::workspaces_named(&mut db, caller, &ids).await {
        Ok(named) => named,
        // One was deleted meanwhile, and goes by its id.
        Err(Error::Forbidden(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let by_id: HashMap<_, _> = named.iter().map(|one| (one.id, &one.name)).collect();
    let on = |permission: &Permission| match permission.workspace_id {
        None => "The whole organization".to_owned(),
        Some(id) => by_id
            .get(&id)
            .map_or_else(|| id.to_string(), |name| (*name).clone()),
    };
    let shown = found.iter().map(|one| Held {
        id: one.id.to_string(),
        role: roles::words(one.permission_type),
        on: on(one),
        choices: roles::choices(one.scope().kind(), one.permission_type.as_str()),
    });
    Ok(shown.collect())
}

/// The first workspaces of the organization: id and name.
pub(super) async fn offered(app: &App, spot: &Spot) -> Result<Slice<(String, String)>> {
    let caller = &spot.house.person.caller;
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, caller, spot.house.id).await?;
    let part = Part {
        limit: Part::LARGEST,
        ..Part::default()
    };
    let (now, scope) = (app.clock.now(), caller.scope_within(&host));
    let found = workspaces::list(&mut db, &app.lists, now, &scope, part).await?;
    let items = found.items.into_iter();
    Ok(Slice {
        items: items.map(|one| (one.id.to_string(), one.name)).collect(),
        more: found.more,
        last: found.last,
    })
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
                role: fields.get("role").to_owned(),
                workspace: fields.get("workspace").to_owned(),
                permission: Some(trouble),
                ..Troubles::default()
            };
            show::again(&app, spot, troubles).await
        }
    }
}

/// Does it, or says what is wrong with the choice.
async fn granted(app: &App, spot: &Spot, fields: &Fields) -> Result<Result<(), String>> {
    let Ok(role) = fields.get("role").parse::<PermissionType>() else {
        return Ok(Err("Choose a role.".to_owned()));
    };
    let scope = match (role.scope_kind(), fields.get("workspace").parse()) {
        (ScopeKind::Instance, _) => return Ok(Err("This role cannot be granted here.".to_owned())),
        (ScopeKind::Organization, _) => PermissionScope::Organization(spot.house.id),
        (ScopeKind::Workspace, Ok(workspace)) => PermissionScope::Workspace(workspace),
        (ScopeKind::Workspace, Err(_)) => return Ok(Err("Choose a workspace.".to_owned())),
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
    if self::held(&app, &spot).await?.is_empty() {
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
