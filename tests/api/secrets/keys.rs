//! Keys: where the master key comes from, what happens when it does not fit, rotation and rekeying.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use ferrobyte::ops::secret_keys;
use tempfile::TempDir;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{ADA, open, put, some, tamper, text};
use crate::server::program;
use crate::support::TestServer;
use crate::support::engine::{Database, is_postgres};

const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";
const TWO: &str = "another master key that is a passphrase";

/// A place for a server with a database of its own.
struct Place {
    directory: TempDir,
    database: Database,
}

impl Place {
    async fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            database: Database::empty().await,
        }
    }

    fn command(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = program(&self.directory.path().join("data"), Some(&self.database));
        command.args(arguments).envs(environment.iter().copied());
        command
    }

    fn output(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        self.command(arguments, environment)
            .output()
            .expect("a process")
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let output = self.output(arguments, environment);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What is said by a command that fails; nothing else is printed then.
    #[track_caller]
    fn fail(&self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let output = self.output(arguments, environment);
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[tokio::test]
async fn the_first_start_makes_a_key_file_and_later_ones_need_it() {
    let place = Place::new().await;
    place.run(&["users", "list"], &[]);
    let file = place.directory.path().join("data/vault.key");
    let key = std::fs::read_to_string(&file).expect("a key");
    assert_eq!(key.trim().len(), 64);
    assert_eq!(
        file.metadata().expect("it").permissions().mode() & 0o777,
        0o600
    );
    let status = place.run(&["secrets", "status"], &[]);
    assert!(
        status.contains("vault.key)") && status.contains("data-1"),
        "{status}"
    );
    assert!(!status.contains(key.trim()), "{status}");

    let moved = place.directory.path().join("moved");
    std::fs::rename(&file, &moved).expect("moved");
    let said = place.fail(&["serve"], &[]);
    for part in [
        "master key that is not here",
        "vault.key",
        "Copy vault.key",
        "FERROBYTE_VAULT_KEY",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!file.exists(), "no second key is made");
    // The file's content is good as a setting, too.
    let again = place.run(
        &["secrets", "status"],
        &[("FERROBYTE_VAULT_KEY_FILE", moved.to_str().expect("text"))],
    );
    assert!(again.contains("given as vault.key"), "{again}");
}

#[tokio::test]
async fn a_key_that_does_not_fit_stops_the_start_and_says_what_to_do() {
    let place = Place::new().await;
    place.run(&["users", "list"], &[("FERROBYTE_VAULT_KEY", ONE)]);
    let said = place.fail(&["serve"], &[("FERROBYTE_VAULT_KEY", TWO)]);
    for part in [
        "sealed with the master key",
        "FERROBYTE_VAULT_KEY",
        "FERROBYTE_VAULT_FORMER_KEYS",
        "secrets rekey",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(ONE) && !said.contains(TWO), "{said}");
    let doctor = place.output(&["doctor"], &[("FERROBYTE_VAULT_KEY", TWO)]);
    let diagnosis = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        !doctor.status.success() && diagnosis.contains("FAIL  secrets: "),
        "{diagnosis}"
    );
    let said = place.fail(&["serve"], &[("FERROBYTE_VAULT_KEY", "too short")]);
    assert!(
        said.contains("vault.key (from environment FERROBYTE_VAULT_KEY) must be 32 bytes"),
        "{said}"
    );
}

#[tokio::test]
async fn a_second_server_with_a_data_directory_of_its_own_is_refused() {
    if !is_postgres() {
        return; // on SQLite the database lies in the data directory
    }
    let place = Place::new().await;
    place.run(&["users", "list"], &[]);
    let other = Place {
        directory: tempfile::tempdir().expect("a directory"),
        database: place.database.clone(),
    };
    let said = other.fail(&["serve"], &[]);
    assert!(
        said.contains("Copy vault.key from the data directory of the server that started first"),
        "{said}"
    );
    let key =
        std::fs::read_to_string(place.directory.path().join("data/vault.key")).expect("a key");
    other.run(
        &["secrets", "status"],
        &[("FERROBYTE_VAULT_KEY", key.trim())],
    );
}

#[tokio::test]
async fn servers_that_start_at_once_agree_on_one_key() {
    let place = Place::new().await;
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = place.command(&["secrets", "status"], &[]);
            command
                .stdout(std::process::Stdio::piped())
                .spawn()
                .expect("a process")
        })
        .collect();
    let said: Vec<_> = children
        .into_iter()
        .map(|child| child.wait_with_output().expect("its end"))
        .map(|output| {
            assert!(output.status.success(), "{output:?}");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            // One of them announces the first start before.
            said.lines()
                .filter(|line| line.contains("sealed by"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(said[0].len(), 2, "{said:?}");
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    let left: Vec<_> = std::fs::read_dir(place.directory.path().join("data"))
        .expect("it")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".key"))
        .collect();
    assert_eq!(left, ["vault.key"]);
}

fn script(directory: &Path, text: &str) -> String {
    let path = directory.join("kms");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("a mode");
    path.display().to_string()
}

#[tokio::test]
async fn a_command_may_print_the_key() {
    let place = Place::new().await;
    let directory = place.directory.path();
    let kms = script(
        directory,
        &format!(
            "test -z \"$FERROBYTE_VAULT_STORE_TOKEN\" || exit 7\nprintf %s \"$1\" >>{}/seen\necho {ONE}",
            directory.display()
        ),
    );
    let command = format!("{kms} 'two words'");
    let environment = [
        ("FERROBYTE_VAULT_KEY_COMMAND", command.as_str()),
        ("FERROBYTE_VAULT_STORE_TOKEN", "withheld"),
    ];
    place.run(&["users", "list"], &environment);
    assert_eq!(
        std::fs::read_to_string(directory.join("seen")).expect("it ran"),
        "two words"
    );
    assert!(!directory.join("data/vault.key").exists());
    // It is the same key as when it is given.
    place.run(&["secrets", "status"], &[("FERROBYTE_VAULT_KEY", ONE)]);
    script(directory, &format!("echo {ONE} >&1; exit 3"));
    let said = place.fail(&["serve"], &environment);
    assert!(
        said.contains("vault.key_command") && said.contains("exit status: 3"),
        "{said}"
    );
    assert!(!said.contains(ONE), "{said}");
}

#[tokio::test]
async fn a_rotation_seals_everything_again_and_running_servers_follow() {
    let server = TestServer::start().await;
    let other = server.replica().await;
    for number in 0..450_u128 {
        put(
            &server.app,
            Uuid::from_u128(number),
            &some(&[("/a", &format!("secret {number}"))]),
        )
        .await;
    }
    let print = server.app.vault.fingerprint(&serde_json::json!({ "a": 1 }));
    let mut steps = Vec::new();
    let rotated =
        secret_keys::rotate(&server.app, false, |done, total| steps.push((done, total))).await;
    let rotated = rotated.expect("rotated");
    assert_eq!(
        (rotated.key.as_str(), rotated.resealed, rotated.broken.len()),
        ("data-2", 450, 0)
    );
    assert_eq!(steps, [(200, 450), (400, 450), (450, 450)]);
    // The other replica opens what the new key seals, and seals with it.
    let opened = open(&other.app, Uuid::from_u128(449))
        .await
        .expect("it opens");
    assert_eq!(text(&opened, "/a"), "secret 449");
    let late = server.replica().await;
    secret_keys::rotate(&server.app, false, |_, _| {})
        .await
        .expect("rotated");
    put(&late.app, ADA, &some(&[("/a", "late")])).await;
    let status = secret_keys::status(&server.app).await.expect("a status");
    let counts: Vec<_> = status
        .keys
        .iter()
        .map(|key| (key.id.as_str(), key.secrets))
        .collect();
    // The first one was removed by the second rotation.
    assert_eq!(counts, [("fingerprint", 0), ("data-2", 0), ("data-3", 451)]);
    assert_eq!(
        server.app.vault.fingerprint(&serde_json::json!({ "a": 1 })),
        print
    );
}

#[tokio::test]
async fn an_interrupted_rotation_is_resumed() {
    let server = TestServer::start().await;
    for number in 0..450_u128 {
        put(
            &server.app,
            Uuid::from_u128(number),
            &some(&[("/a", "hush")]),
        )
        .await;
    }
    let first = Notify::new();
    tokio::select! {
        biased;
        () = first.notified() => {}
        _ = secret_keys::rotate(&server.app, false, |_, _| first.notify_one()) => panic!("not interrupted"),
    }
    let count = async || {
        let status = secret_keys::status(&server.app).await.expect("a status");
        let count = |id: &str| {
            status
                .keys
                .iter()
                .find(|key| key.id == id)
                .map_or(0, |key| key.secrets)
        };
        (count("data-1"), count("data-2"), count("data-3"))
    };
    let (old, new, _) = count().await;
    assert!(old > 0 && new >= 200 && old + new == 450, "{old} {new}");
    let resumed = secret_keys::rotate(&server.app, true, |_, _| {})
        .await
        .expect("resumed");
    assert_eq!(
        (resumed.key.as_str(), i64::try_from(resumed.resealed)),
        ("data-2", Ok(old))
    );
    assert_eq!(count().await, (0, 450, 0));
}

#[tokio::test]
async fn a_broken_secret_is_named_and_does_not_stop_a_rotation() {
    let server = TestServer::start().await;
    put(
        &server.app,
        ADA,
        &some(&[("/a", "1"), ("/b", "2"), ("/c", "3")]),
    )
    .await;
    tamper(
        &server.app,
        "UPDATE secrets SET field = '/moved' WHERE field = '/b'",
    )
    .await;
    let rotated = secret_keys::rotate(&server.app, false, |_, _| {})
        .await
        .expect("rotated");
    assert_eq!((rotated.resealed, rotated.broken.len()), (2, 1));
    assert!(
        rotated.broken[0].to_string().contains("/moved"),
        "{:?}",
        rotated.broken
    );
}

#[tokio::test]
async fn the_master_key_is_changed_in_three_steps() {
    let place = Place::new().await;
    let (one, two) = (("FERROBYTE_VAULT_KEY", ONE), ("FERROBYTE_VAULT_KEY", TWO));
    let former = ("FERROBYTE_VAULT_FORMER_KEYS", ONE);
    place.run(&["users", "list"], &[one]);
    let nothing = place.run(&["secrets", "rekey"], &[one]);
    assert!(nothing.contains("already"), "{nothing}");
    let status = place.run(&["secrets", "status"], &[two, former]);
    assert!(status.contains("`ferrobyte secrets rekey`"), "{status}");
    place.run(&["secrets", "rotate"], &[two, former]);
    let done = place.run(&["secrets", "rekey"], &[two, former]);
    assert!(done.contains("2 keys are now sealed"), "{done}");
    let status = place.run(&["secrets", "status"], &[two]);
    assert!(
        !status.contains("rekey") && status.contains("data-2"),
        "{status}"
    );
    place.fail(&["secrets", "status"], &[one]);
}
