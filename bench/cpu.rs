//! What processes cost, from the kernel's own accounts in /proc: processor time of a program with
//! threads, processor time of PostgreSQL's family of processes, and memory.
//!
//! A program with threads is read from `stat`, which also keeps the time of threads that have
//! ended; its unit is a tick of 10 ms. PostgreSQL's processes have one thread each, and there are
//! many of them, so that ticks would add up to an error of several per cent: they are read in
//! nanoseconds from `schedstat`, and those that have ended from their parent's account.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// Linux reports to programs in hundredths of a second on every machine (`getconf CLK_TCK`).
const TICK: Duration = Duration::from_millis(10);

/// User and system time of one process with all its threads, living and ended.
pub(crate) fn of_program(pid: u32) -> Result<Duration> {
    let stat = Stat::read(pid)?;
    Ok(TICK * (stat.own_ticks + stat.ended_children_ticks))
}

/// User and system time of one process with its living and ended threads, without its children.
pub(crate) fn of_process(pid: u32) -> Result<Duration> {
    Ok(TICK * Stat::read(pid)?.own_ticks)
}

/// User and system time of a process with one thread, and of all its descendants of the same kind.
pub(crate) fn of_family(parent: u32) -> Result<Duration> {
    let mut total = TICK * Stat::read(parent)?.ended_children_ticks;
    for pid in descendants(parent)? {
        // A process may end between being listed and being read.
        if let Ok(text) = fs::read_to_string(format!("/proc/{pid}/schedstat")) {
            let first = text
                .split_whitespace()
                .next()
                .context("schedstat is empty")?;
            total += Duration::from_nanos(first.parse()?);
        }
    }
    Ok(total)
}

/// What all processes together have used since the machine started, interrupts left out.
pub(crate) fn of_machine() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    // The first three numbers: user, nice and system.
    let ticks: Result<Vec<u32>, _> = line
        .split_whitespace()
        .skip(1)
        .take(3)
        .map(str::parse)
        .collect();
    Ok(TICK * ticks?.iter().sum::<u32>())
}

/// Resident memory in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    kibibytes(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The same, where of a page that several processes have each has its part. In bytes.
pub(crate) fn share(pid: u32) -> Result<u64> {
    kibibytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

fn kibibytes(file: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let line = line.with_context(|| format!("no {name} in {file}"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

/// The parent itself and every process below it.
pub(crate) fn descendants(parent: u32) -> Result<Vec<u32>> {
    let mut everyone = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| name.parse().ok())
            && let Ok(stat) = Stat::read(pid)
        {
            everyone.push((pid, stat.parent));
        }
    }
    let mut family = vec![parent];
    let mut seen = 0;
    while let Some(&elder) = family.get(seen) {
        family.extend(
            everyone
                .iter()
                .filter(|(_, parent)| *parent == elder)
                .map(|(pid, _)| *pid),
        );
        seen += 1;
    }
    Ok(family)
}

struct Stat {
    parent: u32,
    own_ticks: u32,
    ended_children_ticks: u32,
}

impl Stat {
    fn read(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/stat");
        let text = fs::read_to_string(Path::new(&path)).with_context(|| path.clone())?;
        // The second field is the program's name in brackets and may itself hold spaces.
        let (_, rest) = text.rsplit_once(')').context("stat has no name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // proc(5) counts from 1 and the name is field 2: field n stands at n - 3 here.
        let field = |number: usize| -> Result<u32> {
            Ok(fields.get(number - 3).context("stat is short")?.parse()?)
        };
        Ok(Self {
            parent: field(4)?,
            own_ticks: field(14)? + field(15)?,
            ended_children_ticks: field(16)? + field(17)?,
        })
    }
}
