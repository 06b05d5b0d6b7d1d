//! Sources of the public package index, and one that is a manifest, into PostgreSQL, from start to end: a server
//! is started, told of both ends by the API, and syncs. What arrived is read by `psql`, which knows nothing of us.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Process, program};
use crate::support::DATA;
use crate::support::engine::Database;
use crate::support::postgres::Cluster;
use crate::support::python;

mod faker;
mod file;
mod manifest;

const CLIENT: (&str, &str) = ("python-syncs", "a-secret-that-only-these-tests-know");

/// A server as a process, with the connectors that other tests have installed.
struct House {
    _place: TempDir,
    server: Process,
    token: String,
    workspace: String,
}

impl House {
    fn start(database: Option<&Database>) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let (kept, data) = (
            Path::new(DATA).join("environments"),
            place.path().join("data"),
        );
        std::fs::create_dir_all(&kept).expect("made");
        std::fs::create_dir(&data).expect("made");
        symlink(&kept, data.join("environments")).expect("a link");
        let mut command = program(&data, database);
        for (name, value) in python::settings(&data).installer.iter() {
            command.env(name, value);
        }
        command
            .env("FERROBYTE_ADMIN_CLIENT_ID", CLIENT.0)
            .env("FERROBYTE_ADMIN_CLIENT_SECRET", CLIENT.1)
            .env("FERROBYTE_UV", python::uv());
        let mut house = Self {
            _place: place,
            server: Process::start(command),
            token: String::new(),
            workspace: String::new(),
        };
        let body = json!({ "client_id": CLIENT.0, "client_secret": CLIENT.1 });
        let (_, answer) = house.send("POST", "/api/v1/applications/token", &body);
        house.token = text(&answer["access_token"]);
        let workspaces = house.ask("GET", "/workspaces", &Value::Null);
        house.workspace = text(&workspaces["data"][0]["workspaceId"]);
        house
    }

    /// Brings a definition of this kind, and gives its id.
    fn define(&self, kind: &str, body: &Value) -> Value {
        let path = format!("/workspaces/{}/definitions/{kind}", self.workspace);
        self.ask("POST", &path, body)["id"].clone()
    }

    /// The ids of a source and of a connection from it into tables.
    fn connect(
        &self,
        definition: &Value,
        configuration: &Value,
        tables: &Tables,
        streams: &[Value],
    ) -> (Value, Value) {
        let body = json!({ "name": "from the index", "workspaceId": self.workspace,
                           "definitionId": definition, "configuration": configuration });
        let source = self.ask("POST", "/sources", &body)["sourceId"].clone();
        let body = json!({ "name": "tables", "workspaceId": self.workspace,
                           "configuration": tables.configuration() });
        let destination = self.ask("POST", "/destinations", &body)["destinationId"].clone();
        let body = json!({ "sourceId": source, "destinationId": destination,
                           "configurations": { "streams": streams } });
        let connection = self.ask("POST", "/connections", &body)["connectionId"].clone();
        (source, connection)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self.server.ask(&format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        ));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        (status.unwrap_or(0), body)
    }

    /// Asks until there is an answer, however long a connector takes to be installed.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let until = Instant::now() + Duration::from_mins(5);
        loop {
            let (status, answer) = self.send(method, &format!("/api/public/v1{path}"), body);
            match status {
                200 => return answer,
                // Still installing.
                0 | 409 | 503 if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                _ => panic!("{method} {path}: {status} {answer}"),
            }
        }
    }

    fn sync(&self, connection: &Value) -> Value {
        let body = json!({ "connectionId": connection, "jobType": "sync" });
        let job = self.ask("POST", "/jobs", &body)["jobId"].clone();
        let until = Instant::now() + Duration::from_mins(10);
        loop {
            let now = self.ask("GET", &format!("/jobs/{job}"), &Value::Null);
            match now["status"].as_str() {
                Some("succeeded") => return now,
                Some("pending" | "running") if Instant::now() < until => {}
                _ => {
                    let log = self.ask("GET", &format!("/jobs/{job}/logs"), &Value::Null);
                    panic!("{now} {log}");
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// A database of PostgreSQL that a server writes to.
struct Tables {
    database: &'static str,
}

impl Tables {
    fn new(database: &'static str) -> Self {
        psql("postgres", &[], &format!("CREATE DATABASE {database}"));
        Self { database }
    }

    /// As a destination.
    fn configuration(&self) -> Value {
        json!({ "destinationType": "postgres", "host": "127.0.0.1", "port": Cluster::shared().port,
                "database": self.database, "schema": "public", "username": "tests", "password": "none",
                "ssl_mode": { "mode": "disable" }, "tunnel_method": { "tunnel_method": "NO_TUNNEL" } })
    }

    fn ask(&self, statement: &str) -> String {
        psql(self.database, &["-A", "-t"], statement)
    }

    /// With a line of names, as `psql` writes CSV.
    fn csv(&self, statement: &str) -> String {
        psql(self.database, &["--csv"], statement)
    }

    fn number(&self, statement: &str) -> u64 {
        let said = self.ask(statement);
        let number = said.trim().parse();
        number.unwrap_or_else(|_| panic!("{statement}: {said}"))
    }
}

fn psql(database: &str, form: &[&str], statement: &str) -> String {
    let done = Command::new("psql")
        .args(["-X", "-v", "ON_ERROR_STOP=1"])
        .args(form)
        .args(["-c", statement])
        .arg(Cluster::shared().url(database))
        .output()
        .expect("psql comes with Debian's postgresql-client");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{statement}: {said}");
    String::from_utf8(done.stdout).expect("text")
}
