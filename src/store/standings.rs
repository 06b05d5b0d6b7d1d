//! What a person holds, with what is needed to judge and to list by it: directly, and by the groups of
//! organizations on which they hold something directly.

use super::db::{Exec, on};
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, UserId, WorkspaceId};
use crate::domain::permission::PermissionType;
use crate::error::{Error, Result};

const GRANTS: &str = "SELECT p.permission_type, p.organization_id, p.workspace_id, \
    w.organization_id AS workspace_organization_id, w.created_at AS workspace_created_at, \
    w.deleted_at AS workspace_deleted_at \
    FROM permissions p LEFT JOIN workspaces w ON w.id = p.workspace_id WHERE p.user_id = $1 \
    UNION ALL \
    SELECT p.permission_type, p.organization_id, p.workspace_id, w.organization_id, w.created_at, w.deleted_at \
    FROM group_members m JOIN user_groups g ON g.id = m.group_id \
    JOIN group_permissions p ON p.group_id = g.id LEFT JOIN workspaces w ON w.id = p.workspace_id \
    WHERE m.user_id = $1 AND g.deleted_at IS NULL AND EXISTS \
    (SELECT 1 FROM permissions d WHERE d.user_id = $1 AND d.organization_id = g.organization_id)";

pub(super) const STATEMENTS: &[&str] = &[GRANTS];

/// One permission of somebody or of a group of theirs, and what is known of its workspace.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct GrantRow {
    pub permission_type: PermissionType,
    pub organization_id: Option<OrganizationId>,
    pub workspace_id: Option<WorkspaceId>,
    pub workspace_organization_id: Option<OrganizationId>,
    pub workspace_created_at: Option<Timestamp>,
    pub workspace_deleted_at: Option<Timestamp>,
}

pub async fn grants(db: &mut dyn Exec, user: UserId) -> Result<Vec<GrantRow>> {
    on!(db, link => sqlx::query_as(GRANTS).bind(user).fetch_all(link).await).map_err(Error::store)
}
