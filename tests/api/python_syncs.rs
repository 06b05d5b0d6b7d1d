//! A source of the public package index into PostgreSQL, from start to end: a server is started, told of both
//! by the API, and syncs. What arrived is counted by `psql`, which knows nothing of us.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::python_packages;
use crate::server::{Process, program};
use crate::support::DATA;
use crate::support::engine::{Database, is_postgres};
use crate::support::postgres::Cluster;
use crate::support::python;

const CLIENT: (&str, &str) = ("python-syncs", "a-secret-that-only-these-tests-know");

/// People whom the source makes up.
const COUNT: u64 = 300;

/// A server as a process, with the connectors that other tests have installed.
struct House {
    _place: TempDir,
    server: Process,
    token: String,
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
        };
        let body = json!({ "client_id": CLIENT.0, "client_secret": CLIENT.1 });
        let (_, answer) = house.send("POST", "/api/v1/applications/token", &body);
        house.token = text(&answer["access_token"]);
        house
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
                0 | 503 if Instant::now() < until => std::thread::sleep(Duration::from_millis(200)),
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

/// What `psql` prints, without its frame.
fn psql(database: &str, statement: &str) -> String {
    let done = Command::new("psql")
        .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement])
        .arg(Cluster::shared().url(database))
        .output()
        .expect("psql comes with Debian's postgresql-client");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{statement}: {said}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

fn number(statement: &str) -> u64 {
    let said = psql("faker_from_pypi", statement);
    said.parse()
        .unwrap_or_else(|_| panic!("{statement}: {said}"))
}

/// Rows of each table; every id must be there once.
fn rows() -> [u64; 3] {
    ["users", "purchases", "products"].map(|table| {
        let all = number(&format!("SELECT count(*) FROM {table}"));
        let ids = number(&format!("SELECT count(DISTINCT id) FROM {table}"));
        assert_eq!(all, ids, "{table}");
        all
    })
}

#[tokio::test]
async fn faker_of_the_package_index_keeps_one_row_for_each_id_in_postgres() {
    if !python_packages::there() {
        return;
    }
    let database = if is_postgres() {
        Some(Database::fresh().await)
    } else {
        None
    };
    psql("postgres", "CREATE DATABASE faker_from_pypi");
    let house = House::start(database.as_ref());
    let home = &house.ask("GET", "/workspaces", &Value::Null)["data"][0]["workspaceId"];

    // The package, not the source of that name that is compiled in.
    let path = format!("/workspaces/{}/definitions/sources", text(home));
    let body = json!({ "name": "Faker of the index", "dockerRepository": "pypi:airbyte-source-faker",
                       "dockerImageTag": "7.2.1" });
    let definition = house.ask("POST", &path, &body)["id"].clone();
    let sample = json!({ "count": COUNT, "seed": 11, "parallelism": 2, "always_updated": true });
    let body = json!({ "name": "people", "workspaceId": home, "definitionId": definition,
                       "configuration": sample });
    let source = house.ask("POST", "/sources", &body)["sourceId"].clone();
    let configuration = json!({ "destinationType": "postgres", "host": "127.0.0.1",
        "port": Cluster::shared().port, "database": "faker_from_pypi", "schema": "public",
        "username": "tests", "password": "none", "ssl_mode": { "mode": "disable" },
        "tunnel_method": { "tunnel_method": "NO_TUNNEL" } });
    let body = json!({ "name": "tables", "workspaceId": home, "configuration": configuration });
    let destination = house.ask("POST", "/destinations", &body)["destinationId"].clone();
    let stream = |name| {
        json!({ "name": name, "syncMode": "incremental_deduped_history",
                                "cursorField": ["updated_at"], "primaryKey": [["id"]] })
    };
    let streams = ["users", "purchases", "products"].map(stream);
    let body = json!({ "sourceId": source, "destinationId": destination,
                       "configurations": { "streams": streams } });
    let connection = house.ask("POST", "/connections", &body)["connectionId"].clone();

    let first = house.sync(&connection);
    let [users, purchases, products] = rows();
    assert_eq!((users, products), (COUNT, 100));
    assert!(purchases > 0);
    let all = users + purchases + products;
    assert_eq!(first["rowsSynced"], all, "{first}");
    psql(
        "faker_from_pypi",
        "CREATE TABLE before AS SELECT id, updated_at FROM users",
    );

    // Everybody comes again, changed, and takes the place of who was there.
    let second = house.sync(&connection);
    assert_eq!(rows(), [users, purchases, products]);
    assert_eq!(second["rowsSynced"], all, "{second}");
    let newer = "SELECT count(*) FROM users JOIN before USING (id) WHERE users.updated_at > before.updated_at";
    assert_eq!(number(newer), users);

    // With the state of the second run the source has nothing that it has not told yet.
    let path = format!("/sources/{}", text(&source));
    let change = json!({ "configuration": { "always_updated": false } });
    house.ask("PATCH", &path, &change);
    let third = house.sync(&connection);
    assert_eq!(third["rowsSynced"], 0, "{third}");
    assert_eq!(rows(), [users, purchases, products]);
    println!(
        "faker from the index: {users} users, {purchases} purchases, {products} products; three syncs"
    );
}
