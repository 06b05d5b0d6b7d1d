//! How far a job is while it runs: what it moved, how fast, and how long it may still take where the source
//! estimates. A piece of a page, which the script follows; without it, the page comes again.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;

use super::data;
use super::figures::{bytes, count, counted, per_second, span};
use super::follow::{self, Told};
use super::spot::{Numbered, Spot};
use super::words;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::job::{AttemptStatus, Job, JobId, JobStatus};
use crate::error::{Error, Result};
use crate::ops::job_details::{self, AttemptDetail};
use crate::store::attempts::StreamStatistics;
use crate::web::failure::Failure;
use crate::web::frame::Page;
use crate::web::moment::Moment;

/// The piece.
#[derive(Debug, Template)]
#[template(path = "connections/live.html")]
pub(in crate::web) struct Live {
    /// Whether the job has ended.
    over: bool,
    /// How far the job as a whole is: when this changes, so does the page around the piece.
    phase: String,
    status: &'static str,
    class: &'static str,
    said: String,
    /// When it is tried again.
    again: Option<Moment>,
    /// The share that is done, in percent.
    done: Option<i64>,
    facts: Vec<(&'static str, String)>,
    streams: Vec<Stream>,
}

/// A stream that runs.
#[derive(Debug)]
struct Stream {
    name: String,
    rows: String,
    bytes: String,
    status: &'static str,
    done: Option<i64>,
}

/// Shows the piece alone, or tells it as often as it changes.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Numbered(id): Numbered,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let piece = Live::of(&app, &spot, id).await?;
    if !follow::wanted(&headers) {
        return Ok(Page::new(piece).into_response());
    }
    let at = Arc::new((Arc::clone(&app), spot));
    Ok(follow::follow(&app, id, move || {
        let at = Arc::clone(&at);
        async move { Live::of(&at.0, &at.1, id).await?.told_now() }
    }))
}

impl Live {
    /// The piece for a job of this connection.
    pub(super) async fn of(app: &App, spot: &Spot, id: JobId) -> Result<Self> {
        let caller = &spot.ground.person.caller;
        let (job, attempts) = job_details::attempts(app, caller, id).await?;
        data::own(spot, &job)?;
        Ok(Self::told(&job, attempts.last(), app.clock.now()))
    }

    fn told_now(&self) -> Result<Told> {
        Ok(Told {
            html: self.render().map_err(Error::internal)?,
            over: self.over,
        })
    }

    fn told(job: &Job, attempt: Option<&AttemptDetail>, now: Timestamp) -> Self {
        let running = attempt.filter(|one| one.attempt.status == AttemptStatus::Running);
        let streams = running.map_or(&[][..], |one| &one.streams);
        let elapsed = running.map(|one| now - one.attempt.created_at);
        let sum = |of: fn(&StreamStatistics) -> i64| streams.iter().map(of).sum::<i64>();
        let (rows, moved) = (sum(|one| one.rows_emitted), sum(|one| one.bytes_emitted));
        let mut facts = Vec::new();
        let mut done = None;
        if let Some(elapsed) = elapsed {
            facts.push(("Rows read", count(rows)));
            facts.push(("Rows committed", count(job.rows_committed)));
            facts.push(("Bytes read", bytes(moved)));
            let rate = per_second(rows, elapsed);
            let speed = bytes(per_second(moved, elapsed));
            let rate_words = counted(rate, "row", "rows");
            facts.push(("Rate", format!("{rate_words} and {speed} a second")));
            facts.push(("Running for", span(elapsed)));
            if let Some(estimate) = Estimate::of(streams) {
                done = Some(estimate.percent());
                let left = estimate.left(elapsed).map_or_else(
                    || "Not known yet".to_owned(),
                    |left| format!("About {}", span(left)),
                );
                facts.push(("Time left", left));
            }
        }
        let again = (job.status == JobStatus::Incomplete).then_some(Moment(job.run_at));
        Self {
            over: job.status.is_final(),
            phase: format!("{}-{}", job.status.as_str(), job.attempts),
            status: words::job_status(job.status),
            class: words::job_class(job.status),
            said: said(job, attempt),
            again,
            done,
            facts,
            streams: streams.iter().map(Stream::of).collect(),
        }
    }
}

/// What is going on.
fn said(job: &Job, attempt: Option<&AttemptDetail>) -> String {
    let kind = words::job_type(job.job_type).to_lowercase();
    let number = attempt.map_or(1, |one| one.attempt.number + 1);
    match job.status {
        _ if job.cancel_requested_at.is_some() && !job.status.is_final() => {
            "It was asked to end and is ending.".to_owned()
        }
        JobStatus::Pending => format!("The {kind} waits for a worker to take it."),
        JobStatus::Running if number > 1 => format!("The {kind} is running, attempt {number}."),
        JobStatus::Running => format!("The {kind} is running."),
        JobStatus::Incomplete => {
            format!("Attempt {number} failed; it is tried again by itself.")
        }
        JobStatus::Succeeded | JobStatus::Failed | JobStatus::Cancelled => {
            format!("The {kind} has ended.")
        }
    }
}

/// What the source says that there is, if it says so of every stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Estimate {
    rows: i64,
    all: i64,
}

impl Estimate {
    fn of(streams: &[StreamStatistics]) -> Option<Self> {
        if streams.is_empty() {
            return None;
        }
        let mut sum = Self { rows: 0, all: 0 };
        for stream in streams {
            // What is complete has no more rows than it had.
            let all = match stream.status.as_str() {
                "complete" => stream.rows_emitted,
                _ => stream.rows_estimated?.max(stream.rows_emitted),
            };
            sum.rows += stream.rows_emitted;
            sum.all += all;
        }
        (sum.all > 0).then_some(sum)
    }

    fn percent(self) -> i64 {
        self.rows.saturating_mul(100) / self.all
    }

    /// How long it still takes, if it goes on as fast as so far.
    fn left(self, elapsed: TimeDelta) -> Option<TimeDelta> {
        if self.rows == 0 || elapsed < TimeDelta::seconds(1) {
            return None;
        }
        let rest = i128::from(self.all - self.rows) * i128::from(elapsed.num_milliseconds());
        let milliseconds = rest / i128::from(self.rows);
        TimeDelta::try_milliseconds(i64::try_from(milliseconds).ok()?)
    }
}

impl Stream {
    fn of(one: &StreamStatistics) -> Self {
        Self {
            name: stream_name(one),
            rows: match one.rows_estimated {
                Some(all) if all >= one.rows_emitted => {
                    format!("{} of about {}", count(one.rows_emitted), count(all))
                }
                _ => count(one.rows_emitted),
            },
            bytes: bytes(one.bytes_emitted),
            status: words::stream_status(&one.status),
            done: Estimate::of(std::slice::from_ref(one)).map(Estimate::percent),
        }
    }
}

/// A stream with its namespace.
pub(super) fn stream_name(of: &StreamStatistics) -> String {
    if of.namespace.is_empty() {
        of.name.clone()
    } else {
        format!("{}.{}", of.namespace, of.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(rows: i64, estimated: Option<i64>, status: &str) -> StreamStatistics {
        StreamStatistics {
            attempt: 0,
            namespace: String::new(),
            name: "users".to_owned(),
            rows_emitted: rows,
            bytes_emitted: 0,
            rows_committed: 0,
            bytes_committed: 0,
            rows_estimated: estimated,
            status: status.to_owned(),
        }
    }

    #[test]
    fn the_time_left_is_told_where_every_stream_has_an_estimate() {
        let half = Estimate::of(&[stream(50, Some(100), "running")]).expect("an estimate");
        assert_eq!(half.percent(), 50);
        assert_eq!(
            half.left(TimeDelta::seconds(10)),
            Some(TimeDelta::seconds(10))
        );
        assert_eq!(half.left(TimeDelta::milliseconds(10)), None, "too early");
        let silent = [stream(1, None, "running"), stream(1, Some(2), "running")];
        assert_eq!(Estimate::of(&silent), None);
        assert_eq!(Estimate::of(&[]), None);
        let ended = [
            stream(10, Some(99), "complete"),
            stream(0, Some(10), "started"),
        ];
        let ended = Estimate::of(&ended).expect("an estimate");
        assert_eq!(ended, Estimate { rows: 10, all: 20 });
        let over = Estimate::of(&[stream(12, Some(10), "running")]).expect("an estimate");
        assert_eq!(over.percent(), 100, "never more than there is");
        let none = Estimate::of(&[stream(0, Some(10), "started")]).expect("an estimate");
        assert_eq!(none.left(TimeDelta::seconds(10)), None);
    }
}
