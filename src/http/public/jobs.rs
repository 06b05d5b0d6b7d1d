//! Jobs: asking for them, reading them, ending them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::job_bodies::{
    JobCreateRequest, JobResponse, JobStatusEnum, JobsResponse, StreamsRequest, respond,
};
use super::job_queries::ListQuery;
use super::page::{self, CursorParameter, PageParameters};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::domain::ids::ConnectionId;
use crate::domain::job::{JobId, JobType};
use crate::domain::page::Slice;
use crate::http::extract::{Id, Key, KeyParameter, Keyed, Query};
use crate::http::problem::Problem;
use crate::ops::jobs::{self, Wish};
use crate::request::Base;
use crate::store::job_lists::{self, Whose};
use crate::store::listing::Reach;

const LIST: &str = "/api/public/v1/jobs";

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
    let wanted = query.wanted();
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
