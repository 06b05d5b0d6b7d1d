//! What is in workspaces.

use super::judge::{Sight, Wish, admit};
use super::workspace;
use crate::access::caller::Caller;
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::{Ability, ActorLevel, Level, Read};
use crate::domain::actor::Actor;
use crate::domain::connection::Connection;
use crate::domain::definition::{Definition, Kind, Shelf};
use crate::domain::ids::{ActorId, ConnectionId, DefinitionId, TagId, WorkspaceId};
use crate::domain::job::{Job, JobId};
use crate::domain::tag::Tag;
use crate::error::{Error, Fault, Noun, Place, Result};
use crate::store::db::Exec;
use crate::store::{actors, connections, definitions, job_lists, tags};

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
    let found = actors::fetch(db, kind, Lookup::of(id)).await?;
    let view = |caller: &Caller, actor: &Actor| Sight {
        abilities: caller.in_workspace(actor.workspace_id, actor.organization_id),
        organization: Some(actor.organization_id),
        gone: actor.deleted_at.is_some(),
    };
    let wish = Wish {
        what: noun(kind),
        id,
        see: Ability::Read,
        need: (L::ability(kind), L::role(kind)),
    };
    let actor = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(actor))
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
    let view = |caller: &Caller, found: &connections::Found| Sight {
        abilities: caller.in_workspace(found.connection.workspace_id, found.organization_id),
        organization: Some(found.organization_id),
        gone: false,
    };
    let wish = Wish::in_workspace::<L>(Noun::Connection, id);
    let found = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(found.connection))
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
    let view = |caller: &Caller, found: &job_lists::Found| Sight {
        abilities: caller.in_workspace(found.job.workspace_id, found.organization_id),
        organization: Some(found.organization_id),
        gone: false,
    };
    let wish = Wish::in_workspace::<L>(Noun::Job, id);
    let found = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(found.job))
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
    let view = |caller: &Caller, found: &tags::Found| Sight {
        abilities: caller.in_workspace(found.tag.workspace_id, found.organization_id),
        organization: Some(found.organization_id),
        gone: found.workspace_deleted_at.is_some(),
    };
    let wish = Wish::in_workspace::<L>(Noun::Tag, id);
    let found = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(found.tag))
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
    workspace::<Read>(db, caller, host).await?;
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
