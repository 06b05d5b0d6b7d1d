//! Child processes: each in a group and a private directory of its own, with an environment by
//! allow-list, under a supervisor (`connector::supervisor`) that ends with us. What they print is the
//! caller's business: this room gives both ends of the pipes and tells how it ended.

pub mod child;
pub mod directory;
pub mod environment;
pub mod groups;
pub mod lines;
pub mod listening;
pub mod running;

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::PathBuf;

use directory::RunDirectory;
use environment::Environment;

/// What to run.
#[derive(Debug)]
pub struct Order {
    /// The program and its arguments. Everybody on the machine can read them: no secrets.
    pub command: Vec<OsString>,
    pub environment: Environment,
    /// Where it works; removed when everything that it started has ended, even if this server has not
    /// lived to see it.
    pub directory: RunDirectory,
    /// The most memory in bytes, for the process and for it with its descendants together.
    pub memory: Option<u64>,
    /// The control group that it runs in.
    pub group: Option<PathBuf>,
    pub input: Input,
}

/// What the process gets as standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Nothing to read.
    Nothing,
    /// A pipe.
    Pipe,
    /// A socket, for talking both ways.
    Socket,
}

/// As much as a process without privileges may have: the default of 64 KiB makes a fast writer wait
/// four times as long.
const PIPE: usize = 1 << 20;

/// A larger pipe where the system allows one.
fn enlarge(pipe: impl AsFd) {
    // Refused when the user's pipes hold too much already; then the usual size has to do.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE);
}
