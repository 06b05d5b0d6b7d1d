//! Warm parents: a process for each environment that has imported its connector and forks for every
//! question, because importing is what a question spends its time on. What a parent does is in
//! `parent.py`. A connector whose import fails, starts threads or whose forks crash is asked the plain
//! way instead. Parents end when nobody asks for a while, when there are too many, and with us.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::io::PipeReader;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::entry::Installed;
use crate::connector::launcher::Settings;
use crate::connector::process::child::{self, Ends, Life};
use crate::connector::process::directory::RunDirectory;
use crate::connector::process::environment::Environment;
use crate::connector::process::lines::{Line, Lines};
use crate::connector::process::{Input, Order};
use crate::connector::{Exit, Failure, usage};

const PROGRAM: &str = include_str!("parent.py");

/// How long an import may take.
const IMPORT: Duration = Duration::from_mins(2);

/// How long a connector that cannot be forked is asked the plain way before the next attempt.
const AGAIN: Duration = Duration::from_mins(10);

/// The parents that live.
#[derive(Debug)]
pub(super) struct Warm {
    settings: Arc<Settings>,
    parents: Mutex<HashMap<PathBuf, Place>>,
    work: Mutex<JoinSet<()>>,
}

/// Where a parent is or will be; nothing in it when there can be none.
#[derive(Debug, Clone)]
struct Place {
    cell: Arc<OnceCell<Option<Arc<Parent>>>>,
    used: Instant,
}

/// A parent at work.
#[derive(Debug)]
pub(super) struct Parent {
    requests: mpsc::UnboundedSender<Request>,
    /// Where the directories of its forks are: within its own, so that they go with it.
    place: PathBuf,
    next: AtomicU64,
    unfit: Arc<AtomicBool>,
}

/// A fork and what it prints. Dropping `end` kills it.
pub(super) struct Fork {
    pub(super) output: PipeReader,
    pub(super) errors: PipeReader,
    pub(super) end: Pin<Box<dyn Future<Output = Exit> + Send>>,
}

enum Request {
    Fork {
        line: Vec<u8>,
        output: OwnedFd,
        errors: OwnedFd,
        number: u64,
        ended: oneshot::Sender<Exit>,
    },
    Kill(u64),
}

/// What a parent tells.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Told {
    Ready {
        #[expect(dead_code, reason = "its name says it")]
        ready: bool,
    },
    Broken {
        broken: String,
    },
    Ended {
        id: u64,
        code: Option<i32>,
        signal: Option<i32>,
        cpu_ms: u64,
        memory: u64,
    },
}

impl Warm {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            parents: Mutex::default(),
            work: Mutex::default(),
        }
    }

    /// The parent of an environment, started if there is none. Nothing when there can be none.
    pub(super) async fn parent(
        &self,
        installed: &Installed,
        deadline: Instant,
    ) -> Option<Arc<Parent>> {
        let place = self.place(&installed.environment)?;
        let start = place.cell.get_or_init(|| async {
            match self.start(installed).await {
                Ok(parent) => Some(Arc::new(parent)),
                Err(failure) => {
                    tracing::info!(
                        connector = installed.script(),
                        reason = failure.message,
                        story = failure.story,
                        "is not kept warm"
                    );
                    None
                }
            }
        });
        let parent = timeout_at(deadline, start).await.ok()?.clone()?;
        (!parent.is_unfit()).then_some(parent)
    }

    /// The place for a parent; another one loses its own when there are too many.
    fn place(&self, environment: &Path) -> Option<Place> {
        let now = Instant::now();
        let mut parents = self.parents.lock().unwrap_or_else(PoisonError::into_inner);
        parents.retain(|_, place| match place.cell.get() {
            None => true,
            Some(None) => now.duration_since(place.used) < AGAIN,
            Some(Some(parent)) => !parent.requests.is_closed(),
        });
        if let Some(place) = parents.get_mut(environment) {
            let alive = place.cell.get().is_none_or(Option::is_some);
            if alive {
                place.used = now;
            }
            return Some(place.clone());
        }
        let living = |place: &Place| place.cell.get().is_none_or(Option::is_some);
        while parents.values().filter(|place| living(place)).count() >= self.settings.warm_parents {
            // Held by the cell alone: nobody is asking it anything.
            let idle = |place: &Place| {
                let parent = place.cell.get().and_then(Option::as_ref);
                parent.is_some_and(|parent| Arc::strong_count(parent) == 1)
            };
            let oldest = parents.iter().filter(|(_, place)| idle(place));
            let oldest = oldest.min_by_key(|(_, place)| place.used)?.0.clone();
            parents.remove(&oldest);
        }
        let place = Place {
            cell: Arc::default(),
            used: now,
        };
        parents.insert(environment.to_owned(), place.clone());
        Some(place)
    }

    async fn start(&self, installed: &Installed) -> Result<Parent, Failure> {
        let broken = |error| Failure::broken("the warm parent cannot be started", error);
        let directory = RunDirectory::create(&self.settings.runs()).map_err(broken)?;
        let program = directory
            .write("parent.py", PROGRAM.as_bytes())
            .map_err(broken)?;
        let place = directory.path().join("forks");
        let order = Order {
            command: vec![
                installed.python().into_os_string(),
                program.into_os_string(),
                installed.entry().into(),
                installed.script().into(),
            ],
            environment: self.settings.environment.clone().inside(&directory),
            directory,
            memory: None,
            group: None,
            input: Input::Socket,
        };
        let child = child::start(order, &self.settings.supervisor).await?;
        let Ends::Socket(socket) = child.input else {
            return Err(Failure::broken("the warm parent has", "no socket"));
        };
        socket.set_nonblocking(true).map_err(broken)?;
        let unfit = Arc::new(AtomicBool::new(false));
        let mut actor = Actor {
            socket: BufReader::new(UnixStream::from_std(socket).map_err(broken)?),
            partial: Vec::new(),
            errors: Lines::new(
                Receiver::from_owned_fd(child.errors.into()).map_err(broken)?,
                1 << 20,
            ),
            _output: child.output,
            life: child.life,
            unsent: VecDeque::new(),
            forks: HashMap::new(),
            unfit: Arc::clone(&unfit),
        };
        match tokio::time::timeout(IMPORT, actor.told()).await {
            Ok(Some(Told::Ready { .. })) => {}
            Ok(Some(Told::Broken { broken })) => {
                return Err(Failure::broken("its import does not allow forking", broken));
            }
            Ok(_) => return Err(Failure::broken("its import", "ended the process")),
            Err(_) => return Err(Failure::broken("its import", "took too long")),
        }
        let (requests, received) = mpsc::unbounded_channel();
        let idle = self.settings.warm_idle;
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        while work.try_join_next().is_some() {}
        work.spawn(async move { actor.live(received, idle).await });
        Ok(Parent {
            requests,
            place,
            next: AtomicU64::new(1),
            unfit,
        })
    }
}

impl Parent {
    /// Where directories for its forks belong.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Whether a fork of it has crashed. It is not asked again.
    pub(super) fn is_unfit(&self) -> bool {
        self.unfit.load(Ordering::Relaxed)
    }

    /// Forks for one command.
    pub(super) fn fork(
        &self,
        directory: &RunDirectory,
        arguments: &[OsString],
        environment: &Environment,
        memory: Option<u64>,
    ) -> std::io::Result<Fork> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let text = |text: &OsString| text.to_string_lossy().into_owned();
        let request = json!({
            "id": number,
            "directory": directory.path().to_string_lossy(),
            "arguments": arguments.iter().map(text).collect::<Vec<_>>(),
            "environment": environment
                .iter()
                .map(|(name, value)| (text(name), Value::String(text(value))))
                .collect::<serde_json::Map<_, _>>(),
            "memory": memory,
        });
        let (output, their_output) = std::io::pipe()?;
        let (errors, their_errors) = std::io::pipe()?;
        let (ended, end) = oneshot::channel();
        let sent = self.requests.send(Request::Fork {
            line: format!("{request}\n").into_bytes(),
            output: their_output.into(),
            errors: their_errors.into(),
            number,
            ended,
        });
        sent.map_err(|_| std::io::Error::other("the warm parent has ended"))?;
        let guard = Guard {
            requests: self.requests.clone(),
            number,
        };
        Ok(Fork {
            output,
            errors,
            end: Box::pin(async move {
                let exit = end.await;
                drop(guard);
                // Without an end it was the parent that ended.
                exit.unwrap_or(Exit {
                    signal: Some(9),
                    ..Exit::default()
                })
            }),
        })
    }
}

/// Kills a fork when nobody waits for it any more; one that has ended is not known by its number.
struct Guard {
    requests: mpsc::UnboundedSender<Request>,
    number: u64,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.requests.send(Request::Kill(self.number));
    }
}

/// Speaks with one parent.
struct Actor {
    socket: BufReader<UnixStream>,
    partial: Vec<u8>,
    errors: Lines<Receiver>,
    /// Kept open: importing may print something.
    _output: PipeReader,
    life: Life,
    /// Requests that the socket had no room for yet.
    unsent: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
    /// Who waits for the end of each, and how many processes the system had killed before it began.
    forks: HashMap<u64, (oneshot::Sender<Exit>, u64)>,
    unfit: Arc<AtomicBool>,
}

impl Actor {
    /// Until nobody needs it any more. Ending drops the lifeline.
    async fn live(&mut self, mut requests: mpsc::UnboundedReceiver<Request>, idle: Duration) {
        let mut until = Instant::now() + idle;
        let mut logging = true;
        loop {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => self.take(request),
                    None => return,
                },
                told = told(&mut self.socket, &mut self.partial) => match told {
                    Some(Told::Ended { id, code, signal, cpu_ms, memory }) => {
                        self.ended(id, code, signal, cpu_ms, memory);
                    }
                    _ => return,
                },
                _ = self.life.wait() => return,
                line = self.errors.next(), if logging => match line {
                    Ok(Some(Line::Whole(line) | Line::Unfinished(line))) => {
                        tracing::debug!(line = %String::from_utf8_lossy(&line), "warm parent");
                    }
                    Ok(Some(Line::TooLong(_))) => {}
                    Ok(None) | Err(_) => logging = false,
                },
                () = tokio::time::sleep_until(until), if self.forks.is_empty() => return,
            }
            until = Instant::now() + idle;
            if !self.send().await {
                return;
            }
        }
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Fork {
                line,
                output,
                errors,
                number,
                ended,
            } => {
                self.forks
                    .insert(number, (ended, usage::kills_for_memory()));
                self.unsent.push_back((line, vec![output, errors]));
            }
            Request::Kill(number) => {
                if self.forks.contains_key(&number) {
                    let line = format!("{{\"kill\": {number}}}\n");
                    self.unsent.push_back((line.into_bytes(), Vec::new()));
                }
            }
        }
    }

    fn ended(&mut self, id: u64, code: Option<i32>, signal: Option<i32>, cpu_ms: u64, memory: u64) {
        let Some((waiting, killed_before)) = self.forks.remove(&id) else {
            return;
        };
        if signal.is_some_and(|signal| signal != 9) {
            self.unfit.store(true, Ordering::Relaxed);
        }
        let _ = waiting.send(Exit {
            code,
            signal,
            out_of_memory: signal == Some(9) && usage::kills_for_memory() > killed_before,
            cpu: Some(Duration::from_millis(cpu_ms)),
            memory: Some(memory),
        });
    }

    /// Sends what waits; says whether the parent still listens.
    async fn send(&mut self) -> bool {
        let socket = self.socket.get_ref();
        while let Some((line, attached)) = self.unsent.front_mut() {
            let sent = socket
                .async_io(Interest::WRITABLE, || {
                    let attached: Vec<_> = attached.iter().map(OwnedFd::as_fd).collect();
                    child::send(socket, line, &attached)
                })
                .await;
            let Ok(sent) = sent else {
                return false;
            };
            // They went with the first byte.
            attached.clear();
            line.drain(..sent);
            if line.is_empty() {
                self.unsent.pop_front();
            }
        }
        true
    }

    async fn told(&mut self) -> Option<Told> {
        told(&mut self.socket, &mut self.partial).await
    }
}

/// The next line of a parent; what has come of it is kept when the wait is given up.
async fn told(socket: &mut BufReader<UnixStream>, partial: &mut Vec<u8>) -> Option<Told> {
    if socket.read_until(b'\n', partial).await.ok()? == 0 {
        return None;
    }
    serde_json::from_slice(&std::mem::take(partial)).ok()
}
