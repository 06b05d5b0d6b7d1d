//! Applications. They belong to a person: whoever reads or changes one proves to be that person.

use super::db::{Exec, Writer, on};
use crate::access::granted::{Granted, Own, Proven};
use crate::access::policy::Edit;
use crate::clock::Timestamp;
use crate::domain::application::{Application, ClientId, NewApplication};
use crate::domain::ids::{ApplicationId, UserId};
use crate::domain::secret::SecretHash;
use crate::error::{Error, Result};

/// Columns of every statement that reads applications.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.user_id, a.name, a.client_id, a.secret_generation, a.previous_secret_expires_at, \
             a.created_at, a.last_used_at ",
            $rest
        )
    };
}

const FETCH: &str =
    select!("FROM applications a WHERE a.id = $1 AND a.user_id = $2 AND a.deleted_at IS NULL");
const LIST: &str = select!(
    "FROM applications a WHERE a.user_id = $1 AND a.deleted_at IS NULL ORDER BY a.created_at, a.id"
);
const CREDENTIALS: &str = "SELECT id, user_id, client_id, secret_generation, secret_hash, \
                           previous_secret_hash, previous_secret_expires_at FROM applications \
                           WHERE client_id = $1 AND deleted_at IS NULL \
                           AND NOT owner_disabled";
const INSERT: &str = "INSERT INTO applications (id, user_id, name, client_id, secret_hash, secret_generation, \
                      created_at, owner_disabled) VALUES ($1, $2, $3, $4, $5, 1, $6, \
                      (SELECT disabled_at IS NOT NULL FROM users WHERE id = $2)) ON CONFLICT DO NOTHING";
const ROTATE: &str = "UPDATE applications SET previous_secret_hash = secret_hash, previous_secret_expires_at = $3, \
                      secret_hash = $2, secret_generation = secret_generation + 1 \
                      WHERE id = $1 AND secret_generation = $4 AND deleted_at IS NULL";
const SET_CLIENT_ID: &str =
    "UPDATE applications SET client_id = $2 WHERE id = $1 AND deleted_at IS NULL";
const TOUCH: &str = "UPDATE applications SET last_used_at = $2 \
                     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
const REMOVE: &str = "UPDATE applications SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";
const REMOVE_OF_USER: &str =
    "UPDATE applications SET deleted_at = $2 WHERE user_id = $1 AND deleted_at IS NULL";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    LIST,
    CREDENTIALS,
    INSERT,
    ROTATE,
    SET_CLIENT_ID,
    TOUCH,
    REMOVE,
    REMOVE_OF_USER,
];

/// What there is to compare a client secret with, and what a token says.
#[derive(Debug, sqlx::FromRow)]
pub struct Credentials {
    pub id: ApplicationId,
    pub user_id: UserId,
    pub client_id: String,
    pub secret_generation: i64,
    pub secret_hash: SecretHash,
    pub previous_secret_hash: Option<SecretHash>,
    pub previous_secret_expires_at: Option<Timestamp>,
}

pub async fn fetch(
    db: &mut dyn Exec,
    owner: Own,
    id: ApplicationId,
) -> Result<Option<Application>> {
    fetch_of(db, owner.user(), id).await
}

/// The application that a verified token names.
pub async fn of_token(db: &mut dyn Exec, proven: &Proven) -> Result<Option<Application>> {
    fetch_of(db, proven.user(), proven.application()).await
}

async fn fetch_of(
    db: &mut dyn Exec,
    user: UserId,
    id: ApplicationId,
) -> Result<Option<Application>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id).bind(user).fetch_optional(link).await)
        .map_err(Error::store)
}

/// All applications of a person, oldest first.
pub async fn list(db: &mut dyn Exec, owner: Own) -> Result<Vec<Application>> {
    on!(db, link => sqlx::query_as(LIST).bind(owner.user()).fetch_all(link).await)
        .map_err(Error::store)
}

/// The application with this client id, to compare a secret with; none while its owner is disabled. Whoever
/// leaves takes theirs along ([`remove_of_user`]).
pub async fn credentials(db: &mut dyn Exec, client_id: &ClientId) -> Result<Option<Credentials>> {
    on!(db, link => sqlx::query_as(CREDENTIALS).bind(client_id).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Adds an application, unless its id or client id is taken.
pub async fn insert(db: &mut Writer, application: &NewApplication, now: Timestamp) -> Result<bool> {
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(application.id)
            .bind(application.user_id)
            .bind(&application.name)
            .bind(&application.client_id)
            .bind(&application.secret_hash)
            .bind(now)
            .execute(link)
            .await
            .map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

/// Puts a new secret in place of the old one, which stays good until `previous_until`, if at all. Says
/// whether the application still had the generation that was granted.
pub async fn rotate(
    db: &mut Writer,
    application: &Granted<Application, Edit>,
    secret: &SecretHash,
    previous_until: Option<Timestamp>,
) -> Result<bool> {
    on!(db, link => {
        let query = sqlx::query(ROTATE).bind(application.id).bind(secret).bind(previous_until);
        let query = query.bind(application.secret_generation);
        query.execute(link).await.map(|done| done.rows_affected() == 1)
    })
    .map_err(Error::store)
}

pub async fn set_client_id(
    db: &mut Writer,
    application: &Granted<Application, Edit>,
    client_id: &ClientId,
) -> Result<()> {
    on!(db, link => sqlx::query(SET_CLIENT_ID).bind(application.id).bind(client_id).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Notes that an application was used.
pub async fn touch(db: &mut Writer, id: ApplicationId, now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(TOUCH).bind(id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

pub async fn remove(
    db: &mut Writer,
    application: &Granted<Application, Edit>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(application.id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Removes what a person who leaves had.
pub async fn remove_of_user(db: &mut Writer, user: UserId, now: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE_OF_USER).bind(user).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}
