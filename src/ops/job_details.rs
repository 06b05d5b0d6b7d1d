//! What happened in a job: its attempts with what each stream did in them, and their logs.

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::Read;
use crate::app::App;
use crate::domain::job::{Job, JobId, LogLine};
use crate::error::{Error, Result};
use crate::store::attempts::{self, Attempt, StreamStatistics};
use crate::store::db::Exec;
use crate::store::log_pieces::{self, Piece};

/// How many pieces of a log are read at once.
const PIECES: i64 = 8;

/// One attempt with its streams.
#[derive(Debug)]
pub struct AttemptDetail {
    pub attempt: Attempt,
    pub streams: Vec<StreamStatistics>,
}

/// The attempts of a job, the first one first.
pub async fn attempts(app: &App, caller: &Caller, id: JobId) -> Result<(Job, Vec<AttemptDetail>)> {
    let mut db = app.db.read().await?;
    let job: Granted<_, Read> = doors::job(&mut db, caller, id).await?;
    let attempts = attempts::list(&mut db, id).await?;
    let mut streams = attempts::statistics(&mut db, id).await?;
    let of = |number: i32, streams: &mut Vec<StreamStatistics>| {
        let (own, others) = streams.drain(..).partition(|one| one.attempt == number);
        *streams = others;
        own
    };
    let details = attempts
        .into_iter()
        .map(|attempt| AttemptDetail {
            streams: of(attempt.number, &mut streams),
            attempt,
        })
        .collect();
    Ok((job.into_inner(), details))
}

/// How grave a line is, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl std::str::FromStr for Level {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.to_ascii_uppercase().as_str() {
            "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" => Self::Warn,
            "ERROR" | "FATAL" => Self::Error,
            _ => return Err("must be TRACE, DEBUG, INFO, WARN or ERROR"),
        })
    }
}

/// Which part of a log is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The last one, when absent.
    pub attempt: Option<i32>,
    /// The first line, counted from 0; the last lines are wanted when absent.
    pub from: Option<i64>,
    /// The most lines.
    pub limit: usize,
    /// Lines that are less grave are left out.
    pub level: Level,
}

/// Some lines of a log.
#[derive(Debug)]
pub struct Lines {
    pub job: Job,
    pub attempt: i32,
    /// Each with its number.
    pub lines: Vec<(i64, LogLine)>,
    /// Where to go on reading.
    pub next: i64,
}

/// Part of the log of an attempt.
pub async fn log(app: &App, caller: &Caller, id: JobId, wanted: Wanted) -> Result<Lines> {
    let mut db = app.db.read().await?;
    let job: Granted<_, Read> = doors::job(&mut db, caller, id).await?;
    let job = job.into_inner();
    let attempt = wanted.attempt.unwrap_or((job.attempts - 1).max(0));
    let (lines, next) = match wanted.from {
        Some(from) => forwards(&mut db, id, attempt, from, wanted).await?,
        None => backwards(&mut db, id, attempt, wanted).await?,
    };
    Ok(Lines {
        job,
        attempt,
        lines,
        next,
    })
}

type Numbered = Vec<(i64, LogLine)>;

async fn forwards(
    db: &mut dyn Exec,
    job: JobId,
    attempt: i32,
    from: i64,
    wanted: Wanted,
) -> Result<(Numbered, i64)> {
    let (mut found, mut next) = (Vec::new(), from);
    loop {
        let pieces = log_pieces::from(db, job, attempt, next, PIECES).await?;
        let before = next;
        for piece in &pieces {
            for (number, line) in numbered(piece) {
                if number < next {
                    continue;
                }
                if found.len() == wanted.limit {
                    return Ok((found, next));
                }
                next = number + 1;
                let line = parsed(line)?;
                if grave(&line, wanted.level) {
                    found.push((number, line));
                }
            }
        }
        if next == before || found.len() == wanted.limit {
            return Ok((found, next));
        }
    }
}

async fn backwards(
    db: &mut dyn Exec,
    job: JobId,
    attempt: i32,
    wanted: Wanted,
) -> Result<(Numbered, i64)> {
    let mut most = PIECES;
    loop {
        let pieces = log_pieces::last(db, job, attempt, most).await?;
        let whole = pieces.iter().any(|piece| piece.first_line == 0) || pieces.is_empty();
        let (mut found, mut next) = (Vec::new(), 0);
        for piece in pieces.iter().rev() {
            for (number, line) in numbered(piece) {
                next = number + 1;
                let line = parsed(line)?;
                if grave(&line, wanted.level) {
                    found.push((number, line));
                }
            }
        }
        if whole || found.len() >= wanted.limit {
            let spare = found.len().saturating_sub(wanted.limit);
            found.drain(..spare);
            return Ok((found, next));
        }
        most *= 4;
    }
}

fn numbered(piece: &Piece) -> impl Iterator<Item = (i64, &str)> {
    let lines = piece.lines.lines().filter(|line| !line.is_empty());
    (piece.first_line..).zip(lines)
}

fn parsed(line: &str) -> Result<LogLine> {
    serde_json::from_str(line).map_err(Error::internal)
}

fn grave(line: &LogLine, least: Level) -> bool {
    line.level.parse().is_ok_and(|level: Level| level >= least)
}
