//! One run of records from a source to a destination, on two threads that block: [`forward`] reads what
//! the source prints and hands records and states on, [`acknowledge`] reads what the destination prints
//! and learns which states are safe. Between them stands the [`ledger`]: what was read, what waits for an
//! acknowledgement, what may be committed. Nobody here knows the database.
//!
//! No queue lies between the two processes: `forward` writes into the destination's pipe and blocks when
//! it is full, then stops reading, and so the source blocks too. The memory of a run is that of a few
//! buffers, and of the states that wait.

pub mod acknowledge;
pub mod forward;
pub mod ledger;
pub mod plan;
pub mod rewrite;
mod steps;
#[cfg(test)]
mod tests;
pub mod values;

use serde_json::Value;

use crate::domain::job::{FailureReason, Origin};

/// What the threads tell the attempt while they run.
#[derive(Debug)]
pub enum Event {
    /// A line for the log.
    Log {
        origin: Origin,
        level: Level,
        text: String,
    },
    /// The connector asks to have this configuration stored, at once.
    Control {
        origin: Origin,
        configuration: Value,
    },
}

/// How loud a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    /// As connectors spell it; what is unknown is of interest.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "FATAL" | "ERROR" => Self::Error,
            "WARN" => Self::Warn,
            "DEBUG" => Self::Debug,
            "TRACE" => Self::Trace,
            _ => Self::Info,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Where the threads send their events. The channel is bounded: a connector that talks too much waits.
pub type Events = tokio::sync::mpsc::Sender<Event>;

/// What one side left behind when its output ended.
#[derive(Debug, Default)]
pub struct Remains {
    /// In the order in which they were reported; the first one counts.
    pub failures: Vec<FailureReason>,
    /// Lines that began like records and could not be read.
    pub broken_lines: u64,
    /// The other side does not take what is sent to it any more.
    pub cut_off: bool,
}
