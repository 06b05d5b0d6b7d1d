//! Crashes: connectors, servers and databases are killed, without a chance to say anything, between any
//! two messages of a run. Both connectors are processes. What arrives is compared with what the source
//! has: nothing may be missing, and nothing may be there twice that was acknowledged.

use std::collections::HashMap;
use std::hash::{Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Process, program};
use crate::support::engine::{Database, is_postgres};
use crate::support::postgres::Cluster;
use crate::support::python;

/// As the scripted source has them.
const STREAMS: [&str; 2] = ["users", "pets"];
const ROWS: u64 = 6;

/// How often the source can be killed, and at most the destination.
const STEPS: (usize, usize) = (23, 32);

const CLIENT: (&str, &str) = ("crashes", "a-secret-that-only-these-tests-know");

/// A server with its database and its connectors.
struct House {
    place: TempDir,
    database: Option<Database>,
    server: Option<Process>,
    token: String,
    workspace: Value,
    definitions: [Value; 2],
}

/// One connection whose source or destination kills somebody at one of its steps.
struct Case {
    folder: PathBuf,
    job: Value,
    what: String,
}

impl House {
    /// Nothing on a machine without Python.
    fn start(database: Option<Database>) -> Option<Self> {
        if !python::there() {
            return None;
        }
        let place = tempfile::tempdir().expect("a directory");
        let wheels = place.path().join("wheels");
        std::fs::create_dir(&wheels).expect("made");
        for kind in ["source", "destination"] {
            python::wheel(&wheels, &format!("airbyte-{kind}-crashing"), "crashing.py");
        }
        let mut this = Self {
            place,
            database,
            server: None,
            token: String::new(),
            workspace: Value::Null,
            definitions: [Value::Null, Value::Null],
        };
        this.serve();
        this.workspace = this.get("/workspaces")["data"][0]["workspaceId"].clone();
        for (index, kind) in ["source", "destination"].into_iter().enumerate() {
            let body = json!({ "name": kind, "dockerRepository": format!("pypi:airbyte-{kind}-crashing"),
                               "dockerImageTag": "1.0" });
            let home = this.workspace.as_str().expect("an id");
            let path = format!("/workspaces/{home}/definitions/{kind}s");
            this.definitions[index] = this.made(&path, &body)["id"].clone();
        }
        Some(this)
    }

    /// Starts the server, also after it was killed.
    fn serve(&mut self) {
        let mut command = program(&self.place.path().join("data"), self.database.as_ref());
        for name in ["PATH", "HOME"] {
            command.env(name, python::variable(name));
        }
        command
            .env("FERROBYTE_ADMIN_CLIENT_ID", CLIENT.0)
            .env("FERROBYTE_ADMIN_CLIENT_SECRET", CLIENT.1)
            .env("FERROBYTE_WORKER_SLOTS", "4")
            .env("FERROBYTE_WORKER_LEASE", "2s")
            .env("FERROBYTE_WORKER_POLL", "1s")
            .env("FERROBYTE_WORKER_RETRY_WAIT", "1s")
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", self.place.path().join("wheels"));
        let server = Process::start(command);
        std::fs::write(self.victim(), server.id().to_string()).expect("written");
        self.server = Some(server);
        let body = json!({ "client_id": CLIENT.0, "client_secret": CLIENT.1 });
        let answer = self.send("POST", "/api/v1/applications/token", Some(&body));
        let token = answer.1["access_token"].as_str();
        token
            .unwrap_or_else(|| panic!("{answer:?}"))
            .clone_into(&mut self.token);
    }

    /// Where the id of the server's process is written.
    fn victim(&self) -> PathBuf {
        self.place.path().join("server")
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let server = self.server.as_ref().expect("a server");
        // The same request makes the same thing, however often it is sent.
        let mut key = std::hash::DefaultHasher::new();
        (path, &body).hash(&mut key);
        let answer = server.ask(&format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             idempotency-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            key.finish(),
            body.len()
        ));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        (status.unwrap_or(0), body)
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", &format!("/api/public/v1{path}"), None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Makes something, however long its connector takes to install.
    fn made(&self, path: &str, body: &Value) -> Value {
        let until = Instant::now() + Duration::from_mins(2);
        loop {
            let (status, answer) = self.send("POST", &format!("/api/public/v1{path}"), Some(body));
            match status {
                200 => return answer,
                // Still installing.
                0 | 503 if Instant::now() < until => std::thread::sleep(Duration::from_millis(200)),
                _ => panic!("{path}: {status} {answer}"),
            }
        }
    }

    /// A connection of its own for each case, whose job waits for its turn.
    fn begin(&self, of_source: bool, victim: &str, step: usize) -> Case {
        let who = if of_source { "source" } else { "destination" };
        let what = format!("{who} kills {victim} at step {step}");
        let name = what.replace(['/', ' '], "-");
        let folder = self.place.path().join(name);
        std::fs::create_dir(&folder).expect("made");
        let ends = ["source", "destination"].map(|kind| {
            let step = if kind == who {
                i64::try_from(step).expect("few")
            } else {
                -1
            };
            let configuration = json!({ "folder": folder, "victim": victim, "step": step });
            let index = usize::from(kind == "destination");
            let body = json!({ "name": what, "workspaceId": self.workspace,
                "definitionId": self.definitions[index], "configuration": configuration });
            self.made(&format!("/{kind}s"), &body)[format!("{kind}Id")].clone()
        });
        let streams = STREAMS.map(|name| json!({ "name": name, "syncMode": "incremental_append" }));
        let body = json!({ "name": what, "sourceId": ends[0], "destinationId": ends[1],
                           "configurations": { "streams": streams } });
        let connection = self.made("/connections", &body)["connectionId"].clone();
        let job = self.made(
            "/jobs",
            &json!({ "connectionId": connection, "jobType": "sync" }),
        );
        Case {
            folder,
            job: job["jobId"].clone(),
            what,
        }
    }

    /// Waits until a job has ended.
    fn ended(&self, case: &Case) -> Value {
        let until = Instant::now() + Duration::from_mins(3);
        loop {
            let path = format!("/api/public/v1/jobs/{}", case.job);
            let (code, job) = self.send("GET", &path, None);
            match (code, job["status"].as_str()) {
                // The database is away.
                (503, _) | (200, Some("pending" | "running" | "incomplete")) => {}
                (200, Some(_)) => return job,
                _ => panic!("{}: {code} {job}", case.what),
            }
            assert!(Instant::now() < until, "{}: {job}", case.what);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The job succeeded, and what it promises is there. Says whether anybody was killed.
    fn verify(&self, case: &Case) -> bool {
        let job = self.ended(case);
        let log = || self.get(&format!("/jobs/{}/logs", case.job));
        assert_eq!(job["status"], "succeeded", "{}: {job} {}", case.what, log());
        let all = ROWS * STREAMS.len() as u64;
        assert_eq!(job["rowsSynced"], all, "{}: {job}", case.what);
        let read = |name| std::fs::read_to_string(case.folder.join(name)).unwrap_or_default();
        let mut counts = HashMap::<&str, usize>::new();
        let rows = read("rows");
        rows.lines()
            .for_each(|row| *counts.entry(row).or_default() += 1);
        // From where each run of the source went on: what was acknowledged by then.
        let runs: Vec<Value> = read("runs")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        for stream in STREAMS {
            for row in 1..=ROWS {
                let found = counts
                    .remove(format!("{stream} {row}").as_str())
                    .unwrap_or(0);
                let again = |run: &&Value| run[stream].as_u64().unwrap_or(0) < row;
                let most = runs.iter().filter(again).count();
                let place = format!(
                    "{}: {stream} {row} is there {found} times, runs {runs:?}",
                    case.what
                );
                assert!(found >= 1 && found <= most, "{place}");
            }
        }
        assert!(counts.is_empty(), "{}: {counts:?}", case.what);
        case.folder.join("killed").exists()
    }
}

async fn database() -> Option<Database> {
    if is_postgres() {
        Some(Database::fresh().await)
    } else {
        None
    }
}

#[tokio::test]
async fn a_connector_that_is_killed_between_any_two_messages_loses_no_row() {
    let Some(house) = House::start(database().await) else {
        return;
    };
    let sources = (0..STEPS.0).map(|step| house.begin(true, "self", step));
    let sources: Vec<_> = sources.collect();
    let destinations = (0..STEPS.1).map(|step| house.begin(false, "self", step));
    let destinations: Vec<_> = destinations.collect();
    for case in &sources {
        assert!(house.verify(case), "{}: nobody was killed", case.what);
    }
    let killed: Vec<_> = destinations.iter().map(|case| house.verify(case)).collect();
    let last = killed.iter().rposition(|killed| *killed).expect("somebody");
    assert!(killed[..last].iter().all(|killed| *killed), "{killed:?}");
    assert!(last + 1 < STEPS.1, "there are more steps than were tried");
    println!(
        "killed at {} steps of the source, {} of the destination",
        sources.len(),
        last + 1
    );
}

#[tokio::test]
async fn a_server_that_is_killed_between_two_messages_loses_no_row() {
    let Some(mut house) = House::start(database().await) else {
        return;
    };
    let victim = house.victim();
    let victim = victim.to_str().expect("text").to_owned();
    // The first and the last message, before and behind states, between the streams.
    let steps = [(true, [0, 4, 5, 11, 22]), (false, [0, 5, 6, 13, 25])];
    for (of_source, steps) in steps {
        for step in steps {
            let case = house.begin(of_source, &victim, step);
            let mut server = house.server.take().expect("a server");
            let ended = server.ended(Duration::from_mins(1));
            assert_eq!(ended, Some(false), "{}", case.what);
            house.serve();
            assert!(house.verify(&case), "{}", case.what);
        }
    }
}

#[tokio::test]
async fn a_database_that_is_killed_between_two_messages_loses_no_row() {
    if !is_postgres() {
        return; // SQLite is in the server, which is killed above.
    }
    let cluster = Cluster::mortal();
    let database = Database::within(&cluster).await;
    let Some(house) = House::start(Some(database)) else {
        return;
    };
    let victim = cluster.process_file();
    let victim = victim.to_str().expect("text").to_owned();
    for (of_source, step) in [(true, 5), (true, 21), (false, 6), (false, 12)] {
        let case = house.begin(of_source, &victim, step);
        assert!(house.verify(&case), "{}", case.what);
    }
}
