//! What a connector says, gathered into large blocks of whole lines.

use std::io::Write;

use serde_json::{Map, Number};

use super::interface::{Fault, Stop};
use crate::clock::Clock;
use crate::protocol::catalog::StreamDescriptor;
use crate::protocol::message::{Log, Message};
use crate::protocol::state::State;
use crate::protocol::trace::{
    ErrorTrace, Estimate, EstimateScope, Event, Status, StreamStatus, Trace,
};

/// From here on a block is written.
const BLOCK: usize = 128 * 1024;

/// Standard output, or a pipe that takes its place.
pub(super) struct Output<'a> {
    to: &'a mut (dyn Write + 'a),
    lines: Vec<u8>,
    clock: Clock,
}

impl<'a> Output<'a> {
    pub(super) fn new(to: &'a mut (dyn Write + 'a), clock: Clock) -> Self {
        Self {
            to,
            lines: Vec::with_capacity(BLOCK + BLOCK / 4),
            clock,
        }
    }

    /// Adds one line, which `write` ends itself: the quick way, for records.
    pub(super) fn line(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stop> {
        write(&mut self.lines);
        if self.lines.len() >= BLOCK {
            self.flush()?;
        }
        Ok(())
    }

    pub(super) fn message(&mut self, message: &Message) -> Result<(), Stop> {
        self.line(|lines| {
            serde_json::to_writer(&mut *lines, message).expect("memory takes every message");
            lines.push(b'\n');
        })
    }

    pub(super) fn log(&mut self, level: &str, message: impl Into<String>) -> Result<(), Stop> {
        self.message(&Message::Log {
            log: Log {
                level: level.to_owned(),
                message: message.into(),
                stack_trace: None,
            },
        })
    }

    pub(super) fn state(&mut self, state: State) -> Result<(), Stop> {
        self.message(&Message::State { state })
    }

    pub(super) fn status(&mut self, stream: &StreamDescriptor, status: Status) -> Result<(), Stop> {
        self.trace(Event::StreamStatus(StreamStatus {
            stream_descriptor: stream.clone(),
            status,
            reasons: Vec::new(),
            rest: Map::new(),
        }))
    }

    pub(super) fn estimate(
        &mut self,
        stream: &StreamDescriptor,
        rows: u64,
        bytes: u64,
    ) -> Result<(), Stop> {
        self.trace(Event::Estimate(Estimate {
            name: stream.name.clone(),
            namespace: stream.namespace.clone(),
            scope: EstimateScope::Stream,
            row_estimate: Some(rows.into()),
            byte_estimate: Some(bytes.into()),
            rest: Map::new(),
        }))
    }

    pub(super) fn error(&mut self, fault: Fault) -> Result<(), Stop> {
        let story = Some(fault.story).filter(|story| !story.is_empty());
        self.trace(Event::Error(ErrorTrace {
            message: fault.message,
            internal_message: story,
            stack_trace: None,
            failure_type: Some(fault.kind),
            stream_descriptor: fault.stream,
            rest: Map::new(),
        }))
    }

    fn trace(&mut self, event: Event) -> Result<(), Stop> {
        let emitted_at = Number::from(self.clock.now().timestamp_millis());
        self.message(&Message::Trace {
            trace: Trace {
                emitted_at: Some(emitted_at),
                event,
                rest: Map::new(),
            },
        })
    }

    /// Writes what was gathered.
    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        let written = self.to.write_all(&self.lines);
        self.lines.clear();
        written
            .and_then(|()| self.to.flush())
            .map_err(|_| Stop::Gone)
    }

    /// Forgets a line that was begun and not ended, after a panic within it.
    pub(super) fn drop_unfinished_line(&mut self) {
        let whole = memchr::memrchr(b'\n', &self.lines).map_or(0, |at| at + 1);
        self.lines.truncate(whole);
    }
}

impl std::fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}
