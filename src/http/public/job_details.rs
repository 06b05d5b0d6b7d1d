//! What happened in a job, beyond what the contract has: attempts with the statistics of their streams,
//! and logs, as a page or as they are written.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::page::time;
use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::job::{AttemptStatus, FailureReason, JobId, LogLine, Origin};
use crate::error::{Error, Result};
use crate::http::extract::{FromQuery, Id, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops::job_details::{self, AttemptDetail, Level, Lines, Wanted};
use crate::store::bell::{Ring, Rings};

/// How many lines of a log are shown when nobody says.
const USUAL: u32 = 500;
/// The most lines at once.
const MOST: u32 = 5000;
/// How often to look for new lines without having been rung.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a log is followed on one request. A client comes back by itself, with a token of that time.
const FOLLOWED: Duration = Duration::from_mins(10);

#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptsResponse {
    data: Vec<AttemptResponse>,
}

/// One attempt at a job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptResponse {
    /// Counted from 0.
    attempt: i32,
    status: AttemptStatus,
    start_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    rows_emitted: i64,
    bytes_emitted: i64,
    rows_committed: i64,
    bytes_committed: i64,
    /// Of both connectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_bytes: Option<i64>,
    /// Why it failed; the first one counts.
    failures: Vec<FailureReason>,
    streams: Vec<StreamStatisticsResponse>,
}

/// What one stream did in an attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamStatisticsResponse {
    stream_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_namespace: Option<String>,
    /// `started`, `running`, `complete` or `incomplete`; absent when the source said nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// Read from the source.
    rows_emitted: i64,
    bytes_emitted: i64,
    /// Acknowledged by the destination.
    rows_committed: i64,
    bytes_committed: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_estimated: Option<i64>,
}

impl AttemptResponse {
    fn of(detail: AttemptDetail) -> Result<Self> {
        let AttemptDetail { attempt, streams } = detail;
        let sum = |of: fn(&StreamStatisticsResponse) -> i64, all: &[StreamStatisticsResponse]| {
            all.iter().map(of).sum()
        };
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        let streams: Vec<_> = streams
            .into_iter()
            .map(|one| StreamStatisticsResponse {
                stream_name: one.name,
                stream_namespace: filled(one.namespace),
                status: filled(one.status),
                rows_emitted: one.rows_emitted,
                bytes_emitted: one.bytes_emitted,
                rows_committed: one.rows_committed,
                bytes_committed: one.bytes_committed,
                rows_estimated: one.rows_estimated,
            })
            .collect();
        Ok(Self {
            attempt: attempt.number,
            status: attempt.status,
            start_time: time(attempt.created_at),
            end_time: attempt.ended_at.map(time),
            rows_emitted: sum(|one| one.rows_emitted, &streams),
            bytes_emitted: sum(|one| one.bytes_emitted, &streams),
            rows_committed: sum(|one| one.rows_committed, &streams),
            bytes_committed: sum(|one| one.bytes_committed, &streams),
            cpu_seconds: attempt.cpu_time.map(seconds),
            peak_memory_bytes: attempt.peak_memory,
            failures: serde_json::from_str(&attempt.failures).map_err(Error::internal)?,
            streams,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody computes for 285 years")]
fn seconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1_000_000.0
}

/// The attempts of a job, the first one first, each with what its streams did. An extension.
#[utoipa::path(
    get,
    path = "/api/public/v1/jobs/{jobId}/attempts",
    operation_id = "listJobAttempts",
    tag = "Jobs",
    params(("jobId" = i64, Path)),
    responses((status = 200, body = AttemptsResponse))
)]
pub async fn attempts(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<JobId>,
) -> Result<Json<AttemptsResponse>, Problem> {
    let (_, attempts) = job_details::attempts(&app, &caller, id).await?;
    let data = attempts.into_iter().map(AttemptResponse::of);
    Ok(Json(AttemptsResponse {
        data: data.collect::<Result<_>>()?,
    }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LogResponse {
    attempt: i32,
    lines: Vec<LogLineResponse>,
    /// For `from`, to go on reading.
    next: i64,
}

/// A server-sent event of a log that is followed. This type describes it; `Follower` sends it.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only describes")]
pub struct LogEvent {
    /// `line`, `attempt` or `end`.
    event: String,
    /// Of a line: for `Last-Event-ID`, to go on reading.
    id: Option<String>,
    /// A JSON object: a line, the number of an attempt, or how the job ended.
    data: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LogLineResponse {
    /// Counted from 0.
    line: i64,
    time: String,
    /// `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`.
    level: String,
    origin: Origin,
    message: String,
}

impl LogLineResponse {
    fn of((line, log): (i64, LogLine)) -> Self {
        let time = chrono::DateTime::from_timestamp_millis(log.at).unwrap_or_default();
        Self {
            line,
            time: time.to_rfc3339_opts(SecondsFormat::Millis, true),
            level: log.level,
            origin: log.origin,
            message: log.message,
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct LogQuery {
    /// Counted from 0; the last one without it.
    #[param(value_type = Option<i32>, minimum = 0)]
    attempt: Option<u32>,
    /// The first line, counted from 0; the last lines without it.
    #[param(value_type = Option<i64>, minimum = 0)]
    from: Option<u32>,
    /// How many lines.
    #[param(required = false, minimum = 1, maximum = 5000, default = 500)]
    limit: u32,
    /// Leave out lines that are less grave: `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`.
    #[param(value_type = Option<String>)]
    level: Option<Level>,
    /// Answer server-sent events, and go on until the job has ended.
    #[param(required = false, default = false)]
    follow: bool,
}

impl FromQuery for LogQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            attempt: parameters.number("attempt", 0, i32::MAX.cast_unsigned()),
            from: parameters.number("from", 0, u32::MAX),
            limit: parameters.number("limit", 1, MOST).unwrap_or(USUAL),
            level: parameters.optional("level"),
            follow: parameters.flag("follow").unwrap_or(false),
        }
    }
}

impl LogQuery {
    fn wanted(&self) -> Wanted {
        Wanted {
            attempt: self.attempt.and_then(|attempt| attempt.try_into().ok()),
            from: self.from.map(i64::from),
            limit: self.limit as usize,
            level: self.level.unwrap_or(Level::Trace),
        }
    }
}

/// The log of an attempt: its last lines, or any range of them. With `follow`, server-sent events: `line` as
/// lines are written, `attempt` when another begins, `end` when the job has ended. An extension.
#[utoipa::path(
    get,
    path = "/api/public/v1/jobs/{jobId}/logs",
    operation_id = "getJobLogs",
    tag = "Jobs",
    params(("jobId" = i64, Path), LogQuery),
    responses((status = 200, content((LogResponse = "application/json"), (LogEvent = "text/event-stream"))))
)]
pub async fn logs(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<JobId>,
    Query(query): Query<LogQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if query.follow {
        let mut wanted = query.wanted();
        // A client that lost its connection says where it was.
        let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
        if let Some((attempt, line)) = last.and_then(|last| last.split_once(':'))
            && let (Ok(attempt), Ok(line)) = (attempt.parse::<i32>(), line.parse::<i64>())
        {
            wanted.attempt = Some(attempt.max(0));
            wanted.from = Some(line.saturating_add(1).max(0));
        }
        return follow(app, caller, id, wanted).await;
    }
    let found = job_details::log(&app, &caller, id, query.wanted()).await?;
    Ok(Json(LogResponse {
        attempt: found.attempt,
        lines: found.lines.into_iter().map(LogLineResponse::of).collect(),
        next: found.next,
    })
    .into_response())
}

/// Somebody who reads a log while it is written.
struct Follower {
    app: Arc<App>,
    caller: Caller,
    job: JobId,
    wanted: Wanted,
    rings: Rings,
    /// What is found and not yet sent.
    waiting: VecDeque<Event>,
    ended: bool,
    until: tokio::time::Instant,
}

async fn follow(
    app: Arc<App>,
    caller: Caller,
    job: JobId,
    wanted: Wanted,
) -> Result<Response, Problem> {
    // First listen, then look.
    let rings = app.bell.listen();
    let mut follower = Follower {
        app,
        caller,
        job,
        wanted,
        rings,
        waiting: VecDeque::new(),
        ended: false,
        until: tokio::time::Instant::now() + FOLLOWED,
    };
    // What is wrong with the request is answered as a problem.
    follower.look().await?;
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}

impl Follower {
    /// Finds what has been written since the last look.
    async fn look(&mut self) -> Result<()> {
        loop {
            let found = job_details::log(&self.app, &self.caller, self.job, self.wanted).await?;
            let Lines {
                job,
                attempt,
                lines,
                next,
            } = found;
            let before = self.wanted.from.replace(next);
            self.wanted.attempt = Some(attempt);
            for line in lines {
                let event = Event::default()
                    .event("line")
                    .id(format!("{attempt}:{}", line.0))
                    .data(json!(LogLineResponse::of(line)).to_string());
                self.waiting.push_back(event);
            }
            if before != Some(next) {
                if self.waiting.len() >= MOST as usize {
                    return Ok(());
                }
                continue;
            }
            let following = attempt.saturating_add(1);
            if following < job.attempts {
                self.wanted.attempt = Some(following);
                self.wanted.from = Some(0);
                let event = Event::default().event("attempt");
                let data = json!({ "attempt": following }).to_string();
                self.waiting.push_back(event.data(data));
                continue;
            }
            if job.status.is_final() {
                let data = json!({ "status": job.status }).to_string();
                self.waiting
                    .push_back(Event::default().event("end").data(data));
                self.ended = true;
            }
            return Ok(());
        }
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.ended || tokio::time::Instant::now() >= self.until {
                return None;
            }
            let (rings, job) = (&mut self.rings, self.job);
            let rung = async {
                loop {
                    match rings.next().await {
                        Ring::Changed(other) if other == job => return,
                        Ring::Anything => return,
                        _ => {}
                    }
                }
            };
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.app.shutdown.begun() => return None,
            }
            if let Err(error) = self.look().await {
                tracing::debug!("a log is not followed any more: {error}");
                return None;
            }
        }
    }
}
