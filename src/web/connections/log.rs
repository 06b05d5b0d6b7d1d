//! The log of an attempt, by level: its end, which follows what is written while the job runs, or any part
//! of it from the beginning on.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::data;
use super::follow::{self, Told};
use super::spot::{Numbered, Spot};
use crate::app::App;
use crate::domain::job::{JobId, LogLine};
use crate::error::{Error, Result};
use crate::ops::job_details::{self, Level, Lines, Wanted};
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::form::{Asked, Fields};
use crate::web::frame::{Frame, Page};

/// How many lines are shown at once.
const MOST: usize = 500;

const LEVELS: [(&str, &str); 5] = [
    ("INFO", "Info and graver"),
    ("WARN", "Warnings and errors"),
    ("ERROR", "Errors"),
    ("DEBUG", "Debug and graver"),
    ("TRACE", "Everything"),
];

/// The page.
#[derive(Debug, Template)]
#[template(path = "connections/log.html")]
pub(in crate::web) struct LogPage {
    frame: Frame,
    room: Room,
    id: JobId,
    job_address: String,
    address: String,
    /// Each with whether it is shown.
    attempts: Vec<(i32, bool)>,
    levels: Vec<(&'static str, &'static str, bool)>,
    /// Where the same lines come from again, while more are written.
    follow: Option<String>,
    /// Whether the lines are the last ones.
    tail: bool,
    query: String,
    next: Option<i64>,
    lines: LinesPiece,
}

/// The lines alone.
#[derive(Debug, Template)]
#[template(path = "connections/lines.html")]
pub(in crate::web) struct LinesPiece {
    over: bool,
    /// When this changes, so does the page around the lines.
    phase: String,
    lines: Vec<Line>,
}

/// One line.
#[derive(Debug)]
struct Line {
    number: i64,
    class: &'static str,
    at: String,
    origin: &'static str,
    level: String,
    message: String,
}

impl Line {
    fn of((number, line): (i64, LogLine)) -> Self {
        let at = chrono::DateTime::from_timestamp_millis(line.at).unwrap_or_default();
        let class = match line.level.as_str() {
            "ERROR" | "FATAL" => "bad",
            "WARN" => "careful",
            "DEBUG" | "TRACE" => "quiet",
            _ => "",
        };
        Self {
            number: number + 1,
            class,
            at: at.format("%H:%M:%S").to_string(),
            origin: line.origin.as_str(),
            level: line.level,
            message: line.message,
        }
    }
}

/// Shows a part of it.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Numbered(id): Numbered,
    Asked(query): Asked,
) -> Result<Page<LogPage>, Failure> {
    let wanted = wanted(&query);
    let found = read(&app, &spot, id, wanted).await?;
    let job_address = spot.job_address(id);
    let asked = format!(
        "attempt={}&level={}",
        found.attempt,
        level_key(wanted.level)
    );
    let tail = wanted.from.is_none();
    let last = found.attempt + 1 == found.job.attempts.max(1);
    let follow = tail && last && !found.job.status.is_final();
    let full = found.lines.len() == MOST;
    Ok(Page::new(LogPage {
        frame: spot.frame(),
        id,
        address: format!("{job_address}/log"),
        attempts: (0..found.job.attempts.max(1))
            .map(|number| (number, number == found.attempt))
            .collect(),
        levels: LEVELS
            .into_iter()
            .map(|(key, words)| (key, words, key == level_key(wanted.level)))
            .collect(),
        follow: follow.then(|| format!("{job_address}/log/lines?{asked}")),
        tail,
        query: asked,
        next: (!tail && full).then_some(found.next),
        lines: piece(found),
        room: spot.ground.room,
        job_address,
    }))
}

/// Shows the lines alone, or tells them as often as they change.
pub(in crate::web) async fn lines(
    State(app): State<Arc<App>>,
    spot: Spot,
    Numbered(id): Numbered,
    Asked(query): Asked,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let wanted = wanted(&query);
    let found = read(&app, &spot, id, wanted).await?;
    if !follow::wanted(&headers) {
        return Ok(Page::new(piece(found)).into_response());
    }
    let at = Arc::new((Arc::clone(&app), spot));
    Ok(follow::follow(&app, id, move || {
        let at = Arc::clone(&at);
        async move {
            let piece = piece(read(&at.0, &at.1, id, wanted).await?);
            Ok(Told {
                html: piece.render().map_err(Error::internal)?,
                over: piece.over,
            })
        }
    }))
}

fn wanted(query: &Fields) -> Wanted {
    Wanted {
        attempt: query
            .get("attempt")
            .parse()
            .ok()
            .filter(|&number| number >= 0),
        from: query.get("from").parse().ok().filter(|&line| line >= 0),
        limit: MOST,
        level: query.get("level").parse().unwrap_or(Level::Info),
    }
}

async fn read(app: &App, spot: &Spot, id: JobId, wanted: Wanted) -> Result<Lines> {
    let found = job_details::log(app, &spot.ground.person.caller, id, wanted).await?;
    data::own(spot, &found.job)?;
    Ok(found)
}

fn piece(found: Lines) -> LinesPiece {
    LinesPiece {
        over: found.job.status.is_final(),
        phase: format!("{}-{}", found.job.status.as_str(), found.job.attempts),
        lines: found.lines.into_iter().map(Line::of).collect(),
    }
}

fn level_key(level: Level) -> &'static str {
    match level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    }
}
