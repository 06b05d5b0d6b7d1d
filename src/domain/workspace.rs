//! Workspaces: where an organization's sources, destinations and connections live.

use std::sync::Arc;

use super::ids::{OrganizationId, RegionId, WorkspaceId};
use super::text::Name;
use crate::clock::Timestamp;

/// A workspace, gone or not.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub organization_id: OrganizationId,
    pub name: String,
    /// The name of its region as it was given; answers show it in lower case.
    pub region: String,
    /// [`super::notifications::Notifications`] as JSON text.
    pub notifications: String,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A workspace as lists show it: every column costs, twenty times a page.
#[derive(Debug, Clone)]
pub struct ListedWorkspace {
    pub id: WorkspaceId,
    pub name: String,
    pub region: Arc<str>,
    pub notifications: String,
}

impl From<Workspace> for ListedWorkspace {
    fn from(whole: Workspace) -> Self {
        Self {
            id: whole.id,
            name: whole.name,
            region: whole.region.into(),
            notifications: whole.notifications,
        }
    }
}

/// A workspace to be stored.
#[derive(Debug)]
pub struct NewWorkspace {
    pub id: WorkspaceId,
    pub organization_id: OrganizationId,
    pub region_id: RegionId,
    pub name: Name,
    /// Whoever created it.
    pub email: String,
    pub notifications: String,
}

/// What to change of a workspace; what is absent stays.
#[derive(Debug, Default)]
pub struct WorkspaceChange {
    pub name: Option<Name>,
    pub notifications: Option<String>,
}
