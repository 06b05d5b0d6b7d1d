//! Private directories: one for each run, below `<data directory>/runs`, for its owner only. The
//! configuration is in there, so it has to be gone at the end in every case: the supervisor removes it
//! when the processes have ended, and a start sweeps up what a power failure has left.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

/// A directory this young may belong to somebody who has not locked it yet.
const YOUNG: Duration = Duration::from_mins(1);

/// One run's directory. Locked for as long as this value lives, so that a sweep leaves it alone.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Whether somebody else will remove it.
    handed_over: bool,
    _lock: Option<File>,
}

impl RunDirectory {
    /// Makes one in `runs`, with a home and a place for temporary files.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(runs: &Path) -> io::Result<Self> {
        make_private(runs)?;
        let path = std::path::absolute(make_unique(runs)?)?;
        let lock = File::open(&path).ok();
        if let Some(file) = &lock {
            // A file system without locks gives no protection against a sweep after the first minute.
            let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
        }
        let made = Self {
            path,
            handed_over: false,
            _lock: lock,
        };
        for folder in ["home", "tmp"] {
            make_private(&made.path.join(folder))?;
        }
        Ok(made)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file for its owner only and says where it is.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(content)?;
        Ok(path)
    }

    /// From here on the supervisor sees to its removal.
    pub(super) fn hand_over(&mut self) {
        self.handed_over = true;
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if !self.handed_over {
            remove(&self.path);
        }
    }
}

/// Removes a directory, also when somebody is still writing into it.
pub(crate) fn remove(path: &Path) {
    for _ in 0..5 {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => return,
        }
    }
    tracing::warn!(path = %path.display(), "a private directory could not be removed");
}

/// Removes what nobody holds: left by a machine that stopped without warning.
pub fn sweep(runs: &Path) {
    let Ok(entries) = std::fs::read_dir(runs) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|time| time.elapsed().ok());
        if age.is_none_or(|age| age < YOUNG) {
            continue;
        }
        let free = File::open(&path)
            .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok());
        if free {
            remove(&path);
        }
    }
}

/// Makes a directory for its owner only, with those above it.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Our own number and a count: unique among the processes that live, and skipped when one that died
/// with the same number has left something.
fn make_unique(runs: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = runs.join(format!("{}-{count}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_directory_and_its_files_are_private_and_go_with_their_value() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = RunDirectory::create(&place.path().join("runs")).expect("made");
        let path = directory.path().to_owned();
        let file = directory.write("config.json", b"{}").expect("written");
        assert_eq!(
            (
                mode(place.path().join("runs").as_path()),
                mode(&path),
                mode(&file)
            ),
            (0o700, 0o700, 0o600)
        );
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn a_sweep_takes_what_is_old_and_held_by_nobody() {
        let place = tempfile::tempdir().expect("a directory");
        let held = RunDirectory::create(place.path()).expect("made");
        let left = place.path().join("1-0");
        std::fs::create_dir(&left).expect("made");
        sweep(place.path());
        assert!(left.exists(), "it is young");
        let old = std::time::SystemTime::now() - YOUNG * 2;
        for path in [&left, held.path()] {
            let file = File::open(path).expect("open");
            file.set_modified(old).expect("aged");
        }
        sweep(place.path());
        assert!(!left.exists());
        assert!(held.path().exists());
    }
}
