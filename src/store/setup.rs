//! What the operator does without asking anybody: the first start, and grants at the command line.
//! These are the only writes without a proof; `ops::setup` and `ops::people` alone call them.

use super::db::{Exec, Writer, on};
use super::{organizations, permissions, users, workspaces};
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, UserId, WorkspaceId};
use crate::domain::organization::Region;
use crate::domain::permission::Permission;
use crate::domain::user::NewUser;
use crate::domain::workspace::NewWorkspace;
use crate::error::{Error, Result};

const KNOWS_ADMIN: &str = "SELECT COUNT(*) FROM users WHERE id = $1";
const HOST: &str = "SELECT organization_id FROM workspaces WHERE id = $1 AND deleted_at IS NULL";

pub(super) const STATEMENTS: &[&str] = &[KNOWS_ADMIN, HOST];

/// Whether the first start has happened.
pub async fn done(db: &mut dyn Exec) -> Result<bool> {
    let known: i64 =
        on!(db, link => sqlx::query_scalar(KNOWS_ADMIN).bind(UserId::DEFAULT).fetch_one(link).await)
            .map_err(Error::store)?;
    Ok(known > 0)
}

/// What the first start creates, in one transaction.
#[derive(Debug)]
pub struct Beginnings<'a> {
    pub organization_name: &'a str,
    pub region: Region,
    pub workspace: NewWorkspace,
    pub admin: NewUser,
    pub permissions: [Permission; 2],
}

/// Creates them, unless another server did at the same moment; says whether it was this one.
pub async fn begin(db: &mut Writer, all: &Beginnings<'_>, now: Timestamp) -> Result<bool> {
    let id = OrganizationId::DEFAULT;
    let email = all.admin.email.as_str();
    if !organizations::insert_unasked(db, id, all.organization_name, email, now).await? {
        return Ok(false);
    }
    organizations::insert_region(db, &all.region, now).await?;
    workspaces::insert_unasked(db, &all.workspace, now).await?;
    users::insert(db, &all.admin, now).await?;
    for permission in &all.permissions {
        permissions::insert_unasked(db, permission, now).await?;
    }
    Ok(true)
}

/// Adds an organization with its region.
pub async fn add_organization(
    db: &mut Writer,
    id: OrganizationId,
    (name, email): (&str, &str),
    region: &Region,
    now: Timestamp,
) -> Result<()> {
    organizations::insert_unasked(db, id, name, email, now).await?;
    organizations::insert_region(db, region, now).await
}

/// Grants as the operator; says whether the grant is new.
pub async fn grant(db: &mut Writer, permission: &Permission, now: Timestamp) -> Result<bool> {
    permissions::insert_unasked(db, permission, now).await
}

/// The organization of a live workspace.
pub async fn host(db: &mut dyn Exec, workspace: WorkspaceId) -> Result<Option<OrganizationId>> {
    on!(db, link => sqlx::query_scalar(HOST).bind(workspace).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Changes the default organization's contact.
pub async fn set_contact(db: &mut Writer, email: &str) -> Result<()> {
    organizations::set_email(db, OrganizationId::DEFAULT, email).await
}
