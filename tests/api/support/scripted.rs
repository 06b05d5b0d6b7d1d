//! Connectors that do as a test says: functions on threads, with real pipes. A source prints what it
//! wants; a destination is by default a table in memory that acknowledges as the protocol wants it.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Write as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ferrobyte::connector::feed::Feed;
use ferrobyte::connector::{Exit, Failure, Handle, Running, Target, Task};
use ferrobyte::domain::definition::Kind;
use ferrobyte::engine::assignment::{Eventually, Launch};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

/// What a scripted connector has at hand.
pub struct Stage {
    /// Of the source or the destination: how often it was started before.
    pub run: usize,
    pub catalog: Value,
    pub state: Option<Value>,
    pub input: Option<BufReader<PipeReader>>,
    output: PipeWriter,
    errors: mpsc::Sender<String>,
    stop: Arc<AtomicBool>,
}

/// Plays a connector; what it gives is how it ended.
type Script = Arc<dyn Fn(&mut Stage) -> Exit + Send + Sync>;

/// A launcher of scripted connectors.
#[derive(Clone)]
pub struct Theatre {
    source: Script,
    destination: Script,
    /// What every run was given, in order.
    pub seen: Arc<Mutex<Vec<Seen>>>,
    runs: Arc<Mutex<(usize, usize)>>,
}

/// What a run was given.
#[derive(Debug, Clone)]
pub struct Seen {
    pub kind: Kind,
    pub catalog: Value,
    pub state: Option<Value>,
}

impl std::fmt::Debug for Theatre {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Theatre")
    }
}

pub fn exit(code: i32) -> Exit {
    Exit {
        code: Some(code),
        ..Exit::default()
    }
}

impl Stage {
    /// Prints a message; `false` when nobody reads it.
    pub fn say(&mut self, message: &Value) -> bool {
        self.print(&format!("{message}\n"))
    }

    pub fn print(&mut self, text: &str) -> bool {
        self.output.write_all(text.as_bytes()).is_ok()
    }

    /// Writes a line to standard error.
    pub fn complain(&self, line: &str) {
        let _ = self.errors.blocking_send(line.to_owned());
    }

    pub fn record(&mut self, stream: &str, id: u64) -> bool {
        self.say(&json!({"type": "RECORD", "record": {"stream": stream, "data": {"id": id}, "emitted_at": 1}}))
    }

    pub fn state(&mut self, stream: &str, state: &Value) -> bool {
        self.say(
            &json!({"type": "STATE", "state": {"type": "STREAM", "stream":
            {"stream_descriptor": {"name": stream}, "stream_state": state}}}),
        )
    }

    pub fn status(&mut self, stream: &str, status: &str) -> bool {
        self.say(&json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1, "stream_status":
            {"stream_descriptor": {"name": stream}, "status": status}}}))
    }

    pub fn error(&mut self, kind: &str, message: &str) -> bool {
        self.say(
            &json!({"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1,
            "error": {"message": message, "failure_type": kind}}}),
        )
    }

    pub fn should_stop(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Waits until it is to stop, at most a minute.
    pub fn hang(&self) -> Exit {
        let begun = Instant::now();
        while !self.should_stop() && begun.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Exit {
            signal: Some(15),
            ..Exit::default()
        }
    }

    /// The cursor in the state of a stream, if the run was given one.
    pub fn cursor(&self, stream: &str) -> u64 {
        let states = self.state.as_ref().and_then(Value::as_array);
        let own = states
            .into_iter()
            .flatten()
            .find(|state| state["stream"]["stream_descriptor"]["name"] == stream);
        own.and_then(|state| state["stream"]["stream_state"]["at"].as_u64())
            .unwrap_or(0)
    }
}

/// Rows by stream, and the generation of each: what a scripted destination has committed.
#[derive(Debug, Clone, Default)]
pub struct Table(pub Arc<Mutex<BTreeMap<String, Vec<u64>>>>);

impl Table {
    pub fn rows(&self, stream: &str) -> Vec<u64> {
        let all = self.0.lock().expect("the table");
        all.get(stream).cloned().unwrap_or_default()
    }

    /// Takes everything, commits at each state, and ends as a good destination does.
    pub fn take(&self, stage: &mut Stage) -> Exit {
        let input = stage.input.take().expect("an input");
        let truncates = |name: &Value| {
            let streams = stage.catalog["streams"].as_array().expect("streams");
            let own = streams.iter().find(|one| one["stream"]["name"] == *name);
            own.is_some_and(|one| one["minimum_generation_id"] != 0)
        };
        let all = stage.catalog["streams"].as_array().expect("streams");
        let replaced: Vec<_> = all
            .iter()
            .map(|one| one["stream"]["name"].clone())
            .filter(truncates)
            .collect();
        let count = all.len();
        let (mut open, mut statuses, mut cleared) = (Vec::new(), 0, Vec::new());
        for line in input.lines() {
            let Ok(line) = line else { return exit(1) };
            let message: Value = serde_json::from_str(&line).expect("a message");
            match message["type"].as_str() {
                Some("RECORD") => {
                    let record = &message["record"];
                    let id = record["data"]["id"].as_u64().expect("an id");
                    open.push((record["stream"].as_str().expect("a stream").to_owned(), id));
                }
                Some("STATE") => {
                    let mut table = self.0.lock().expect("the table");
                    for name in &replaced {
                        // What was there before goes with the first rows: a table of one generation.
                        if !cleared.contains(name) {
                            table.remove(name.as_str().expect("a name"));
                            cleared.push(name.clone());
                        }
                    }
                    for (stream, id) in open.drain(..) {
                        table.entry(stream).or_default().push(id);
                    }
                    drop(table);
                    if !stage.say(&message) {
                        return exit(1);
                    }
                }
                Some("TRACE") => statuses += 1,
                other => panic!("{other:?}"),
            }
        }
        if statuses < count {
            stage.error("transient_error", "streams without a final status");
            return exit(1);
        }
        exit(0)
    }
}

impl Theatre {
    /// A source, and a table.
    pub fn new(source: impl Fn(&mut Stage) -> Exit + Send + Sync + 'static, table: &Table) -> Self {
        let table = table.clone();
        Self::of(source, move |stage| table.take(stage))
    }

    pub fn of(
        source: impl Fn(&mut Stage) -> Exit + Send + Sync + 'static,
        destination: impl Fn(&mut Stage) -> Exit + Send + Sync + 'static,
    ) -> Self {
        Self {
            source: Arc::new(source),
            destination: Arc::new(destination),
            seen: Arc::default(),
            runs: Arc::default(),
        }
    }

    pub fn seen(&self, kind: Kind) -> Vec<Seen> {
        let seen = self.seen.lock().expect("the list");
        seen.iter()
            .filter(|seen| seen.kind == kind)
            .cloned()
            .collect()
    }

    fn start(&self, kind: Kind, task: Task) -> std::io::Result<Running> {
        let (catalog, state) = match task {
            Task::Read { catalog, state, .. } => (catalog, state),
            Task::Write { catalog, .. } => (catalog, None),
        };
        let state = state.map(|state| state.parse().expect("a state"));
        self.seen.lock().expect("the list").push(Seen {
            kind,
            catalog: catalog.clone(),
            state: state.clone(),
        });
        let run = {
            let mut runs = self.runs.lock().expect("the counts");
            let count = match kind {
                Kind::Source => &mut runs.0,
                Kind::Destination => &mut runs.1,
            };
            *count += 1;
            *count - 1
        };
        let (theirs, input) = match kind {
            Kind::Source => (None, None),
            Kind::Destination => {
                let (theirs, ours) = std::io::pipe()?;
                (Some(BufReader::new(theirs)), Some(ours))
            }
        };
        let (ours, output) = std::io::pipe()?;
        let (errors, told) = mpsc::channel(100);
        let (ended, end) = watch::channel(None);
        let stop = Arc::new(AtomicBool::new(false));
        let mut scene = Stage {
            run,
            catalog,
            state,
            input: theirs,
            output,
            errors,
            stop: Arc::clone(&stop),
        };
        let script = match kind {
            Kind::Source => Arc::clone(&self.source),
            Kind::Destination => Arc::clone(&self.destination),
        };
        std::thread::spawn(move || {
            let exit = script(&mut scene);
            drop(scene);
            let _ = ended.send(Some(exit));
        });
        Ok(Running::new(
            input.map(Feed::Pipe),
            ours,
            told,
            Box::new(Thread { stop, end }),
        ))
    }
}

impl Launch for Theatre {
    fn launch<'a>(
        &'a self,
        target: &'a Target,
        task: Task,
    ) -> Eventually<'a, Result<Running, Failure>> {
        let kind = target.kind;
        Box::pin(async move {
            self.start(kind, task)
                .map_err(|error| Failure::transient(error.to_string()))
        })
    }
}

#[derive(Debug)]
struct Thread {
    stop: Arc<AtomicBool>,
    end: watch::Receiver<Option<Exit>>,
}

impl Handle for Thread {
    fn wait(&mut self) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        Box::pin(async {
            let end = self.end.wait_for(Option::is_some).await;
            end.ok().and_then(|exit| exit.clone()).unwrap_or_default()
        })
    }

    fn stop(&mut self, grace: Duration) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        self.stop.store(true, Ordering::SeqCst);
        Box::pin(async move {
            let ended = tokio::time::timeout(grace, self.wait()).await;
            ended.unwrap_or_else(|_| Exit {
                signal: Some(9),
                ..Exit::default()
            })
        })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}
