//! A job: how it stands, its true outcome with the reason, and what happened in each attempt.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::data;
use super::figures::{bytes, count, counted, span};
use super::live::{Live, stream_name};
use super::reason::{Reason, Side};
use super::spot::{Numbered, Spot};
use super::words;
use crate::app::App;
use crate::domain::job::{AttemptStatus, Job, JobStatus};
use crate::domain::stream::StreamName;
use crate::error::Error;
use crate::ops::job_details::{self, AttemptDetail};
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Page};
use crate::web::moment::Moment;

/// The page.
#[derive(Debug, Template)]
#[template(path = "connections/job.html")]
pub(in crate::web) struct JobPage {
    frame: Frame,
    room: Room,
    id: i64,
    connection: String,
    connection_address: String,
    address: String,
    kind: &'static str,
    status: &'static str,
    class: &'static str,
    outcome: Option<String>,
    reason: Option<Reason>,
    /// Where the settings are that the reason is about.
    to_correct: Option<(String, &'static str)>,
    may_cancel: bool,
    asked_to_cancel: bool,
    created: Moment,
    took: Option<String>,
    rows: String,
    bytes: String,
    limited: Option<String>,
    /// While it has not ended.
    live: Option<Live>,
    /// Whether no worker has taken it.
    untried: bool,
    /// Those that have ended, the latest first.
    attempts: Vec<Attempt>,
}

/// One attempt.
#[derive(Debug)]
struct Attempt {
    number: i32,
    status: &'static str,
    class: &'static str,
    begun: Moment,
    took: Option<String>,
    worker: String,
    processor: Option<String>,
    memory: Option<String>,
    reasons: Vec<Reason>,
    streams: Vec<Stream>,
}

/// What a stream did in it.
#[derive(Debug)]
struct Stream {
    name: String,
    read: String,
    committed: String,
    bytes: String,
    status: &'static str,
}

/// Shows it.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Numbered(id): Numbered,
    Asked(query): Asked,
) -> Result<Page<JobPage>, Failure> {
    let caller = &spot.ground.person.caller;
    let (job, attempts) = job_details::attempts(&app, caller, id).await?;
    data::own(&spot, &job)?;
    let live = if job.status.is_final() {
        None
    } else {
        Some(Live::of(&app, &spot, id).await?)
    };
    let mut reason = match job.status {
        JobStatus::Succeeded => None,
        _ => reason(&job, &attempts),
    };
    if let Some(reason) = reason.as_mut().filter(|_| !job.status.is_final()) {
        reason.advice =
            "Nothing now: it is tried again by itself. If it keeps failing, the log tells more.";
    }
    let ended = attempts.iter().rev();
    let ended = ended.filter(|one| one.attempt.status != AttemptStatus::Running);
    let side = reason.as_ref().and_then(|reason| reason.side);
    let home = format!("/workspaces/{}", spot.ground.workspace);
    let connection = &spot.connection;
    Ok(Page::new(JobPage {
        frame: spot.frame(),
        id,
        connection_address: spot.address(),
        address: spot.job_address(id),
        kind: words::job_type(job.job_type),
        status: words::job_status(job.status),
        class: words::job_class(job.status),
        outcome: outcome(&job),
        to_correct: side.map(|side| match side {
            Side::Source => (
                format!("{home}/source/{}", connection.source_id),
                "Look at the source",
            ),
            Side::Destination => (
                format!("{home}/destination/{}", connection.destination_id),
                "Look at the destination",
            ),
        }),
        reason,
        may_cancel: live.is_some() && spot.may_run && job.cancel_requested_at.is_none(),
        asked_to_cancel: query.get("done") == "cancel",
        created: Moment(job.created_at),
        took: (job.status.is_final()).then(|| span(job.updated_at - job.created_at)),
        rows: count(job.rows_committed),
        bytes: bytes(job.bytes_committed),
        limited: limited(&job)?,
        live,
        untried: attempts.is_empty(),
        attempts: ended.map(Attempt::of).collect(),
        connection: spot.connection.name,
        room: spot.ground.room,
    }))
}

/// Why it failed, or the attempt before the one that runs did.
fn reason(job: &Job, attempts: &[AttemptDetail]) -> Option<Reason> {
    let stored = job.failure.as_deref().and_then(Reason::of_stored);
    stored.or_else(|| {
        let mut latest = attempts.iter().rev();
        latest.find_map(|one| {
            let all = Reason::all_of_stored(&one.attempt.failures);
            all.into_iter().next()
        })
    })
}

/// How it ended, in a sentence.
fn outcome(job: &Job) -> Option<String> {
    let kind = words::job_type(job.job_type).to_lowercase();
    let rows = counted(job.rows_committed, "row", "rows");
    match job.status {
        JobStatus::Succeeded if job.job_type.empties() => {
            Some("The streams were emptied at the destination.".to_owned())
        }
        JobStatus::Succeeded => Some(format!("The {kind} moved {rows}, and all of them arrived.")),
        JobStatus::Failed if job.rows_committed > 0 => Some(format!(
            "The {kind} did not come to its end. {rows} had arrived before."
        )),
        JobStatus::Failed => Some(format!("The {kind} did not come to its end.")),
        JobStatus::Cancelled if job.rows_committed > 0 => Some(format!(
            "The {kind} was ended before it was done. {rows} had arrived before; the next sync goes on from there."
        )),
        JobStatus::Cancelled => Some(format!("The {kind} was ended before it was done.")),
        JobStatus::Pending | JobStatus::Running | JobStatus::Incomplete => None,
    }
}

/// The streams that it is limited to.
fn limited(job: &Job) -> Result<Option<String>, Failure> {
    let Some(text) = &job.streams else {
        return Ok(None);
    };
    let all: Vec<serde_json::Value> = serde_json::from_str(text).map_err(Error::internal)?;
    let names = all.iter().filter_map(|one| one.get("name")?.as_str());
    Ok(Some(names.collect::<Vec<_>>().join(", ")))
}

impl Attempt {
    fn of(detail: &AttemptDetail) -> Self {
        let AttemptDetail { attempt, streams } = detail;
        let (status, class) = words::attempt_status(attempt.status);
        let processor = attempt.cpu_time.map(chrono::TimeDelta::microseconds);
        Self {
            number: attempt.number,
            status,
            class,
            begun: Moment(attempt.created_at),
            took: attempt
                .ended_at
                .map(|ended| span(ended - attempt.created_at)),
            worker: attempt.worker.clone(),
            processor: processor.map(span),
            memory: attempt.peak_memory.map(bytes),
            reasons: Reason::all_of_stored(&attempt.failures),
            streams: streams
                .iter()
                .map(|one| Stream {
                    name: stream_name(one),
                    read: count(one.rows_emitted),
                    committed: count(one.rows_committed),
                    bytes: bytes(one.bytes_committed),
                    status: words::stream_status(&one.status),
                })
                .collect(),
        }
    }
}

/// The name of a stream of a connection, as forms send and pages show it.
pub(super) fn shown(name: &StreamName) -> String {
    match &name.stream_namespace {
        Some(space) => format!("{space}.{}", name.stream_name),
        None => name.stream_name.clone(),
    }
}
