//! Granting, changing and taking away permissions, with the rules that keep an organization in
//! somebody's hands and a person's grants free of superfluous ones.

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{self, Administer};
use crate::clock::Clock;
use crate::domain::audit;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::permission::{Permission, PermissionScope, PermissionType, ScopeKind};
use crate::error::{Error, Noun, Result};
use crate::store::db::Writer;
use crate::store::{groups, organizations, permissions, users};

/// Grants a permission. One that exists already is answered as it is.
///
/// # Errors
/// [`Error::Invalid`] for an unknown person or a type that does not fit, [`Error::Conflict`] when the
/// person's role in the organization implies it already, and what the doors say.
pub async fn create(
    db: &mut Writer,
    clock: &Clock,
    caller: &Caller,
    user: UserId,
    permission_type: PermissionType,
    scope: PermissionScope,
) -> Result<Permission> {
    let new = Permission::new(clock.new_id().into(), user, permission_type, scope);
    match scope {
        PermissionScope::Organization(id) => {
            let host = doors::organization::<Administer>(db, caller, id).await?;
            check(db, &new).await?;
            let held = permissions::list_within(db, &host, user).await?;
            if let Some(same) = same_as(&new, &held) {
                return Ok(same);
            }
            permissions::insert_on_organization(db, &host, &new, clock.now()).await?;
            for superfluous in held
                .iter()
                .filter(|held| held.workspace_id.is_some() && implied(&new, held))
            {
                permissions::remove_superfluous(db, superfluous.id).await?;
            }
        }
        PermissionScope::Workspace(id) => {
            let host = doors::workspace::<Administer>(db, caller, id).await?;
            check(db, &new).await?;
            let held = permissions::list_around(db, &host, user).await?;
            if let Some(same) = same_as(&new, &held) {
                return Ok(same);
            }
            refuse_superfluous(&new, host.organization_id, &held)?;
            permissions::insert_on_workspace(db, &host, &new, clock.now()).await?;
        }
        PermissionScope::Instance => {
            return Err(Error::invalid("/permissionType", "cannot be granted here"));
        }
    }
    audit::made(&Noun::Permission, &new.id);
    Ok(new)
}

/// Changes the type of a permission; what it is granted on stays.
///
/// # Errors
/// [`Error::Unprocessable`] for `instance_admin`, [`Error::Invalid`] for a type that does not fit,
/// [`Error::Conflict`] when it is the last administrator's or when the person holds the same already.
pub async fn change(
    db: &mut Writer,
    caller: &Caller,
    permission: Granted<Permission, Administer>,
    to: PermissionType,
) -> Result<Permission> {
    if to == PermissionType::InstanceAdmin {
        return Err(Error::Unprocessable(
            "a permission cannot be changed to instance_admin".to_owned(),
        ));
    }
    let changed = Permission {
        permission_type: to,
        ..(*permission).clone()
    };
    fitting(&changed)?;
    if to == permission.permission_type {
        return Ok(changed);
    }
    keep_an_admin(db, &permission).await?;
    match permission.scope() {
        PermissionScope::Organization(id) => {
            let host = doors::organization::<Administer>(db, caller, id).await?;
            let held = permissions::list_within(db, &host, permission.user_id).await?;
            refuse_same(&changed, &held)?;
        }
        PermissionScope::Workspace(id) => {
            let host = doors::workspace::<Administer>(db, caller, id).await?;
            let held = permissions::list_around(db, &host, permission.user_id).await?;
            refuse_same(&changed, &held)?;
            refuse_superfluous(&changed, host.organization_id, &held)?;
        }
        PermissionScope::Instance => {}
    }
    permissions::set_type(db, &permission, to).await?;
    audit::made(&Noun::Permission, &permission.id);
    Ok(changed)
}

/// Takes a permission away. With one on an organization go the person's permissions on its workspaces,
/// and with the last one the person's places in its groups.
///
/// # Errors
/// [`Error::Conflict`] when it is the last administrator's.
pub async fn remove(
    db: &mut Writer,
    caller: &Caller,
    permission: &Granted<Permission, Administer>,
) -> Result<()> {
    keep_an_admin(db, permission).await?;
    if let PermissionScope::Organization(id) = permission.scope() {
        let host = doors::organization::<Administer>(db, caller, id).await?;
        let held = permissions::list_within(db, &host, permission.user_id).await?;
        for below in held.iter().filter(|held| held.workspace_id.is_some()) {
            permissions::remove_superfluous(db, below.id).await?;
        }
        let stays = |held: &Permission| held.organization_id.is_some() && held.id != permission.id;
        if !held.iter().any(stays) {
            groups::remove_within(db, &host, permission.user_id).await?;
        }
    }
    audit::made(&Noun::Permission, &permission.id);
    permissions::remove(db, permission).await
}

/// The person exists and the type fits what it is granted on.
async fn check(db: &mut Writer, new: &Permission) -> Result<()> {
    fitting(new)?;
    match users::fetch(db, new.user_id).await? {
        Some(_) => Ok(()),
        None => Err(Error::invalid("/userId", "there is no such user")),
    }
}

fn fitting(permission: &Permission) -> Result<()> {
    fits(permission.permission_type, permission.scope().kind())
}

/// Whether permissions of a type are granted on such things.
pub(super) fn fits(permission_type: PermissionType, kind: ScopeKind) -> Result<()> {
    let (fits, thing) = match kind {
        ScopeKind::Instance => ("instance_admin", "the instance"),
        ScopeKind::Organization => ("organization_…", "an organization"),
        ScopeKind::Workspace => ("workspace_…", "a workspace"),
    };
    if permission_type.scope_kind() == kind {
        return Ok(());
    }
    Err(Error::invalid(
        "/permissionType",
        format!("a permission on {thing} has a type {fits}"),
    ))
}

/// A person who administers an organization, or the instance, must not be the last one to go.
async fn keep_an_admin(db: &mut Writer, permission: &Permission) -> Result<()> {
    let (thing, admins) = match (permission.scope(), permission.permission_type) {
        (PermissionScope::Organization(id), PermissionType::OrganizationAdmin) => {
            organizations::hold(db, id).await?;
            (
                format!("organization {id}"),
                permissions::count_admins(db, id).await?,
            )
        }
        (PermissionScope::Instance, PermissionType::InstanceAdmin) => {
            organizations::hold(db, OrganizationId::DEFAULT).await?;
            (
                "this instance".to_owned(),
                permissions::count_instance_admins(db).await?,
            )
        }
        _ => return Ok(()),
    };
    if admins > 1 {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "{thing} would be left without an administrator; name another one first"
    )))
}

fn same_as(new: &Permission, held: &[Permission]) -> Option<Permission> {
    held.iter()
        .find(|held| held.scope() == new.scope() && held.permission_type == new.permission_type)
        .cloned()
}

fn refuse_same(changed: &Permission, held: &[Permission]) -> Result<()> {
    match same_as(changed, held) {
        Some(same) => Err(Error::conflict(format!(
            "permission {} grants the same already",
            same.id
        ))),
        None => Ok(()),
    }
}

/// Whether a role on the organization makes a permission on a workspace of it superfluous.
fn implied(wide: &Permission, narrow: &Permission) -> bool {
    policy::implies(wide.permission_type, narrow.permission_type)
}

fn refuse_superfluous(new: &Permission, host: OrganizationId, held: &[Permission]) -> Result<()> {
    let wider = held
        .iter()
        .find(|held| held.organization_id == Some(host) && implied(held, new));
    match wider {
        Some(wider) => Err(Error::conflict(format!(
            "the user's role {} in the organization includes {} already",
            wider.permission_type.as_str(),
            new.permission_type.as_str()
        ))),
        None => Ok(()),
    }
}
