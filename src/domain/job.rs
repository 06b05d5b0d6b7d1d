//! Jobs and their attempts: what can be asked for, how it can stand, and whether a failed attempt is
//! followed by another.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::ids::{ConnectionId, WorkspaceId};
use crate::clock::Timestamp;

/// The number of a job. They only grow.
pub type JobId = i64;

/// A job as it stands.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Job {
    pub id: JobId,
    pub connection_id: ConnectionId,
    pub workspace_id: WorkspaceId,
    pub job_type: JobType,
    pub status: JobStatus,
    /// The streams of a clear or a refresh, as a JSON list of descriptors; absent for all.
    pub streams: Option<String>,
    /// Nobody takes it before.
    pub run_at: Timestamp,
    pub cancel_requested_at: Option<Timestamp>,
    /// How many there were so far; the running one counts.
    pub attempts: i32,
    #[sqlx(flatten)]
    pub failures: Failures,
    pub rows_committed: i64,
    pub bytes_committed: i64,
    /// A [`FailureReason`] as JSON: of the last failed attempt.
    pub failure: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A job as lists show it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ListedJob {
    pub id: JobId,
    pub connection_id: ConnectionId,
    pub job_type: JobType,
    pub status: JobStatus,
    pub rows_committed: i64,
    pub bytes_committed: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<Job> for ListedJob {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            connection_id: job.connection_id,
            job_type: job.job_type,
            status: job.status,
            rows_committed: job.rows_committed,
            bytes_committed: job.bytes_committed,
            created_at: job.created_at,
            updated_at: job.updated_at,
        }
    }
}

/// How an attempt stands. One that was given back, because its worker was shut down, is `cancelled`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum AttemptStatus {
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// What a stored state speaks for: one stream, all of them, or the connection as one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum StateKind {
    Stream,
    Global,
    Legacy,
}

/// One line of the log of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Milliseconds since 1970.
    pub at: i64,
    pub origin: Origin,
    /// `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`.
    pub level: String,
    pub message: String,
}

impl LogLine {
    /// As one line for people.
    #[must_use]
    pub fn text(&self) -> String {
        let at = chrono::DateTime::from_timestamp_millis(self.at).unwrap_or_default();
        let at = at.format("%Y-%m-%d %H:%M:%S");
        let (origin, level) = (self.origin.as_str(), &self.level);
        format!("{at} {origin} {level} {}", self.message)
    }
}

/// What a job does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
#[schema(as = JobTypeEnum)]
pub enum JobType {
    Sync,
    /// Empties the destination and forgets the state; the older name of `clear`.
    Reset,
    Clear,
    /// Reads again from the beginning; what was there goes when the new data is complete.
    Refresh,
}

impl std::str::FromStr for JobType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Sync, Self::Reset, Self::Clear, Self::Refresh]
            .into_iter()
            .find(|known| text.eq_ignore_ascii_case(known.as_str()))
            .ok_or("must be sync, reset, refresh or clear")
    }
}

impl JobType {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Reset => "reset",
            Self::Clear => "clear",
            Self::Refresh => "refresh",
        }
    }

    /// Whether it empties the destination without asking the source.
    #[must_use]
    pub fn empties(self) -> bool {
        matches!(self, Self::Reset | Self::Clear)
    }
}

/// How a job stands. `incomplete`: an attempt failed and another will follow.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum JobStatus {
    Pending,
    Running,
    Incomplete,
    Succeeded,
    Failed,
    Cancelled,
}

impl JobStatus {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Incomplete => "incomplete",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// Where a failure came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Source,
    Destination,
    Replication,
    Persistence,
    Platform,
}

impl Origin {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Replication => "replication",
            Self::Persistence => "persistence",
            Self::Platform => "platform",
        }
    }
}

/// What kind of failure it is; a configuration error is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureType {
    ConfigError,
    SystemError,
    TransientError,
    ManualCancellation,
    RefreshSchema,
    HeartbeatTimeout,
    DestinationTimeout,
}

/// Why an attempt failed. The message is for people; the story for the log. Neither holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureReason {
    pub origin: Origin,
    #[serde(rename = "type")]
    pub kind: FailureType,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_message: Option<String>,
    /// The stream that it happened to, when it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
}

impl FailureReason {
    pub fn new(origin: Origin, kind: FailureType, message: impl Into<String>) -> Self {
        Self {
            origin,
            kind,
            message: message.into(),
            internal_message: None,
            stream: None,
        }
    }
}

/// The failed attempts of a job so far. *Complete* ones committed nothing, *partial* ones something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Failures {
    #[sqlx(rename = "complete_failures")]
    pub complete: i32,
    #[sqlx(rename = "complete_failures_in_a_row")]
    pub complete_in_a_row: i32,
    #[sqlx(rename = "partial_failures")]
    pub partial: i32,
    #[sqlx(rename = "partial_failures_in_a_row")]
    pub partial_in_a_row: i32,
}

/// How often an attempt may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    pub complete: i32,
    pub complete_in_a_row: i32,
    pub partial: i32,
    pub partial_in_a_row: i32,
    /// The wait after the first complete failure; three times as long after each more.
    pub first_wait: TimeDelta,
    pub longest_wait: TimeDelta,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            complete: 10,
            complete_in_a_row: 5,
            partial: 20,
            partial_in_a_row: 1000,
            first_wait: TimeDelta::seconds(10),
            longest_wait: TimeDelta::minutes(30),
        }
    }
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, after this time.
    Attempt { after: TimeDelta },
    /// The job has failed.
    GiveUp,
}

impl Failures {
    /// Counts one more failed attempt and says what follows. `progress`: it committed something.
    #[must_use]
    pub fn then(mut self, progress: bool, kind: FailureType, patience: &Patience) -> (Self, Next) {
        if progress {
            self.partial += 1;
            self.partial_in_a_row += 1;
            self.complete_in_a_row = 0;
        } else {
            self.complete += 1;
            self.complete_in_a_row += 1;
            self.partial_in_a_row = 0;
        }
        let spent = self.complete >= patience.complete
            || self.complete_in_a_row >= patience.complete_in_a_row
            || self.partial >= patience.partial
            || self.partial_in_a_row >= patience.partial_in_a_row;
        let next = match kind {
            FailureType::ConfigError | FailureType::ManualCancellation => Next::GiveUp,
            _ if spent => Next::GiveUp,
            _ if progress => Next::Attempt {
                after: TimeDelta::zero(),
            },
            _ => Next::Attempt {
                after: patience.wait(self.complete_in_a_row),
            },
        };
        (self, next)
    }
}

impl Patience {
    fn wait(&self, failures: i32) -> TimeDelta {
        let times = 3_i32.saturating_pow(u32::try_from(failures - 1).unwrap_or(0).min(15));
        self.first_wait
            .checked_mul(times)
            .map_or(self.longest_wait, |wait| wait.min(self.longest_wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(outcomes: &[bool]) -> Vec<Option<i64>> {
        let mut failures = Failures::default();
        let patience = Patience::default();
        let mut waits = Vec::new();
        for progress in outcomes {
            let (counted, next) = failures.then(*progress, FailureType::TransientError, &patience);
            failures = counted;
            waits.push(match next {
                Next::Attempt { after } => Some(after.num_seconds()),
                Next::GiveUp => None,
            });
        }
        waits
    }

    #[test]
    fn attempts_without_progress_wait_longer_each_time_and_end() {
        assert_eq!(
            waits(&[false; 5]),
            [Some(10), Some(30), Some(90), Some(270), None]
        );
    }

    #[test]
    fn progress_starts_the_waits_anew_and_has_its_own_end() {
        assert_eq!(
            waits(&[false, false, true, false]),
            [Some(10), Some(30), Some(0), Some(10)]
        );
        let many = waits(&[true; 20]);
        assert_eq!((many[18], many[19]), (Some(0), None));
        let mixed: Vec<bool> = (0..20).map(|n| n % 2 == 0).collect();
        assert_eq!(waits(&mixed)[19], None, "ten complete failures in all");
    }

    #[test]
    fn a_wrong_configuration_is_not_tried_again() {
        let (_, next) =
            Failures::default().then(true, FailureType::ConfigError, &Patience::default());
        assert_eq!(next, Next::GiveUp);
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        let patience = Patience::default();
        assert_eq!(patience.wait(20), patience.longest_wait);
    }
}
