//! Connectors that are compiled in, run both ways: as a child process on standard input and output, and
//! inside of the server on pipes. They have to behave as any connector.

mod asking;
mod command_line;
mod dev_null;
mod local_csv;
mod local_json;
mod postgres;
mod sample_data;
mod stopping;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use ferrobyte::connector::Task;
use ferrobyte::connector::native::launch;
use ferrobyte::domain::definition::Kind;
use ferrobyte::protocol::parcel::{Outlet as _, Parcel};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::protocol::sample;
use crate::server::program;

/// How a connector is run.
#[derive(Debug, Clone, Copy)]
enum Way {
    Child,
    Inside,
}

const WAYS: [Way; 2] = [Way::Child, Way::Inside];

/// A data directory.
struct Place(TempDir);

/// What came of a run.
#[derive(Debug)]
struct Run {
    messages: Vec<Value>,
    code: Option<i32>,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn local(&self) -> PathBuf {
        self.data().join("local")
    }

    /// A file that holds JSON.
    fn file(&self, name: &str, content: &Value) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content.to_string()).expect("written");
        path.to_str().expect("text").to_owned()
    }

    fn child(&self, words: &[&str]) -> Child {
        program(&self.data(), None)
            .arg("connector")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process")
    }

    /// The output of a child, its log, and its code.
    fn output(&self, words: &[&str], input: &str) -> (String, String, Option<i32>) {
        let mut child = self.child(words);
        let mut stdin = child.stdin.take().expect("its input");
        let input = input.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("an end");
        let _ = writer.join();
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (
            text(output.stdout),
            text(output.stderr),
            output.status.code(),
        )
    }

    fn read(&self, way: Way, configuration: &Value, catalog: &Value, state: Option<&Value>) -> Run {
        self.read_from(way, "faker", configuration, catalog, state)
    }

    fn read_from(
        &self,
        way: Way,
        name: &str,
        configuration: &Value,
        catalog: &Value,
        state: Option<&Value>,
    ) -> Run {
        match way {
            Way::Child => {
                let (config, catalog) = (self.file("c", configuration), self.file("k", catalog));
                let whole_name = format!("source-{name}");
                let mut words = vec![
                    whole_name.as_str(),
                    "read",
                    "--config",
                    &config,
                    "--catalog",
                    &catalog,
                ];
                let state = state.map(|state| self.file("s", state));
                if let Some(state) = &state {
                    words.extend(["--state", state]);
                }
                Run::of_child(&self.output(&words, ""))
            }
            Way::Inside => {
                let task = Task::Read {
                    configuration: configuration.clone(),
                    catalog: catalog.clone(),
                    state: state.map(Into::into),
                };
                self.inside(Kind::Source, name, task, "")
            }
        }
    }

    fn write(
        &self,
        way: Way,
        name: &str,
        configuration: &Value,
        catalog: &Value,
        input: &str,
    ) -> Run {
        match way {
            Way::Child => {
                let (config, catalog) = (self.file("c", configuration), self.file("k", catalog));
                let name = format!("destination-{name}");
                let words = [&name, "write", "--config", &config, "--catalog", &catalog];
                Run::of_child(&self.output(&words, input))
            }
            Way::Inside => {
                let task = Task::Write {
                    configuration: configuration.clone(),
                    catalog: catalog.clone(),
                };
                self.inside(Kind::Destination, name, task, input)
            }
        }
    }

    fn inside(&self, kind: Kind, name: &str, task: Task, input: &str) -> Run {
        let mut running = launch(kind, name, task, &self.local()).expect("a start");
        let (stdin, input) = (running.input.take(), input.to_owned());
        let writer = std::thread::spawn(move || {
            stdin.map(|mut stdin| stdin.take(&mut Parcel::from(&*input)))
        });
        let mut output = String::new();
        running.output.read_to_string(&mut output).expect("text");
        let _ = writer.join();
        let exit = block_on(running.handle.wait());
        assert!(running.errors.is_closed());
        assert!(exit.cpu.is_some(), "{exit:?}");
        Run {
            messages: parse(&output),
            code: exit.code,
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn parse(output: &str) -> Vec<Value> {
    let message =
        |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no message: {line}"));
    output.lines().map(message).collect()
}

impl Run {
    fn of_child((output, _, code): &(String, String, Option<i32>)) -> Self {
        Self {
            messages: parse(output),
            code: *code,
        }
    }

    /// The payloads of one type.
    fn all(&self, kind: &str) -> Vec<&Value> {
        let payload = |message: &'_ Value| message["type"] == kind;
        self.messages
            .iter()
            .filter(|message| payload(message))
            .map(|message| &message[kind.to_lowercase()])
            .collect()
    }

    fn records(&self, stream: &str) -> Vec<&Value> {
        let records = self.all("RECORD").into_iter();
        records
            .filter(|record| record["stream"] == stream)
            .map(|record| &record["data"])
            .collect()
    }

    /// The statuses of a stream, in order.
    fn statuses(&self, stream: &str) -> Vec<&str> {
        self.all("TRACE")
            .into_iter()
            .map(|trace| &trace["stream_status"])
            .filter(|status| status["stream_descriptor"]["name"] == stream)
            .filter_map(|status| status["status"].as_str())
            .collect()
    }

    /// The last error: its type and its message.
    fn error(&self) -> Option<(&str, &str)> {
        let error = &self.all("TRACE").pop()?["error"];
        Some((error["failure_type"].as_str()?, error["message"].as_str()?))
    }
}

/// The configured catalog that a real server gave to a real faker.
fn three_streams() -> Value {
    serde_json::from_str(&sample("faker_configured_catalog")).expect("a catalog")
}

fn configured(name: &str, mode: &str, generation: Option<(i64, i64)>) -> Value {
    let mut stream = json!({
        "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh",
        "destination_sync_mode": mode,
        "sync_id": 9,
    });
    if let Some((generation, minimum)) = generation {
        stream["generation_id"] = generation.into();
        stream["minimum_generation_id"] = minimum.into();
    }
    stream
}

fn one_stream(mode: &str, generation: i64, minimum: i64) -> Value {
    json!({"streams": [configured("pets", mode, Some((generation, minimum)))]})
}

fn record(stream: &str, id: i64) -> String {
    format!(
        "{}\n",
        json!({"type": "RECORD", "record": {"stream": stream, "data": {"id": id}, "emitted_at": 1000 + id}})
    )
}

fn state(stream: &str, cursor: i64) -> String {
    format!(
        "{}\n",
        json!({"type": "STATE", "state": {
        "type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": {"cursor": cursor}},
        "sourceStats": {"recordCount": 2.0}, "id": cursor}})
    )
}

fn status(stream: &str, status: &str) -> String {
    format!(
        "{}\n",
        json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1.5,
        "stream_status": {"stream_descriptor": {"name": stream}, "status": status}}})
    )
}
