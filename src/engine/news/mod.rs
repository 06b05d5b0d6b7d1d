//! What a workspace is told: which message is due, written as a delivery in the very transaction that makes
//! it true. Sending is somebody else's business (`ops::deliveries`).

mod message;
mod words;

pub use message::{Message, body};

use self::message::{Links, Totals};
use crate::clock::{Clock, Timestamp};
use crate::domain::disabling::{Limits, Streak};
use crate::domain::ids::ConnectionId;
use crate::domain::job::{FailureReason, Job, JobId, JobStatus, JobType};
use crate::domain::notifications::{News, Notifications};
use crate::error::{Error, Result};
use crate::store::attempts;
use crate::store::db::Exec;
use crate::store::deliveries::{self, NewDelivery, Status};
use crate::store::subjects::{self, Subject};

/// Something that a workspace may want to know.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A sync has succeeded or failed; the reason is that of the failure.
    Ended(&'a Job, Option<&'a FailureReason>),
    Disabled(&'a Streak),
    DisabledSoon(&'a Streak, &'a Limits),
    /// The connection has followed its source.
    Propagated(&'a [String]),
    /// It has not, or not in everything. `off`: why the connection was switched off.
    ActionRequired {
        changes: &'a [String],
        off: Option<&'a str>,
    },
}

impl Event<'_> {
    fn news(&self) -> Option<News> {
        Some(match self {
            Self::Ended(job, _) if job.job_type != JobType::Sync => return None,
            Self::Ended(job, _) => match job.status {
                JobStatus::Succeeded => News::Success,
                JobStatus::Failed => News::Failure,
                _ => return None,
            },
            Self::Disabled(_) => News::SyncDisabled,
            Self::DisabledSoon(..) => News::SyncDisabledWarning,
            Self::Propagated(_) => News::ConnectionUpdate,
            Self::ActionRequired { .. } => News::ConnectionUpdateActionRequired,
        })
    }
}

/// Who tells.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'a> {
    pub clock: &'a Clock,
    /// Where people reach this server, without a slash at the end.
    pub address: &'a str,
}

impl Teller<'_> {
    /// Writes the message about a connection, if its workspace wants it; says whether there is one to send
    /// once the transaction is committed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tell(
        self,
        db: &mut dyn Exec,
        connection: ConnectionId,
        event: Event<'_>,
    ) -> Result<bool> {
        let Some(news) = event.news() else {
            return Ok(false);
        };
        let Some(subject) = subjects::fetch(db, connection).await? else {
            return Ok(false);
        };
        let wishes: Notifications =
            serde_json::from_str(&subject.notifications).map_err(Error::internal)?;
        let Some(url) = wishes.channels(news).webhook() else {
            return Ok(false);
        };
        let now = self.clock.now();
        let message = self.message(db, &subject, event, now).await?;
        let new = NewDelivery {
            id: self.clock.new_id(),
            workspace: subject.workspace_id,
            news,
            url,
            body: &body(&message, url),
            status: Status::Waiting,
            attempts: 0,
            outcome: "",
        };
        deliveries::insert(db, &new, now).await?;
        Ok(true)
    }

    async fn message(
        self,
        db: &mut dyn Exec,
        subject: &Subject,
        event: Event<'_>,
        now: Timestamp,
    ) -> Result<Message> {
        let links = Links::new(self.address, subject);
        Ok(match event {
            Event::Ended(job, reason) => {
                let totals = totals(db, job.id).await?;
                links.ended(job, reason, &totals, now)
            }
            Event::Disabled(streak) => links.disabled(streak, now),
            Event::DisabledSoon(streak, limits) => links.disabled_soon(streak, limits, now),
            Event::Propagated(changes) => links.propagated(changes),
            Event::ActionRequired { changes, off } => links.action_required(changes, off),
        })
    }
}

async fn totals(db: &mut dyn Exec, job: JobId) -> Result<Totals> {
    let mut totals = Totals::default();
    for one in attempts::statistics(db, job).await? {
        totals.rows_emitted += one.rows_emitted;
        totals.bytes_emitted += one.bytes_emitted;
    }
    Ok(totals)
}
