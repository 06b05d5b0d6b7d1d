//! Webhooks on their way, and what became of them. A message is written in the transaction of what it
//! tells about, so it is told if and only if that has happened. Whoever takes one has it until `next_at`;
//! what comes of it is written by the number of the attempt, so that a sender who was too slow writes
//! nothing.

use uuid::Uuid;

use super::db::{Exec, Writer, on};
use crate::access::granted::Granted;
use crate::access::policy::Level;
use crate::clock::Timestamp;
use crate::domain::ids::WorkspaceId;
use crate::domain::notifications::News;
use crate::domain::page::{Page, Slice};
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

const INSERT: &str = "INSERT INTO deliveries (id, workspace_id, event, url, body, status, attempts, next_at, outcome, \
     created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $9, $8, $9, $9)";
/// A first attempt goes before further ones: a receiver that is down holds up nobody.
const CLAIM: &str = "UPDATE deliveries SET attempts = attempts + 1, next_at = $2 \
     WHERE status = 'waiting' AND next_at <= $1 AND id = (SELECT id FROM deliveries \
     WHERE status = 'waiting' AND next_at <= $1 ORDER BY attempts, next_at, id LIMIT 1) \
     RETURNING id, workspace_id, event, url, body, attempts, created_at";
const DUE: &str = "SELECT id FROM deliveries WHERE status = 'waiting' AND next_at <= $1 LIMIT 1";
const NEXT: &str = "SELECT MIN(next_at) FROM deliveries WHERE status = 'waiting'";
const SETTLE: &str = "UPDATE deliveries SET status = $3, next_at = $4, outcome = $5, updated_at = $6 \
     WHERE id = $1 AND attempts = $2 AND status = 'waiting'";
const LIST: &str = "SELECT id, event, url, status, attempts, next_at, outcome, created_at, updated_at \
     FROM deliveries WHERE workspace_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";
const GIVE_UP: &str = "UPDATE deliveries SET status = 'failed', outcome = 'the workspace was deleted', \
     updated_at = $2 WHERE workspace_id = $1 AND status = 'waiting'";
const FORGET: &str = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries \
     WHERE status <> 'waiting' AND created_at < $1 LIMIT $2)";

pub(super) const STATEMENTS: &[&str] = &[INSERT, CLAIM, DUE, NEXT, SETTLE, LIST, GIVE_UP, FORGET];

/// How a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
#[schema(as = DeliveryStatus)]
pub enum Status {
    /// To be sent, or to be sent again.
    Waiting,
    Delivered,
    Failed,
}

/// A message to be.
#[derive(Debug)]
pub struct NewDelivery<'a> {
    pub id: Uuid,
    pub workspace: WorkspaceId,
    pub news: News,
    pub url: &'a str,
    pub body: &'a str,
    pub status: Status,
    pub attempts: i32,
    pub outcome: &'a str,
}

/// A message that somebody has taken to send.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Delivery {
    pub id: Uuid,
    pub workspace_id: WorkspaceId,
    pub event: News,
    /// May hold credentials.
    pub url: String,
    pub body: String,
    /// This one counts.
    pub attempts: i32,
    pub created_at: Timestamp,
}

/// A message as lists show it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ListedDelivery {
    pub id: Uuid,
    pub event: News,
    pub url: String,
    pub status: Status,
    pub attempts: i32,
    pub next_at: Timestamp,
    pub outcome: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Adds a message. One that waits is sent soon.
pub async fn insert(db: &mut dyn Exec, new: &NewDelivery<'_>, now: Timestamp) -> Result<()> {
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.workspace)
            .bind(new.news)
            .bind(new.url)
            .bind(new.body)
            .bind(new.status)
            .bind(new.attempts)
            .bind(new.outcome)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// What came of reaching for a message.
#[derive(Debug)]
pub enum Claimed {
    Delivery(Box<Delivery>),
    /// Somebody else took it at the same moment; there may be more.
    TooLate,
    Nothing,
}

/// Takes the message that has waited longest, until this moment.
pub async fn claim(db: &mut Writer, now: Timestamp, until: Timestamp) -> Result<Claimed> {
    let found: Option<Delivery> = on!(db, link => {
        sqlx::query_as(CLAIM).bind(now).bind(until).fetch_optional(link).await
    })
    .map_err(Error::store)?;
    if let Some(found) = found {
        return Ok(Claimed::Delivery(Box::new(found)));
    }
    let due: Option<Uuid> =
        on!(db, link => sqlx::query_scalar(DUE).bind(now).fetch_optional(link).await)
            .map_err(Error::store)?;
    Ok(due.map_or(Claimed::Nothing, |_| Claimed::TooLate))
}

/// When the next message is to be sent, if one waits.
pub async fn next(db: &mut dyn Exec) -> Result<Option<Timestamp>> {
    on!(db, link => sqlx::query_scalar(NEXT).fetch_one(link).await).map_err(Error::store)
}

/// How an attempt went.
#[derive(Debug)]
pub struct Settled<'a> {
    pub status: Status,
    /// When there is another attempt, if it waits.
    pub next_at: Timestamp,
    /// For people.
    pub outcome: &'a str,
}

/// Writes how the attempt went, unless it took so long that somebody else has made another.
pub async fn settle(
    db: &mut Writer,
    of: &Delivery,
    settled: &Settled<'_>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(SETTLE)
            .bind(of.id)
            .bind(of.attempts)
            .bind(settled.status)
            .bind(settled.next_at)
            .bind(settled.outcome)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// The messages of a workspace, the newest first.
pub async fn list<L: Level>(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, L>,
    page: Page,
) -> Result<Slice<ListedDelivery>> {
    let limit = i64::from(page.limit) + 1;
    let rows = on!(db, link => {
        let query = sqlx::query_as(LIST).bind(workspace.id).bind(limit);
        query.bind(i64::from(page.offset)).fetch_all(link).await
    })
    .map_err(Error::store)?;
    Ok(Slice::of(page, rows))
}

/// Sends nothing more for a workspace that goes.
pub async fn give_up<L: Level>(
    db: &mut Writer,
    workspace: &Granted<Workspace, L>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => sqlx::query(GIVE_UP).bind(workspace.id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Forgets some messages that are over and older than this; says how many.
pub async fn forget(db: &mut Writer, before: Timestamp, most: i64) -> Result<u64> {
    on!(db, link => {
        let query = sqlx::query(FORGET).bind(before).bind(most);
        query.execute(link).await.map(|done| done.rows_affected())
    })
    .map_err(Error::store)
}
