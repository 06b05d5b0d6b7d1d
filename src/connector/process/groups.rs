//! Control groups of the kernel (version 2), which keep a connector to its share of the processors. They
//! can be used where this server may write to its own group: under systemd with `Delegate=yes`, as the
//! first process of a container whose groups are writable, as root on a machine of one's own. Where not,
//! the log says so once, and connectors take what they get.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where version 2 is mounted.
const MOUNTED: &str = "/sys/fs/cgroup";

/// In which group a process is.
const OWN: &str = "/proc/self/cgroup";

/// Microseconds over which a share is counted.
const PERIOD: f64 = 100_000.0;

/// Where the server itself moves: a group that shares out may hold no processes.
const SERVER: &str = "server";

/// What the groups of connectors begin with.
const RUN: &str = "connector-";

/// The groups below our own.
#[derive(Debug)]
pub struct Groups {
    mounted: PathBuf,
    own: PathBuf,
    base: OnceLock<Result<PathBuf, String>>,
    count: AtomicU64,
}

impl Default for Groups {
    fn default() -> Self {
        Self::at(MOUNTED, OWN)
    }
}

impl Groups {
    /// Groups below this mount; the file says in which we are.
    #[must_use]
    pub fn at(mounted: impl Into<PathBuf>, own: impl Into<PathBuf>) -> Self {
        Self {
            mounted: mounted.into(),
            own: own.into(),
            base: OnceLock::new(),
            count: AtomicU64::new(0),
        }
    }

    /// A group that gets no more than so many processors. Nothing where there can be none; the log has said
    /// why.
    pub fn make(&self, processors: f64) -> Option<PathBuf> {
        let base = self.base.get_or_init(|| {
            let base = self.prepare();
            if let Err(why) = &base {
                tracing::warn!("the processor time of connectors is not limited here: {why}");
            }
            base
        });
        let base = base.as_ref().ok()?;
        sweep(base);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let group = base.join(format!("{RUN}{}-{number}", std::process::id()));
        let made = fs::create_dir(&group)
            .and_then(|()| fs::write(group.join("cpu.max"), share(processors)));
        match made {
            Ok(()) => Some(group),
            Err(error) => {
                tracing::warn!("a control group could not be made: {error}");
                let _ = fs::remove_dir(&group);
                None
            }
        }
    }

    /// Makes our own group one that shares out processors.
    fn prepare(&self) -> Result<PathBuf, String> {
        let own = fs::read_to_string(&self.own).unwrap_or_default();
        let path = own.lines().find_map(|line| line.strip_prefix("0::/"));
        let path = path.ok_or("this machine has no control groups of version 2")?;
        let base = self.mounted.join(path);
        let has = |file: &str| {
            let list = fs::read_to_string(base.join(file)).unwrap_or_default();
            list.split_whitespace().any(|name| name == "cpu")
        };
        if !has("cgroup.controllers") {
            return Err("its control group does not share out processors".to_owned());
        }
        if !has("cgroup.subtree_control") {
            step_aside(&base)
                .map_err(|error| format!("its control group is not ours to change: {error}"))?;
        }
        Ok(base)
    }
}

/// Moves this process into a group of its own, so that the group above may share out.
fn step_aside(base: &Path) -> io::Result<()> {
    let server = base.join(SERVER);
    match fs::create_dir(&server) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let own = std::process::id().to_string();
    fs::write(server.join("cgroup.procs"), &own)?;
    fs::write(base.join("cgroup.subtree_control"), "+cpu").inspect_err(|_| {
        // As it was.
        let _ = fs::write(base.join("cgroup.procs"), &own);
        let _ = fs::remove_dir(&server);
    })
}

/// Moves this process, and what it will start, into a group.
///
/// # Errors
/// When the kernel refuses.
pub fn join(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), std::process::id().to_string())
}

/// Removes groups that nobody is in any more, also those of an earlier life; others are not removed.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(RUN) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// `cpu.max`: microseconds in each period. The kernel takes no less than a thousand.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float is cut to the range of the integer"
)]
fn share(processors: f64) -> String {
    format!("{} {PERIOD}", (processors * PERIOD).max(1000.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_gets_its_share_where_groups_are_ours() {
        let place = tempfile::tempdir().expect("a directory");
        let (mounted, own) = (place.path().join("cgroup"), place.path().join("own"));
        let base = mounted.join("system.slice/ferrobyte");
        fs::create_dir_all(&base).expect("directories");
        fs::write(&own, "3:memory:/x\n0::/system.slice/ferrobyte\n").expect("a file");
        fs::write(base.join("cgroup.controllers"), "cpuset cpu memory\n").expect("a file");
        let groups = Groups::at(&mounted, &own);
        let group = groups.make(0.5).expect("a group");
        assert_eq!(
            fs::read_to_string(group.join("cpu.max")).expect("a share"),
            "50000 100000"
        );
        assert_eq!(
            fs::read_to_string(base.join("cgroup.subtree_control")).expect("a list"),
            "+cpu"
        );
        let moved = fs::read_to_string(base.join("server/cgroup.procs")).expect("a process");
        assert_eq!(moved, std::process::id().to_string());
        // One that is empty is removed by the next, as a kernel's group is.
        fs::remove_file(group.join("cpu.max")).expect("removed");
        let other = groups.make(0.001).expect("a group");
        assert!(!group.exists());
        assert_eq!(
            fs::read_to_string(other.join("cpu.max")).expect("a share"),
            "1000 100000"
        );
    }

    #[test]
    fn where_there_are_none_there_is_no_limit() {
        let place = tempfile::tempdir().expect("a directory");
        let own = place.path().join("own");
        for text in ["1:cpu:/\n", "0::/nowhere\n", ""] {
            fs::write(&own, text).expect("a file");
            assert!(Groups::at(place.path(), &own).make(1.0).is_none(), "{text}");
        }
    }
}
