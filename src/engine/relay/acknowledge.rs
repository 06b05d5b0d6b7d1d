//! The way back: what the destination prints. A state that comes back is safe, and with it everything
//! that was handed on before it.

use std::io::{self, Read};

use super::ledger::Ledger;
use super::{Event, Events, Level, Remains, forward};
use crate::domain::job::{FailureReason, FailureType, Origin};
use crate::protocol::line::{Line, classify};
use crate::protocol::message::Message;
use crate::protocol::reader::{Lines, Piece};
use crate::protocol::trace::Event as Traced;

/// Reads until the destination's output ends.
///
/// # Errors
/// When it cannot be read.
pub fn acknowledge(from: impl Read, ledger: &Ledger, events: &Events) -> io::Result<Remains> {
    let mut remains = Remains::default();
    let mut lines = Lines::new(from);
    let log = |level, text: String| {
        // Nobody listens any more: the attempt is over.
        let _ = events.blocking_send(Event::Log {
            origin: Origin::Destination,
            level,
            text,
        });
    };
    while let Some(piece) = lines.next()? {
        let line = match piece {
            Piece::Line(line) => line,
            Piece::TooLong { length, .. } => {
                log(
                    Level::Error,
                    format!("a line of {length} bytes was cut out"),
                );
                continue;
            }
            // Not a whole message: it says nothing.
            Piece::Unfinished(line) => {
                log(
                    Level::Error,
                    format!("the output ended within a line of {} bytes", line.len()),
                );
                remains.failures.push(FailureReason::new(
                    Origin::Destination,
                    FailureType::SystemError,
                    "the destination's output ended within a line",
                ));
                continue;
            }
        };
        match classify(line) {
            Line::Message(message) => match *message {
                Message::State { state } => {
                    if !ledger.acknowledge(&state) {
                        log(
                            Level::Debug,
                            "a state came back that does not wait".to_owned(),
                        );
                    }
                }
                Message::Trace { trace } => {
                    if let Traced::Error(error) = trace.event {
                        let failure = forward::reason(Origin::Destination, error);
                        log(Level::Error, failure.message.clone());
                        if let Some(story) = &failure.internal_message {
                            log(Level::Error, story.clone());
                        }
                        remains.failures.push(failure);
                    }
                }
                Message::Log { log: entry } => log(Level::of(&entry.level), entry.message),
                Message::Control { control } => {
                    if let Some(config) = control.connector_config {
                        let (origin, configuration) = (Origin::Destination, config.config);
                        let _ = events.blocking_send(Event::Control {
                            origin,
                            configuration,
                        });
                    }
                }
                _ => log(
                    Level::Debug,
                    "a message came that a destination does not send".to_owned(),
                ),
            },
            Line::Text([]) => {}
            Line::Text(text) => log(Level::Info, String::from_utf8_lossy(text).into_owned()),
            Line::Record(_) | Line::Broken(_) => {
                log(Level::Warn, "the destination printed a record".to_owned());
            }
            Line::Skipped { kind, why } => {
                log(
                    Level::Warn,
                    format!("a message of type {kind} was passed over: {why}"),
                );
            }
        }
    }
    Ok(remains)
}
