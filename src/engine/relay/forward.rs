//! The way there: what the source prints, up to the destination's input. Records are handed on as they
//! came wherever that is possible; states get a number and their count; everything else stays here.

use std::io::{self, Read};

use serde_json::Value;

use super::ledger::{Counts, Ledger, NUMBER};
use super::plan::{Plan, ended};
use super::{Event, Events, Level, Remains};
use crate::domain::job::{FailureReason, FailureType, Origin};
use crate::protocol::line::{Line, RecordLine, classify};
use crate::protocol::message::Message;
use crate::protocol::parcel::{Outlet, Parcel};
use crate::protocol::reader::{Lines, Piece};
use crate::protocol::state::{Position, State, Stats};
use crate::protocol::trace::{self, ErrorTrace, EstimateScope, Event as Traced, Status};

/// Records that pass before their counts are entered, when no state comes.
const ENTER_AFTER: u64 = 1000;

/// How much is gathered before it is written.
const GATHERED: usize = 256 * 1024;

/// The way from a source to a destination.
#[derive(Debug)]
pub struct Forward<'a, W> {
    plan: &'a Plan,
    ledger: &'a Ledger,
    events: &'a Events,
    to: W,
    out: Parcel,
    /// Of the stream that the last record belonged to: they mostly come in runs.
    current: Option<usize>,
    counts: Counts,
    remains: Remains,
}

impl<'a, W: Outlet> Forward<'a, W> {
    pub fn new(plan: &'a Plan, ledger: &'a Ledger, events: &'a Events, to: W) -> Self {
        Self {
            plan,
            ledger,
            events,
            to,
            out: Parcel::default(),
            current: None,
            counts: Counts::default(),
            remains: Remains::default(),
        }
    }

    /// Hands on everything until the source's output ends, or the destination's input does. Gives the
    /// input back, so that the end can be told to the destination once the source has ended well.
    ///
    /// # Errors
    /// When the source's output cannot be read.
    pub fn run(mut self, from: impl Read) -> io::Result<(Remains, End<W>)> {
        let mut lines = Lines::new(from);
        loop {
            // Whatever is gathered goes out before a wait, so that no state is held back.
            if !lines.is_ready() && self.flush().is_err() {
                break;
            }
            let Some(piece) = lines.next()? else {
                break;
            };
            let done = match piece {
                Piece::Line(line) => self.line(line),
                Piece::TooLong { head, length } => {
                    self.too_long(head, length);
                    Ok(())
                }
                Piece::Unfinished(line) => {
                    self.unfinished(line);
                    Ok(())
                }
            };
            if done.is_err() || self.out.len() >= GATHERED && self.flush().is_err() {
                break;
            }
        }
        self.enter();
        let Self {
            to,
            out,
            mut remains,
            ..
        } = self;
        let mut end = End { to, out };
        remains.cut_off |= end.flush().is_err();
        Ok((remains, end))
    }

    /// An error means that the destination takes nothing more, or that there is no sense in going on.
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        match classify(line) {
            Line::Record(record) => self.record(line, &record),
            Line::Message(message) => self.message(*message),
            Line::Text(text) => {
                if !text.is_empty() {
                    self.log(Level::Info, String::from_utf8_lossy(text).into_owned());
                }
                Ok(())
            }
            Line::Broken(_) => {
                self.remains.broken_lines += 1;
                self.fail(
                    FailureType::SystemError,
                    "the source printed a record that cannot be read",
                );
                Err(stop())
            }
            Line::Skipped { kind, why } => {
                self.log(
                    Level::Warn,
                    format!("a message of type {kind} was passed over: {why}"),
                );
                Ok(())
            }
        }
    }

    fn record(&mut self, line: &[u8], record: &RecordLine<'_>) -> io::Result<()> {
        let Some(stream) = self.stream_of(record) else {
            let name = &record.stream;
            self.fail(
                FailureType::SystemError,
                format!(
                    "the source sent a record of {name}, which is not a stream of this connection"
                ),
            );
            return Err(stop());
        };
        if record.is_empty() {
            return Ok(());
        }
        if let Some(rewrite) = &self.plan.streams[stream].rewrite {
            match self.out.write(|out| rewrite.apply(record, out)) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(why) => {
                    self.fail(FailureType::SystemError, why);
                    return Err(stop());
                }
            }
        } else {
            self.out.record(line, record, stream);
        }
        self.counts.rows += 1;
        self.counts.bytes += record.data.len() as u64;
        if self.counts.rows >= ENTER_AFTER {
            self.enter();
        }
        Ok(())
    }

    fn stream_of(&mut self, record: &RecordLine<'_>) -> Option<usize> {
        let namespace = record.namespace.as_deref();
        if let Some(current) = self.current {
            let at_source = &self.plan.streams[current].at_source;
            if at_source.name == record.stream && at_source.space() == namespace {
                return Some(current);
            }
        }
        let found = self.plan.find(&record.stream, namespace)?;
        self.enter();
        self.current = Some(found);
        Some(found)
    }

    /// Enters the counts of the current stream.
    fn enter(&mut self) {
        let counts = std::mem::take(&mut self.counts);
        if let Some(stream) = self.current
            && counts.rows > 0
        {
            self.ledger.enter(stream, counts);
        }
    }

    fn message(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::State { state } => return self.state(state),
            Message::Trace { trace } => self.trace(trace.event),
            Message::Log { log } => self.log(Level::of(&log.level), log.message),
            Message::Control { control } => {
                if let Some(config) = control.connector_config {
                    let configuration = config.config;
                    self.tell(Event::Control {
                        origin: Origin::Source,
                        configuration,
                    });
                }
            }
            other => self.log(
                Level::Debug,
                format!("not expected while reading: {}", kind(&other)),
            ),
        }
        Ok(())
    }

    fn state(&mut self, mut state: State) -> io::Result<()> {
        self.enter();
        let stream = match &state.position {
            Position::Stream(one) => match self.plan.find_stream(&one.stream_descriptor) {
                Some(index) => Some(index),
                None => {
                    let name = one.stream_descriptor.to_string();
                    self.log(Level::Warn, format!("a state of {name} was passed over: it is not a stream of this connection"));
                    return Ok(());
                }
            },
            Position::Global(_) | Position::Legacy { .. } => None,
        };
        let (number, rows) = self.ledger.close(&state, stream);
        if let (Some(index), Position::Stream(one)) = (stream, &mut state.position) {
            one.stream_descriptor
                .clone_from(&self.plan.streams[index].at_destination);
        }
        self.hand_on(state, number, rows)
    }

    fn hand_on(&mut self, mut state: State, number: u64, rows: u64) -> io::Result<()> {
        state.rest.insert(NUMBER.to_owned(), number.into());
        // Our own count: of what was handed on, after filters.
        state.source_stats = Some(Stats::of(rows));
        self.out
            .write(|out| write_line(out, &Message::State { state }))
    }

    fn trace(&mut self, event: Traced) {
        match event {
            Traced::Error(error) => {
                let failure = reason(Origin::Source, error);
                self.log(Level::Error, failure.message.clone());
                if let Some(story) = &failure.internal_message {
                    self.log(Level::Error, story.clone());
                }
                self.remains.failures.push(failure);
            }
            Traced::StreamStatus(status) => {
                if let Some(stream) = self.plan.find_stream(&status.stream_descriptor) {
                    self.ledger.note_status(stream, status.status);
                }
                for reason in status.reasons {
                    self.log(
                        Level::Warn,
                        format!("{}: {}", status.stream_descriptor, reason.kind),
                    );
                }
            }
            Traced::Estimate(estimate) if estimate.scope == EstimateScope::Stream => {
                let namespace = estimate
                    .namespace
                    .as_deref()
                    .filter(|space| !space.is_empty());
                if let Some(stream) = self.plan.find(&estimate.name, namespace)
                    && let Some(rows) = estimate.row_estimate.and_then(|rows| rows.as_u64())
                {
                    self.ledger.note_estimate(stream, rows);
                }
            }
            Traced::Estimate(_) | Traced::Analytics(_) => {}
        }
    }

    fn too_long(&mut self, head: &[u8], length: u64) {
        self.remains.broken_lines += 1;
        let head = String::from_utf8_lossy(&head[..head.len().min(60)]).into_owned();
        self.log(
            Level::Error,
            format!("a line of {length} bytes was cut out; it began {head:?}"),
        );
        self.fail(
            FailureType::SystemError,
            format!("the source printed a line of {length} bytes, which is longer than allowed"),
        );
    }

    fn unfinished(&mut self, line: &[u8]) {
        // A source that ends in the middle of a line was cut off: nothing of that line counts.
        self.remains.broken_lines += 1;
        self.log(
            Level::Error,
            format!("the output ended within a line of {} bytes", line.len()),
        );
        self.fail(
            FailureType::SystemError,
            "the source's output ended within a line",
        );
    }

    fn fail(&mut self, kind: FailureType, message: impl Into<String>) {
        let failure = FailureReason::new(Origin::Source, kind, message);
        self.remains.failures.push(failure);
    }

    fn log(&self, level: Level, text: String) {
        self.tell(Event::Log {
            origin: Origin::Source,
            level,
            text,
        });
    }

    fn tell(&self, event: Event) {
        // Nobody listens any more: the attempt is over, and so are we soon.
        let _ = self.events.blocking_send(event);
    }

    fn flush(&mut self) -> io::Result<()> {
        let taken = self.to.take(&mut self.out);
        self.remains.cut_off |= taken.is_err();
        taken
    }
}

/// The destination's input, when nothing more comes from the source.
#[derive(Debug)]
pub struct End<W> {
    to: W,
    out: Parcel,
}

impl<W: Outlet> End<W> {
    /// Tells the destination how each stream ended, after states for records that had none, and that
    /// there is no more. Only for a source that ended well: then a stream is complete, unless the source
    /// spoke of its streams and said otherwise of this one.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn tell(mut self, plan: &Plan, ledger: &Ledger, now_ms: i64) -> io::Result<()> {
        for (stream, number, rows) in ledger.close_rest() {
            let there = plan
                .find_stream(&stream)
                .map(|index| &plan.streams[index].at_destination);
            let mut state = State::of_stream(
                there.unwrap_or(&stream).clone(),
                Some((&serde_json::json!({})).into()),
            );
            state.rest.insert(NUMBER.to_owned(), number.into());
            state.source_stats = Some(Stats::of(rows));
            self.out
                .write(|out| write_line(out, &Message::State { state }))?;
        }
        let figures = ledger.figures();
        let silent = figures.iter().all(|one| one.status.is_none());
        for (stream, figures) in plan.streams.iter().zip(&figures) {
            let complete = silent || figures.status == Some(Status::Complete);
            let line = ended(&stream.at_destination, complete, now_ms);
            self.out.write(|out| write_line(out, &line))?;
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.take(&mut self.out)
    }
}

/// What a trace of an error becomes.
pub(super) fn reason(origin: Origin, error: ErrorTrace) -> FailureReason {
    let kind = match error.failure_type {
        Some(trace::FailureType::ConfigError) => FailureType::ConfigError,
        Some(trace::FailureType::TransientError) => FailureType::TransientError,
        Some(trace::FailureType::SystemError) | None => FailureType::SystemError,
    };
    FailureReason {
        origin,
        kind,
        message: error.message,
        internal_message: error.internal_message.or(error.stack_trace),
        stream: error.stream_descriptor.map(|stream| stream.to_string()),
    }
}

fn kind(message: &Message) -> String {
    let value = serde_json::to_value(message).unwrap_or(Value::Null);
    value["type"].as_str().unwrap_or("?").to_owned()
}

fn write_line(out: &mut Vec<u8>, message: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, message)?;
    out.push(b'\n');
    Ok(())
}

/// Ends a run after a failure that was noted.
fn stop() -> io::Error {
    io::Error::other("there is no sense in going on")
}
