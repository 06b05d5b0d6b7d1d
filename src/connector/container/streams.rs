//! The streams of a container, which the engine sends through one connection, as pipes of the operating
//! system. What is not read holds the container up, as a pipe would; only the log gives way.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;

use bollard::container::{AttachContainerResults, LogOutput};
use futures_util::StreamExt as _;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::sync::mpsc;

/// The size of a pipe, if the system lets us: it is read and written in blocks of many records.
const PIPE: usize = 1024 * 1024;
/// Lines of the log that wait for somebody to read them.
const LINES: usize = 1024;
/// The longest line of the log; longer ones are cut into several.
const LINE: usize = 16 * 1024;

/// Our ends.
pub(super) struct Ends {
    pub input: Option<PipeWriter>,
    pub output: PipeReader,
    pub errors: mpsc::Receiver<String>,
}

/// Gives the ends, and what carries the bytes between them and the container. The carrier is done when
/// the container has said everything, or nobody listens.
///
/// # Errors
/// When the system has no pipe left.
pub(super) fn connect(
    attached: AttachContainerResults,
    takes_input: bool,
) -> io::Result<(Ends, impl Future<Output = ()>)> {
    let (output, sink) = pipe_of_size()?;
    let sink = pipe::Sender::from_owned_fd(OwnedFd::from(sink))?;
    let (input, source) = if takes_input {
        let (source, input) = pipe_of_size()?;
        (
            Some(input),
            Some(pipe::Receiver::from_owned_fd(OwnedFd::from(source))?),
        )
    } else {
        (None, None)
    };
    let (sender, errors) = mpsc::channel(LINES);
    let AttachContainerResults {
        output: says,
        input: hears,
    } = attached;
    let carrier = async move {
        let listening = async {
            if let Some(source) = source {
                feed(source, hears).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = tell(says, sink, Log::new(sender)) => {}
            () = listening => {}
        }
    };
    let ends = Ends {
        input,
        output,
        errors,
    };
    Ok((ends, carrier))
}

fn pipe_of_size() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    // An unprivileged user may have too many of them; the usual size works, too.
    let _ = rustix::pipe::fcntl_setpipe_size(writer.as_fd(), PIPE);
    Ok((reader, writer))
}

/// From the caller to the container, until there is no more.
async fn feed(mut source: pipe::Receiver, mut sink: Pin<Box<dyn AsyncWrite + Send>>) {
    if let Err(error) = tokio::io::copy(&mut source, &mut sink).await {
        tracing::debug!(%error, "a container takes no more input");
    }
    let _ = sink.shutdown().await;
}

/// From the container to the caller.
async fn tell(
    mut says: impl futures_util::Stream<Item = Result<LogOutput, bollard::errors::Error>> + Unpin,
    mut sink: pipe::Sender,
    mut log: Log,
) {
    while let Some(said) = says.next().await {
        match said {
            Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => {
                if sink.write_all(&message).await.is_err() {
                    break;
                }
            }
            Ok(LogOutput::StdErr { message }) => log.take(&message),
            Ok(LogOutput::StdIn { .. }) => {}
            Err(error) => {
                tracing::debug!(%error, "a container is heard no more");
                break;
            }
        }
    }
    log.end();
}

/// The log in lines. When nobody reads them, later ones are counted instead of kept.
struct Log {
    sender: mpsc::Sender<String>,
    unfinished: Vec<u8>,
    lost: u64,
}

impl Log {
    fn new(sender: mpsc::Sender<String>) -> Self {
        Self {
            sender,
            unfinished: Vec::new(),
            lost: 0,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(part);
            if part.ends_with(b"\n") || self.unfinished.len() >= LINE {
                self.finish();
            }
        }
    }

    fn finish(&mut self) {
        let line = String::from_utf8_lossy(&self.unfinished)
            .trim_end()
            .to_owned();
        self.unfinished.clear();
        if self.lost > 0 {
            let note = format!("({} lines of the log were not kept)", self.lost);
            if self.sender.try_send(note).is_ok() {
                self.lost = 0;
            }
        }
        if self.sender.try_send(line).is_err() {
            self.lost += 1;
        }
    }

    fn end(&mut self) {
        if !self.unfinished.is_empty() {
            self.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(receiver: &mut mpsc::Receiver<String>) -> Vec<String> {
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }

    #[test]
    fn the_log_comes_in_whole_lines_however_it_was_cut() {
        let (sender, mut receiver) = mpsc::channel(LINES);
        let mut log = Log::new(sender);
        for part in ["one\ntw", "o\r\n\nth", "ree"] {
            log.take(part.as_bytes());
        }
        assert_eq!(lines(&mut receiver), ["one", "two", ""]);
        log.end();
        assert_eq!(lines(&mut receiver), ["three"]);
        log.take(&vec![b'x'; 3 * LINE]);
        log.end();
        assert!(
            lines(&mut receiver)
                .iter()
                .all(|line| line.len() <= 3 * LINE)
        );
    }

    #[test]
    fn a_log_that_nobody_reads_is_counted_and_holds_nothing_up() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut log = Log::new(sender);
        for number in 0..10 {
            log.take(format!("{number}\n").as_bytes());
        }
        assert_eq!(lines(&mut receiver), ["0", "1"]);
        log.take(b"later\n");
        assert_eq!(
            lines(&mut receiver),
            ["(8 lines of the log were not kept)", "later"]
        );
    }
}
