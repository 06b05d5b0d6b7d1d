//! Canary values are planted wherever secrets go in, and then searched wherever something comes out.
//! What comes later (sources, jobs) plants more and searches the same way.

use std::process::{Command, Stdio};

use ferrobyte::clock::Clock;
use ferrobyte::ops::{secret_keys, setup};
use serde_json::json;

use super::{ADA, put, some};
use crate::server::program;
use crate::support::canary::{Hunt, Watched};
use crate::support::config;
use crate::support::engine::Database;

const KEY: &str = "canary-master-key-0123456789-abcdef";
const FORMER: &str = "canary-former-key-0123456789-abcdef";
const TOKEN: &str = "canary-store-token-4711";
const STORED: &str = "canary \"stored\" secret\\4711";
const REFERRED: &str = "canary-referred-secret-4711";

#[tokio::test]
async fn no_canary_is_found_outside_of_its_cage() {
    let database = Database::empty().await;
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let cage = tempfile::tempdir().expect("a directory");
    let key_file = cage.path().join("key");
    std::fs::write(&key_file, KEY).expect("a file");
    let command = |arguments: &[&str]| {
        let mut command = program(&data, Some(&database));
        command
            .args(arguments)
            .env("FERROBYTE_VAULT_KEY_FILE", &key_file)
            .env("FERROBYTE_VAULT_FORMER_KEYS", FORMER)
            .env("FERROBYTE_VAULT_STORE_ADDRESS", "http://127.0.0.1:1")
            .env("FERROBYTE_VAULT_STORE_TOKEN", TOKEN)
            .env("FERROBYTE_SECRET_A", REFERRED)
            .env("FERROBYTE_LOG", "trace");
        command
    };
    let mut hunt = Hunt::new(&[KEY, FORMER, TOKEN, STORED, REFERRED]);
    let server = Watched::start(command(&[]), directory.path());

    // Beside the running server, as a request would.
    let url = &database.url;
    let place = data.to_str().expect("text");
    let mut settings = vec![("vault.key", KEY), ("database.data_dir", place)];
    if !url.is_empty() {
        settings.push(("database.url", url));
    }
    let (app, _) = setup::start(config(&settings), Clock::System)
        .await
        .expect("it opens");
    put(
        &app,
        ADA,
        &some(&[
            ("/a", STORED),
            ("/b", "secret_coordinate::env:FERROBYTE_SECRET_A"),
        ]),
    )
    .await;
    secret_keys::rotate(&app, false, |_, _| {})
        .await
        .expect("rotated");
    hunt.bytes(
        "what is printed of the parts",
        format!("{app:?}").as_bytes(),
    );
    app.db.close().await;

    for arguments in [
        &["secrets", "status"][..],
        &["secrets", "rotate"],
        &["secrets", "rekey"],
        &["config"],
        &["doctor"],
        &[
            "secrets",
            "status",
            "--vault-key",
            "a wrong key that has enough characters",
        ],
    ] {
        let output = command(arguments).output().expect("a process");
        hunt.bytes(&format!("{arguments:?}, output"), &output.stdout);
        hunt.bytes(&format!("{arguments:?}, errors"), &output.stderr);
    }
    for path in [
        "/health",
        "/metrics",
        "/api/public/v1/openapi.json",
        "/api/public/v1/sources",
    ] {
        let answer = server.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        ));
        assert!(!answer.is_empty());
        hunt.bytes(path, &answer);
    }
    hunt.processes(server.id());
    server.end(&mut hunt);
    hunt.database(&database).await;
    hunt.tree(&data);
    hunt.finds_nothing();
}

#[tokio::test]
async fn a_key_command_learns_no_other_secret() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = format!(
        "echo \"$FERROBYTE_SECRET_A$FERROBYTE_VAULT_STORE_TOKEN\" >{0}/seen; sleep 1; echo {KEY}",
        directory.path().display()
    );
    std::fs::write(directory.path().join("kms"), script).expect("a script");
    let database = Database::empty().await;
    let mut command = program(&directory.path().join("data"), Some(&database));
    let line = format!("sh {}/kms", directory.path().display());
    let mut child = command
        .args(["secrets", "status"])
        .env("PATH", "/usr/bin:/bin")
        .env("FERROBYTE_VAULT_KEY_COMMAND", line)
        .env("FERROBYTE_VAULT_STORE_TOKEN", TOKEN)
        .env("FERROBYTE_SECRET_A", REFERRED)
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    let mut hunt = Hunt::new(&[TOKEN, REFERRED]);
    // Once the command says so: before it is started, its process has what the server has.
    let seen = directory.path().join("seen");
    while !seen.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    hunt.processes(child.id());
    assert!(hunt.looked >= 3, "the command was running");
    assert!(child.wait().expect("its end").success());
    hunt.tree(directory.path());
    hunt.finds_nothing();
}

/// A hunt that finds nothing anywhere would prove nothing.
#[tokio::test]
async fn the_hunt_finds_what_is_planted() {
    let canary = "canary \"found\" 4711";
    let find = |text: &str| {
        let mut hunt = Hunt::new(&[canary]);
        hunt.bytes("here", text.as_bytes());
        hunt.found.len()
    };
    for text in [
        format!("before {canary} after"),
        json!({ "a": canary }).to_string(),
        "a=canary+%22found%22+4711".to_owned(),
        "\\x63616e617279202266 6f756e6422".replace(' ', "") + "2034373131",
        "dXNlcjpjYW5hcnkgImZvdW5kIiA0NzEx".to_owned(),
    ] {
        assert!(find(&text) > 0, "{text}");
    }
    assert_eq!(find("canary found 4711"), 0);

    let directory = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(directory.path().join("below")).expect("a directory");
    std::fs::write(directory.path().join("below/file"), canary).expect("a file");
    let mut hunt = Hunt::new(&[canary]);
    hunt.tree(directory.path());
    assert_eq!(hunt.found.len(), 1, "{:?}", hunt.found);

    let mut hunt = Hunt::new(&[canary]);
    let mut child = Command::new("sleep")
        .arg("60")
        .env("A", canary)
        .spawn()
        .expect("a process");
    hunt.processes(std::process::id());
    child.kill().expect("killed");
    child.wait().expect("its end");
    assert!(
        hunt.found.iter().any(|found| found.contains("environment")),
        "{:?}",
        hunt.found
    );

    let server = crate::support::TestServer::start().await;
    super::tamper(
        &server.app,
        "UPDATE users SET name = 'canary \"found\" 4711'",
    )
    .await;
    let mut hunt = Hunt::new(&[canary]);
    hunt.database(server.database()).await;
    assert!(!hunt.found.is_empty());
}
