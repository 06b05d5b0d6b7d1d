//! Connections as the modes of encryption want them, and what the server's own environment must not add.

use std::process::Stdio;

use serde_json::{Value, json};

use super::super::{Place, parse};
use super::Base;
use crate::server::program;
use crate::support::postgres::Cluster;

/// Checks with a mode; gives what was said, empty for success.
fn check(place: &Place, configuration: &Value) -> String {
    let config = place.file("c", configuration);
    let words = ["destination-postgres", "check", "--config", &config];
    let (output, log, code) = place.output(&words, "");
    assert_eq!(code, Some(0), "{output}{log}");
    let said = &parse(&output).pop().expect("an answer")["connectionStatus"];
    match said["status"].as_str() {
        Some("SUCCEEDED") => String::new(),
        _ => said["message"].as_str().expect("a message").to_owned(),
    }
}

#[test]
fn each_mode_of_encryption_checks_what_it_promises() {
    if std::process::Command::new("openssl")
        .arg("version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("SKIPPED: there is no openssl here to make certificates with");
        return;
    }
    let (cluster, place) = (Cluster::encrypted(), Place::new());
    let file = |name: &str| {
        std::fs::read_to_string(cluster.directory.join(name)).expect("a certificate or a key")
    };
    let (authority, stranger) = (file("authority.crt"), file("stranger.crt"));
    let (certificate, key) = (file("tests.crt"), file("tests.key"));
    let with = |host: &str, user: &str, ssl: Value| {
        let configuration = json!({"host": host, "port": cluster.port, "database": "postgres",
            "username": user, "ssl_mode": ssl});
        check(&place, &configuration)
    };
    for mode in ["prefer", "allow", "require"] {
        assert_eq!(
            with("localhost", "plain", json!({"mode": mode})),
            "",
            "{mode}"
        );
    }
    let refused = with("localhost", "plain", json!({"mode": "disable"}));
    assert!(refused.contains("no encryption"), "{refused}");
    let by = |mode: &str, authority: &str| json!({"mode": mode, "ca_certificate": authority});
    assert_eq!(with("127.0.0.1", "plain", by("verify-ca", &authority)), "");
    let unknown = with("localhost", "plain", by("verify-ca", &stranger));
    assert!(unknown.contains("cannot be encrypted"), "{unknown}");
    let full = |authority: &str| {
        json!({"mode": "verify-full", "ca_certificate": authority,
            "client_certificate": certificate, "client_key": key})
    };
    assert_eq!(with("localhost", "tests", full(&authority)), "");
    let other_name = with("127.0.0.1", "tests", full(&authority));
    assert!(other_name.contains("cannot be encrypted"), "{other_name}");
    let unknown = with("localhost", "tests", full(&stranger));
    assert!(unknown.contains("cannot be encrypted"), "{unknown}");
    let without = with("localhost", "tests", json!({"mode": "require"}));
    assert!(without.contains("certificate"), "{without}");
    let encrypted =
        json!({"mode": "verify-ca", "ca_certificate": authority, "client_key_password": "x"});
    let said = with("localhost", "plain", encrypted);
    assert!(said.contains("encrypted keys are not supported"), "{said}");
}

#[test]
fn the_environment_of_the_server_decides_nothing() {
    let base = Base::new();
    let config = base.place.file("c", &base.configuration());
    let check = |variables: &[(&str, &str)]| {
        let mut command = program(&base.place.data(), None);
        command.envs(variables.iter().copied());
        command.args([
            "connector",
            "destination-postgres",
            "check",
            "--config",
            &config,
        ]);
        let output = command.output().expect("a process");
        let said = parse(&String::from_utf8(output.stdout).expect("text"));
        said.last().expect("an answer")["connectionStatus"].clone()
    };
    let strange = [
        ("PGHOST", "203.0.113.1"),
        ("PGHOSTADDR", "203.0.113.1"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGPASSWORD", "hunter3"),
        ("PGDATABASE", "nowhere"),
        ("PGSSLMODE", "require"),
        ("PGSSLROOTCERT", "/nowhere"),
        ("PGAPPNAME", "nobody"),
    ];
    assert_eq!(check(&strange)["status"], "SUCCEEDED");
    // What cannot be kept out is refused.
    for name in ["PGOPTIONS", "PGSSLCERT", "PGSSLKEY"] {
        let said = check(&[(name, "-c geqo=off")]);
        assert_eq!(said["status"], "FAILED");
        let message = said["message"].as_str().expect("a message");
        assert!(
            message.contains(name) && !message.contains("geqo"),
            "{message}"
        );
    }
}
