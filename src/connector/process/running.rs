//! A long run: the ends of its pipes for whoever moves the data, and a thread that reads its log.

use std::io::{BufRead as _, BufReader, PipeReader, Read as _};
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;

use super::child::{Child, Ends, Life};
use crate::connector::feed::Feed;
use crate::connector::{Exit, Failure, Handle, Running};

/// Lines of the log that may wait for a reader. The connector waits when there are more.
const WAITING: usize = 1000;

/// The longest line of a log, in bytes; the rest of a longer one is left out.
const LONGEST: u64 = 64 << 10;

/// Makes a run of a child.
///
/// # Errors
/// [`Failure`] when the machine has no thread left.
pub fn running(child: Child) -> Result<Running, Failure> {
    let (sender, errors) = mpsc::channel(WAITING);
    let log = child.errors;
    std::thread::Builder::new()
        .name("connector log".to_owned())
        .spawn(move || read_log(log, &sender))
        .map_err(|error| Failure::broken("no thread is left for the connector's log", error))?;
    Ok(Running {
        input: match child.input {
            Ends::Pipe(pipe) => Some(Feed::Pipe(pipe)),
            Ends::Nothing | Ends::Socket(_) => None,
        },
        output: child.output,
        errors,
        handle: Box::new(child.life),
    })
}

/// Reads to the end even when nobody listens any more: a full pipe would stop the connector.
fn read_log(log: PipeReader, lines: &mpsc::Sender<String>) {
    let mut log = BufReader::with_capacity(64 << 10, log);
    let mut line = Vec::new();
    loop {
        line.clear();
        match log.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.last() != Some(&b'\n') && log.skip_until(b'\n').is_err() {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        let _ = lines.blocking_send(text.trim_end().to_owned());
    }
}

impl Handle for Life {
    fn wait(&mut self) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        Box::pin(Life::wait(self))
    }

    fn stop(&mut self, grace: Duration) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        Box::pin(Life::stop(self, grace))
    }
}
