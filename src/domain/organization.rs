//! Organizations and their regions.

use super::ids::{OrganizationId, RegionId};
use crate::clock::Timestamp;

/// A group of people with workspaces of their own.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    /// Where to reach it; empty until somebody says.
    pub email: String,
    pub deleted_at: Option<Timestamp>,
}

/// Where an organization's data is worked on. Workspaces name theirs as `dataResidency`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Region {
    pub id: RegionId,
    pub organization_id: OrganizationId,
    pub name: String,
}
