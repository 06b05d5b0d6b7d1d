//! What the operator does with people at the command line: adding, listing, granting, removing.

use crate::access::caller::{Caller, Standing};
use crate::app::App;
use crate::domain::audit;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::organization::Region;
use crate::domain::password as password_rules;
use crate::domain::permission::{Permission, PermissionScope, PermissionType, ScopeKind};
use crate::domain::secret::PlainSecret;
use crate::domain::text::{EmailAddress, Name};
use crate::domain::user::{NewUser, User};
use crate::error::{Error, Noun, Result};
use crate::store::{
    applications, groups, invitations, permissions, sessions, setup, standings, users,
};

/// Adds a person, with the given password or a generated one, which is answered.
///
/// # Errors
/// [`Error::Conflict`] when the e-mail is taken, [`Error::Invalid`] for an unusable password.
pub async fn create(
    app: &App,
    name: Name,
    email: EmailAddress,
    password: Option<&str>,
) -> Result<(User, PlainSecret)> {
    let password = match password {
        Some(given) => PlainSecret::received(given),
        None => PlainSecret::random_text(app.clock.random()),
    };
    password_rules::acceptable(password.reveal())
        .map_err(|why| Error::invalid("/password", why))?;
    let hash = app.passwords.hash(password.reveal()).await?;
    let id = app.clock.new_id().into();
    let user = User {
        id,
        name: name.to_string(),
        email: email.to_string(),
    };
    let new = NewUser {
        id,
        name,
        email,
        password_hash: Some(hash),
    };
    let mut db = app.db.write().await?;
    if !users::insert(&mut db, &new, app.clock.now()).await? {
        return Err(Error::conflict(format!(
            "somebody has the e-mail {} already",
            new.email
        )));
    }
    db.commit().await?;
    Ok((user, password))
}

/// The person with this e-mail.
///
/// # Errors
/// [`Error::Invalid`] when there is none.
pub async fn find(app: &App, email: &EmailAddress) -> Result<User> {
    let found = users::fetch_by_email(&mut app.db.read().await?, email).await?;
    found.ok_or_else(|| Error::invalid("/email", format!("nobody here has the e-mail {email}")))
}

/// The first administrator as a caller, for what the operator does in nobody else's name.
///
/// # Errors
/// [`Error::Conflict`] when the first administrator was removed.
pub async fn operator(app: &App) -> Result<Caller> {
    let user = users::fetch(&mut app.db.read().await?, UserId::DEFAULT).await?;
    match user {
        Some(user) => act_as(app, user).await,
        None => Err(Error::conflict(
            "the first administrator was removed; name another person with --user",
        )),
    }
}

/// A person as a caller: the command line acts in somebody's name.
///
/// # Errors
/// When the database does not answer.
pub async fn act_as(app: &App, user: User) -> Result<Caller> {
    let grants = standings::grants(&mut app.db.read().await?, user.id).await?;
    Ok(Caller::new(Standing::new(user, &grants).into()))
}

/// Gives a person a new password and ends their sessions.
///
/// # Errors
/// [`Error::Invalid`] for an unusable password.
pub async fn set_password(app: &App, user: UserId, password: &str) -> Result<()> {
    password_rules::acceptable(password).map_err(|why| Error::invalid("/password", why))?;
    let hash = app.passwords.hash(password).await?;
    let mut db = app.db.write().await?;
    users::set_password(&mut db, user, &hash).await?;
    invitations::remove_of_user(&mut db, user).await?;
    sessions::remove_of_user(&mut db, user).await?;
    db.commit().await
}

/// Removes a person with sessions, applications and permissions. Their tokens stop within a second.
///
/// # Errors
/// [`Error::Conflict`] for the last instance administrator.
pub async fn remove(app: &App, user: UserId) -> Result<()> {
    let now = app.clock.now();
    let mut db = app.db.write().await?;
    permissions::remove_of_user(&mut db, user).await?;
    if permissions::count_instance_admins(&mut db).await? == 0 {
        return Err(Error::conflict(
            "this instance would be left without an administrator; name another one first",
        ));
    }
    groups::remove_from_all(&mut db, user).await?;
    sessions::remove_of_user(&mut db, user).await?;
    invitations::remove_of_user(&mut db, user).await?;
    applications::remove_of_user(&mut db, user, now).await?;
    users::remove(&mut db, user, now).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(())
}

/// Grants a permission as the operator; says whether it is new.
///
/// # Errors
/// [`Error::Invalid`] when the type does not fit what it is granted on, or the workspace is unknown.
pub async fn grant(
    app: &App,
    user: UserId,
    permission_type: PermissionType,
    scope: PermissionScope,
) -> Result<bool> {
    if permission_type.scope_kind() != scope.kind() {
        let option = match permission_type.scope_kind() {
            ScopeKind::Instance => "neither --organization nor --workspace",
            ScopeKind::Organization => "--organization",
            ScopeKind::Workspace => "--workspace",
        };
        return Err(Error::invalid(
            "/role",
            format!("{} goes with {option}", permission_type.as_str()),
        ));
    }
    let mut db = app.db.write().await?;
    if let PermissionScope::Workspace(id) = scope
        && setup::host(&mut db, id).await?.is_none()
    {
        return Err(Error::invalid("/workspace", "there is no such workspace"));
    }
    let permission = Permission::new(app.clock.new_id().into(), user, permission_type, scope);
    let new = setup::grant(&mut db, &permission, app.clock.now()).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(new)
}

/// Adds an organization as the operator does, who gives it no contact.
///
/// # Errors
/// When the database does not answer.
pub async fn create_organization(app: &App, name: &Name) -> Result<OrganizationId> {
    create_organization_for(app, name, "").await
}

/// Adds an organization with a region of its own and the e-mail address of its contact.
///
/// # Errors
/// When the database does not answer.
pub async fn create_organization_for(
    app: &App,
    name: &Name,
    contact: &str,
) -> Result<OrganizationId> {
    let id = OrganizationId::from(app.clock.new_id());
    let region = Region {
        id: app.clock.new_id().into(),
        organization_id: id,
        name: app.config.admin.region.clone(),
    };
    let mut db = app.db.write().await?;
    let named = (name.as_str(), contact);
    setup::add_organization(&mut db, id, named, &region, app.clock.now()).await?;
    audit::made(&Noun::Organization, &id);
    audit::within(id);
    db.commit().await?;
    Ok(id)
}
