//! A program on its own, read in the largest blocks by somebody who throws them away: the least that a
//! sync from it can take.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// As large as the pipes between the server and its connectors.
const SIZE: usize = 1 << 20;

/// How long the program took to its end, and how many bytes it printed.
pub(crate) fn drain(mut command: Command) -> Result<(Duration, usize)> {
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {command:?}"))?;
    let mut output = child.stdout.take().context("its output")?;
    rustix::pipe::fcntl_setpipe_size(&output, SIZE)?;
    let mut block = vec![0; SIZE];
    let mut bytes = 0;
    loop {
        match output.read(&mut block)? {
            0 => break,
            count => bytes += count,
        }
    }
    let took = begun.elapsed();
    ensure!(child.wait()?.success(), "{command:?} failed");
    Ok((took, bytes))
}
