//! Workspaces, one or several.

use std::collections::HashMap;

use super::judge::{Sight, Wish, admit, admitted};
use crate::access::caller::Caller;
use crate::access::granted::{Granted, Lookup, Places};
use crate::access::policy::{Ability, ActorLevel, Level, Read};
use crate::domain::definition::Kind;
use crate::domain::ids::{OrganizationId, WorkspaceId};
use crate::domain::workspace::Workspace;
use crate::error::{Error, Noun, Result};
use crate::store::db::Exec;
use crate::store::workspaces;

/// A workspace, for something that level `L` allows.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn workspace<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: WorkspaceId,
) -> Result<Granted<Workspace, L>> {
    let wish = Wish::in_workspace::<L>(Noun::Workspace, id);
    wished(db, caller, wish).await.map(Granted::of)
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
    let wish = Wish {
        what: Noun::Workspace,
        id,
        see: Ability::Read,
        need: (L::ability(kind), L::role(kind)),
    };
    wished(db, caller, wish).await.map(Granted::of)
}

async fn wished(db: &mut dyn Exec, caller: &Caller, wish: Wish<WorkspaceId>) -> Result<Workspace> {
    let found = workspaces::fetch(db, Lookup::of(wish.id)).await?;
    let view = |caller: &Caller, workspace: &Workspace| Sight {
        abilities: caller.in_workspace(workspace.id, workspace.organization_id),
        organization: Some(workspace.organization_id),
        gone: workspace.deleted_at.is_some(),
    };
    admit(db, caller, found, view, wish).await
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
) -> Result<Vec<Granted<Workspace, Read>>> {
    let lookups: Vec<_> = ids.iter().copied().map(Lookup::of).collect();
    let found = workspaces::fetch_named(db, &lookups).await?;
    let hosts: HashMap<_, _> = found
        .iter()
        .map(|workspace| (workspace.id, workspace.organization_id))
        .collect();
    let judge = |caller: &Caller| each_readable(caller, ids, &hosts);
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
    let judge = |caller: &Caller| each_readable(caller, ids, &hosts);
    admitted(db, caller, judge).await?;
    Ok(Places(ids.to_vec()))
}

/// Whether the caller may read each of these, by the organization of those that there are.
fn each_readable(
    caller: &Caller,
    ids: &[WorkspaceId],
    hosts: &HashMap<WorkspaceId, OrganizationId>,
) -> Result<()> {
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
}
