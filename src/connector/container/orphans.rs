//! Containers that a killed server left behind. Every container carries the name of its server, which
//! the server keeps in its data directory, and of this life of it; what bears the same name and another
//! life is removed. The name is held by a lock, so that two servers with one data directory do not take
//! each other's runs for orphans.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bollard::Docker;
use bollard::query_parameters::ListContainersOptionsBuilder;
use rustix::fs::{FlockOperation, flock};
use uuid::Uuid;

use super::engine::refused;
use super::running;
use crate::clock::Clock;
use crate::connector::Failure;

const INSTANCE: &str = "ferrobyte.instance";
const LIFE: &str = "ferrobyte.life";
const RUN: &str = "ferrobyte.run";
const FILE: &str = "container-instance";

/// This server's name among those that share an engine.
#[derive(Debug)]
pub(super) struct Instance {
    name: String,
    /// From this start to the next.
    life: String,
    /// Holds the lock; absent for a name that is for this life only.
    lock: Option<File>,
}

impl Instance {
    /// The name kept in the directory, or a new one: for good if it can be kept, else for this life.
    pub(super) fn of(directory: &Path, clock: &Clock) -> Self {
        let random = || Uuid::from_bytes(clock.random()).simple().to_string();
        let (fresh, life) = (random(), random());
        match kept(directory, &fresh) {
            Ok((name, lock)) => Self {
                name,
                life,
                lock: Some(lock),
            },
            Err(error) => {
                tracing::debug!(%error, "containers of this server bear a name for this life only");
                Self {
                    name: fresh,
                    life,
                    lock: None,
                }
            }
        }
    }

    pub(super) fn labels(&self, run: Uuid) -> HashMap<String, String> {
        HashMap::from([
            (INSTANCE.to_owned(), self.name.clone()),
            (LIFE.to_owned(), self.life.clone()),
            (RUN.to_owned(), run.to_string()),
        ])
    }
}

impl Drop for Instance {
    /// Closing the file would not do: a process that is being started has it open, too, until its first own step.
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            let _ = flock(lock, FlockOperation::Unlock);
        }
    }
}

fn kept(directory: &Path, fresh: &str) -> io::Result<(String, File)> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(directory.join(FILE))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let mut name = String::new();
    file.read_to_string(&mut name)?;
    let good = |name: &str| name.len() == 32 && name.chars().all(|c| c.is_ascii_hexdigit());
    if good(name.trim()) {
        return Ok((name.trim().to_owned(), file));
    }
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(fresh.as_bytes())?;
    file.sync_all()?;
    Ok((fresh.to_owned(), file))
}

/// Removes what bears the name and is of an earlier life.
pub(super) async fn collect(docker: &Docker, instance: &Instance) -> Result<usize, Failure> {
    if instance.lock.is_none() {
        return Ok(0);
    }
    let label = format!("{INSTANCE}={}", instance.name);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&HashMap::from([("label", vec![label.as_str()])]))
        .build();
    let found = docker
        .list_containers(Some(options))
        .await
        .map_err(|error| refused("listing containers", &error))?;
    let mut removed = 0;
    let ours = |labels: &HashMap<String, String>| labels.get(LIFE) == Some(&instance.life);
    let earlier = found
        .into_iter()
        .filter(|container| !container.labels.as_ref().is_some_and(ours));
    for id in earlier.filter_map(|container| container.id) {
        running::remove(docker, &id).await;
        removed += 1;
    }
    if removed > 0 {
        tracing::info!(
            removed,
            "removed containers that an earlier run left behind"
        );
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_and_belongs_to_one_server_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = Instance::of(directory.path(), &Clock::System);
        assert!(first.lock.is_some());
        let beside = Instance::of(directory.path(), &Clock::System);
        assert!(beside.lock.is_none() && beside.name != first.name);
        let name = first.name.clone();
        drop(first);
        let again = Instance::of(directory.path(), &Clock::System);
        assert!(again.lock.is_some());
        assert_eq!(again.name, name);
        let nowhere = Instance::of(&directory.path().join("nowhere"), &Clock::System);
        assert!(nowhere.lock.is_none());
    }
}
