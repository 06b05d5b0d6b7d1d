//! Jobs as requests and answers write them.

use std::str::FromStr;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::{self, WriteJson, time, write_id, write_text};
use crate::domain::ids::ConnectionId;
use crate::domain::job::{Job, JobId, JobStatus, JobType, ListedJob};
use crate::domain::stream::StreamName;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobCreateRequest {
    pub(super) connection_id: ConnectionId,
    pub(super) job_type: JobType,
}

/// Which streams a clear or a refresh is limited to; all when absent or empty.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StreamsRequest {
    pub(super) streams: Option<Vec<StreamName>>,
}

/// A job. This type describes the answer; [`WriteJson`] writes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobResponse {
    job_id: JobId,
    status: JobStatusEnum,
    job_type: JobType,
    /// When it was asked for.
    start_time: String,
    connection_id: ConnectionId,
    /// When it ended.
    last_updated_at: Option<String>,
    /// Such as `PT1M5S`: until it ended, or until it last changed.
    duration: Option<String>,
    /// Committed by the destination, of all attempts.
    bytes_synced: Option<i64>,
    rows_synced: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct JobsResponse {
    /// Empty on the first page.
    previous: Option<String>,
    /// Empty on the last page.
    next: Option<String>,
    data: Vec<JobResponse>,
}

/// How a job stands. `queued` is never answered: older clients do not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStatusEnum {
    Pending,
    Queued,
    Running,
    /// An attempt failed, and another will follow.
    Incomplete,
    Failed,
    Succeeded,
    Cancelled,
}

impl JobStatusEnum {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Pending, "pending"),
        (Self::Queued, "queued"),
        (Self::Running, "running"),
        (Self::Incomplete, "incomplete"),
        (Self::Failed, "failed"),
        (Self::Succeeded, "succeeded"),
        (Self::Cancelled, "cancelled"),
    ];

    pub(super) fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("", |(_, name)| name)
    }

    /// `None` for what no job ever is.
    pub(super) fn meant(self) -> Option<JobStatus> {
        match self {
            Self::Pending => Some(JobStatus::Pending),
            Self::Queued => None,
            Self::Running => Some(JobStatus::Running),
            Self::Incomplete => Some(JobStatus::Incomplete),
            Self::Failed => Some(JobStatus::Failed),
            Self::Succeeded => Some(JobStatus::Succeeded),
            Self::Cancelled => Some(JobStatus::Cancelled),
        }
    }
}

impl FromStr for JobStatusEnum {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .find(|(_, name)| text.eq_ignore_ascii_case(name))
            .map(|(known, _)| *known)
            .ok_or("must be pending, queued, running, incomplete, failed, succeeded or cancelled")
    }
}

/// Whole seconds as ISO 8601 has them, with hours as the largest unit.
fn duration(seconds: i64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = "PT".to_owned();
    for (number, unit) in [(hours, 'H'), (minutes, 'M'), (rest, 'S')] {
        if number > 0 {
            text.push_str(&number.to_string());
            text.push(unit);
        }
    }
    if text.len() == 2 {
        text.push_str("0S");
    }
    text
}

impl WriteJson for ListedJob {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"jobId\":");
        out.extend_from_slice(self.id.to_string().as_bytes());
        out.extend_from_slice(b",\"status\":");
        write_text(self.status.as_str(), out);
        out.extend_from_slice(b",\"jobType\":");
        write_text(self.job_type.as_str(), out);
        out.extend_from_slice(b",\"startTime\":");
        write_text(&time(self.created_at), out);
        out.extend_from_slice(b",\"connectionId\":");
        write_id(self.connection_id, out);
        if self.status.is_final() {
            out.extend_from_slice(b",\"lastUpdatedAt\":");
            write_text(&time(self.updated_at), out);
        }
        if self.status != JobStatus::Pending {
            out.extend_from_slice(b",\"duration\":");
            let seconds = (self.updated_at - self.created_at).num_seconds().max(0);
            write_text(&duration(seconds), out);
        }
        out.extend_from_slice(b",\"bytesSynced\":");
        out.extend_from_slice(self.bytes_committed.to_string().as_bytes());
        out.extend_from_slice(b",\"rowsSynced\":");
        out.extend_from_slice(self.rows_committed.to_string().as_bytes());
        out.push(b'}');
    }
}

pub(super) fn respond(job: Job) -> Response {
    page::respond_one(&ListedJob::from(job))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_hours_as_their_largest_unit() {
        for (seconds, text) in [
            (0, "PT0S"),
            (9, "PT9S"),
            (65, "PT1M5S"),
            (3600, "PT1H"),
            (26 * 3600 + 180, "PT26H3M"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
