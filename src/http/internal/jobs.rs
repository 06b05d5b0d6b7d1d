//! Jobs in the older style, as Kestra, Prefect, old Airflow and `PyAirbyte` ask for them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::job::{AttemptStatus, Job, JobId, JobStatus, JobType};
use crate::http::extract::Body;
use crate::http::problem::Problem;
use crate::ops::job_details::{self, AttemptDetail, Level, Wanted};

/// How many lines of the log of each attempt are shown: the last ones.
const LINES: usize = 1000;

#[derive(Debug, Deserialize, ToSchema)]
pub struct JobIdRequestBody {
    id: JobId,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct JobInfoRead {
    job: JobRead,
    attempts: Vec<AttemptInfoRead>,
}

/// Times are seconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobRead {
    id: JobId,
    /// `sync`, `reset_connection`, `clear` or `refresh`.
    config_type: &'static str,
    /// Of the connection.
    config_id: String,
    created_at: i64,
    updated_at: i64,
    status: JobStatus,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptInfoRead {
    attempt: AttemptRead,
    logs: LogRead,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRead {
    /// Counted from 0.
    id: i32,
    status: AttemptStatus,
    created_at: i64,
    updated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    bytes_synced: i64,
    records_synced: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogRead {
    log_lines: Vec<String>,
}

impl JobInfoRead {
    pub(super) fn of(job: &Job, attempts: Vec<AttemptInfoRead>) -> Self {
        let job = JobRead {
            id: job.id,
            config_type: match job.job_type {
                JobType::Reset => "reset_connection",
                other => other.as_str(),
            },
            config_id: job.connection_id.to_string(),
            created_at: job.created_at.timestamp(),
            updated_at: job.updated_at.timestamp(),
            status: job.status,
        };
        Self { job, attempts }
    }
}

impl AttemptRead {
    fn of(AttemptDetail { attempt, streams }: &AttemptDetail) -> Self {
        let ended_at = attempt.ended_at.map(|at| at.timestamp());
        Self {
            id: attempt.number,
            status: attempt.status,
            created_at: attempt.created_at.timestamp(),
            updated_at: ended_at.unwrap_or(attempt.created_at.timestamp()),
            ended_at,
            bytes_synced: streams.iter().map(|one| one.bytes_committed).sum(),
            records_synced: streams.iter().map(|one| one.rows_committed).sum(),
        }
    }
}

/// A job with its attempts and the ends of their logs.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/get",
    operation_id = "internalGetJob",
    tag = "Older endpoints",
    request_body = JobIdRequestBody,
    responses((status = 200, body = JobInfoRead))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<JobIdRequestBody>,
) -> Result<Json<JobInfoRead>, Problem> {
    let (job, details) = job_details::attempts(&app, &caller, body.id).await?;
    let mut attempts = Vec::with_capacity(details.len());
    for detail in details {
        let wanted = Wanted {
            attempt: Some(detail.attempt.number),
            from: None,
            limit: LINES,
            level: Level::Trace,
        };
        let log = job_details::log(&app, &caller, body.id, wanted).await?;
        attempts.push(AttemptInfoRead {
            attempt: AttemptRead::of(&detail),
            logs: LogRead {
                log_lines: log.lines.into_iter().map(|(_, line)| line.text()).collect(),
            },
        });
    }
    Ok(Json(JobInfoRead::of(&job, attempts)))
}
