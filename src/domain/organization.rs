//! Organizations, their regions, and the data planes in those.

use super::ids::{DataplaneId, OrganizationId, RegionId, UserId};
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

/// A region as those see it who manage it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ManagedRegion {
    #[sqlx(flatten)]
    pub region: Region,
    /// Whether it takes new workspaces.
    pub enabled: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// Something that may work in a region, with credentials of its own. Workers of ours need none: they
/// share the database.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Dataplane {
    pub id: DataplaneId,
    pub region_id: RegionId,
    /// Whose application its credentials are.
    pub account_id: UserId,
    pub name: String,
    pub enabled: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}
