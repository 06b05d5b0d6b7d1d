//! The format of the log: text for people, JSON for collectors, on standard error. Lines are written
//! together, a tenth of a second late at most, because a system call for each costs as much as some
//! requests do; warnings and errors are written at once, with all that came before them.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::text::Text;

/// How late a line may be.
const LATE: Duration = Duration::from_millis(100);

/// How many bytes wait at most.
const MOST: usize = 32 * 1024;

/// The lines that wait.
static WAITING: Waiting = Waiting {
    lines: Mutex::new(Vec::new()),
    some: Condvar::new(),
};

struct Waiting {
    lines: Mutex<Vec<u8>>,
    some: Condvar,
}

/// Writes what waits when it is dropped, at the end of the process.
#[derive(Debug)]
#[must_use = "the last lines are written when it is dropped"]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        WAITING.write_out();
    }
}

/// Sets the log up for the whole process. `level` is a level or a filter of targets; it was checked.
pub fn begin(level: &str, json: bool) -> Guard {
    let filter: Targets = level.parse().unwrap_or_default();
    // PostgreSQL remarks at every start that the tables are there.
    let filter = filter.with_target("sqlx::postgres::notice", Level::WARN);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(Lines);
    if json {
        registry.with(layer.json().flatten_event(true)).init();
    } else {
        registry
            .with(
                layer
                    .with_ansi(io::stderr().is_terminal())
                    .event_format(Text),
            )
            .init();
    }
    std::thread::spawn(|| {
        loop {
            WAITING.until_some();
            std::thread::sleep(LATE);
            WAITING.write_out();
        }
    });
    Guard(())
}

impl Waiting {
    fn add(&self, line: &[u8], at_once: bool) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            self.some.notify_one();
        }
        lines.extend_from_slice(line);
        if at_once || lines.len() > MOST {
            write(&mut lines);
        }
    }

    fn until_some(&self) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.some.wait_while(lines, |lines| lines.is_empty());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn write_out(&self) {
        write(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Writes and forgets. A log that nobody can take is no reason to stop serving.
fn write(lines: &mut Vec<u8>) {
    let _ = io::stderr().write_all(lines);
    lines.clear();
}

/// Where the subscriber writes its lines.
struct Lines;

struct Line {
    at_once: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { at_once: false }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line {
        Line {
            at_once: *of.level() <= Level::WARN,
        }
    }
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        WAITING.add(line, self.at_once);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
