//! Running a native connector inside of the server: on a thread of its own, with a pipe of the operating system
//! for its output, as any connector has one. What it is to write comes in parcels ([`feed`]): through a pipe,
//! each byte would be copied twice more, and each line looked at again.

use std::fmt;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::time::Duration;

use rustix::pipe::fcntl_setpipe_size;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{mpsc, watch};

use super::Connector;
use super::cancel::{Cancel, Pipe};
use super::input::{Counter, Input};
use super::interface::Surroundings;
use super::run;
use crate::connector::feed::{self, Feed};
use crate::connector::{Exit, Failure, Handle, Running, Task};

/// What a pipe holds where the system allows it: four times as fast as the usual 64 KiB.
const PIPE: usize = 1024 * 1024;

/// The signals whose names a run that was stopped takes, as a process would.
const TERM: i32 = 15;
const KILL: i32 = 9;

/// Starts a task.
pub(super) fn launch(
    connector: &'static Connector,
    task: Task,
    surroundings: Surroundings,
) -> Result<Running, Failure> {
    start(connector, task, surroundings).map_err(|error| {
        let message =
            "the connector could not be started: the system gives no more pipes or threads";
        Failure {
            story: error.to_string(),
            ..Failure::transient(message)
        }
    })
}

fn start(
    connector: &'static Connector,
    task: Task,
    surroundings: Surroundings,
) -> io::Result<Running> {
    let cancel = surroundings.cancel.clone();
    let (output, mut to) = ours_and_theirs(&cancel)?;
    let (input, mut from): (_, Box<dyn Input + Send>) = match task {
        Task::Read { .. } => (None, Box::new(io::empty())),
        Task::Write { .. } => {
            let (parcels, desk) = feed::parcels();
            let counter = Counter::new(desk, cancel.clone());
            (Some(Feed::Parcels(parcels)), Box::new(counter))
        }
    };
    let (ended, end) = watch::channel(None);
    let (_, errors) = mpsc::channel(1);
    std::thread::Builder::new()
        .name(connector.name())
        .spawn(move || {
            let code = run::perform(connector, &task, &surroundings, &mut *from, &mut to);
            drop((from, to));
            let stopped = code != 0 && surroundings.cancel.is_given();
            let _ = ended.send(Some(Exit {
                code: (!stopped).then_some(code.into()),
                signal: stopped.then_some(TERM),
                cpu: cpu_time(),
                ..Exit::default()
            }));
        })?;
    Ok(Running {
        input,
        output,
        errors,
        handle: Box::new(Thread { cancel, end }),
    })
}

fn ours_and_theirs(cancel: &Cancel) -> io::Result<(PipeReader, Pipe<PipeWriter>)> {
    let (ours, theirs) = io::pipe()?;
    enlarge(&theirs);
    Ok((ours, Pipe::new(theirs, cancel.clone())?))
}

/// Makes a pipe as large as we like it. Where the system says no, it stays as it is.
pub(super) fn enlarge(pipe: impl AsFd) {
    let _ = fcntl_setpipe_size(pipe, PIPE);
}

/// What this thread has used of the processor.
fn cpu_time() -> Option<Duration> {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.try_into().ok()
}

/// A run on a thread. It is told to stop when this is dropped.
struct Thread {
    cancel: Cancel,
    end: watch::Receiver<Option<Exit>>,
}

impl Handle for Thread {
    fn wait(&mut self) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        Box::pin(async {
            let ended = self.end.wait_for(Option::is_some).await;
            // The sender is gone without a word only if the thread could not even say so.
            ended.ok().and_then(|exit| exit.clone()).unwrap_or_default()
        })
    }

    /// A thread cannot be killed: one that has not noticed in time is left to itself, without pipes
    /// and without anybody who waits for it.
    fn stop(&mut self, grace: Duration) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        self.cancel.give();
        Box::pin(async move {
            let ended = tokio::time::timeout(grace, self.wait()).await;
            ended.unwrap_or_else(|_| Exit {
                signal: Some(KILL),
                ..Exit::default()
            })
        })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.cancel.give();
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.end.borrow().is_none();
        f.debug_struct("Thread")
            .field("running", &running)
            .finish_non_exhaustive()
    }
}
