//! The audit log. Rows are added and read; there is no statement that changes or removes one.

use super::db::{Exec, Writer, on};
use crate::access::granted::Granted;
use crate::access::policy::Administer;
use crate::clock::Timestamp;
use crate::domain::audit::Entry;
use crate::domain::ids::UserId;
use crate::domain::organization::Organization;
use crate::domain::page::{Page, Slice};
use crate::error::{Error, Result};

const INSERT: &str = "INSERT INTO audit_log (id, at, user_id, application_id, operation, subject_kind, subject_id, \
    organization_id, address, request_id, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// What regards an organization, and what its people did with their own accounts.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.at, a.user_id, a.application_id, a.operation, a.subject_kind, a.subject_id, \
             a.organization_id, a.address, a.request_id, a.outcome, u.email AS user_email \
             FROM audit_log a LEFT JOIN users u ON u.id = a.user_id \
             WHERE (a.organization_id = $1 OR (a.organization_id IS NULL AND EXISTS \
             (SELECT 1 FROM permissions p WHERE p.user_id = a.user_id AND p.organization_id = $1))) \
             AND (a.at >= $2 OR $2 IS NULL) AND (a.at < $3 OR $3 IS NULL) AND (a.user_id = $4 OR $4 IS NULL) \
             AND (a.subject_id = $5 OR $5 IS NULL) AND (a.subject_kind = $6 OR $6 IS NULL) \
             AND (a.operation = $7 OR $7 IS NULL) AND (u.email = $8 OR $8 IS NULL) ",
            $rest
        )
    };
}

const LIST: &str = select!("ORDER BY a.at DESC, a.id DESC LIMIT $9 OFFSET $10");
const BEFORE: &str = select!(
    "AND (a.at < $9 OR $9 IS NULL OR (a.at = $9 AND a.id < $10)) ORDER BY a.at DESC, a.id DESC LIMIT $11"
);

pub(super) const STATEMENTS: &[&str] = &[INSERT, LIST, BEFORE];

/// How many rows an export reads at once.
const BATCH: i64 = 500;

/// A row as it is read.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ListedEntry {
    #[sqlx(flatten)]
    pub entry: Entry,
    pub user_email: Option<String>,
}

/// Which rows of an organization.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub since: Option<Timestamp>,
    /// This moment is not included.
    pub until: Option<Timestamp>,
    pub user: Option<UserId>,
    pub subject_id: Option<String>,
    pub subject_kind: Option<String>,
    pub operation: Option<String>,
    /// Of the person who did it, as it is now.
    pub email: Option<String>,
}

pub(super) async fn insert(db: &mut Writer, entry: &Entry) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(INSERT).bind(entry.id).bind(entry.at).bind(entry.user_id);
        let query = query.bind(entry.application_id).bind(&entry.operation).bind(&entry.subject_kind);
        let query = query.bind(&entry.subject_id).bind(entry.organization_id).bind(&entry.address);
        query.bind(&entry.request_id).bind(&entry.outcome).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

/// One page, the newest first.
pub async fn list(
    db: &mut dyn Exec,
    organization: &Granted<Organization, Administer>,
    wanted: &Wanted,
    page: Page,
) -> Result<Slice<ListedEntry>> {
    let (limit, offset) = (i64::from(page.limit) + 1, i64::from(page.offset));
    let found = on!(db, link => {
        let query = sqlx::query_as(LIST).bind(organization.id).bind(wanted.since).bind(wanted.until);
        let query = query.bind(wanted.user).bind(&wanted.subject_id).bind(&wanted.subject_kind);
        query.bind(&wanted.operation).bind(&wanted.email).bind(limit).bind(offset).fetch_all(link).await
    });
    Ok(Slice::of(page, found.map_err(Error::store)?))
}

/// The next rows of an export, which goes from the newest to the oldest.
pub async fn before(
    db: &mut dyn Exec,
    organization: &Granted<Organization, Administer>,
    wanted: &Wanted,
    last: Option<&Entry>,
) -> Result<Vec<ListedEntry>> {
    let (at, id) = (last.map(|last| last.at), last.map(|last| last.id));
    on!(db, link => {
        let query = sqlx::query_as(BEFORE).bind(organization.id).bind(wanted.since).bind(wanted.until);
        let query = query.bind(wanted.user).bind(&wanted.subject_id).bind(&wanted.subject_kind);
        query.bind(&wanted.operation).bind(&wanted.email).bind(at).bind(id).bind(BATCH).fetch_all(link).await
    })
    .map_err(Error::store)
}
