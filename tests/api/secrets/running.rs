//! Connectors that run have secrets in their hands, and careless ones tell them. A source and a destination
//! say theirs wherever they can. While each is held still in the middle of a check, a discovery or a sync,
//! everything around it is searched, and once more when all is over.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::program;
use crate::support::canary::{Hunt, Watched};
use crate::support::engine::Database;
use crate::support::python;

const OF_SOURCE: [&str; 2] = [
    "canary \"source\" password 4711",
    "canary\\source\\key 4711",
];
const OF_DESTINATION: [&str; 2] = [
    "canary-destination-password-4711",
    "canary & destination key 4711",
];
/// Never stored: sent in what is refused.
const REFUSED: &str = "canary-of-a-refused-request-4711";

const CLIENT: (&str, &str) = ("careless", "a-secret-that-only-these-tests-know");
const PASSWORD: &str = "a password of these tests";
const ORGANIZATION: &str = "00000000-0000-0000-0000-000000000000";

/// A server with careless connectors.
struct House {
    place: TempDir,
    server: Watched,
    /// What is sent along by a client of the API, and by a browser.
    bearer: String,
    cookie: String,
    workspace: String,
}

impl House {
    fn start(database: &Database) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let wheels = place.path().join("wheels");
        std::fs::create_dir(&wheels).expect("made");
        for kind in ["source", "destination"] {
            python::wheel(&wheels, &format!("airbyte-{kind}-careless"), "careless.py");
            std::fs::create_dir(place.path().join(kind)).expect("made");
        }
        let mut command = program(&place.path().join("data"), Some(database));
        for name in ["PATH", "HOME"] {
            command.env(name, python::variable(name));
        }
        command
            .env("FERROBYTE_ADMIN_EMAIL", "ada@example.org")
            .env("FERROBYTE_ADMIN_PASSWORD", PASSWORD)
            .env("FERROBYTE_ADMIN_CLIENT_ID", CLIENT.0)
            .env("FERROBYTE_ADMIN_CLIENT_SECRET", CLIENT.1)
            .env("FERROBYTE_WORKER_RETRY_WAIT", "1s")
            .env("FERROBYTE_CONNECTORS_DISCOVERY_PATIENCE", "1m")
            .env("FERROBYTE_LOG", "trace")
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", &wheels);
        let server = Watched::start(command, place.path());
        let mut house = Self {
            place,
            server,
            bearer: String::new(),
            cookie: String::new(),
            workspace: String::new(),
        };
        let body = json!({ "client_id": CLIENT.0, "client_secret": CLIENT.1 });
        let token = house.post("/api/v1/applications/token", &body);
        house.bearer = format!(
            "authorization: Bearer {}\r\n",
            text(&body_of(&token)["access_token"])
        );
        let home = house.get("/api/public/v1/workspaces");
        text(&body_of(&home)["data"][0]["workspaceId"]).clone_into(&mut house.workspace);
        let form = [("email", "ada@example.org"), ("password", PASSWORD)];
        let answer = house.submit("/login", &form);
        let cookie = answer
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie
            .and_then(|cookie| cookie.split(';').next())
            .expect("a session");
        house.cookie = format!("cookie: {cookie}\r\n");
        house
    }

    fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// The whole answer, head included.
    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let answer = self.server.ask(&format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        ));
        String::from_utf8(answer).expect("text")
    }

    fn get(&self, path: &str) -> String {
        self.send("GET", path, &self.bearer, "")
    }

    fn post(&self, path: &str, body: &Value) -> String {
        let headers = format!("{}content-type: application/json\r\n", self.bearer);
        self.send("POST", path, &headers, &body.to_string())
    }

    fn page(&self, path: &str) -> String {
        self.send("GET", path, &self.cookie, "")
    }

    fn submit(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let headers = format!(
            "{}content-type: application/x-www-form-urlencoded\r\n",
            self.cookie
        );
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send("POST", path, &headers, &body)
    }

    /// Makes something, however long its connector takes to install, and gives its id.
    fn make(&self, hunt: &mut Hunt, path: &str, body: &Value, id: &str) -> String {
        let until = Instant::now() + Duration::from_mins(2);
        loop {
            let answer = self.post(&format!("/api/public/v1{path}"), body);
            hunt.bytes(path, answer.as_bytes());
            match status(&answer) {
                200 => return text(&body_of(&answer)[id]).to_owned(),
                0 | 409 | 503 if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                _ => panic!("{path}: {answer}"),
            }
        }
    }

    /// A source or a destination of its own connector.
    fn actor(&self, hunt: &mut Hunt, kind: &str, [password, key]: [&str; 2]) -> String {
        let body = json!({ "name": kind, "dockerRepository": format!("pypi:airbyte-{kind}-careless"),
                           "dockerImageTag": "1.0" });
        let path = format!("/workspaces/{}/definitions/{kind}s", self.workspace);
        let definition = self.make(hunt, &path, &body, "id");
        let configuration = json!({ "folder": self.place.path().join(kind), "password": password,
                                    "keys": [{ "key": key }] });
        let body = json!({ "name": kind, "workspaceId": self.workspace, "definitionId": definition,
                           "configuration": configuration });
        self.make(hunt, &format!("/{kind}s"), &body, &format!("{kind}Id"))
    }

    /// Asks for something that starts connectors, searches while they hold still, and lets them go on. Gives
    /// the answer.
    fn held(&self, hunt: &mut Hunt, marks: &[&str], ask: impl FnOnce() -> String + Send) -> String {
        std::thread::scope(|scope| {
            let asked = scope.spawn(ask);
            let marks: Vec<_> = marks
                .iter()
                .map(|mark| self.place.path().join(mark))
                .collect();
            let held: Vec<_> = marks.iter().map(|mark| process(mark)).collect();
            let family = hunt.processes(self.server.id());
            assert!(
                held.iter().all(|id| family.contains(id)),
                "{held:?} {family:?}"
            );
            let cages = caged(hunt, &self.data());
            assert!(cages >= marks.len(), "each of them was given its secrets");
            for mark in &marks {
                std::fs::write(mark.with_extension("go"), "").expect("let go");
            }
            let answer = asked.join().expect("an answer");
            hunt.bytes("an answer", answer.as_bytes());
            answer
        })
    }
}

/// The process that holds still here, once it does.
fn process(mark: &Path) -> u32 {
    let until = Instant::now() + Duration::from_mins(2);
    loop {
        if let Ok(id) = std::fs::read_to_string(mark) {
            return id.parse().expect("a process");
        }
        assert!(Instant::now() < until, "{} does not run", mark.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.unwrap_or(0)
}

fn body_of(answer: &str) -> Value {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    serde_json::from_str(body.unwrap_or_default()).unwrap_or_else(|_| panic!("{answer}"))
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

/// Searches the data directory of a server whose connectors hold still: the one place that is allowed is a
/// private file in a private directory. Gives how many files there are.
fn caged(hunt: &mut Hunt, data: &Path) -> usize {
    let before = std::mem::take(&mut hunt.found);
    hunt.tree(data);
    let found = std::mem::replace(&mut hunt.found, before);
    let mut cages = std::collections::BTreeSet::new();
    for one in found {
        let (_, path) = one.rsplit_once(": ").expect("a place");
        let path = Path::new(path);
        let mode = |path: &Path| path.metadata().expect("it").permissions().mode() & 0o777;
        let around = path.parent().expect("a directory");
        let private =
            path.starts_with(data.join("runs")) && (mode(path), mode(around)) == (0o600, 0o700);
        assert!(private, "{one}");
        cages.insert(path.to_owned());
    }
    cages.len()
}

/// What came of it, by id.
struct Made {
    source: String,
    destination: String,
    connection: String,
    job: Value,
}

/// Checks, discovers and syncs, each held in the middle.
fn runs(house: &House, hunt: &mut Hunt) -> Made {
    let source = house.actor(hunt, "source", OF_SOURCE);
    let destination = house.actor(hunt, "destination", OF_DESTINATION);
    for (kind, id) in [("source", &source), ("destination", &destination)] {
        let path = format!("/api/public/v1/{kind}s/{id}/check");
        let told = house.held(hunt, &[&format!("{kind}/check")], || {
            house.post(&path, &Value::Null)
        });
        assert!(
            told.contains("not with ********** and **********"),
            "{told}"
        );
        let page = format!("/workspaces/{}/{kind}/{id}/test", house.workspace);
        let told = house.submit(&page, &[]);
        hunt.bytes(&page, told.as_bytes());
        assert!(told.contains("not with **********"), "{told}");
    }
    let path = format!("/api/public/v1/streams?sourceId={source}");
    let told = house.held(hunt, &["source/discover"], || house.get(&path));
    assert!(told.contains("pets"), "{told}");

    // The first attempt fails and tells the secrets as its reason, the second moves a row.
    let body = json!({ "sourceId": source, "destinationId": destination });
    let connection = house.make(hunt, "/connections", &body, "connectionId");
    let body = json!({ "connectionId": connection, "jobType": "sync" });
    let job = house.held(hunt, &["source/read", "destination/write"], || {
        house.post("/api/public/v1/jobs", &body)
    });
    let job = body_of(&job)["jobId"].clone();
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        let now = house.get(&format!("/api/public/v1/jobs/{job}"));
        match text(&body_of(&now)["status"]) {
            "succeeded" => break,
            "pending" | "running" | "incomplete" if Instant::now() < until => {}
            _ => panic!(
                "{now} {}",
                house.get(&format!("/api/public/v1/jobs/{job}/logs"))
            ),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Made {
        source,
        destination,
        connection,
        job,
    }
}

/// What is refused is not repeated.
fn refusals(house: &House, hunt: &mut Hunt) {
    let configuration = json!({ "sourceType": "postgres", "host": 1, "password": REFUSED });
    let wrong =
        json!({ "name": "x", "workspaceId": house.workspace, "configuration": configuration });
    let broken = format!("{{\"password\": \"{REFUSED}\", x");
    let headers = format!("{}content-type: application/json\r\n", house.bearer);
    for (path, body, expected) in [
        ("sources", wrong.to_string(), 422),
        ("sources/check", wrong.to_string(), 422),
        ("sources", broken, 400),
    ] {
        let answer = house.send("POST", &format!("/api/public/v1/{path}"), &headers, &body);
        assert_eq!(status(&answer), expected, "{answer}");
        hunt.bytes(path, answer.as_bytes());
    }
}

/// Everything that tells of the two, of their connection and of its job.
fn answers(house: &House, hunt: &mut Hunt, made: &Made) {
    let Made {
        source,
        destination,
        connection,
        job,
    } = made;
    let public = [
        "sources".to_owned(),
        format!("sources/{source}"),
        "destinations".to_owned(),
        format!("destinations/{destination}"),
        format!("streams?sourceId={source}&destinationId={destination}"),
        "connections".to_owned(),
        format!("connections/{connection}"),
        format!("connections/{connection}/state"),
        "jobs".to_owned(),
        format!("jobs/{job}"),
        format!("jobs/{job}/attempts"),
        format!("jobs/{job}/logs?attempt=0"),
        format!("jobs/{job}/logs?attempt=0&follow=true"),
        format!("jobs/{job}/logs?attempt=1"),
        format!("organizations/{ORGANIZATION}/auditLog"),
        format!("organizations/{ORGANIZATION}/auditLog/export"),
    ];
    for path in public {
        let answer = house.get(&format!("/api/public/v1/{path}"));
        assert_eq!(status(&answer), 200, "{path}: {answer}");
        hunt.bytes(&path, answer.as_bytes());
        // The connectors were as careless as they are meant to be.
        let told: &[&str] = match path.rsplit_once('/') {
            Some((_, "attempts")) => &["refused: **********"],
            Some((_, log)) if log.starts_with("logs") => {
                &["I know ********** and **********", "user:**********@host"]
            }
            _ => &[],
        };
        for told in told {
            assert!(answer.contains(told), "{told}: {answer}");
        }
    }
    let home = format!("/workspaces/{}", house.workspace);
    let page = format!("{home}/connections/{connection}");
    let pages = [
        format!("{home}/source/{source}"),
        format!("{home}/source/{source}/edit"),
        format!("{home}/destination/{destination}"),
        format!("{home}/destination/{destination}/edit"),
        format!("{page}/state"),
        format!("{page}/jobs/{job}"),
        format!("{page}/jobs/{job}/live"),
        format!("{page}/jobs/{job}/log"),
        format!("{page}/jobs/{job}/log?attempt=0"),
        page,
        format!("/organizations/{ORGANIZATION}/audit"),
    ];
    for path in pages {
        let answer = house.page(&path);
        assert_eq!(status(&answer), 200, "{path}: {answer}");
        hunt.bytes(&path, answer.as_bytes());
    }
    for (path, of) in [
        ("connections/get", json!({ "connectionId": connection })),
        ("jobs/get", json!({ "id": job })),
        ("state/get", json!({ "connectionId": connection })),
    ] {
        let answer = house.post(&format!("/api/v1/{path}"), &of);
        assert_eq!(status(&answer), 200, "{path}: {answer}");
        hunt.bytes(path, answer.as_bytes());
    }
    hunt.bytes("/metrics", house.get("/metrics").as_bytes());
}

#[tokio::test]
async fn no_canary_of_a_running_connector_is_found_outside_of_its_private_file() {
    if !python::there() {
        return;
    }
    let database = Database::empty().await;
    let house = House::start(&database);
    let mut hunt = Hunt::new(&[&OF_SOURCE[..], &OF_DESTINATION, &[REFUSED]].concat());
    let made = runs(&house, &mut hunt);
    refusals(&house, &mut hunt);
    answers(&house, &mut hunt, &made);
    // After the runs there is no such file any more, neither while the server is there nor behind it.
    hunt.processes(house.server.id());
    hunt.tree(&house.data());
    let House { place, server, .. } = house;
    server.end(&mut hunt);
    hunt.database(&database).await;
    hunt.tree(&place.path().join("data"));
    hunt.finds_nothing();
}
