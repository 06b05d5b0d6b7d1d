//! The doors: each takes a caller and an id and gives the thing with a proof, or says why not.
//!
//! One rule for all: what the caller may not see is forbidden in one voice, existing or not; what is
//! gone but would be visible is not found; instance administrators see everything, so an unknown id is
//! not found for them. A refusal is never given on an old standing: it is read anew first, so that a
//! permission granted on another replica counts at once.

use std::collections::HashMap;
use std::sync::Arc;

use super::caller::{Caller, Standing};
use super::granted::{Granted, Lookup, Places};
use super::policy::{Abilities, Ability, ActorLevel, Level};
use crate::domain::actor::Actor;
use crate::domain::application::Application;
use crate::domain::audit;
use crate::domain::connection::Connection;
use crate::domain::definition::{Definition, Kind, Shelf};
use crate::domain::group::Group;
use crate::domain::ids::{
    ActorId, ApplicationId, ConnectionId, DataplaneId, DefinitionId, GroupId, OrganizationId,
    PermissionId, RegionId, TagId, UserId, WorkspaceId,
};
use crate::domain::job::{Job, JobId};
use crate::domain::organization::{Dataplane, ManagedRegion, Organization};
use crate::domain::permission::{Permission, PermissionScope, PermissionType};
use crate::domain::tag::Tag;
use crate::domain::user::Account;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Fault, Noun, Place, Result};
use crate::store::db::Exec;
use crate::store::{
    accounts, actors, applications, connections, dataplanes, definitions, groups, job_lists,
    organizations, permissions, regions, standings, tags, workspaces,
};

/// A workspace, for something that level `L` allows.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn workspace<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: WorkspaceId,
) -> Result<Granted<Workspace, L>> {
    let found = workspaces::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|workspace| Sight {
            abilities: caller.in_workspace(id, workspace.organization_id),
            organization: Some(workspace.organization_id),
            gone: workspace.deleted_at.is_some(),
        });
        let see = Ability::Read;
        sight.judge::<L>(caller, see, Noun::Workspace, id, L::ROLES.1)
    };
    admitted(db, caller, judge).await?;
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::Workspace, id))
}

/// The workspaces with these ids, each readable by the caller, gone ones included, in list order. An
/// unknown id is refused like a foreign one, except to instance administrators: to them it is nothing.
///
/// # Errors
/// Forbidden, when one of them may not be read.
pub async fn workspaces_named(
    db: &mut dyn Exec,
    caller: &Caller,
    ids: &[WorkspaceId],
) -> Result<Vec<Granted<Workspace, super::policy::Read>>> {
    let lookups: Vec<_> = ids.iter().copied().map(Lookup::of).collect();
    let found = workspaces::fetch_named(db, &lookups).await?;
    let hosts: HashMap<_, _> = found
        .iter()
        .map(|workspace| (workspace.id, workspace.organization_id))
        .collect();
    let judge = |caller: &Caller| {
        let readable = |id: &WorkspaceId| {
            caller.is_instance_admin()
                || hosts
                    .get(id)
                    .is_some_and(|&host| caller.in_workspace(*id, host).include(Ability::Read))
        };
        if ids.iter().all(readable) {
            Ok(())
        } else {
            Err(Error::out_of_sight(Noun::Workspace))
        }
    };
    admitted(db, caller, judge).await?;
    Ok(found.into_iter().map(Granted::of).collect())
}

/// The workspaces with these ids, each readable by the caller, for a list of what is in them. An unknown
/// id is refused like a foreign one, except to instance administrators: to them it is nothing.
///
/// # Errors
/// Forbidden, when one of them may not be read.
pub async fn places(db: &mut dyn Exec, caller: &Caller, ids: &[WorkspaceId]) -> Result<Places> {
    let hosts = if caller.is_instance_admin() {
        HashMap::new()
    } else {
        let lookups: Vec<_> = ids.iter().copied().map(Lookup::of).collect();
        workspaces::hosts(db, &lookups).await?.into_iter().collect()
    };
    let judge = |caller: &Caller| {
        let readable = |id: &WorkspaceId| {
            caller.is_instance_admin()
                || hosts
                    .get(id)
                    .is_some_and(|&host| caller.in_workspace(*id, host).include(Ability::Read))
        };
        if ids.iter().all(readable) {
            Ok(())
        } else {
            Err(Error::out_of_sight(Noun::Workspace))
        }
    };
    admitted(db, caller, judge).await?;
    Ok(Places(ids.to_vec()))
}

/// A source or a destination, for something that level `L` allows.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn actor<L: ActorLevel>(
    db: &mut dyn Exec,
    caller: &Caller,
    kind: Kind,
    id: ActorId,
) -> Result<Granted<Actor, L>> {
    let what = noun(kind);
    let found = actors::fetch(db, kind, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|actor| Sight {
            abilities: caller.in_workspace(actor.workspace_id, actor.organization_id),
            organization: Some(actor.organization_id),
            gone: actor.deleted_at.is_some(),
        });
        let need = (L::ability(kind), L::role(kind));
        sight.weigh(caller, Ability::Read, what, id, need)
    };
    admitted(db, caller, judge).await?;
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(what, id))
}

/// A workspace, for something that level `L` allows with the sources or the destinations in it.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn workspace_of<L: ActorLevel>(
    db: &mut dyn Exec,
    caller: &Caller,
    kind: Kind,
    id: WorkspaceId,
) -> Result<Granted<Workspace, L>> {
    let found = workspaces::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|workspace| Sight {
            abilities: caller.in_workspace(id, workspace.organization_id),
            organization: Some(workspace.organization_id),
            gone: workspace.deleted_at.is_some(),
        });
        let need = (L::ability(kind), L::role(kind));
        sight.weigh(caller, Ability::Read, Noun::Workspace, id, need)
    };
    admitted(db, caller, judge).await?;
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::Workspace, id))
}

/// A connection, for something that level `L` allows. One that was removed is still there to be read; that
/// it cannot be changed any more is for others to say.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn connection<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: ConnectionId,
) -> Result<Granted<Connection, L>> {
    let found = connections::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|found| Sight {
            abilities: caller.in_workspace(found.connection.workspace_id, found.organization_id),
            organization: Some(found.organization_id),
            gone: false,
        });
        sight.judge::<L>(caller, Ability::Read, Noun::Connection, id, L::ROLES.1)
    };
    admitted(db, caller, judge).await?;
    found
        .map(|found| Granted::of(found.connection))
        .ok_or_else(|| Error::not_found(Noun::Connection, id))
}

/// A job, for something that level `L` allows. Those of connections that were removed remain.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn job<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: JobId,
) -> Result<Granted<Job, L>> {
    let found = job_lists::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|found| Sight {
            abilities: caller.in_workspace(found.job.workspace_id, found.organization_id),
            organization: Some(found.organization_id),
            gone: false,
        });
        sight.judge::<L>(caller, Ability::Read, Noun::Job, id, L::ROLES.1)
    };
    admitted(db, caller, judge).await?;
    found
        .map(|found| Granted::of(found.job))
        .ok_or_else(|| Error::not_found(Noun::Job, id))
}

/// A tag, for something that level `L` allows in its workspace.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn tag<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: TagId,
) -> Result<Granted<Tag, L>> {
    let found = tags::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|found| Sight {
            abilities: caller.in_workspace(found.tag.workspace_id, found.organization_id),
            organization: Some(found.organization_id),
            gone: found.workspace_deleted_at.is_some(),
        });
        sight.judge::<L>(caller, Ability::Read, Noun::Tag, id, L::ROLES.1)
    };
    admitted(db, caller, judge).await?;
    found
        .map(|found| Granted::of(found.tag))
        .ok_or_else(|| Error::not_found(Noun::Tag, id))
}

/// What a source or a destination is called when it is missing.
#[must_use]
pub fn noun(kind: Kind) -> Noun {
    match kind {
        Kind::Source => Noun::Source,
        Kind::Destination => Noun::Destination,
    }
}

/// A definition on this shelf of a workspace, for something that level `L` allows there. Everybody who
/// reads the workspace reads the public definitions; nobody changes them here.
///
/// # Errors
/// As the room says, for the workspace; not found, for a definition of another workspace or shelf;
/// invalid, for changing a public one.
pub async fn definition<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    host: WorkspaceId,
    shelf: Shelf,
    id: DefinitionId,
) -> Result<Granted<Definition, L>> {
    workspace::<super::policy::Read>(db, caller, host).await?;
    let visible = |found: &Definition| {
        found.deleted_at.is_none()
            && shelf.holds(found)
            && found.workspace_id.is_none_or(|owner| owner == host)
    };
    let found = definitions::fetch(db, Lookup::of(id)).await?;
    let found = found.filter(visible).ok_or_else(|| {
        let noun = match shelf.kind() {
            Kind::Source => Noun::SourceDefinition,
            Kind::Destination => Noun::DestinationDefinition,
        };
        Error::not_found(noun, id)
    })?;
    if L::ABILITY != Ability::Read {
        workspace::<L>(db, caller, host).await?;
        if found.workspace_id.is_none() {
            let why = "is public; only definitions that the workspace brought can be changed";
            let fault = Fault::in_parameter(Place::Path, "definitionId", why);
            return Err(Error::faults(vec![fault]));
        }
    }
    Ok(Granted::of(found))
}

/// An organization, for something that level `L` allows.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn organization<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: OrganizationId,
) -> Result<Granted<Organization, L>> {
    let found = organizations::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|organization| Sight {
            abilities: caller.on_organization(id),
            organization: Some(id),
            gone: organization.deleted_at.is_some(),
        });
        sight.judge::<L>(caller, Ability::Belong, Noun::Organization, id, L::ROLES.0)
    };
    admitted(db, caller, judge).await?;
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::Organization, id))
}

/// A region, for something that level `L` allows on its organization.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn region<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: RegionId,
) -> Result<Granted<ManagedRegion, L>> {
    let found = regions::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|found| Sight {
            abilities: caller.on_organization(found.region.organization_id),
            organization: Some(found.region.organization_id),
            gone: found.deleted_at.is_some(),
        });
        sight.judge::<L>(caller, Ability::Belong, Noun::Region, id, L::ROLES.0)
    };
    admitted(db, caller, judge).await?;
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::Region, id))
}

/// A data plane, for something that level `L` allows on its organization.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn dataplane<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: DataplaneId,
) -> Result<Granted<Dataplane, L>> {
    let found = dataplanes::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|found| Sight {
            abilities: caller.on_organization(found.organization_id),
            organization: Some(found.organization_id),
            gone: found.dataplane.deleted_at.is_some(),
        });
        sight.judge::<L>(caller, Ability::Belong, Noun::Dataplane, id, L::ROLES.0)
    };
    admitted(db, caller, judge).await?;
    found
        .map(|found| Granted::of(found.dataplane))
        .ok_or_else(|| Error::not_found(Noun::Dataplane, id))
}

/// A group, for something that level `L` allows on its organization.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn group<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: GroupId,
) -> Result<Granted<Group, L>> {
    let found = groups::fetch(db, Lookup::of(id)).await?;
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|group| Sight {
            abilities: caller.on_organization(group.organization_id),
            organization: Some(group.organization_id),
            gone: group.deleted_at.is_some(),
        });
        sight.judge::<L>(caller, Ability::Belong, Noun::Group, id, L::ROLES.0)
    };
    admitted(db, caller, judge).await?;
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::Group, id))
}

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
    let judge = |caller: &Caller| {
        let abilities = match (scope, host) {
            (Some(PermissionScope::Workspace(workspace)), Some(host)) => {
                caller.in_workspace(workspace, host)
            }
            (Some(PermissionScope::Organization(organization)), _) => {
                caller.on_organization(organization)
            }
            _ if caller.is_instance_admin() => Abilities::ALL,
            _ => Abilities::NONE,
        };
        let role = if host.is_some() {
            L::ROLES.1
        } else {
            L::ROLES.0
        };
        let sight = scope.map(|_| Sight {
            abilities,
            organization: home,
            gone: false,
        });
        sight.judge::<L>(caller, Ability::Read, Noun::Permission, id, role)
    };
    admitted(db, caller, judge).await?;
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::Permission, id))
}

/// The whole instance, for its administrators.
///
/// # Errors
/// Forbidden.
pub async fn instance(db: &mut dyn Exec, caller: &Caller) -> Result<()> {
    let judge = |caller: &Caller| {
        if caller.is_instance_admin() {
            Ok(())
        } else {
            Err(Error::forbidden("this needs the role instance_admin"))
        }
    };
    admitted(db, caller, judge).await
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
) -> Result<Granted<Account, super::policy::Administer>> {
    let found = accounts::fetch(db, Lookup::of(id)).await?;
    let held = standings::grants(db, id).await?;
    let hosts: Vec<_> = held
        .iter()
        .filter_map(|grant| grant.organization_id.or(grant.workspace_organization_id))
        .collect();
    let above = held
        .iter()
        .any(|grant| grant.permission_type == PermissionType::InstanceAdmin);
    let judge = |caller: &Caller| {
        let may =
            |ability| move |host: &OrganizationId| caller.on_organization(*host).include(ability);
        let all_of_theirs =
            !above && !hosts.is_empty() && hosts.iter().all(may(Ability::Administer));
        let abilities = if caller.is_instance_admin() || all_of_theirs {
            Abilities::ALL
        } else if hosts.iter().any(may(Ability::Belong)) {
            super::policy::on_organization(PermissionType::OrganizationMember)
        } else {
            Abilities::NONE
        };
        let sight = found.as_ref().map(|account| Sight {
            abilities,
            organization: hosts.first().copied(),
            gone: account.deleted_at.is_some(),
        });
        let role = "organization_admin on every organization in which they hold something";
        sight.judge::<super::policy::Administer>(caller, Ability::Belong, Noun::User, id, role)
    };
    admitted(db, caller, judge).await?;
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::User, id))
}

/// One of the caller's own applications. Everybody else's are as if they did not exist.
///
/// # Errors
/// Not found, when the caller has none with this id.
pub async fn application(
    db: &mut dyn Exec,
    caller: &Caller,
    id: ApplicationId,
) -> Result<Granted<Application, super::policy::Edit>> {
    let found = applications::fetch(db, caller.own(), id).await?;
    if found.is_some() {
        audit::regards(&Noun::Application, &id, None);
    }
    found
        .map(Granted::of)
        .ok_or_else(|| Error::not_found(Noun::Application, id))
}

/// What a caller sees of a thing that exists or existed.
struct Sight {
    abilities: Abilities,
    /// Whose audit log tells of changes to it.
    organization: Option<OrganizationId>,
    gone: bool,
}

trait Judge {
    fn judge<L: Level>(
        self,
        caller: &Caller,
        see: Ability,
        what: Noun,
        id: impl std::fmt::Display,
        role: &str,
    ) -> Result<()>;

    /// The same, when it is not a level that says what is needed.
    fn weigh(
        self,
        caller: &Caller,
        see: Ability,
        what: Noun,
        id: impl std::fmt::Display,
        need: (Ability, &str),
    ) -> Result<()>;
}

impl Judge for Option<Sight> {
    fn judge<L: Level>(
        self,
        caller: &Caller,
        see: Ability,
        what: Noun,
        id: impl std::fmt::Display,
        role: &str,
    ) -> Result<()> {
        self.weigh(caller, see, what, id, (L::ABILITY, role))
    }

    fn weigh(
        self,
        caller: &Caller,
        see: Ability,
        what: Noun,
        id: impl std::fmt::Display,
        (ability, role): (Ability, &str),
    ) -> Result<()> {
        match self {
            None if caller.is_instance_admin() => Err(Error::not_found(what, id)),
            Some(sight) if !sight.abilities.include(see) => Err(Error::out_of_sight(what)),
            None => Err(Error::out_of_sight(what)),
            Some(sight) if sight.gone => Err(Error::not_found(what, id)),
            Some(sight) if sight.abilities.include(ability) => {
                if !matches!(ability, Ability::Belong | Ability::Read) {
                    audit::regards(&what, &id, sight.organization);
                }
                Ok(())
            }
            Some(_) => Err(Error::forbidden(format!("this needs the role {role}"))),
        }
    }
}

/// Asks once with the standing at hand and, before a refusal, once with the standing of this moment.
async fn admitted(
    db: &mut dyn Exec,
    caller: &Caller,
    judge: impl Fn(&Caller) -> Result<()>,
) -> Result<()> {
    match judge(caller) {
        Err(Error::Forbidden(_)) => {}
        answer => return answer,
    }
    let grants = standings::grants(db, caller.id()).await?;
    judge(&Caller::new(Arc::new(Standing::new(
        caller.user().clone(),
        &grants,
    ))))
}
