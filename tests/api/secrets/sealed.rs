//! Secrets of owners: stored, opened, changed, removed, and of no use anywhere else.

use std::sync::Arc;
use std::sync::Mutex;

use ferrobyte::ops::secrets;
use ferrobyte::store::secrets as store;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{ADA, EVE, open, put, some, story, tamper, text};
use crate::support::TestServer;

#[tokio::test]
async fn secrets_are_opened_as_they_were_put() {
    let server = TestServer::start().await;
    let (ada, eve) = (
        some(&[("/a", "hush-1"), ("/b/0", "hush-2")]),
        some(&[("/a", "hush-3")]),
    );
    put(&server.app, ADA, &ada).await;
    put(&server.app, EVE, &eve).await;
    assert!(open(&server.app, ADA).await.expect("hers") == ada);
    assert!(open(&server.app, EVE).await.expect("hers") == eve);
    // A replica has the same keys.
    let replica = server.replica().await;
    assert!(open(&replica.app, ADA).await.expect("hers") == ada);
    let whole = json!({ "a": 1 });
    assert_eq!(
        server.app.vault.fingerprint(&whole),
        replica.app.vault.fingerprint(&whole)
    );
}

#[tokio::test]
async fn changed_secrets_are_sealed_anew_and_others_are_not_touched() {
    let server = TestServer::start().await;
    let app = &server.app;
    let stored = async || {
        let mut reader = app.db.read().await.expect("a reader");
        store::of(&mut reader, ADA).await.expect("stored")
    };
    put(app, ADA, &some(&[("/a", "1"), ("/b", "2"), ("/c", "3")])).await;
    let before = stored().await;
    put(
        app,
        ADA,
        &some(&[("/a", "1"), ("/b", "changed"), ("/d", "4")]),
    )
    .await;
    let after = stored().await;
    let fields: Vec<_> = after.iter().map(|secret| secret.field.as_str()).collect();
    assert_eq!(fields, ["/a", "/b", "/d"]);
    assert_eq!(after[0].sealed, before[0].sealed);
    assert_ne!(after[1].sealed, before[1].sealed);
    let opened = open(app, ADA).await.expect("hers");
    assert_eq!(
        (text(&opened, "/b"), text(&opened, "/d")),
        (json!("changed"), json!("4"))
    );
    put(app, EVE, &some(&[("/a", "1")])).await;
    let mut writer = app.db.write().await.expect("a writer");
    secrets::remove(&mut writer, ADA).await.expect("removed");
    writer.commit().await.expect("committed");
    assert!(open(app, ADA).await.expect("nothing").is_empty());
    assert_eq!(open(app, EVE).await.expect("hers").len(), 1);
}

#[tokio::test]
async fn a_secret_that_was_moved_to_another_owner_or_field_does_not_open() {
    let server = TestServer::start().await;
    let app = &server.app;
    let moves = [
        // Eve's row with what is sealed for Ada.
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets AS s WHERE s.field = '/password') WHERE field = '/mine'",
        // Another field of the same owner.
        "UPDATE secrets SET field = '/shown' WHERE field = '/password'",
    ];
    for statement in moves {
        put(app, ADA, &some(&[("/password", "hush-hush")])).await;
        put(app, EVE, &some(&[("/mine", "1")])).await;
        assert_eq!(tamper(&server.app, statement).await, 1);
        let owner = if statement.contains("/mine") {
            EVE
        } else {
            ADA
        };
        let said = story(open(app, owner).await.expect_err("it was moved"));
        assert!(
            said.contains("was changed or moved") && said.contains(&owner.to_string()),
            "{said}"
        );
        assert!(!said.contains("hush-hush"), "{said}");
        // Putting it anew mends it.
        put(app, owner, &some(&[("/mine", "2")])).await;
        assert_eq!(text(&open(app, owner).await.expect("mended"), "/mine"), "2");
    }
}

/// A small Vault: answers one path, and keeps what it was asked.
async fn vault() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&asked);
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).await.expect("a request");
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).expect("text");
            let (status, body) = if head.starts_with("GET /v1/secret/data/db ") {
                (
                    "200 OK",
                    json!({ "data": { "data": { "password": "from-the-vault" }, "metadata": {} } }),
                )
            } else if head.starts_with("GET /v1/moved ") {
                (
                    "307 Temporary Redirect\r\nlocation: /v1/secret/data/db",
                    json!({}),
                )
            } else {
                ("404 Not Found", json!({}))
            };
            heads.lock().expect("the list").push(head);
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream
                .write_all(answer.as_bytes())
                .await
                .expect("an answer");
        }
    });
    (address, asked)
}

#[tokio::test]
async fn references_are_looked_up_for_a_run_and_hidden_in_its_log() {
    let (address, asked) = vault().await;
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("token"), "from-the-file\n").expect("a file");
    let settings = [
        ("vault.store_address", address.as_str()),
        ("vault.store_token", "the-token-of-the-vault"),
        (
            "vault.references_dir",
            directory.path().to_str().expect("text"),
        ),
    ];
    let server = TestServer::with(&settings).await;
    let shown = json!({ "a": "**********", "b": "**********", "c": ["**********"], "host": "secret_coordinate::file:token" });
    let stored = some(&[
        ("/a", "secret_coordinate::vault:secret/data/db#password"),
        ("/b", "secret_coordinate::file:token"),
        ("/c/0", "plain"),
    ]);
    put(&server.app, ADA, &stored).await;
    let opened = open(&server.app, ADA).await.expect("hers");
    let run = secrets::for_run(&server.app, &shown, opened)
        .await
        .expect("resolved");
    let expected = json!({
        "a": "from-the-vault", "b": "from-the-file", "c": ["plain"], "host": "secret_coordinate::file:token"
    });
    assert_eq!(run.configuration.0, expected);
    assert_eq!(
        run.veil.hide("got from-the-vault and from-the-file"),
        "got ********** and **********"
    );
    assert!(!format!("{run:?}").contains("from-the"), "{run:?}");
    let heads = asked.lock().expect("the list").join("");
    assert!(
        heads
            .to_lowercase()
            .contains("x-vault-token: the-token-of-the-vault"),
        "{heads}"
    );

    let wrong = some(&[
        ("/a", "secret_coordinate::vault:secret/data/other#password"),
        ("/b", "secret_coordinate::file:missing"),
        ("/c", "secret_coordinate::vault:moved#password"),
        ("/d", "secret_coordinate::env:FERROBYTE_SECRET_NOT_SET"),
        ("/e", "secret_coordinate::env:PATH"),
    ]);
    let unresolved = secrets::for_run(&server.app, &shown, wrong)
        .await
        .expect_err("wrong");
    let said: Vec<_> = unresolved
        .iter()
        .map(|one| (one.field.as_str(), one.why.as_str()))
        .collect();
    for (field, why) in [
        (
            "/a",
            "vault:secret/data/other#password is not known to the store",
        ),
        ("/b", "file:missing could not be read"),
        ("/c", "was answered with status 307"),
        ("/d", "is not set"),
        ("/e", "must begin with FERROBYTE_SECRET_"),
    ] {
        assert!(
            said.iter()
                .any(|(at, said)| *at == field && said.contains(why)),
            "{field}: {said:?}"
        );
    }
}

#[tokio::test]
async fn a_vault_that_is_not_there_is_said_without_its_token() {
    let settings = [
        ("vault.store_address", "http://127.0.0.1:1"),
        ("vault.store_token", "the-token-of-the-vault"),
    ];
    let server = TestServer::with(&settings).await;
    let secrets = some(&[("/a", "secret_coordinate::vault:a#b")]);
    let unresolved = secrets::for_run(&server.app, &json!({}), secrets)
        .await
        .expect_err("nobody there");
    assert_eq!(
        unresolved[0].why,
        "the reference vault:a#b cannot be looked up: the store does not answer (no connection)"
    );
}
