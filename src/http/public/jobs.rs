//! Jobs: asking for them, reading them, ending them.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{self, CursorParameter, PageParameters, WriteJson, write_id, write_text};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::ids::{ConnectionId, WorkspaceId};
use crate::domain::job::{Job, JobId, JobStatus, JobType, ListedJob};
use crate::domain::page::{Page, Slice};
use crate::domain::stream::StreamName;
use crate::http::extract::{FromQuery, Id, Key, KeyParameter, Keyed, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops::jobs::{self, Wish};
use crate::request::Base;
use crate::store::job_lists::{self, By, Wanted, Whose};
use crate::store::listing::Reach;

const LIST: &str = "/api/public/v1/jobs";

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobCreateRequest {
    connection_id: ConnectionId,
    job_type: JobType,
}

/// Which streams a clear or a refresh is limited to; all when absent or empty.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StreamsRequest {
    streams: Option<Vec<StreamName>>,
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

    fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("", |(_, name)| name)
    }

    /// `None` for what no job ever is.
    fn meant(self) -> Option<JobStatus> {
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

/// A time as answers show it.
pub(super) fn time(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
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

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// Only those of this connection; workspaceIds is not looked at then.
    #[param(value_type = Option<ConnectionId>)]
    connection_id: Option<ConnectionId>,
    #[param(value_type = Option<JobType>)]
    job_type: Option<JobType>,
    /// Only those in these workspaces; each must be readable.
    #[param(required = false)]
    workspace_ids: Vec<WorkspaceId>,
    #[param(value_type = Option<JobStatusEnum>)]
    status: Option<JobStatusEnum>,
    /// Asked for at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_start: Option<Moment>,
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_end: Option<Moment>,
    /// Changed at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_at_start: Option<Moment>,
    #[param(value_type = Option<String>, format = DateTime)]
    updated_at_end: Option<Moment>,
    /// `createdAt` or `updatedAt`, `|`, `ASC` or `DESC`; `createdAt|ASC` without it.
    #[param(value_type = Option<String>)]
    order_by: Option<Order>,
    #[param(ignore)]
    page: Page,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            connection_id: parameters.optional("connectionId"),
            job_type: parameters.optional("jobType"),
            workspace_ids: parameters.list("workspaceIds"),
            status: parameters.optional("status"),
            created_at_start: parameters.optional("createdAtStart"),
            created_at_end: parameters.optional("createdAtEnd"),
            updated_at_start: parameters.optional("updatedAtStart"),
            updated_at_end: parameters.optional("updatedAtEnd"),
            order_by: parameters.optional("orderBy"),
            page: parameters.page_or_cursor(),
        }
    }
}

impl ListQuery {
    /// As links keep it.
    fn filters(&self) -> Vec<(&'static str, String)> {
        let mut filters = Vec::new();
        let mut keep = |name, value: Option<String>| {
            filters.extend(value.map(|value| (name, value)));
        };
        keep("jobType", self.job_type.map(|one| one.as_str().to_owned()));
        keep("connectionId", self.connection_id.map(|id| id.to_string()));
        if !self.workspace_ids.is_empty() {
            keep("workspaceIds", Some(page::commas(&self.workspace_ids)));
        }
        keep("status", self.status.map(|one| one.as_str().to_owned()));
        for (name, moment) in [
            ("createdAtStart", &self.created_at_start),
            ("createdAtEnd", &self.created_at_end),
            ("updatedAtStart", &self.updated_at_start),
            ("updatedAtEnd", &self.updated_at_end),
        ] {
            keep(name, moment.as_ref().map(|moment| moment.sent.clone()));
        }
        keep("orderBy", self.order_by.map(Order::spelled));
        filters
    }
}

/// A moment in a query, as it was sent.
#[derive(Debug, Clone)]
struct Moment {
    sent: String,
    at: Timestamp,
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A plus sign that was not encoded has become a space.
        let whole = text.replace(' ', "+");
        let at = DateTime::parse_from_rfc3339(&whole)
            .or_else(|_| DateTime::parse_from_rfc2822(text))
            .map_err(|_| "must be a time such as 2024-01-31T12:00:00Z")?;
        Ok(Self {
            sent: whole,
            at: at.with_timezone(&Utc),
        })
    }
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy)]
struct Order {
    by: By,
    descending: bool,
}

impl Order {
    fn spelled(self) -> String {
        let by = match self.by {
            By::Creation => "createdAt",
            By::Change => "updatedAt",
        };
        let direction = if self.descending { "DESC" } else { "ASC" };
        format!("{by}|{direction}")
    }
}

impl FromStr for Order {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be createdAt or updatedAt, then | and ASC or DESC";
        let (field, direction) = text.split_once('|').ok_or(WRONG)?;
        let by = match field.to_ascii_lowercase().as_str() {
            "createdat" => By::Creation,
            "updatedat" => By::Change,
            _ => return Err(WRONG),
        };
        let descending = match direction {
            "ASC" => false,
            "DESC" => true,
            _ => return Err(WRONG),
        };
        Ok(Self { by, descending })
    }
}

/// The jobs of what the caller may read, oldest first unless asked otherwise.
#[utoipa::path(
    get,
    path = "/api/public/v1/jobs",
    operation_id = "listJobs",
    tag = "Jobs",
    params(ListQuery, PageParameters, CursorParameter),
    responses((status = 200, body = JobsResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let order = query.order_by.unwrap_or(Order {
        by: By::Creation,
        descending: false,
    });
    let at = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.at);
    let wanted = Wanted {
        job_type: query.job_type,
        status: query.status.and_then(JobStatusEnum::meant),
        created: (at(&query.created_at_start), at(&query.created_at_end)),
        updated: (at(&query.updated_at_start), at(&query.updated_at_end)),
        by: order.by,
        descending: order.descending,
        page: query.page,
    };
    let now = app.clock.now();
    let mut db = app.db.read().await?;
    let found = if let Some(id) = query.connection_id {
        let connection = doors::connection(&mut db, &caller, id).await?;
        job_lists::list(&mut db, now, Whose::Connection(&connection), &wanted).await?
    } else if query.workspace_ids.is_empty() {
        let scope = caller.scope();
        job_lists::list(&mut db, now, Whose::Within(Reach::Scope(&scope)), &wanted).await?
    } else {
        let places = doors::places(&mut db, &caller, &query.workspace_ids).await?;
        job_lists::list(&mut db, now, Whose::Within(Reach::Places(&places)), &wanted).await?
    };
    drop(db);
    let found = match query.status {
        Some(JobStatusEnum::Queued) => Slice::whole(Vec::new(), false),
        _ => found,
    };
    let filters = query.filters();
    Ok(page::respond(&base, LIST, &filters, query.page, &found))
}

/// Start a job. Needs one of the runner roles; for `clear`, one of the editor roles. While a job of the
/// connection runs the answer is 409, with its `jobId` in `data`; a `reset` or `clear` cancels a sync.
#[utoipa::path(
    post,
    path = "/api/public/v1/jobs",
    operation_id = "createJob",
    tag = "Jobs",
    params(KeyParameter),
    request_body = JobCreateRequest,
    responses((status = 200, body = JobResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed { body, key }: Keyed<JobCreateRequest>,
) -> Result<Response, Problem> {
    let wish = Wish {
        connection: body.connection_id,
        job_type: body.job_type,
        streams: None,
        once: key.of(&app, &caller, "createJob"),
    };
    Ok(respond(jobs::create(&app, &caller, wish).await?))
}

/// One job.
#[utoipa::path(
    get,
    path = "/api/public/v1/jobs/{jobId}",
    operation_id = "getJob",
    tag = "Jobs",
    params(("jobId" = i64, Path)),
    responses((status = 200, body = JobResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<JobId>,
) -> Result<Response, Problem> {
    Ok(respond(jobs::read(&app, &caller, id).await?))
}

/// Cancel a job, and answer it as it stands then. Needs one of the runner roles. A job that has ended stays
/// as it is.
#[utoipa::path(
    delete,
    path = "/api/public/v1/jobs/{jobId}",
    operation_id = "cancelJob",
    tag = "Jobs",
    params(("jobId" = i64, Path)),
    responses((status = 200, body = JobResponse))
)]
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<JobId>,
) -> Result<Response, Problem> {
    Ok(respond(jobs::cancel(&app, &caller, id).await?))
}

/// Read streams of a connection again from their beginning; what is at the destination goes when the new
/// data is complete. Needs one of the runner roles. An extension.
#[utoipa::path(
    post,
    path = "/api/public/v1/connections/{connectionId}/refresh",
    operation_id = "refreshConnection",
    tag = "Connections",
    params(("connectionId" = ConnectionId, Path)),
    request_body = StreamsRequest,
    responses((status = 200, body = JobResponse))
)]
pub async fn refresh(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ConnectionId>,
    Keyed { body, key }: Keyed<StreamsRequest>,
) -> Result<Response, Problem> {
    of_streams(&app, &caller, (id, JobType::Refresh), body, key).await
}

/// Empty streams of a connection at the destination, and forget how far they had come. Needs one of the
/// editor roles. An extension.
#[utoipa::path(
    post,
    path = "/api/public/v1/connections/{connectionId}/clear",
    operation_id = "clearConnection",
    tag = "Connections",
    params(("connectionId" = ConnectionId, Path)),
    request_body = StreamsRequest,
    responses((status = 200, body = JobResponse))
)]
pub async fn clear(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ConnectionId>,
    Keyed { body, key }: Keyed<StreamsRequest>,
) -> Result<Response, Problem> {
    of_streams(&app, &caller, (id, JobType::Clear), body, key).await
}

async fn of_streams(
    app: &App,
    caller: &Caller,
    (connection, job_type): (ConnectionId, JobType),
    body: StreamsRequest,
    key: Key,
) -> Result<Response, Problem> {
    let operation = match job_type {
        JobType::Clear => "clearConnection",
        _ => "refreshConnection",
    };
    // The key is for this connection: another one is another request.
    let once = key
        .with("connectionId", &connection)
        .of(app, caller, operation);
    let wish = Wish {
        connection,
        job_type,
        streams: body.streams,
        once,
    };
    Ok(respond(jobs::create(app, caller, wish).await?))
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

    #[test]
    fn times_in_queries_come_in_many_spellings() {
        for (text, at) in [
            ("2024-06-09T00:00:00Z", "2024-06-09T00:00:00Z"),
            (
                "2024-06-09T00:00:00.123456789Z",
                "2024-06-09T00:00:00.123456789Z",
            ),
            ("2024-06-09T02:00:00+02:00", "2024-06-09T00:00:00Z"),
            ("2024-06-09T02:00:00 02:00", "2024-06-09T00:00:00Z"),
            ("Sun, 09 Jun 2024 00:00:00 GMT", "2024-06-09T00:00:00Z"),
        ] {
            let moment: Moment = text.parse().expect(text);
            assert_eq!(Ok(moment.at), at.parse(), "{text}");
        }
        for text in ["", "yesterday", "2024-06-09", "2024-06-09T00:00:00"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
