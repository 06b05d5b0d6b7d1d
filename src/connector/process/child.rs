//! A child at work, seen from the server: its pipes, and the lifeline to its supervisor. Dropping the
//! lifeline ends the child and everything that it started.

use std::io::{self, IoSlice, PipeReader, PipeWriter};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::{Input, Order, enlarge};
use crate::connector::supervisor::{COMMAND, Report};
use crate::connector::{Exit, Failure};

/// A child and what it prints.
#[derive(Debug)]
pub struct Child {
    pub input: Ends,
    pub output: PipeReader,
    pub errors: PipeReader,
    pub life: Life,
}

/// Our end of a child's standard input.
#[derive(Debug)]
pub enum Ends {
    Nothing,
    Pipe(PipeWriter),
    Socket(UnixStream),
}

/// A child's life, in our hand.
#[derive(Debug)]
pub struct Life {
    lifeline: BufReader<tokio::net::UnixStream>,
    /// What has come of the next report: a wait for it may be given up and taken up again.
    partial: Vec<u8>,
    group: Pid,
    exit: Option<Exit>,
    /// Reaped by the runtime, whenever it ends.
    _supervisor: tokio::process::Child,
}

/// Starts a child under a supervisor, the program of this path.
///
/// # Errors
/// [`Failure`] when the machine refuses; the story names the program that could not be run.
pub async fn start(order: Order, supervisor: &Path) -> Result<Child, Failure> {
    let asked = order.command.first().cloned().unwrap_or_default();
    attempt(order, supervisor).await.map_err(|error| {
        let name = Path::new(&asked).file_name().unwrap_or(&asked);
        Failure::broken(format!("{} could not be started", name.display()), error)
    })
}

async fn attempt(mut order: Order, supervisor: &Path) -> io::Result<Child> {
    let (lifeline, theirs) = UnixStream::pair()?;
    let (output, their_output) = io::pipe()?;
    let (errors, their_errors) = io::pipe()?;
    enlarge(&output);
    let input = hand_input(&lifeline, order.input)?;
    let mut command = std::process::Command::new(supervisor);
    command
        .arg(COMMAND)
        .arg("--directory")
        .arg(order.directory.path());
    if let Some(memory) = order.memory {
        command.arg("--memory").arg(memory.to_string());
    }
    if let Some(group) = &order.group {
        command.arg("--group").arg(group);
    }
    command
        .arg("--")
        .args(&order.command)
        .env_clear()
        .envs(order.environment.iter())
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(their_output)
        .stderr(their_errors);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut command = tokio::process::Command::from(command);
    let supervisor = command.spawn()?;
    // It holds copies of the child's ends of the pipes.
    drop(command);
    order.directory.hand_over();
    lifeline.set_nonblocking(true)?;
    let mut life = Life {
        lifeline: BufReader::new(tokio::net::UnixStream::from_std(lifeline)?),
        partial: Vec::new(),
        group: Pid::INIT,
        exit: None,
        _supervisor: supervisor,
    };
    match life.report().await? {
        Some(Report::Started(group)) => {
            life.group = Pid::from_raw(group).ok_or_else(|| io::Error::other("no number"))?;
        }
        Some(Report::Failed(why)) => return Err(io::Error::other(why)),
        Some(Report::Ended(_)) | None => {
            return Err(io::Error::other("the supervisor did not start"));
        }
    }
    Ok(Child {
        input,
        output,
        errors,
        life,
    })
}

/// Makes the child's standard input and sends its end down the lifeline.
fn hand_input(lifeline: &UnixStream, input: Input) -> io::Result<Ends> {
    let (ours, theirs): (Ends, Option<OwnedFd>) = match input {
        Input::Nothing => (Ends::Nothing, None),
        Input::Pipe => {
            let (theirs, ours) = io::pipe()?;
            enlarge(&ours);
            (Ends::Pipe(ours), Some(theirs.into()))
        }
        Input::Socket => {
            let (ours, theirs) = UnixStream::pair()?;
            (Ends::Socket(ours), Some(theirs.into()))
        }
    };
    let attached: Vec<_> = theirs.iter().map(AsFd::as_fd).collect();
    send(lifeline, b"i", &attached)?;
    Ok(ours)
}

/// Sends bytes with descriptors attached to the first of them; says how many bytes went.
pub(crate) fn send(
    socket: impl AsFd,
    bytes: &[u8],
    attached: &[std::os::fd::BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !attached.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(attached)) {
        return Err(io::Error::other("too many descriptors for one message"));
    }
    Ok(rustix::net::sendmsg(
        socket,
        &[IoSlice::new(bytes)],
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?)
}

impl Life {
    /// Waits for the end.
    pub async fn wait(&mut self) -> Exit {
        if let Some(exit) = &self.exit {
            return exit.clone();
        }
        let exit = match self.report().await {
            Ok(Some(Report::Ended(ended))) => Exit {
                code: ended.code,
                signal: ended.signal,
                out_of_memory: ended.out_of_memory,
                cpu: Some(Duration::from_millis(ended.cpu_ms)),
                memory: (ended.memory > 0).then_some(ended.memory),
            },
            // Somebody killed the supervisor; without it nobody else would end the child.
            _ => {
                let _ = rustix::process::kill_process_group(self.group, Signal::KILL);
                Exit {
                    signal: Some(Signal::KILL.as_raw()),
                    ..Exit::default()
                }
            }
        };
        self.exit = Some(exit.clone());
        exit
    }

    /// Asks the group to end, waits for `grace`, then insists.
    pub async fn stop(&mut self, grace: Duration) -> Exit {
        if self.exit.is_none()
            && self.lifeline.get_mut().write_all(b"t").await.is_ok()
            && let Ok(exit) = tokio::time::timeout(grace, self.wait()).await
        {
            return exit;
        }
        // No more requests: the supervisor kills everything, and says how it ended.
        let _ = self.lifeline.get_mut().shutdown().await;
        self.wait().await
    }

    async fn report(&mut self) -> io::Result<Option<Report>> {
        let read = self.lifeline.read_until(b'\n', &mut self.partial).await?;
        if read == 0 {
            return Ok(None);
        }
        let line = std::mem::take(&mut self.partial);
        Ok(Some(serde_json::from_slice(&line)?))
    }
}
