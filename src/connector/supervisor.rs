//! The program between the server and a connector: `ferrobyte supervise`, hidden because nobody else
//! has a use for it. It starts the connector in a group of its own, hands it the pipes (no byte of data
//! passes through here), and holds one end of a socket, the lifeline. When the server's end closes, be
//! it by a kill, everything that the connector has started is killed, too: as a child subreaper the
//! supervisor inherits every descendant, also one that left the group.
//!
//! What comes down the lifeline: first a byte with the connector's standard input attached, if it gets
//! one, then a byte for each request to end. What goes up: one `Report` a line.

use std::ffi::OsString;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};

use super::process::{directory, groups};
use super::usage::{self, Watch};

/// The name of the command.
pub const COMMAND: &str = "supervise";

/// Connectors step back when the machine is busy, and die before the server when memory is short.
const NICE: i32 = 5;
const DIES_FIRST: &str = "500";

/// What is asked of a supervisor.
#[derive(Debug)]
pub struct Charge {
    pub command: Vec<OsString>,
    /// The connector's place; removed at the end.
    pub directory: PathBuf,
    /// Bytes.
    pub memory: Option<u64>,
    /// The control group to run in.
    pub group: Option<PathBuf>,
}

/// What a supervisor tells the server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// It runs, and leads the group of this number.
    Started(i32),
    /// It could not be started.
    Failed(String),
    Ended(Ended),
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out_of_memory: bool,
    /// Of the connector and all that it started and that has ended; exact to the tick of 10 ms.
    pub cpu_ms: u64,
    /// The greatest that was seen, in bytes: looked at often at first, then once a second.
    pub memory: u64,
}

/// What brought the end.
enum End {
    OfItself(WaitStatus),
    /// The server has had enough, or is gone.
    Stopped,
    TookTooMuch,
}

/// Runs the connector to its end.
///
/// # Errors
/// When this process was not started by a server, or the machine refuses.
pub fn supervise(charge: &Charge) -> io::Result<()> {
    let lifeline = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Before anything else: whoever is no server does not get a directory removed.
    let input = receive_input(&lifeline)?;
    let outcome = attend(charge, input, &lifeline);
    // The last deed in every case: the configuration lies there.
    directory::remove(&charge.directory);
    let report = match outcome {
        Ok(ended) => Report::Ended(ended),
        Err(error) => Report::Failed(error.to_string()),
    };
    // Perhaps nobody is left to be told.
    let _ = tell(&lifeline, &report);
    Ok(())
}

fn attend(charge: &Charge, input: Option<OwnedFd>, lifeline: &UnixStream) -> io::Result<Ended> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let killed_before = usage::kills_for_memory();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome: io::Result<(End, u64)> = runtime.block_on(async {
        // Listening starts before the connector does, so that no end is missed.
        let mut children = signal(SignalKind::child())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let group = start(charge, input)?;
        tell(lifeline, &Report::Started(group.as_raw_pid()))?;
        let asynchronous = lifeline.try_clone()?;
        asynchronous.set_nonblocking(true)?;
        let mut asynchronous = tokio::net::UnixStream::from_std(asynchronous)?;
        let mut watch = Watch::new(group, charge.memory);
        let mut request = [0_u8; 1];
        loop {
            tokio::select! {
                _ = children.recv() => {
                    if let Some(status) = reap(group) {
                        return Ok((End::OfItself(status), watch.seen()));
                    }
                }
                read = asynchronous.read(&mut request) => match read {
                    Ok(1) => drop(rustix::process::kill_process_group(group, Signal::TERM)),
                    // No more requests.
                    _ => return Ok((End::Stopped, watch.seen())),
                },
                // Somebody stops every process of a service at once: the connector got it, too, and
                // the lifeline says what comes of it.
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
                () = tokio::time::sleep(watch.pause()) => if watch.look() {
                    return Ok((End::TookTooMuch, watch.seen()));
                },
            }
        }
    });
    end_all();
    let (end, memory) = outcome?;
    let (code, signal) = match end {
        End::OfItself(status) => (status.exit_status(), status.terminating_signal()),
        End::Stopped | End::TookTooMuch => (None, Some(Signal::KILL.as_raw())),
    };
    let out_of_memory = match end {
        // The system says only that it has killed somebody.
        End::OfItself(_) => {
            signal == Some(Signal::KILL.as_raw()) && usage::kills_for_memory() > killed_before
        }
        End::Stopped => false,
        End::TookTooMuch => true,
    };
    Ok(Ended {
        code,
        signal,
        out_of_memory,
        cpu_ms: usage::spent_by_children(),
        memory,
    })
}

/// The first byte, and the connector's standard input if it comes with it.
fn receive_input(lifeline: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut attached = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0_u8; 1];
    let received = rustix::net::recvmsg(
        lifeline,
        &mut [IoSliceMut::new(&mut byte)],
        &mut attached,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    if received.bytes == 0 {
        return Err(io::Error::other("the server is gone"));
    }
    Ok(attached.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    }))
}

/// Starts the connector and lets go of its pipes, so that their other ends see its end.
fn start(charge: &Charge, input: Option<OwnedFd>) -> io::Result<Pid> {
    let (program, arguments) = charge
        .command
        .split_first()
        .ok_or_else(|| io::Error::other("no program was named"))?;
    if let Some(group) = &charge.group {
        // A share of the processors is not worth failing for.
        let _ = groups::join(group);
    }
    if let Some(memory) = charge.memory {
        // Counts what a process may write to, not what it has merely mapped: a thread reserves a lot.
        let limit = Rlimit {
            current: Some(memory),
            maximum: Some(memory),
        };
        rustix::process::setrlimit(Resource::Data, limit)?;
    }
    // Neither of these is worth failing for.
    let _ = rustix::process::nice(NICE);
    let before = std::fs::read_to_string(OOM_SCORE).unwrap_or_default();
    let _ = std::fs::write(OOM_SCORE, DIES_FIRST);
    let child = Command::new(program)
        .args(arguments)
        .current_dir(&charge.directory)
        .process_group(0)
        .stdin(input.map_or_else(Stdio::null, Stdio::from))
        .spawn()
        .map_err(|error| io::Error::other(format!("{}: {error}", Path::new(program).display())))?;
    let _ = std::fs::write(OOM_SCORE, before.trim());
    let null = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(Pid::from_child(&child))
}

const OOM_SCORE: &str = "/proc/self/oom_score_adj";

/// Takes leave of every child that has ended, adopted ones too, until it is the connector's turn.
fn reap(connector: Pid) -> Option<WaitStatus> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == connector => return Some(status),
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) | Err(_) => return None,
        }
    }
}

/// Kills every descendant. Only own children are killed, because their numbers cannot be given to
/// anybody else before they are reaped; their children then become ours.
fn end_all() {
    let own = rustix::process::getpid();
    loop {
        for child in usage::children(own) {
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            // Asleep instead of waiting: an adopted child may have come that is not killed yet.
            Ok(None) | Err(rustix::io::Errno::INTR) => std::thread::sleep(Duration::from_millis(1)),
            Err(_) => return,
        }
    }
}

fn tell(lifeline: &UnixStream, report: &Report) -> io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    // The descriptor is shared with the asynchronous one and may not block any more; a report is far
    // smaller than what a socket holds.
    io::Write::write_all(&mut &*lifeline, &line)
}
