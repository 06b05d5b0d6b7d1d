//! The logs of attempts, in pieces of many lines. A line is a `LogLine` as JSON.

use super::db::{Exec, on};
use super::leases::Fenced;
use crate::clock::Timestamp;
use crate::domain::job::JobId;
use crate::error::{Error, Result};

/// Written again when it is not known whether it was: then it may have grown.
const PUT: &str = "INSERT INTO log_pieces (job_id, attempt, piece, first_line, lines, bytes, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (job_id, attempt, piece) DO UPDATE \
                   SET lines = excluded.lines, bytes = excluded.bytes";
/// From the piece that holds a line on.
const FROM: &str = "SELECT piece, first_line, lines FROM log_pieces WHERE job_id = $1 AND attempt = $2 \
                    AND piece >= COALESCE((SELECT MAX(piece) FROM log_pieces WHERE job_id = $1 AND attempt = $2 \
                    AND first_line <= $3), 0) ORDER BY piece LIMIT $4";
const LAST: &str = "SELECT piece, first_line, lines FROM log_pieces WHERE job_id = $1 AND attempt = $2 \
                    ORDER BY piece DESC LIMIT $3";

pub(super) const STATEMENTS: &[&str] = &[PUT, FROM, LAST];

/// Some lines of a log, with line feeds between.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Piece {
    pub piece: i32,
    /// The number of its first line, counted from 0.
    pub first_line: i64,
    pub lines: String,
}

pub async fn put(db: &mut Fenced, piece: &Piece, now: Timestamp) -> Result<()> {
    let (job, attempt) = (db.lease().job(), db.lease().attempt());
    on!(db, link => {
        sqlx::query(PUT)
            .bind(job)
            .bind(attempt)
            .bind(piece.piece)
            .bind(piece.first_line)
            .bind(&piece.lines)
            .bind(i64::try_from(piece.lines.len()).unwrap_or(i64::MAX))
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// At most so many pieces of an attempt's log, the first of which holds this line if there is one.
pub async fn from(
    db: &mut dyn Exec,
    job: JobId,
    attempt: i32,
    line: i64,
    most: i64,
) -> Result<Vec<Piece>> {
    on!(db, link => {
        let query = sqlx::query_as(FROM).bind(job).bind(attempt).bind(line).bind(most);
        query.fetch_all(link).await
    })
    .map_err(Error::store)
}

/// The last pieces of an attempt's log, the last one first.
pub async fn last(db: &mut dyn Exec, job: JobId, attempt: i32, most: i64) -> Result<Vec<Piece>> {
    on!(db, link => sqlx::query_as(LAST).bind(job).bind(attempt).bind(most).fetch_all(link).await)
        .map_err(Error::store)
}
