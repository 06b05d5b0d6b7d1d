//! People, and what they hold.

use super::judge::{Sight, Wish, admit};
use crate::access::caller::Caller;
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::{self, Abilities, Ability, Administer, Edit, Level};
use crate::domain::application::Application;
use crate::domain::audit;
use crate::domain::ids::{ApplicationId, OrganizationId, PermissionId, UserId};
use crate::domain::permission::{Permission, PermissionScope, PermissionType};
use crate::domain::user::Account;
use crate::error::{Error, Noun, Result};
use crate::store::db::Exec;
use crate::store::{accounts, applications, permissions, standings, workspaces};

/// A permission, for something that level `L` allows on what it is granted on. One on the whole
/// instance is for instance administrators.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn permission<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: PermissionId,
) -> Result<Granted<Permission, L>> {
    let found = permissions::fetch(db, Lookup::of(id)).await?;
    let scope = found.as_ref().map(Permission::scope);
    let host = match scope {
        Some(PermissionScope::Workspace(workspace)) => workspaces::fetch(db, Lookup::of(workspace))
            .await?
            .map(|workspace| workspace.organization_id),
        _ => None,
    };
    let home = scope.and_then(PermissionScope::organization).or(host);
    let view = |caller: &Caller, permission: &Permission| Sight {
        abilities: match (permission.scope(), host) {
            (PermissionScope::Workspace(workspace), Some(host)) => {
                caller.in_workspace(workspace, host)
            }
            (PermissionScope::Organization(organization), _) => {
                caller.on_organization(organization)
            }
            _ if caller.is_instance_admin() => Abilities::ALL,
            _ => Abilities::NONE,
        },
        organization: home,
        gone: false,
    };
    let role = if host.is_some() {
        L::ROLES.1
    } else {
        L::ROLES.0
    };
    let wish = Wish {
        what: Noun::Permission,
        id,
        see: Ability::Read,
        need: (L::ABILITY, role),
    };
    let permission = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(permission))
}

/// Somebody, for whoever administers every organization in which they hold something. An instance
/// administrator is for instance administrators, and so is somebody who holds nothing.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn account(
    db: &mut dyn Exec,
    caller: &Caller,
    id: UserId,
) -> Result<Granted<Account, Administer>> {
    let found = accounts::fetch(db, Lookup::of(id)).await?;
    let held = standings::grants(db, id).await?;
    let hosts: Vec<_> = held
        .iter()
        .filter_map(|grant| grant.organization_id.or(grant.workspace_organization_id))
        .collect();
    let above = held
        .iter()
        .any(|grant| grant.permission_type == PermissionType::InstanceAdmin);
    let view = |caller: &Caller, account: &Account| {
        let may =
            |ability| move |host: &OrganizationId| caller.on_organization(*host).include(ability);
        let all_of_theirs =
            !above && !hosts.is_empty() && hosts.iter().all(may(Ability::Administer));
        let abilities = if caller.is_instance_admin() || all_of_theirs {
            Abilities::ALL
        } else if hosts.iter().any(may(Ability::Belong)) {
            policy::on_organization(PermissionType::OrganizationMember)
        } else {
            Abilities::NONE
        };
        Sight {
            abilities,
            organization: hosts.first().copied(),
            gone: account.deleted_at.is_some(),
        }
    };
    let role = "organization_admin on every organization in which they hold something";
    let wish = Wish {
        what: Noun::User,
        id,
        see: Ability::Belong,
        need: (Administer::ABILITY, role),
    };
    let account = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(account))
}

/// One of the caller's own applications. Everybody else's are as if they did not exist.
///
/// # Errors
/// Not found, when the caller has none with this id.
pub async fn application(
    db: &mut dyn Exec,
    caller: &Caller,
    id: ApplicationId,
) -> Result<Granted<Application, Edit>> {
    let found = applications::fetch(db, caller.own(), id).await?;
    if found.is_some() {
        audit::regards(&Noun::Application, &id, None);
    }
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::Application, id))
}
