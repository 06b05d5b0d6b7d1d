//! Running an organization: adding people and service accounts, keeping them out, and moving workspaces.

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{Administer, Read};
use crate::app::App;
use crate::domain::audit;
use crate::domain::ids::{OrganizationId, UserId, WorkspaceId};
use crate::domain::password as password_rules;
use crate::domain::permission::{PermissionScope, PermissionType};
use crate::domain::secret::PlainSecret;
use crate::domain::text::{EmailAddress, Name};
use crate::domain::user::{Account, NewUser};
use crate::domain::workspace::Workspace;
use crate::error::{Error, Noun, Result};
use crate::ops::invitations::{self, Invitation};
use crate::ops::permissions as rules;
use crate::store::{accounts, organizations, permissions, sessions, standings, users, workspaces};

/// Who is to be added.
#[derive(Debug)]
pub struct Wish {
    pub name: Name,
    pub kind: Kind,
    /// On the organization.
    pub permission_type: PermissionType,
}

/// A person who signs in, or a program that does not.
#[derive(Debug)]
pub enum Kind {
    /// Without a password, they get a link to choose one.
    Person(EmailAddress, Option<PlainSecret>),
    Service,
}

/// Somebody just added, with the link for whoever has no password yet.
#[derive(Debug)]
pub struct Created {
    pub account: Account,
    pub invitation: Option<Invitation>,
}

/// Adds somebody to an organization.
///
/// # Errors
/// [`Error::Taken`] when the e-mail is somebody's, [`Error::Invalid`] for an unusable password or type.
pub async fn create(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    wish: Wish,
) -> Result<Created> {
    // A hash costs; it is for those who may.
    doors::organization::<Administer>(&mut app.db.read().await?, caller, organization).await?;
    let id = UserId::from(app.clock.new_id());
    let (email, hash, service) = match wish.kind {
        Kind::Person(email, None) => (email, None, false),
        Kind::Person(email, Some(given)) => {
            let given = given.reveal();
            password_rules::acceptable(given).map_err(|why| Error::invalid("/password", why))?;
            (email, Some(app.passwords.hash(given).await?), false)
        }
        // Nobody reads mail there: the domain is reserved for names that lead nowhere.
        Kind::Service => {
            let email = format!("{id}@service.invalid").parse();
            (email.map_err(Error::internal)?, None, true)
        }
    };
    let invited = hash.is_none() && !service;
    let new = NewUser {
        id,
        name: wish.name,
        email,
        password_hash: hash,
    };
    let mut db = app.db.write().await?;
    if !users::insert(&mut db, &new, app.clock.now()).await? {
        let why = format!("somebody has the e-mail {} already", new.email);
        return Err(Error::taken(Noun::User, why));
    }
    if service {
        accounts::set_service(&mut db, id).await?;
    }
    let scope = PermissionScope::Organization(organization);
    rules::create(&mut db, &app.clock, caller, id, wish.permission_type, scope).await?;
    audit::made(&Noun::User, &id);
    let invitation = if invited {
        Some(invitations::make(app, &mut db, id).await?)
    } else {
        None
    };
    let account = doors::account(&mut db, caller, id).await?.into_inner();
    db.commit().await?;
    Ok(Created {
        account,
        invitation,
    })
}

/// Keeps somebody out, or lets them in again. Their sessions and tokens stop at once here, and within a
/// second on other replicas.
///
/// # Errors
/// [`Error::Conflict`] for oneself, and for the last administrator of anything.
pub async fn set_disabled(
    app: &App,
    caller: &Caller,
    id: UserId,
    disabled: bool,
) -> Result<Account> {
    let mut db = app.db.write().await?;
    let account = doors::account(&mut db, caller, id).await?;
    if disabled && id == caller.id() {
        return Err(Error::conflict("you cannot disable yourself"));
    }
    let since = match account.disabled_at {
        Some(since) if disabled => Some(since),
        _ => disabled.then(|| app.clock.now()),
    };
    if disabled {
        let held = standings::grants(&mut db, id).await?;
        organizations::hold(&mut db, OrganizationId::DEFAULT).await?;
        for organization in held.iter().filter_map(|grant| grant.organization_id) {
            organizations::hold(&mut db, organization).await?;
        }
        accounts::set_disabled(&mut db, &account, since).await?;
        for grant in &held {
            let left = match (grant.permission_type, grant.organization_id) {
                (PermissionType::InstanceAdmin, _) => {
                    permissions::count_instance_admins(&mut db).await?
                }
                (PermissionType::OrganizationAdmin, Some(organization)) => {
                    permissions::count_admins(&mut db, organization).await?
                }
                _ => continue,
            };
            if left == 0 {
                return Err(Error::conflict(
                    "something would be left without an administrator; name another one first",
                ));
            }
        }
        sessions::remove_of_user(&mut db, id).await?;
    } else {
        accounts::set_disabled(&mut db, &account, None).await?;
    }
    db.commit().await?;
    app.callers.forget();
    let mut account = account.into_inner();
    account.disabled_at = since;
    Ok(account)
}

/// The service account with this id as a caller, to do something with its applications.
///
/// # Errors
/// [`Error::Unprocessable`] for a person: they have their own in hand.
pub async fn service(app: &App, caller: &Caller, id: UserId) -> Result<Caller> {
    let mut db = app.db.read().await?;
    let account = doors::account(&mut db, caller, id).await?;
    if !account.service {
        return Err(Error::Unprocessable(
            "only the applications of service accounts are managed here; people manage their own"
                .to_owned(),
        ));
    }
    let user = users::fetch(&mut db, id).await?;
    drop(db);
    let gone = || Error::not_found(Noun::User, id);
    crate::ops::people::act_as(app, user.ok_or_else(gone)?).await
}

/// Moves a workspace with all that is in it to another organization; both are the caller's to administer.
/// What people hold on the workspace itself they keep.
///
/// # Errors
/// [`Error::Conflict`] when something in it depends on the organization that it leaves.
pub async fn move_workspace(
    app: &App,
    caller: &Caller,
    id: WorkspaceId,
    to: OrganizationId,
) -> Result<Workspace> {
    let mut db = app.db.write().await?;
    let seen = doors::workspace::<Read>(&mut db, caller, id).await?;
    doors::organization::<Administer>(&mut db, caller, seen.organization_id).await?;
    let workspace = doors::workspace::<Administer>(&mut db, caller, id).await?;
    let to = doors::organization::<Administer>(&mut db, caller, to).await?;
    if workspace.organization_id == to.id {
        return Ok(workspace.into_inner());
    }
    let gone = || Error::not_found(Noun::Workspace, id);
    workspaces::hold(&mut db, &workspace)
        .await?
        .ok_or_else(gone)?;
    refuse_dependent(&mut db, &workspace).await?;
    let region = match organizations::first_region(&mut db, to.id).await? {
        Some(region) => region,
        None => organizations::first_region(&mut db, OrganizationId::DEFAULT)
            .await?
            .ok_or_else(|| {
                Error::conflict("the organization has no enabled region; create one first")
            })?,
    };
    accounts::move_workspace(&mut db, &workspace, &to, &region).await?;
    db.commit().await?;
    app.callers.forget();
    let mut moved = workspace.into_inner();
    moved.organization_id = to.id;
    moved.region = region.name;
    Ok(moved)
}

async fn refuse_dependent(
    db: &mut crate::store::db::Writer,
    workspace: &Granted<Workspace, Administer>,
) -> Result<()> {
    if accounts::granted_to_groups(db, workspace).await? > 0 {
        return Err(Error::conflict(
            "groups of its organization are granted permissions on the workspace, and groups do not go \
             along; take those permissions away first",
        ));
    }
    if accounts::clients_of_organization(db, workspace).await? > 0 {
        return Err(Error::conflict(
            "connectors in the workspace sign in with an OAuth client that its organization brought; bring \
             the client to the workspace itself first",
        ));
    }
    Ok(())
}
