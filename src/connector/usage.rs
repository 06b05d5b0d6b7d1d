//! What processes use, read from `/proc`: there is no safe way to the system call that tells it at once.

use std::time::Duration;

use rustix::process::Pid;

/// Watches how much memory a process and its descendants hold.
#[derive(Debug)]
pub(super) struct Watch {
    process: Pid,
    limit: Option<u64>,
    pause: Duration,
    seen: u64,
}

impl Watch {
    pub(super) fn new(process: Pid, limit: Option<u64>) -> Self {
        Self {
            process,
            limit,
            pause: Duration::from_millis(10),
            seen: 0,
        }
    }

    /// How long to wait until the next look: short runs are worth looking at, and long ones cost
    /// nothing. With a limit it stays short enough to keep it.
    pub(super) fn pause(&mut self) -> Duration {
        let longest = match self.limit {
            Some(_) => Duration::from_millis(250),
            None => Duration::from_secs(1),
        };
        self.pause = (self.pause * 2).min(longest);
        self.pause
    }

    /// Looks, and says whether it is too much.
    pub(super) fn look(&mut self) -> bool {
        let now: u64 = tree(self.process).into_iter().map(resident).sum();
        self.seen = self.seen.max(now).max(greatest(self.process));
        self.limit.is_some_and(|limit| now > limit)
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }
}

/// A process and all its descendants.
fn tree(root: Pid) -> Vec<Pid> {
    let (mut found, mut next) = (vec![root], 0);
    while let Some(&process) = found.get(next) {
        next += 1;
        found.extend(children(process));
    }
    found
}

/// The children of a process.
pub(super) fn children(process: Pid) -> Vec<Pid> {
    let folder = format!("/proc/{}/task", process.as_raw_pid());
    let mut found = Vec::new();
    for thread in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match std::fs::read_to_string(thread.path().join("children")) {
            Ok(list) => found.extend(list.split_whitespace().filter_map(number)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // Gone in this moment, or a kernel that does not tell.
                return if thread.path().exists() {
                    children_by_search(process)
                } else {
                    found
                };
            }
            Err(_) => {}
        }
    }
    found
}

/// The same for kernels that keep no list.
fn children_by_search(process: Pid) -> Vec<Pid> {
    let parent = process.as_raw_pid().to_string();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| number(entry.file_name().to_str()?));
    numbers
        .filter(|pid| {
            fields(&pid.as_raw_pid().to_string())
                .is_some_and(|fields| fields.get(1) == Some(&parent))
        })
        .collect()
}

fn number(text: &str) -> Option<Pid> {
    text.parse().ok().and_then(Pid::from_raw)
}

/// Bytes in memory now.
fn resident(process: Pid) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/statm", process.as_raw_pid()));
    let pages = text
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

/// The most bytes that the process itself ever had in memory.
fn greatest(process: Pid) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", process.as_raw_pid()));
    let text = text.unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes =
        value.and_then(|value| value.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Milliseconds of CPU that our children took, and theirs, as far as they have ended.
pub(super) fn spent_by_children() -> u64 {
    let ticks = fields("self").map(|fields| {
        let field = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok());
        field(13).unwrap_or(0) + field(14).unwrap_or(0)
    });
    ticks.unwrap_or(0) * 1000 / rustix::param::clock_ticks_per_second().max(1)
}

/// The fields of `stat` behind the name, which may hold blanks and brackets: state first, then parent.
fn fields(process: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// How often the system has killed a process for want of memory since it started. Zero where it does
/// not tell.
pub(super) fn kills_for_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_finds_its_children_either_way() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("a process");
        let (own, pid) = (rustix::process::getpid(), Pid::from_child(&child));
        assert!(children(own).contains(&pid));
        assert!(children_by_search(own).contains(&pid));
        assert!(tree(own).contains(&pid));
        assert!(resident(own) > 1 << 20 && greatest(own) >= resident(own) / 2);
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(!children(own).contains(&pid));
    }
}
