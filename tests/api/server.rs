//! The server as a process: its first start, its signals, its limits on connections.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::support::engine::{Database, is_postgres};

/// A running `ferrobyte serve`, ended when dropped.
pub struct Process {
    child: Child,
    pub address: String,
    /// Everything that it printed until it listened and announced itself.
    pub said: String,
    lines: Receiver<String>,
}

/// The program with an empty environment, a data directory and a database.
pub fn program(directory: &Path, database: Option<&Database>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferrobyte"));
    command
        .env_clear()
        .env("FERROBYTE_DATA_DIR", directory)
        .env("FERROBYTE_LISTEN", "127.0.0.1:0");
    if let Some(database) = database.filter(|_| is_postgres()) {
        command.env("DATABASE_URL", &database.url);
        if let Some(key) = database.vault_key {
            command.env("FERROBYTE_VAULT_KEY", key);
        }
    }
    command
}

impl Process {
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let mut process = Self {
            child,
            address: String::new(),
            said: String::new(),
            lines,
        };
        let first = process.line().expect("a first line");
        let address = first
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        process.address = address.map_or_else(|| panic!("no address in {first}"), str::to_owned);
        while let Ok(line) = process.lines.recv_timeout(Duration::from_millis(300)) {
            process.said.push_str(&line);
            process.said.push('\n');
        }
        process
    }

    fn line(&self) -> Option<String> {
        self.lines.recv_timeout(Duration::from_secs(30)).ok()
    }

    /// A word of the announcement, by the label before it.
    pub fn announced(&self, label: &str) -> Option<&str> {
        self.said
            .lines()
            .find_map(|line| line.trim().strip_prefix(label))
            .map(str::trim)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Whether it ended in time, and well.
    pub fn ended(&mut self, within: Duration) -> Option<bool> {
        let until = Instant::now() + within;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return Some(status.success());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    /// Sends bytes on a new connection and reads to its end.
    pub fn ask(&self, bytes: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes.as_bytes()).expect("sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a limit");
        stream
    }

    fn token(&self, client_id: &str, secret: &str) -> String {
        let body = format!(r#"{{"client_id":"{client_id}","client_secret":"{secret}"}}"#);
        self.ask(&format!(
            "POST /api/v1/applications/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

#[test]
fn the_first_start_announces_what_it_generated_and_the_second_does_not() {
    if is_postgres() {
        return; // the template has its first start behind it; see the test of two replicas
    }
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("a").join("data");
    let first = Process::start(program(&directory, None));
    let mode = directory
        .metadata()
        .expect("the data directory")
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o700);
    let (id, secret) = (
        first.announced("client id").expect("an id"),
        first.announced("client secret").expect("one"),
    );
    let answer = first.token(id, secret);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("access_token"),
        "{answer}"
    );
    assert_eq!(first.announced("e-mail"), Some("admin@ferrobyte.local"));
    assert!(
        first
            .announced("password")
            .is_some_and(|password| password.len() >= 32)
    );
    assert!(
        first.said.contains("curl -sS http://127.0.0.1:"),
        "{}",
        first.said
    );
    let secret = secret.to_owned();
    drop(first);
    let second = Process::start(program(&directory, None));
    assert_eq!(second.said, "");
    drop(second);
    for entry in std::fs::read_dir(&directory).expect("files").flatten() {
        let bytes = std::fs::read(entry.path()).expect("a file");
        assert!(
            !bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes()),
            "{entry:?}"
        );
    }
}

#[test]
fn values_of_the_operator_win_also_at_a_later_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = runtime().block_on(Database::empty());
    let start = |values: &[(&str, &str)]| {
        let mut command = program(directory.path(), Some(&database));
        command.envs(values.iter().copied());
        Process::start(command)
    };
    let first = start(&[
        ("FERROBYTE_ADMIN_EMAIL", "Ada@Example.org"),
        ("FERROBYTE_ADMIN_PASSWORD", "correct horse"),
        ("FERROBYTE_ADMIN_CLIENT_ID", "ada"),
        (
            "FERROBYTE_ADMIN_CLIENT_SECRET",
            "first-secret-0123456789-abc",
        ),
    ]);
    assert_eq!(first.announced("e-mail"), Some("ada@example.org"));
    assert_eq!(first.announced("password"), Some("(the one you gave)"));
    assert!(
        !first.said.contains("first-secret") && !first.said.contains("correct horse"),
        "{}",
        first.said
    );
    assert!(
        first
            .token("ada", "first-secret-0123456789-abc")
            .starts_with("HTTP/1.1 200")
    );
    drop(first);
    let names = [
        ("AB_INSTANCE_ADMIN_CLIENT_ID", "ada"),
        (
            "AB_INSTANCE_ADMIN_CLIENT_SECRET",
            "second-secret-0123456789-abc",
        ),
    ];
    let second = start(&names);
    assert!(
        second
            .token("ada", "second-secret-0123456789-abc")
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        second
            .token("ada", "first-secret-0123456789-abc")
            .starts_with("HTTP/1.1 401")
    );
    drop(second);
    let third = start(&[
        ("FERROBYTE_ADMIN_CLIENT_ID", "eve"),
        (
            "FERROBYTE_ADMIN_CLIENT_SECRET",
            "third-secret-0123456789-abcd",
        ),
    ]);
    assert!(
        third
            .token("eve", "third-secret-0123456789-abcd")
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        third
            .token("ada", "second-secret-0123456789-abc")
            .starts_with("HTTP/1.1 200")
    );
}

#[test]
fn bad_settings_are_refused_with_a_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, value, reason) in [
        (
            "FERROBYTE_ADMIN_CLIENT_SECRET",
            "short",
            "at least 24 characters",
        ),
        ("FERROBYTE_ADMIN_PASSWORD", "short", "at least 8 characters"),
        ("FERROBYTE_JWT_SECRET", "short", "at least 32 characters"),
        (
            "FERROBYTE_LISTEN",
            "nonsense",
            "server.listen (from environment FERROBYTE_LISTEN)",
        ),
        ("DATABASE_URL", "mysql://x", "must begin with postgres://"),
        (
            "FERROBYTE_CONFIG",
            "/does/not/exist",
            "cannot read /does/not/exist",
        ),
    ] {
        let output = program(directory.path(), None)
            .arg("serve")
            .env(name, value)
            .output()
            .expect("a process");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(reason),
            "{name}: {said}"
        );
        assert!(
            !name.contains("SECRET") || !said.contains("\"short\""),
            "{said}"
        );
    }
}

#[test]
fn two_replicas_may_start_at_once_on_an_empty_database() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = runtime().block_on(Database::empty());
    let program = || {
        let mut command = program(directory.path(), Some(&database));
        command.env("FERROBYTE_ADMIN_CLIENT_ID", "ada").env(
            "FERROBYTE_ADMIN_CLIENT_SECRET",
            "the-secret-0123456789-abcdef",
        );
        command
    };
    let (one, two) = std::thread::scope(|scope| {
        let (one, two) = (
            scope.spawn(|| Process::start(program())),
            scope.spawn(|| Process::start(program())),
        );
        (one.join().expect("one"), two.join().expect("two"))
    });
    let announced = [&one, &two]
        .iter()
        .filter(|process| process.announced("password").is_some())
        .count();
    assert_eq!(announced, 1, "the first start happens once");
    let answer = one.token("ada", "the-secret-0123456789-abcdef");
    let token = answer
        .split("\"access_token\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a token");
    for process in [&one, &two] {
        let list = process.ask(&format!(
            "GET /api/public/v1/workspaces HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        ));
        assert!(
            list.starts_with("HTTP/1.1 200") && list.matches("\"workspaceId\"").count() == 1,
            "{list}"
        );
    }
}

#[test]
fn open_requests_finish_after_sigterm_and_new_ones_are_not_taken() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut process = Process::start(program(
        directory.path(),
        Some(&runtime().block_on(Database::fresh())),
    ));
    let body = r#"{"client_id":"x","client_secret":"y"}"#;
    let mut open = process.connect();
    let head = format!(
        "POST /api/v1/applications/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    open.write_all(head.as_bytes()).expect("sent");
    let mut idle = process.connect();
    std::thread::sleep(Duration::from_millis(200));
    process.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        TcpStream::connect(&process.address).is_err(),
        "nothing listens any more"
    );
    let mut nothing = [0; 1];
    assert_eq!(
        idle.read(&mut nothing).ok(),
        Some(0),
        "idle connections are closed"
    );
    assert_eq!(
        process.ended(Duration::from_millis(100)),
        None,
        "it waits for the open request"
    );
    open.write_all(body.as_bytes()).expect("sent");
    let mut answer = String::new();
    let _ = open.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(process.ended(Duration::from_secs(5)), Some(true));
}

#[test]
fn a_second_signal_or_the_time_limit_ends_it() {
    for (drain, second) in [("60s", true), ("1s", false)] {
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = program(
            directory.path(),
            Some(&runtime().block_on(Database::fresh())),
        );
        command.env("FERROBYTE_DRAIN_TIMEOUT", drain);
        let mut process = Process::start(command);
        let mut open = process.connect();
        open.write_all(
            b"POST /api/v1/applications/token HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
        )
        .expect("sent");
        std::thread::sleep(Duration::from_millis(200));
        process.signal("INT");
        std::thread::sleep(Duration::from_millis(200));
        if second {
            process.signal("TERM");
        }
        assert_eq!(
            process.ended(Duration::from_secs(5)),
            Some(false),
            "{drain}"
        );
    }
}

#[test]
fn slow_heads_and_slow_bodies_are_given_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = program(
        directory.path(),
        Some(&runtime().block_on(Database::fresh())),
    );
    command
        .env("FERROBYTE_HEADER_TIMEOUT", "1s")
        .env("FERROBYTE_REQUEST_TIMEOUT", "1s");
    let process = Process::start(command);
    let began = Instant::now();
    let answer = process.ask("GET /health HTTP/1.1\r\nhost: x\r\n");
    assert!(
        began.elapsed() < Duration::from_secs(10) && !answer.contains("200 OK"),
        "{answer}"
    );
    let answer = process.ask("POST /api/v1/applications/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{");
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("service-unavailable"),
        "{answer}"
    );
    assert!(
        process.ask(&get("/health")).starts_with("HTTP/1.1 200"),
        "and others are served"
    );
}

#[test]
fn an_upgrade_to_http_2_is_ignored_and_chunked_bodies_are_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::start(program(
        directory.path(),
        Some(&runtime().block_on(Database::fresh())),
    ));
    let answer = process.ask(
        "POST /applications/token HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\n\
         http2-settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\ntransfer-encoding: chunked\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\nb\r\nclient_id=x\r\n10\r\n&client_secret=y\r\n0\r\n\r\n",
    );
    assert!(
        answer.starts_with("HTTP/1.1 401") && answer.contains("invalid_client"),
        "{answer}"
    );
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
