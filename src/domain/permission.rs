//! Permission types and what they are granted on. What a type allows is `access::policy`'s business.

use super::ids::{OrganizationId, PermissionId, UserId, WorkspaceId};
use serde::{Deserialize, Serialize};

/// What somebody is granted. Matched without regard to case, always written as here.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case", try_from = "String")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
#[schema(rename_all = "snake_case")]
pub enum PermissionType {
    InstanceAdmin,
    OrganizationAdmin,
    OrganizationEditor,
    OrganizationRunner,
    OrganizationReader,
    OrganizationMember,
    /// Equal to `workspace_admin`; older installations have it.
    WorkspaceOwner,
    WorkspaceAdmin,
    WorkspaceEditor,
    WorkspaceSourceEditor,
    WorkspaceDestinationEditor,
    WorkspaceRunner,
    WorkspaceReader,
}

/// The kind of thing that a permission type is granted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    Instance,
    Organization,
    Workspace,
}

impl PermissionType {
    pub const ALL: [Self; 13] = [
        Self::InstanceAdmin,
        Self::OrganizationAdmin,
        Self::OrganizationEditor,
        Self::OrganizationRunner,
        Self::OrganizationReader,
        Self::OrganizationMember,
        Self::WorkspaceOwner,
        Self::WorkspaceAdmin,
        Self::WorkspaceEditor,
        Self::WorkspaceSourceEditor,
        Self::WorkspaceDestinationEditor,
        Self::WorkspaceRunner,
        Self::WorkspaceReader,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InstanceAdmin => "instance_admin",
            Self::OrganizationAdmin => "organization_admin",
            Self::OrganizationEditor => "organization_editor",
            Self::OrganizationRunner => "organization_runner",
            Self::OrganizationReader => "organization_reader",
            Self::OrganizationMember => "organization_member",
            Self::WorkspaceOwner => "workspace_owner",
            Self::WorkspaceAdmin => "workspace_admin",
            Self::WorkspaceEditor => "workspace_editor",
            Self::WorkspaceSourceEditor => "workspace_source_editor",
            Self::WorkspaceDestinationEditor => "workspace_destination_editor",
            Self::WorkspaceRunner => "workspace_runner",
            Self::WorkspaceReader => "workspace_reader",
        }
    }

    #[must_use]
    pub fn scope_kind(self) -> ScopeKind {
        match self.as_str().split_once('_') {
            Some(("instance", _)) => ScopeKind::Instance,
            Some(("organization", _)) => ScopeKind::Organization,
            _ => ScopeKind::Workspace,
        }
    }
}

impl std::str::FromStr for PermissionType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let same = |kind: &&Self| kind.as_str().eq_ignore_ascii_case(text);
        Self::ALL.iter().find(same).copied().ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("must be one of {}", known.join(", "))
        })
    }
}

impl TryFrom<String> for PermissionType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What a permission is granted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionScope {
    Instance,
    Organization(OrganizationId),
    Workspace(WorkspaceId),
}

impl PermissionScope {
    #[must_use]
    pub fn kind(self) -> ScopeKind {
        match self {
            Self::Instance => ScopeKind::Instance,
            Self::Organization(_) => ScopeKind::Organization,
            Self::Workspace(_) => ScopeKind::Workspace,
        }
    }

    #[must_use]
    pub fn organization(self) -> Option<OrganizationId> {
        if let Self::Organization(id) = self {
            Some(id)
        } else {
            None
        }
    }

    #[must_use]
    pub fn workspace(self) -> Option<WorkspaceId> {
        if let Self::Workspace(id) = self {
            Some(id)
        } else {
            None
        }
    }
}

/// One grant.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Permission {
    pub id: PermissionId,
    pub user_id: UserId,
    pub permission_type: PermissionType,
    pub organization_id: Option<OrganizationId>,
    pub workspace_id: Option<WorkspaceId>,
}

impl Permission {
    #[must_use]
    pub fn new(
        id: PermissionId,
        user_id: UserId,
        permission_type: PermissionType,
        scope: PermissionScope,
    ) -> Self {
        Self {
            id,
            user_id,
            permission_type,
            organization_id: scope.organization(),
            workspace_id: scope.workspace(),
        }
    }

    #[must_use]
    pub fn scope(&self) -> PermissionScope {
        match (self.organization_id, self.workspace_id) {
            (Some(organization), _) => PermissionScope::Organization(organization),
            (None, Some(workspace)) => PermissionScope::Workspace(workspace),
            (None, None) => PermissionScope::Instance,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_in_any_case_and_knows_its_scope() {
        assert_eq!(
            "Workspace_READER".parse(),
            Ok(PermissionType::WorkspaceReader)
        );
        assert!("reader".parse::<PermissionType>().is_err());
        for kind in PermissionType::ALL {
            assert_eq!(serde_json::to_value(kind).ok(), Some(kind.as_str().into()));
        }
        assert_eq!(
            PermissionType::InstanceAdmin.scope_kind(),
            ScopeKind::Instance
        );
        assert_eq!(
            PermissionType::OrganizationMember.scope_kind(),
            ScopeKind::Organization
        );
        assert_eq!(
            PermissionType::WorkspaceSourceEditor.scope_kind(),
            ScopeKind::Workspace
        );
    }
}
