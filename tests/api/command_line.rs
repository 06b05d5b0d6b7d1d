//! The command line, as an operator types it.

use std::path::PathBuf;
use std::process::Output;

use tempfile::TempDir;

use crate::server::{Process, program};
use crate::support::engine::Database;

/// A place with a database of its own.
pub struct Place {
    directory: TempDir,
    database: Database,
}

impl Place {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let database = runtime.block_on(Database::empty());
        let place = Self {
            directory: tempfile::tempdir().expect("a directory"),
            database,
        };
        // The first start, so that later commands do not announce it.
        place.run(&["users", "list"]);
        place
    }

    /// Not there before the program makes it.
    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn output(&self, arguments: &[&str]) -> Output {
        program(&self.data(), Some(&self.database))
            .args(arguments)
            .output()
            .expect("a process")
    }

    /// Where a file of a test can be.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What a command prints, if it succeeds.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text(&output.stdout)
    }

    /// What a command complains about, if it fails.
    #[track_caller]
    pub fn fail(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

/// The word after a label.
#[track_caller]
fn word<'a>(text: &'a str, label: &str) -> &'a str {
    let found = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(label));
    found
        .unwrap_or_else(|| panic!("no {label} in {text}"))
        .trim()
}

const ADA: &str = "ada@example.org";

#[test]
fn people_are_added_granted_and_removed() {
    let place = Place::new();
    let made = place.run(&["users", "create", "--email", ADA, "--name", "Ada"]);
    assert!(word(&made, "password").len() >= 32);
    assert!(
        place
            .fail(&["users", "create", "--email", ADA])
            .contains("somebody has the e-mail")
    );
    assert!(
        place
            .fail(&["users", "create", "--email", "nonsense"])
            .contains("must be an e-mail address")
    );
    let weak = place.fail(&[
        "users",
        "create",
        "--email",
        "b@example.org",
        "--password",
        "short",
    ]);
    assert!(weak.contains("at least 8 characters"), "{weak}");
    assert!(
        place
            .run(&["users", "list"])
            .contains("ada@example.org  Ada")
    );
    let zero = "00000000-0000-0000-0000-000000000000";
    let grant = [
        "users",
        "grant",
        "--email",
        ADA,
        "--role",
        "organization_reader",
        "--organization",
        zero,
    ];
    assert!(place.run(&grant).contains("now holds organization_reader"));
    assert!(place.run(&grant).contains("holds already"));
    let misfit = place.fail(&[
        "users",
        "grant",
        "--email",
        ADA,
        "--role",
        "workspace_reader",
        "--organization",
        zero,
    ]);
    assert!(misfit.contains("goes with --workspace"), "{misfit}");
    let unknown = place.fail(&["users", "grant", "--email", ADA, "--role", "king"]);
    assert!(
        unknown.contains("must be one of instance_admin"),
        "{unknown}"
    );
    assert!(
        word(
            &place.run(&["users", "reset-password", "--email", ADA]),
            "password"
        )
        .len()
            >= 32
    );
    place.run(&["users", "remove", "--email", ADA]);
    assert!(!place.run(&["users", "list"]).contains(ADA));
    assert!(
        place
            .fail(&["users", "remove", "--email", "admin@ferrobyte.local"])
            .contains("without an administrator")
    );
}

#[test]
fn organizations_are_added_and_listed() {
    let place = Place::new();
    let id = place.run(&["organizations", "create", "--name", "Second"]);
    let list = place.run(&["organizations", "list"]);
    assert!(
        list.contains(&format!("{}  Second", word(&id, "id")))
            && list.contains("Default Organization"),
        "{list}"
    );
}

#[test]
fn applications_are_created_rotated_and_deleted_beside_a_running_server() {
    let place = Place::new();
    let server = Process::start(program(&place.data(), Some(&place.database)));
    place.run(&["users", "create", "--email", ADA]);
    let made = place.run(&["applications", "create", "--user", ADA, "--name", "etl"]);
    let (id, client_id, first) = (
        word(&made, "id "),
        word(&made, "client id"),
        word(&made, "client secret"),
    );
    let trade = |secret: &str| {
        let body = format!("client_id={client_id}&client_secret={secret}");
        let answer = server.ask(&format!(
            "POST /applications/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ));
        answer
            .split(' ')
            .nth(1)
            .map(str::to_owned)
            .expect("a status")
    };
    assert_eq!(trade(first), "200");
    let list = place.run(&["applications", "list", "--user", ADA]);
    assert!(list.contains(id) && list.contains("etl"), "{list}");
    let rotated = place.run(&[
        "applications",
        "rotate",
        "--user",
        ADA,
        "--id",
        id,
        "--grace",
        "1h",
    ]);
    let second = word(&rotated, "client secret");
    assert_eq!(
        (trade(first), trade(second)),
        ("200".to_owned(), "200".to_owned())
    );
    let token = place.run(&["token", "--user", ADA]);
    let list = || {
        server.ask(&format!(
        "GET /v1/workspaces HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n", token.trim()
    ))
    };
    assert!(list().starts_with("HTTP/1.1 200"));
    place.run(&["applications", "delete", "--user", ADA, "--id", id]);
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(list().starts_with("HTTP/1.1 401"));
    assert_eq!(trade(second), "401");
    assert!(
        place
            .fail(&["applications", "rotate", "--user", ADA, "--id", id])
            .contains("no application")
    );
}

#[test]
fn credentials_are_shown_as_far_as_they_can_be_and_reset() {
    let place = Place::new();
    let shown = place.run(&["credentials", "show"]);
    assert_eq!(word(&shown, "e-mail"), "admin@ferrobyte.local");
    assert!(
        word(&shown, "client secret").contains("credentials reset"),
        "{shown}"
    );
    let reset = place.run(&["credentials", "reset"]);
    assert!(word(&reset, "client secret").starts_with("fbs_"), "{reset}");
    assert_eq!(word(&reset, "client id"), word(&shown, "client id"));
    let only = place.run(&[
        "credentials",
        "reset",
        "--only-password",
        "--password",
        "correct horse",
    ]);
    assert_eq!(
        (word(&only, "password"), word(&only, "client secret")),
        ("correct horse", "unchanged")
    );
}

#[test]
fn the_signing_key_is_rotated() {
    let place = Place::new();
    let said = place.run(&["keys", "rotate"]);
    assert!(said.contains("now signed with key-"), "{said}");
    assert!(place.run(&["token"]).split('.').count() == 3);
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let place = Place::new();
    let sound = place.run(&["doctor"]);
    for check in [
        "configuration",
        "data directory",
        "database",
        "clock",
        "secrets",
        "port",
    ] {
        assert!(sound.contains(&format!("ok    {check}: ")), "{sound}");
    }
    let empty = tempfile::tempdir().expect("a directory");
    let untouched = program(&empty.path().join("data"), None)
        .arg("doctor")
        .output()
        .expect("a process");
    assert!(untouched.status.success(), "{untouched:?}");
    assert!(
        !empty.path().join("data").exists(),
        "a doctor looks and touches nothing"
    );
    let bad = program(&place.data(), None)
        .arg("doctor")
        .env("FERROBYTE_LISTEN", "nonsense")
        .output()
        .expect("a process");
    assert!(!bad.status.success());
    assert!(
        String::from_utf8_lossy(&bad.stdout).contains("FAIL  configuration"),
        "{bad:?}"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let busy = program(&place.data(), Some(&place.database))
        .args(["doctor", "--listen", &address])
        .output()
        .expect("a process");
    assert!(
        !busy.status.success() && String::from_utf8_lossy(&busy.stdout).contains("FAIL  port"),
        "{busy:?}"
    );
    let server = Process::start(program(&place.data(), Some(&place.database)));
    assert_eq!(
        place.run(&["health", "--listen", &server.address]).trim(),
        "healthy"
    );
    assert!(
        place
            .run(&["doctor", "--listen", &server.address])
            .contains("a healthy server listens")
    );
    assert!(
        place
            .fail(&["health", "--listen", &address])
            .contains("did not answer")
    );
}

#[test]
fn the_configuration_in_effect_is_printed_without_secrets() {
    let place = Place::new();
    let output = program(&place.data(), None)
        .args(["config", "--token-lifetime", "15m"])
        .env("FERROBYTE_JWT_SECRET", "canary-canary-canary-canary-canary")
        .output()
        .expect("a process");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && !said.contains("canary"),
        "{said}"
    );
    assert!(
        said.contains("lifetime = \"15m\"  # from flag --token-lifetime"),
        "{said}"
    );
    assert!(
        said.contains("data_dir = ") && said.contains("# from environment FERROBYTE_DATA_DIR"),
        "{said}"
    );
}

#[test]
fn the_document_and_completions_are_printed() {
    let place = Place::new();
    let document: serde_json::Value = serde_json::from_str(&place.run(&["openapi"])).expect("JSON");
    assert!(document["paths"]["/api/public/v1/workspaces"]["get"].is_object());
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            place
                .run(&["completions", shell])
                .contains("reset-password"),
            "{shell}"
        );
    }
}
