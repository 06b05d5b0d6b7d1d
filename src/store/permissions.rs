//! Permissions.

use super::db::{Exec, Writer, on};
use crate::access::granted::{Granted, Lookup, Own};
use crate::access::policy::Administer;
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, PermissionId, UserId};
use crate::domain::organization::Organization;
use crate::domain::permission::{Permission, PermissionType};
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

/// Columns of every statement that reads permissions.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT p.id, p.user_id, p.permission_type, p.organization_id, p.workspace_id FROM permissions p ", $rest)
    };
}

const FETCH: &str = select!("WHERE p.id = $1");
const LIST_OF_USER: &str = select!("WHERE p.user_id = $1 ORDER BY p.created_at, p.id");
const LIST_WITHIN: &str = select!(
    "LEFT JOIN workspaces w ON w.id = p.workspace_id WHERE p.user_id = $1 \
     AND (p.organization_id = $2 OR w.organization_id = $2) ORDER BY p.created_at, p.id"
);
const INSERT: &str = "INSERT INTO permissions (id, user_id, permission_type, organization_id, workspace_id, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const SET_TYPE: &str = "UPDATE permissions SET permission_type = $2 WHERE id = $1";
const REMOVE: &str = "DELETE FROM permissions WHERE id = $1";
const REMOVE_OF_USER: &str = "DELETE FROM permissions WHERE user_id = $1";
const COUNT_ON_ORGANIZATION: &str = "SELECT COUNT(DISTINCT p.user_id) FROM permissions p \
    JOIN users u ON u.id = p.user_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL \
    WHERE p.organization_id = $1 AND p.permission_type = 'organization_admin'";
const COUNT_INSTANCE_ADMINS: &str = "SELECT COUNT(DISTINCT p.user_id) FROM permissions p \
    JOIN users u ON u.id = p.user_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL \
    WHERE p.permission_type = 'instance_admin'";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    LIST_OF_USER,
    LIST_WITHIN,
    INSERT,
    SET_TYPE,
    REMOVE,
    REMOVE_OF_USER,
    COUNT_ON_ORGANIZATION,
    COUNT_INSTANCE_ADMINS,
];

pub async fn fetch(db: &mut dyn Exec, id: Lookup<PermissionId>) -> Result<Option<Permission>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Everything that the caller holds.
pub async fn list_own(db: &mut dyn Exec, owner: Own) -> Result<Vec<Permission>> {
    on!(db, link => sqlx::query_as(LIST_OF_USER).bind(owner.user()).fetch_all(link).await)
        .map_err(Error::store)
}

/// What somebody holds on an organization and on its workspaces.
pub async fn list_within(
    db: &mut dyn Exec,
    organization: &Granted<Organization, Administer>,
    user: UserId,
) -> Result<Vec<Permission>> {
    within(db, organization.id, user).await
}

/// What somebody holds around a workspace that the caller administers: on it, on its neighbours and on
/// their organization.
pub async fn list_around(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, Administer>,
    user: UserId,
) -> Result<Vec<Permission>> {
    within(db, workspace.organization_id, user).await
}

async fn within(
    db: &mut dyn Exec,
    organization: OrganizationId,
    user: UserId,
) -> Result<Vec<Permission>> {
    on!(db, link => sqlx::query_as(LIST_WITHIN).bind(user).bind(organization).fetch_all(link).await)
        .map_err(Error::store)
}

/// Grants a permission on an organization that the caller administers; says whether it is new.
pub async fn insert_on_organization(
    db: &mut Writer,
    _host: &Granted<Organization, Administer>,
    permission: &Permission,
    now: Timestamp,
) -> Result<bool> {
    insert_unasked(db, permission, now).await
}

/// Grants a permission on a workspace that the caller administers; says whether it is new.
pub async fn insert_on_workspace(
    db: &mut Writer,
    _host: &Granted<Workspace, Administer>,
    permission: &Permission,
    now: Timestamp,
) -> Result<bool> {
    insert_unasked(db, permission, now).await
}

/// Grants a permission when nobody asks: at the first start, and to the operator at the command line.
pub(super) async fn insert_unasked(
    db: &mut Writer,
    permission: &Permission,
    now: Timestamp,
) -> Result<bool> {
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(permission.id)
            .bind(permission.user_id)
            .bind(permission.permission_type)
            .bind(permission.organization_id)
            .bind(permission.workspace_id)
            .bind(now)
            .execute(link)
            .await
            .map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

pub async fn set_type(
    db: &mut Writer,
    permission: &Granted<Permission, Administer>,
    to: PermissionType,
) -> Result<()> {
    on!(db, link => sqlx::query(SET_TYPE).bind(permission.id).bind(to).execute(link).await.map(drop))
        .map_err(Error::store)
}

pub async fn remove(db: &mut Writer, permission: &Granted<Permission, Administer>) -> Result<()> {
    remove_superfluous(db, permission.id).await
}

/// Removes a permission that another one makes superfluous.
pub(crate) async fn remove_superfluous(db: &mut Writer, id: PermissionId) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(id).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Removes what a person who leaves held.
pub async fn remove_of_user(db: &mut Writer, user: UserId) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_OF_USER).bind(user).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// How many people administer an organization.
pub async fn count_admins(db: &mut dyn Exec, organization: OrganizationId) -> Result<i64> {
    on!(db, link => sqlx::query_scalar(COUNT_ON_ORGANIZATION).bind(organization).fetch_one(link).await)
        .map_err(Error::store)
}

/// How many people administer the instance.
pub async fn count_instance_admins(db: &mut dyn Exec) -> Result<i64> {
    on!(db, link => sqlx::query_scalar(COUNT_INSTANCE_ADMINS).fetch_one(link).await)
        .map_err(Error::store)
}
