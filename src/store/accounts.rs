//! People and service accounts as whoever runs an organization sees them, and moving workspaces between
//! organizations.

use super::db::{Exec, Writer, on};
use super::lists::{padded, with_list_after};
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::Administer;
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::organization::{Organization, Region};
use crate::domain::page::{Page, Slice};
use crate::domain::permission::PermissionType;
use crate::domain::user::Account;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

/// Columns of every statement that reads accounts.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.name, u.email, u.service, (u.password_hash IS NULL AND NOT u.service) AS invited, \
             u.disabled_at, u.deleted_at FROM users u ",
            $rest
        )
    };
}

/// Those of an organization: whoever holds something on it or in it, but for programs that embed it.
macro_rules! of_organization {
    ($rest:literal) => {
        concat!(
            select!(
                "WHERE u.deleted_at IS NULL AND EXISTS (SELECT 1 FROM permissions p \
                 LEFT JOIN workspaces w ON w.id = p.workspace_id AND w.deleted_at IS NULL \
                 WHERE p.user_id = u.id AND (p.organization_id = $1 OR w.organization_id = $1)) \
                 AND NOT EXISTS (SELECT 1 FROM embedded_accounts e WHERE e.account_id = u.id) "
            ),
            $rest
        )
    };
}

const FETCH: &str = select!("WHERE u.id = $1");
const FETCH_WITHIN: &str = of_organization!("AND u.id = $2");
const LIST: &str = of_organization!(
    "AND u.service = $2 AND (LOWER(u.name) LIKE $3 ESCAPE '!' OR u.email LIKE $3 ESCAPE '!' OR $3 IS NULL) \
     ORDER BY u.created_at, u.id LIMIT $4 OFFSET $5"
);
const ROLES: &str = "SELECT p.user_id, p.permission_type FROM permissions p \
                     WHERE p.organization_id = $1 AND p.user_id IN ";
const SET_DISABLED: &str = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND deleted_at IS NULL";
const SET_OWNER_DISABLED: &str =
    "UPDATE applications SET owner_disabled = $2 WHERE user_id = $1 AND deleted_at IS NULL";
const SET_SERVICE: &str = "UPDATE users SET service = TRUE WHERE id = $1";

const GRANTED_TO_GROUPS: &str = "SELECT COUNT(*) FROM group_permissions p JOIN user_groups g ON g.id = p.group_id \
    WHERE p.workspace_id = $1 AND g.deleted_at IS NULL";
/// The definitions in use in the workspace whose OAuth client is its organization's.
const CLIENTS_OF_ORGANIZATION: &str = "SELECT COUNT(*) FROM oauth_overrides o WHERE o.organization_id = $2 \
    AND EXISTS (SELECT 1 FROM actors a WHERE a.workspace_id = $1 AND a.definition_id = o.definition_id \
    AND a.deleted_at IS NULL) \
    AND NOT EXISTS (SELECT 1 FROM oauth_overrides w WHERE w.workspace_id = $1 AND w.definition_id = o.definition_id)";
const MOVE: &str = "UPDATE workspaces SET organization_id = $2, region_id = $3 WHERE id = $1";
const MOVE_ACTORS: &str = "UPDATE actors SET organization_id = $2 WHERE workspace_id = $1";
const MOVE_CONNECTIONS: &str =
    "UPDATE connections SET organization_id = $2 WHERE workspace_id = $1";
const COUNT_REMOVED: &str =
    "UPDATE counters SET value = value + 1 WHERE name = 'workspaces_removed'";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    FETCH_WITHIN,
    LIST,
    SET_DISABLED,
    SET_OWNER_DISABLED,
    SET_SERVICE,
    GRANTED_TO_GROUPS,
    CLIENTS_OF_ORGANIZATION,
    MOVE,
    MOVE_ACTORS,
    MOVE_CONNECTIONS,
    COUNT_REMOVED,
];

/// Which accounts of an organization.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Service accounts, or people.
    pub service: bool,
    /// A part of the name or of the e-mail.
    pub text: Option<&'a str>,
    pub page: Page,
}

pub async fn fetch(db: &mut dyn Exec, id: Lookup<UserId>) -> Result<Option<Account>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Somebody of an organization.
pub async fn fetch_within(
    db: &mut dyn Exec,
    organization: &Granted<Organization, Administer>,
    id: UserId,
) -> Result<Option<Account>> {
    on!(db, link => sqlx::query_as(FETCH_WITHIN).bind(organization.id).bind(id).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Those of an organization, in order of creation.
pub async fn list(
    db: &mut dyn Exec,
    organization: &Granted<Organization, Administer>,
    wanted: &Wanted<'_>,
) -> Result<Slice<Account>> {
    let page = wanted.page;
    let (limit, offset) = (i64::from(page.limit) + 1, i64::from(page.offset));
    let pattern = wanted.text.map(containing);
    let found = on!(db, link => {
        let query = sqlx::query_as(LIST).bind(organization.id).bind(wanted.service).bind(&pattern);
        query.bind(limit).bind(offset).fetch_all(link).await
    });
    Ok(Slice::of(page, found.map_err(Error::store)?))
}

/// The pattern of texts with this part, in any case.
fn containing(part: &str) -> String {
    let mut pattern = String::from("%");
    for letter in part.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern + "%"
}

/// What these people hold on the organization itself.
pub async fn roles(
    db: &mut dyn Exec,
    organization: &Granted<Organization, Administer>,
    users: &[UserId],
) -> Result<Vec<(UserId, PermissionType)>> {
    let Some(users) = padded(users) else {
        return Ok(Vec::new());
    };
    let statement = with_list_after(1, ROLES, users.len(), "");
    on!(db, link => {
        let query = sqlx::query_as(statement).bind(organization.id);
        users.iter().fold(query, |query, id| query.bind(*id)).fetch_all(link).await
    })
    .map_err(Error::store)
}

pub async fn set_disabled(
    db: &mut Writer,
    account: &Granted<Account, Administer>,
    since: Option<Timestamp>,
) -> Result<()> {
    let (id, disabled) = (account.id, since.is_some());
    on!(db, link => sqlx::query(SET_DISABLED).bind(id).bind(since).execute(link).await.map(drop))
        .map_err(Error::store)?;
    on!(db, link => {
        sqlx::query(SET_OWNER_DISABLED).bind(id).bind(disabled).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

/// Makes a service account of somebody just added.
pub async fn set_service(db: &mut Writer, id: UserId) -> Result<()> {
    on!(db, link => sqlx::query(SET_SERVICE).bind(id).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// How many things groups are granted on a workspace.
pub async fn granted_to_groups(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, Administer>,
) -> Result<i64> {
    on!(db, link => sqlx::query_scalar(GRANTED_TO_GROUPS).bind(workspace.id).fetch_one(link).await)
        .map_err(Error::store)
}

/// How many connectors in a workspace sign in with an OAuth client of its organization.
pub async fn clients_of_organization(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, Administer>,
) -> Result<i64> {
    on!(db, link => {
        let query = sqlx::query_scalar(CLIENTS_OF_ORGANIZATION).bind(workspace.id);
        query.bind(workspace.organization_id).fetch_one(link).await
    })
    .map_err(Error::store)
}

/// Puts a workspace with all that is in it into another organization.
pub async fn move_workspace(
    db: &mut Writer,
    workspace: &Granted<Workspace, Administer>,
    to: &Granted<Organization, Administer>,
    region: &Region,
) -> Result<()> {
    let (id, to): (_, OrganizationId) = (workspace.id, to.id);
    on!(db, link => sqlx::query(MOVE).bind(id).bind(to).bind(region.id).execute(link).await.map(drop))
        .map_err(Error::store)?;
    for statement in [MOVE_ACTORS, MOVE_CONNECTIONS] {
        on!(db, link => sqlx::query(statement).bind(id).bind(to).execute(link).await.map(drop))
            .map_err(Error::store)?;
    }
    // Lists of either organization are other ones now.
    on!(db, link => sqlx::query(COUNT_REMOVED).execute(link).await.map(drop)).map_err(Error::store)
}
