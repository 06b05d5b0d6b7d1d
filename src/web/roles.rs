//! Roles in the words of people.

use crate::domain::permission::{PermissionType, ScopeKind};

/// What somebody with this permission is called.
pub(super) fn words(permission: PermissionType) -> &'static str {
    match permission {
        PermissionType::InstanceAdmin => "Instance administrator",
        PermissionType::OrganizationAdmin => "Organization administrator",
        PermissionType::OrganizationEditor => "Organization editor",
        PermissionType::OrganizationRunner => "Organization runner",
        PermissionType::OrganizationReader => "Organization reader",
        PermissionType::OrganizationMember => "Organization member",
        PermissionType::WorkspaceOwner => "Workspace owner",
        PermissionType::WorkspaceAdmin => "Workspace administrator",
        PermissionType::WorkspaceEditor => "Workspace editor",
        PermissionType::WorkspaceSourceEditor => "Workspace source editor",
        PermissionType::WorkspaceDestinationEditor => "Workspace destination editor",
        PermissionType::WorkspaceRunner => "Workspace runner",
        PermissionType::WorkspaceReader => "Workspace reader",
    }
}

/// What they may do.
pub(super) fn meaning(permission: PermissionType) -> &'static str {
    match permission {
        PermissionType::InstanceAdmin => "do everything, everywhere",
        PermissionType::OrganizationAdmin
        | PermissionType::WorkspaceOwner
        | PermissionType::WorkspaceAdmin => "do everything in it, and say who may do what",
        PermissionType::OrganizationEditor => {
            "change everything in its workspaces, and make new ones"
        }
        PermissionType::OrganizationRunner => "start and cancel jobs in its workspaces",
        PermissionType::OrganizationReader => "look at its workspaces",
        PermissionType::OrganizationMember => "belong to it, and nothing more",
        PermissionType::WorkspaceEditor => "change everything in it",
        PermissionType::WorkspaceSourceEditor => "change sources and connections",
        PermissionType::WorkspaceDestinationEditor => "change destinations and connections",
        PermissionType::WorkspaceRunner => "start and cancel jobs",
        PermissionType::WorkspaceReader => "look at it",
    }
}

/// A role in a list to choose from.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) key: &'static str,
    pub(super) words: &'static str,
    pub(super) meaning: &'static str,
    pub(super) chosen: bool,
}

/// The roles that can be granted on such things.
pub(super) fn choices(kind: ScopeKind, chosen: &str) -> Vec<Choice> {
    let fits = |role: &PermissionType| {
        role.scope_kind() == kind && *role != PermissionType::WorkspaceOwner
    };
    let all = PermissionType::ALL.into_iter().filter(fits);
    let shown = all.map(|role| Choice {
        key: role.as_str(),
        words: words(role),
        meaning: meaning(role),
        chosen: role.as_str() == chosen,
    });
    shown.collect()
}
