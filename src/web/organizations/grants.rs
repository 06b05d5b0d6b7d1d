//! Granting roles on an organization and on its workspaces, as the page of a group does and that of a person:
//! the form, what was chosen in it, and what something granted is on.

use std::collections::HashMap;

use super::house::House;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::ids::{OrganizationId, WorkspaceId};
use crate::domain::page::Page as Part;
use crate::domain::permission::{PermissionScope, PermissionType, ScopeKind};
use crate::error::{Error, Result};
use crate::store::db::Reader;
use crate::store::workspaces;
use crate::web::form::Fields;
use crate::web::roles::{self, Choice};

/// What there is to choose from.
#[derive(Debug)]
pub(in crate::web) struct Offers {
    pub(in crate::web) organization_roles: Vec<Choice>,
    pub(in crate::web) workspace_roles: Vec<Choice>,
    /// The first workspaces of the organization: id and name.
    pub(in crate::web) workspaces: Vec<(String, String)>,
    /// Whether it has more of them.
    pub(in crate::web) more_workspaces: bool,
}

impl Offers {
    pub(in crate::web) async fn of(
        app: &App,
        db: &mut Reader,
        house: &House,
        refused: &Refused,
    ) -> Result<Self> {
        let caller = &house.person.caller;
        let host = doors::organization::<Administer>(db, caller, house.id).await?;
        let part = Part {
            limit: Part::LARGEST,
            ..Part::default()
        };
        let (now, scope) = (app.clock.now(), caller.scope_within(&host));
        let found = workspaces::list(db, &app.lists, now, &scope, part).await?;
        let workspaces = found.map(|one| (one.id.to_string(), one.name));
        Ok(Self {
            organization_roles: roles::choices(ScopeKind::Organization, &refused.role),
            workspace_roles: roles::choices(ScopeKind::Workspace, &refused.role),
            more_workspaces: workspaces.more,
            workspaces: workspaces.items,
        })
    }
}

/// What was wrong with the form, if anything was, and what stood in it.
#[derive(Debug, Default)]
pub(in crate::web) struct Refused {
    role: String,
    pub(in crate::web) workspace: String,
    pub(in crate::web) trouble: Option<String>,
}

impl Refused {
    pub(in crate::web) fn of(fields: &Fields, trouble: String) -> Self {
        Self {
            role: fields.get("role").to_owned(),
            workspace: fields.get("workspace").to_owned(),
            trouble: Some(trouble),
        }
    }
}

/// What was chosen, or what is wrong with it. Roles on the whole instance are not for this form, which is
/// told in these words.
pub(in crate::web) fn chosen(
    fields: &Fields,
    organization: OrganizationId,
    not_here: &str,
) -> Result<(PermissionType, PermissionScope), String> {
    let Ok(role) = fields.get("role").parse::<PermissionType>() else {
        return Err("Choose a role.".to_owned());
    };
    let scope = match (role.scope_kind(), fields.get("workspace").parse()) {
        (ScopeKind::Instance, _) => return Err(not_here.to_owned()),
        (ScopeKind::Organization, _) => PermissionScope::Organization(organization),
        (ScopeKind::Workspace, Ok(workspace)) => PermissionScope::Workspace(workspace),
        (ScopeKind::Workspace, Err(_)) => return Err("Choose a workspace.".to_owned()),
    };
    Ok((role, scope))
}

/// What something granted is on, in words.
#[derive(Debug)]
pub(in crate::web) struct Names(HashMap<WorkspaceId, String>);

impl Names {
    /// The names of these workspaces, as far as something is on one.
    pub(in crate::web) async fn read(
        db: &mut Reader,
        house: &House,
        on: impl Iterator<Item = Option<WorkspaceId>>,
    ) -> Result<Self> {
        let ids: Vec<_> = on.flatten().collect();
        let found = match doors::workspaces_named(db, &house.person.caller, &ids).await {
            Ok(found) => found,
            // One was deleted meanwhile.
            Err(Error::Forbidden(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let names = found.into_iter().map(|one| {
            let workspace = one.into_inner();
            (workspace.id, workspace.name)
        });
        Ok(Self(names.collect()))
    }

    /// A workspace that cannot be read any more goes by its id; none is the organization.
    pub(in crate::web) fn of(&self, workspace: Option<WorkspaceId>) -> String {
        match workspace {
            None => "The whole organization".to_owned(),
            Some(id) => self.0.get(&id).cloned().unwrap_or_else(|| id.to_string()),
        }
    }
}
