//! People. Whoever was removed is not found any more, and neither are their tokens and sessions.

use super::db::{Exec, Writer, on};
use super::lists::padded;
use crate::access::granted::{Granted, Own};
use crate::access::policy::Belong;
use crate::clock::Timestamp;
use crate::domain::ids::UserId;
use crate::domain::organization::Organization;
use crate::domain::text::EmailAddress;
use crate::domain::user::{NewUser, User};
use crate::error::{Error, Result};

const FETCH: &str = "SELECT id, name, email FROM users WHERE id = $1 AND deleted_at IS NULL";
const FETCH_ENABLED: &str = "SELECT id, name, email FROM users WHERE id = $1 AND deleted_at IS NULL AND disabled_at IS NULL";
const FETCH_BY_EMAIL: &str =
    "SELECT id, name, email FROM users WHERE email = $1 AND deleted_at IS NULL";
const WITH_PASSWORD: &str = "SELECT id, name, email, password_hash FROM users WHERE email = $1 AND deleted_at IS NULL \
     AND disabled_at IS NULL AND NOT service";
const PASSWORD_HASH: &str = "SELECT password_hash FROM users WHERE id = $1 AND deleted_at IS NULL";
const LIST: &str =
    "SELECT id, name, email FROM users WHERE deleted_at IS NULL ORDER BY created_at, id";
const LIST_OF_ORGANIZATION: &str = "SELECT u.id, u.name, u.email FROM users u WHERE u.deleted_at IS NULL \
    AND EXISTS (SELECT 1 FROM permissions p WHERE p.organization_id = $1 AND p.user_id = u.id) \
    ORDER BY u.created_at, u.id";
const INSERT: &str = "INSERT INTO users (id, name, email, password_hash, created_at) VALUES ($1, $2, $3, $4, $5) \
                      ON CONFLICT DO NOTHING";
const SET_PASSWORD: &str =
    "UPDATE users SET password_hash = $2 WHERE id = $1 AND deleted_at IS NULL";
const SET_EMAIL: &str = "UPDATE users SET email = $2 WHERE id = $1 AND deleted_at IS NULL";
const REMOVE: &str = "UPDATE users SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    FETCH_ENABLED,
    FETCH_BY_EMAIL,
    WITH_PASSWORD,
    PASSWORD_HASH,
    LIST,
    LIST_OF_ORGANIZATION,
    INSERT,
    SET_PASSWORD,
    SET_EMAIL,
    REMOVE,
];

/// Somebody and the PHC text of the password.
#[derive(Debug, sqlx::FromRow)]
pub struct WithPassword {
    #[sqlx(flatten)]
    pub user: User,
    pub password_hash: Option<String>,
}

/// Which people of an organization: those with one of the ids or one of the addresses.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub ids: &'a [UserId],
    pub emails: &'a [EmailAddress],
}

pub async fn fetch(db: &mut dyn Exec, id: UserId) -> Result<Option<User>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id).fetch_optional(link).await).map_err(Error::store)
}

/// The same, unless they are disabled.
pub async fn fetch_enabled(db: &mut dyn Exec, id: UserId) -> Result<Option<User>> {
    on!(db, link => sqlx::query_as(FETCH_ENABLED).bind(id).fetch_optional(link).await)
        .map_err(Error::store)
}

pub async fn fetch_by_email(db: &mut dyn Exec, email: &EmailAddress) -> Result<Option<User>> {
    on!(db, link => sqlx::query_as(FETCH_BY_EMAIL).bind(email).fetch_optional(link).await)
        .map_err(Error::store)
}

pub async fn with_password(
    db: &mut dyn Exec,
    email: &EmailAddress,
) -> Result<Option<WithPassword>> {
    on!(db, link => sqlx::query_as(WITH_PASSWORD).bind(email).fetch_optional(link).await)
        .map_err(Error::store)
}

pub async fn password_hash(db: &mut dyn Exec, user: Own) -> Result<Option<String>> {
    let found: Option<Option<String>> =
        on!(db, link => sqlx::query_scalar(PASSWORD_HASH).bind(user.user()).fetch_optional(link).await)
            .map_err(Error::store)?;
    Ok(found.flatten())
}

/// Everybody, for the command line.
pub async fn list(db: &mut dyn Exec) -> Result<Vec<User>> {
    on!(db, link => sqlx::query_as(LIST).fetch_all(link).await).map_err(Error::store)
}

/// Those who hold a grant on the organization itself, in order of creation.
pub async fn list_of_organization(
    db: &mut dyn Exec,
    organization: &Granted<Organization, Belong>,
    wanted: &Wanted<'_>,
) -> Result<Vec<User>> {
    if wanted.ids.is_empty() && wanted.emails.is_empty() {
        return on!(db, link => sqlx::query_as(LIST_OF_ORGANIZATION).bind(organization.id).fetch_all(link).await)
            .map_err(Error::store);
    }
    let ids = padded(wanted.ids).unwrap_or_default();
    let emails: Vec<_> = wanted.emails.iter().map(EmailAddress::as_str).collect();
    let emails = padded(&emails).unwrap_or_default();
    let statement = filtered(ids.len(), emails.len());
    on!(db, link => {
        let query = sqlx::query_as(statement).bind(organization.id);
        let query = ids.iter().fold(query, |query, id| query.bind(*id));
        emails.iter().fold(query, |query, email| query.bind(*email)).fetch_all(link).await
    })
    .map_err(Error::store)
}

/// The people of organization `$1` with one of so many ids or one of so many addresses.
fn filtered(ids: usize, emails: usize) -> sqlx::AssertSqlSafe<String> {
    let named = |from: usize, count: usize| {
        (from..from + count)
            .map(|number| format!("${number}"))
            .collect::<Vec<_>>()
    };
    let condition = match (ids, emails) {
        (0, _) => format!("u.email IN ({})", named(2, emails).join(", ")),
        (_, 0) => format!("u.id IN ({})", named(2, ids).join(", ")),
        _ => format!(
            "(u.id IN ({}) OR u.email IN ({}))",
            named(2, ids).join(", "),
            named(2 + ids, emails).join(", ")
        ),
    };
    // Safe: literals around generated placeholders; no value is part of the text.
    sqlx::AssertSqlSafe(format!(
        "SELECT u.id, u.name, u.email FROM users u WHERE u.deleted_at IS NULL \
         AND EXISTS (SELECT 1 FROM permissions p WHERE p.organization_id = $1 AND p.user_id = u.id) \
         AND {condition} ORDER BY u.created_at, u.id"
    ))
}

/// Adds somebody, unless the id or the address is taken.
pub async fn insert(db: &mut Writer, user: &NewUser, now: Timestamp) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(INSERT).bind(user.id).bind(&user.name).bind(&user.email);
        query.bind(&user.password_hash).bind(now).execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

pub async fn set_password(db: &mut Writer, user: UserId, hash: &str) -> Result<()> {
    on!(db, link => sqlx::query(SET_PASSWORD).bind(user).bind(hash).execute(link).await.map(drop))
        .map_err(Error::store)
}

pub async fn set_email(db: &mut Writer, user: UserId, email: &EmailAddress) -> Result<()> {
    on!(db, link => sqlx::query(SET_EMAIL).bind(user).bind(email).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Removes somebody: says whether they were there.
pub async fn remove(db: &mut Writer, user: UserId, now: Timestamp) -> Result<bool> {
    on!(db, link => {
        sqlx::query(REMOVE).bind(user).bind(now).execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}
