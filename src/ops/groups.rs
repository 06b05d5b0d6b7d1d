//! Groups: creating and changing them, who is in them and what they are granted.

use crate::access::granted::Granted;
use crate::access::policy::Administer;
use crate::clock::Clock;
use crate::domain::audit;
use crate::domain::group::{Description, Group, GroupMember, GroupPermission};
use crate::domain::ids::{GroupId, GroupMemberId, PermissionId, UserId};
use crate::domain::organization::Organization;
use crate::domain::permission::{PermissionScope, PermissionType};
use crate::domain::text::Name;
use crate::error::{Error, Noun, Result};
use crate::store::db::Writer;
use crate::store::{groups, organizations, setup, users};

use super::permissions::fits;

type Administered = Granted<Group, Administer>;

/// Adds a group to an organization.
///
/// # Errors
/// [`Error::Taken`] when it has one of this name.
pub async fn create(
    db: &mut Writer,
    clock: &Clock,
    host: &Granted<Organization, Administer>,
    name: Name,
    description: Option<Description>,
) -> Result<Group> {
    let id = GroupId::from(clock.new_id());
    let description = description.and_then(Description::stored);
    let new = (id, &name, description.as_deref());
    organizations::hold(db, host.id).await?;
    if !groups::insert(db, host, new, clock.now()).await? {
        return Err(taken(&name));
    }
    audit::made(&Noun::Group, &id);
    Ok(Group {
        id,
        organization_id: host.id,
        name: name.into(),
        description,
        member_count: 0,
        deleted_at: None,
    })
}

/// Changes what is given.
///
/// # Errors
/// [`Error::Taken`] when another group of the organization has the name.
pub async fn update(
    db: &mut Writer,
    group: Administered,
    name: Option<Name>,
    description: Option<Description>,
) -> Result<Group> {
    if let Some(name) = &name {
        organizations::hold(db, group.organization_id).await?;
        let other = groups::named(db, &group, name).await?;
        if other.is_some_and(|other| other != group.id) {
            return Err(taken(name));
        }
    }
    let description = description.map(Description::stored);
    let given = description.as_ref().map(Option::as_deref);
    let changed = groups::update(db, &group, name.as_ref(), given).await?;
    let gone = || Error::not_found(Noun::Group, group.id);
    let (name, description) = changed.ok_or_else(gone)?;
    Ok(Group {
        name,
        description,
        ..group.into_inner()
    })
}

/// Adds somebody to a group.
///
/// # Errors
/// [`Error::NotFound`] for somebody who does not belong to the organization, in one voice with somebody
/// who does not exist; [`Error::Taken`] for a member.
pub async fn add(
    db: &mut Writer,
    clock: &Clock,
    group: &Administered,
    user: UserId,
) -> Result<GroupMember> {
    held(db, group).await?;
    let unknown = || Error::not_found(Noun::User, user);
    let person = users::fetch(db, user).await?.ok_or_else(unknown)?;
    if !groups::belongs(db, group, user).await? {
        return Err(unknown());
    }
    let id = GroupMemberId::from(clock.new_id());
    if !groups::add_member(db, group, id, user, clock.now()).await? {
        return Err(Error::taken(
            Noun::GroupMember,
            format!("user {user} is in the group already"),
        ));
    }
    audit::made(&Noun::GroupMember, &id);
    Ok(GroupMember {
        id,
        group_id: group.id,
        user_id: user,
        email: person.email,
        name: person.name,
    })
}

/// Grants something to a group, on its organization or on a workspace of it.
///
/// # Errors
/// [`Error::Invalid`] for a type that does not fit, [`Error::NotFound`] for what is outside the group's
/// organization, [`Error::Taken`] when the group is granted the same.
pub async fn grant(
    db: &mut Writer,
    clock: &Clock,
    group: &Administered,
    permission_type: PermissionType,
    scope: PermissionScope,
) -> Result<GroupPermission> {
    fits(permission_type, scope.kind())?;
    held(db, group).await?;
    match scope {
        PermissionScope::Organization(id) if id != group.organization_id => {
            return Err(Error::not_found(Noun::Organization, id));
        }
        PermissionScope::Workspace(id) => {
            let host = setup::host(db, id).await?;
            if host != Some(group.organization_id) {
                return Err(Error::not_found(Noun::Workspace, id));
            }
        }
        PermissionScope::Organization(_) | PermissionScope::Instance => {}
    }
    let new = GroupPermission {
        id: PermissionId::from(clock.new_id()),
        group_id: group.id,
        permission_type,
        organization_id: scope.organization(),
        workspace_id: scope.workspace(),
    };
    if !groups::grant(db, group, &new, clock.now()).await? {
        return Err(Error::taken(
            Noun::GroupPermission,
            "the group is granted the same already",
        ));
    }
    audit::made(&Noun::GroupPermission, &new.id);
    Ok(new)
}

async fn held(db: &mut Writer, group: &Administered) -> Result<()> {
    if groups::hold(db, group).await? {
        Ok(())
    } else {
        Err(Error::not_found(Noun::Group, group.id))
    }
}

fn taken(name: &Name) -> Error {
    let name = name.as_str();
    Error::taken(
        Noun::Group,
        format!("the organization has a group called {name:?} already"),
    )
}
