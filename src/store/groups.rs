//! Groups, by name; their members and permissions, oldest first. What they mean for a member is read by
//! `standings`.

use super::db::{Exec, Writer, on};
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::Administer;
use crate::clock::Timestamp;
use crate::domain::group::{Group, GroupMember, GroupPermission, folded};
use crate::domain::ids::{GroupId, GroupMemberId, OrganizationId, PermissionId, UserId};
use crate::domain::organization::Organization;
use crate::domain::page::{Page, Slice};
use crate::domain::text::Name;
use crate::error::{Error, Result};

macro_rules! group {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.organization_id, g.name, g.description, g.deleted_at, \
             (SELECT COUNT(*) FROM group_members m WHERE m.group_id = g.id) AS member_count \
             FROM user_groups g ",
            $rest
        )
    };
}

macro_rules! member {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.group_id, m.user_id, u.email, u.name FROM group_members m \
             JOIN users u ON u.id = m.user_id ",
            $rest
        )
    };
}

macro_rules! permission {
    ($rest:literal) => {
        concat!(
            "SELECT id, group_id, permission_type, organization_id, workspace_id FROM group_permissions ",
            $rest
        )
    };
}

const FETCH: &str = group!("WHERE g.id = $1");
const LIST: &str = group!(
    "WHERE g.organization_id = $1 AND g.deleted_at IS NULL ORDER BY g.folded_name, g.id LIMIT $2 OFFSET $3"
);
const INSERT: &str = "INSERT INTO user_groups (id, organization_id, name, folded_name, description, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const NAMED: &str = "SELECT id FROM user_groups \
                     WHERE organization_id = $1 AND folded_name = $2 AND deleted_at IS NULL";
const UPDATE: &str = "UPDATE user_groups SET name = COALESCE($2, name), folded_name = COALESCE($3, folded_name), \
    description = CASE WHEN $4 THEN $5 ELSE description END WHERE id = $1 AND deleted_at IS NULL \
    RETURNING name, description";
/// Changes nothing, but makes whoever else changes this group wait.
const HOLD: &str = "UPDATE user_groups SET name = name WHERE id = $1 AND deleted_at IS NULL";
const REMOVE: &str = "UPDATE user_groups SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";
const EMPTY: &str = "DELETE FROM group_members WHERE group_id = $1";
const STRIP: &str = "DELETE FROM group_permissions WHERE group_id = $1";

const MEMBER: &str = member!("WHERE m.group_id = $1 AND m.id = $2");
const MEMBERS: &str =
    member!("WHERE m.group_id = $1 ORDER BY m.created_at, m.id LIMIT $2 OFFSET $3");
const BELONGS: &str =
    "SELECT COUNT(*) FROM permissions WHERE user_id = $1 AND organization_id = $2";
const ADD_MEMBER: &str = "INSERT INTO group_members (id, group_id, user_id, created_at) \
                          VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const REMOVE_MEMBER: &str = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2";
const REMOVE_FROM_ALL: &str = "DELETE FROM group_members WHERE user_id = $1";
const REMOVE_WITHIN: &str = "DELETE FROM group_members WHERE user_id = $1 \
    AND group_id IN (SELECT id FROM user_groups WHERE organization_id = $2)";

const PERMISSION: &str = permission!("WHERE group_id = $1 AND id = $2");
const PERMISSIONS: &str = permission!("WHERE group_id = $1 ORDER BY created_at, id");
const GRANT: &str = "INSERT INTO group_permissions \
    (id, group_id, permission_type, organization_id, workspace_id, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const REVOKE: &str = "DELETE FROM group_permissions WHERE group_id = $1 AND id = $2";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    LIST,
    INSERT,
    NAMED,
    UPDATE,
    HOLD,
    REMOVE,
    EMPTY,
    STRIP,
    MEMBER,
    MEMBERS,
    BELONGS,
    ADD_MEMBER,
    REMOVE_MEMBER,
    REMOVE_FROM_ALL,
    REMOVE_WITHIN,
    PERMISSION,
    PERMISSIONS,
    GRANT,
    REVOKE,
];

type Administered = Granted<Group, Administer>;

pub async fn fetch(db: &mut dyn Exec, id: Lookup<GroupId>) -> Result<Option<Group>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

pub async fn list(
    db: &mut dyn Exec,
    host: &Granted<Organization, Administer>,
    page: Page,
) -> Result<Slice<Group>> {
    let (limit, offset) = (i64::from(page.limit) + 1, i64::from(page.offset));
    let found = on!(db, link => {
        sqlx::query_as(LIST).bind(host.id).bind(limit).bind(offset).fetch_all(link).await
    });
    Ok(Slice::of(page, found.map_err(Error::store)?))
}

/// Adds a group to an organization, unless it has one of this name; says which.
pub async fn insert(
    db: &mut Writer,
    host: &Granted<Organization, Administer>,
    (id, name, description): (GroupId, &Name, Option<&str>),
    now: Timestamp,
) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(INSERT).bind(id).bind(host.id).bind(name).bind(folded(name));
        let query = query.bind(description).bind(now);
        query.execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

/// The group of this name in the organization of another.
pub async fn named(
    db: &mut dyn Exec,
    beside: &Administered,
    name: &Name,
) -> Result<Option<GroupId>> {
    on!(db, link => {
        let query = sqlx::query_scalar(NAMED).bind(beside.organization_id).bind(folded(name));
        query.fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Changes what is given, and answers name and description; `None` when the group has just gone.
pub async fn update(
    db: &mut Writer,
    group: &Administered,
    name: Option<&Name>,
    description: Option<Option<&str>>,
) -> Result<Option<(String, Option<String>)>> {
    on!(db, link => {
        let query = sqlx::query_as(UPDATE).bind(group.id).bind(name).bind(name.map(folded));
        let query = query.bind(description.is_some()).bind(description.flatten());
        query.fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Makes others that hold the same group wait until this transaction is over; says whether it is there.
pub async fn hold(db: &mut Writer, group: &Administered) -> Result<bool> {
    on!(db, link => {
        sqlx::query(HOLD).bind(group.id).execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

/// Removes a group with its members and permissions.
pub async fn remove(db: &mut Writer, group: &Administered, now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(group.id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)?;
    for statement in [EMPTY, STRIP] {
        on!(db, link => sqlx::query(statement).bind(group.id).execute(link).await.map(drop))
            .map_err(Error::store)?;
    }
    Ok(())
}

pub async fn member(
    db: &mut dyn Exec,
    group: &Administered,
    id: GroupMemberId,
) -> Result<Option<GroupMember>> {
    on!(db, link => sqlx::query_as(MEMBER).bind(group.id).bind(id).fetch_optional(link).await)
        .map_err(Error::store)
}

pub async fn members(
    db: &mut dyn Exec,
    group: &Administered,
    page: Page,
) -> Result<Slice<GroupMember>> {
    let (limit, offset) = (i64::from(page.limit) + 1, i64::from(page.offset));
    let found = on!(db, link => {
        sqlx::query_as(MEMBERS).bind(group.id).bind(limit).bind(offset).fetch_all(link).await
    });
    Ok(Slice::of(page, found.map_err(Error::store)?))
}

/// Whether somebody holds something on the group's organization themselves.
pub async fn belongs(db: &mut dyn Exec, group: &Administered, user: UserId) -> Result<bool> {
    let held: i64 = on!(db, link => {
        sqlx::query_scalar(BELONGS).bind(user).bind(group.organization_id).fetch_one(link).await
    })
    .map_err(Error::store)?;
    Ok(held > 0)
}

/// Adds somebody to a group that is held; says whether they are new to it.
pub async fn add_member(
    db: &mut Writer,
    group: &Administered,
    id: GroupMemberId,
    user: UserId,
    now: Timestamp,
) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(ADD_MEMBER).bind(id).bind(group.id).bind(user).bind(now);
        query.execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

pub async fn remove_member(db: &mut Writer, group: &Administered, user: UserId) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_MEMBER).bind(group.id).bind(user).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Removes somebody who leaves from every group.
pub async fn remove_from_all(db: &mut Writer, user: UserId) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_FROM_ALL).bind(user).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Removes somebody who leaves an organization from its groups.
pub async fn remove_within(
    db: &mut Writer,
    host: &Granted<Organization, Administer>,
    user: UserId,
) -> Result<()> {
    let organization: OrganizationId = host.id;
    on!(db, link => {
        sqlx::query(REMOVE_WITHIN).bind(user).bind(organization).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

pub async fn permission(
    db: &mut dyn Exec,
    group: &Administered,
    id: PermissionId,
) -> Result<Option<GroupPermission>> {
    on!(db, link => sqlx::query_as(PERMISSION).bind(group.id).bind(id).fetch_optional(link).await)
        .map_err(Error::store)
}

pub async fn permissions(db: &mut dyn Exec, group: &Administered) -> Result<Vec<GroupPermission>> {
    on!(db, link => sqlx::query_as(PERMISSIONS).bind(group.id).fetch_all(link).await)
        .map_err(Error::store)
}

/// Grants something to a group that is held; says whether it is new.
pub async fn grant(
    db: &mut Writer,
    group: &Administered,
    new: &GroupPermission,
    now: Timestamp,
) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(GRANT).bind(new.id).bind(group.id).bind(new.permission_type);
        let query = query.bind(new.organization_id).bind(new.workspace_id).bind(now);
        query.execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

/// Takes something away from a group; says whether it was there.
pub async fn revoke(db: &mut Writer, group: &Administered, id: PermissionId) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(REVOKE).bind(group.id).bind(id);
        query.execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}
