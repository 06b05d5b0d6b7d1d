//! The right to work on a job. A worker gets it by claiming the job, keeps it by renewing it, and loses
//! it when it runs out and somebody else seizes it. What a worker writes goes through [`Fenced`], a
//! transaction that holds the job's row under the lease: a worker that has lost its lease has no way
//! to write anything.

use uuid::Uuid;

use super::db::{Db, Exec, Link, Writer, on};
use crate::clock::Timestamp;
use crate::domain::ids::ConnectionId;
use crate::domain::job::JobId;
use crate::error::{Error, Result};

/// Renews, and keeps the row until the transaction is over.
const HOLD: &str = "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND lease_token = $2 AND status = 'running' \
                    RETURNING cancel_requested_at";

/// Changes nothing, but makes whoever else changes this row wait.
const HOLD_CONNECTION: &str = "UPDATE connections SET updated_at = updated_at WHERE id = $1";

pub(super) const STATEMENTS: &[&str] = &[HOLD, HOLD_CONNECTION];

/// The right to work on one attempt of a job. Only `jobs::claim` and `jobs::seize` make one.
#[derive(Debug, Clone)]
pub struct Lease {
    pub(super) token: Uuid,
    pub(super) job: JobId,
    pub(super) connection: ConnectionId,
    pub(super) attempt: i32,
}

impl Lease {
    #[must_use]
    pub fn job(&self) -> JobId {
        self.job
    }

    #[must_use]
    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// Counted from 0.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.attempt
    }

    /// A transaction under this lease, which is renewed; `None` when it is lost.
    ///
    /// # Errors
    /// When the database does not answer; whether the lease still holds is not known then.
    pub async fn fence(&self, db: &Db, until: Timestamp) -> Result<Option<Fenced>> {
        self.hold(db.write().await?, until).await
    }

    /// The same for a transaction that may also change the connection. Everybody takes the connection
    /// before its job, so that nobody waits for anybody who waits for them.
    ///
    /// # Errors
    /// As [`Lease::fence`].
    pub async fn fence_with_connection(&self, db: &Db, until: Timestamp) -> Result<Option<Fenced>> {
        let mut writer = db.write().await?;
        let id = self.connection;
        on!(&mut writer, link => sqlx::query(HOLD_CONNECTION).bind(id).execute(link).await.map(drop))
            .map_err(Error::store)?;
        self.hold(writer, until).await
    }

    async fn hold(&self, mut writer: Writer, until: Timestamp) -> Result<Option<Fenced>> {
        let held: Option<Option<Timestamp>> = on!(&mut writer, link => {
            let query = sqlx::query_scalar(HOLD).bind(self.job).bind(self.token).bind(until);
            query.fetch_optional(link).await
        })
        .map_err(Error::store)?;
        Ok(held.map(|cancelled| Fenced {
            cancel_requested: cancelled.is_some(),
            ..Fenced::new(writer, self.clone())
        }))
    }
}

/// A transaction that holds a job under its lease. Dropped without [`Fenced::commit`], it leaves
/// nothing behind, not even the renewal.
#[derive(Debug)]
pub struct Fenced {
    writer: Writer,
    lease: Lease,
    /// Somebody wants the job to end.
    pub cancel_requested: bool,
}

impl Fenced {
    /// For a transaction in which the job has just been taken.
    pub(super) fn new(writer: Writer, lease: Lease) -> Self {
        Self {
            writer,
            lease,
            cancel_requested: false,
        }
    }

    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The transaction itself, for what belongs to the job in a wider sense.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Makes everything written so far last.
    ///
    /// # Errors
    /// When the database refuses; nothing has changed then.
    pub async fn commit(self) -> Result<()> {
        self.writer.commit().await
    }
}

impl Exec for Fenced {
    fn link(&mut self) -> Link<'_> {
        self.writer.link()
    }
}
