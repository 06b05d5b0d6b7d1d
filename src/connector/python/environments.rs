//! The environments that are there, and those that are being made. Making one goes on when whoever
//! waits for it has given up: the next one finds the result. In this process each is made once at a
//! time; a lock on a file keeps other processes on the same directory away.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::entry::Installed;
use super::install;
use super::package::Package;
use crate::connector::launcher::Settings;
use crate::connector::process::directory::make_private;
use crate::connector::{Cause, Failure};

/// How many are made at once: each keeps the disk, the network and a core busy.
const AT_ONCE: usize = 2;

/// A connector that is being installed.
#[derive(Debug, Clone)]
pub struct Installation {
    pub package: String,
    pub version: String,
    /// How long it has been going on.
    pub taken: Duration,
    /// What the installer said last.
    pub line: String,
}

/// Makes environments and knows them. Dropping it gives up those that are being made.
#[derive(Debug)]
pub(super) struct Environments {
    settings: Arc<Settings>,
    known: Mutex<HashMap<Package, Known>>,
    turns: Arc<Semaphore>,
    /// Tasks of our own instead of the server's: stopping must not wait for an installer.
    work: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Known {
    since: Instant,
    state: watch::Receiver<State>,
}

#[derive(Debug, Clone)]
enum State {
    /// With the last line that the installer printed.
    Making(String),
    Ready(Arc<Installed>),
    Failed(Failure),
}

/// What an installer tells while it works.
pub(super) struct Progress(watch::Sender<State>);

impl Progress {
    pub(super) fn line(&self, line: &str) {
        tracing::debug!(line, "installer");
        self.0.send_replace(State::Making(line.to_owned()));
    }
}

impl Environments {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            known: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            work: Mutex::default(),
        }
    }

    /// The environment of a package, made if it is not there.
    pub(super) async fn ready(&self, package: &Package) -> Result<Arc<Installed>, Failure> {
        let mut state = self.state(package);
        let outcome = state
            .wait_for(|state| !matches!(state, State::Making(_)))
            .await
            .map_err(|_| {
                Failure::new(
                    Cause::Transient,
                    format!("the installation of {package} was given up"),
                )
            })?
            .clone();
        match outcome {
            State::Ready(installed) => Ok(installed),
            State::Failed(failure) => Err(failure),
            State::Making(_) => Err(Failure::new(Cause::Transient, "the installation goes on")),
        }
    }

    pub(super) fn installing(&self) -> Vec<Installation> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> = known
            .iter()
            .filter_map(|(package, known)| match &*known.state.borrow() {
                State::Making(line) => Some(Installation {
                    package: package.name.clone(),
                    version: package.version.clone(),
                    taken: known.since.elapsed(),
                    line: line.clone(),
                }),
                _ => None,
            })
            .collect();
        found.sort_by(|a, b| a.package.cmp(&b.package).then(a.version.cmp(&b.version)));
        found
    }

    /// What is known, or the beginning of something new. What failed is tried again.
    fn state(&self, package: &Package) -> watch::Receiver<State> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(package) {
            let usable = match &*known.state.borrow() {
                State::Making(_) => known.state.has_changed().is_ok(),
                State::Ready(installed) => {
                    Installed::find(&installed.environment, package).is_some()
                }
                State::Failed(_) => false,
            };
            if usable {
                return known.state.clone();
            }
        }
        let state = match existing(&self.settings, package) {
            Some(installed) => watch::channel(State::Ready(Arc::new(installed))).1,
            None => self.begin(package.clone()),
        };
        let since = Instant::now();
        known.insert(
            package.clone(),
            Known {
                since,
                state: state.clone(),
            },
        );
        state
    }

    fn begin(&self, package: Package) -> watch::Receiver<State> {
        let (sender, receiver) =
            watch::channel(State::Making("waiting for other installations".to_owned()));
        let settings = Arc::clone(&self.settings);
        let turns = Arc::clone(&self.turns);
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        while work.try_join_next().is_some() {}
        work.spawn(async move {
            let progress = Progress(sender);
            let _turn = turns.acquire().await;
            let began = Instant::now();
            let outcome = make(&settings, &package, &progress).await;
            let state = match outcome {
                Ok(installed) => {
                    tracing::info!(package = %package, environment = %installed.environment.display(),
                        duration_ms = began.elapsed().as_millis(), "installed");
                    State::Ready(Arc::new(installed))
                }
                Err(failure) => {
                    tracing::warn!(package = %package, reason = failure.message, story = failure.story,
                        "not installed");
                    State::Failed(failure)
                }
            };
            progress.0.send_replace(state);
        });
        receiver
    }
}

/// Makes an environment, unless another process has made it in the meantime.
async fn make(
    settings: &Settings,
    package: &Package,
    progress: &Progress,
) -> Result<Installed, Failure> {
    let folder = folder(settings);
    make_private(&folder).map_err(no_folder)?;
    let _lock = lock(folder.join(format!("{}.lock", package.folder())))
        .await
        .map_err(no_folder)?;
    if let Some(installed) = existing(settings, package) {
        return Ok(installed);
    }
    install::install(settings, package, &folder, progress).await
}

fn existing(settings: &Settings, package: &Package) -> Option<Installed> {
    of_package(settings, package).find_map(|path| Installed::find(&path, package))
}

/// The environments of a package, whole or not.
pub(super) fn of_package(settings: &Settings, package: &Package) -> impl Iterator<Item = PathBuf> {
    let beginning = format!("{}-py3.", package.folder());
    let entries = std::fs::read_dir(folder(settings))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter(move |entry| {
            let name = entry.file_name();
            let rest = name.to_str().and_then(|name| name.strip_prefix(&beginning));
            rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .map(|entry| entry.path())
}

/// An absolute path, because environments hold it.
fn folder(settings: &Settings) -> PathBuf {
    let folder = settings.data_dir.join("environments");
    std::path::absolute(&folder).unwrap_or(folder)
}

/// Held until the file is dropped.
async fn lock(path: PathBuf) -> std::io::Result<File> {
    let file = File::create(path)?;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn no_folder(error: std::io::Error) -> Failure {
    Failure::broken("the directory of environments cannot be written", error)
}
