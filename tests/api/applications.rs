//! Applications: shown once, masked ever after, rotated, deleted.

use chrono::TimeDelta;
use ferrobyte::access::caller::Caller;
use ferrobyte::access::doors;
use ferrobyte::ops::{applications, people};
use serde_json::json;

use crate::support::people::Person;
use crate::support::{CLIENT_ID, CLIENT_SECRET, TestServer};

const MASK: &str = "**********";

#[tokio::test]
async fn a_secret_is_shown_by_its_creation_and_never_again() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let made = admin
        .post("/applications", json!({ "name": " etl " }))
        .await
        .ok(200);
    let secret = made["clientSecret"].as_str().expect("a secret");
    assert!(secret.starts_with("fbs_") && secret.len() >= 47, "{secret}");
    assert_eq!(made["name"], " etl ");
    assert!(made["createdAt"].is_i64());
    assert!(made.get("lastUsedAt").is_none());

    let path = format!("/applications/{}", made["id"].as_str().expect("an id"));
    let mut masked = made.clone();
    masked["clientSecret"] = MASK.into();
    assert_eq!(admin.get(&path).await.ok(200), masked);
    let list = admin.get("/applications").await.ok(200);
    assert_eq!(list["applications"].as_array().map(Vec::len), Some(2));
    assert_eq!(list["applications"][1], masked);
    assert_eq!(
        admin
            .post("/api/v1/applications/list", json!({}))
            .await
            .ok(200),
        list
    );
    assert_eq!(admin.delete(&path).await.ok(200), masked);
    admin.get(&path).await.problem(404);
    admin.delete(&path).await.problem(404);
}

#[tokio::test]
async fn an_application_acts_as_its_owner() {
    let server = TestServer::start().await;
    let outsider = server.person("outsider", &[]).await;
    assert_eq!(outsider.get("/workspaces").await.ok(200)["data"], json!([]));
    outsider
        .post("/workspaces", json!({ "name": "pets" }))
        .await
        .problem(403);
    assert_eq!(
        outsider.get("/applications").await.ok(200)["applications"][0]["name"],
        "outsider"
    );
}

#[tokio::test]
async fn tokens_of_a_deleted_application_stop_working() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let made = admin
        .post("/applications", json!({ "name": "etl" }))
        .await
        .ok(200);
    let (id, secret) = (
        made["clientId"].as_str().expect("an id"),
        made["clientSecret"].as_str().expect("a secret"),
    );
    let etl = Person::with_token(&server, server.nobody().token(id, secret).await);
    etl.get("/workspaces").await.ok(200);
    let id = made["id"].clone();
    admin
        .post(
            "/api/v1/applications/delete",
            json!({ "applicationId": id }),
        )
        .await
        .ok(200);
    let problem = etl.get("/workspaces").await.problem(401);
    assert_eq!(problem["detail"], "the access token has been revoked");
    admin.get("/workspaces").await.ok(200);
}

/// The administrator's first application.
async fn rotate(server: &TestServer, grace: TimeDelta) -> String {
    let caller: Caller = people::operator(&server.app)
        .await
        .expect("the administrator");
    let mut db = server.app.db.read().await.expect("a reader");
    let list = ferrobyte::store::applications::list(&mut db, caller.own())
        .await
        .expect("a list");
    let application = doors::application(&mut db, &caller, list[0].id)
        .await
        .expect("its own");
    drop(db);
    let unveiled = applications::rotate(&server.app, application, grace)
        .await
        .expect("a new secret");
    unveiled.secret.reveal().to_owned()
}

#[tokio::test]
async fn rotating_without_grace_ends_the_old_secret_and_its_tokens_at_once() {
    let server = TestServer::start().await;
    let before = server.admin().await;
    let secret = rotate(&server, TimeDelta::zero()).await;
    before.get("/workspaces").await.problem(401);
    let old = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
    server
        .nobody()
        .post("/api/v1/applications/token", old)
        .await
        .problem(401);
    let after = Person::with_token(&server, server.nobody().token(CLIENT_ID, &secret).await);
    after.get("/workspaces").await.ok(200);
}

#[tokio::test]
async fn rotating_with_grace_keeps_the_old_secret_and_its_tokens_for_that_long() {
    let server = TestServer::start().await;
    let before = server.admin().await;
    let secret = rotate(&server, TimeDelta::minutes(30)).await;
    before.get("/workspaces").await.ok(200);
    let by_old = server.admin().await;
    by_old.get("/workspaces").await.ok(200);
    let by_new = Person::with_token(&server, server.nobody().token(CLIENT_ID, &secret).await);
    server.wait(30 * 60);
    by_new.get("/workspaces").await.ok(200);
    before.get("/workspaces").await.problem(401);
    by_old.get("/workspaces").await.problem(401);
    let old = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
    server
        .nobody()
        .post("/api/v1/applications/token", old)
        .await
        .problem(401);
}

#[tokio::test]
async fn the_last_use_is_noted() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    assert!(
        admin.get("/applications").await.ok(200)["applications"][0]
            .get("lastUsedAt")
            .is_none()
    );
    server
        .app
        .callers
        .uses
        .write(&server.app.db, server.app.clock.now())
        .await
        .expect("written");
    let used = admin.get("/applications").await.ok(200)["applications"][0]["lastUsedAt"].as_i64();
    assert_eq!(used, Some(server.app.clock.now().timestamp()));
    server.wait(3000);
    admin.get("/workspaces").await.ok(200);
    server
        .app
        .callers
        .uses
        .write(&server.app.db, server.app.clock.now())
        .await
        .expect("written");
    let later = admin.get("/applications").await.ok(200)["applications"][0]["lastUsedAt"].as_i64();
    assert_eq!(later, Some(server.app.clock.now().timestamp()));
}

#[tokio::test]
async fn a_name_is_needed() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for body in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": null }),
        json!({ "name": 1 }),
        json!({ "name": "\u{0}" }),
    ] {
        assert_eq!(
            admin.post("/applications", body.clone()).await.faults(),
            ["body /name"],
            "{body}"
        );
    }
}

#[tokio::test]
async fn the_plain_secret_is_nowhere_in_the_database() {
    let server = TestServer::start().await;
    let made = server
        .admin()
        .await
        .post("/applications", json!({ "name": "etl" }))
        .await
        .ok(200);
    let secret = made["clientSecret"].as_str().expect("a secret");
    let mut db = server.app.db.read().await.expect("a reader");
    let client_id = made["clientId"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an id");
    let kept = ferrobyte::store::applications::credentials(&mut db, &client_id)
        .await
        .expect("asked")
        .expect("kept");
    assert!(
        kept.secret_hash
            .matches(&ferrobyte::domain::secret::PlainSecret::received(secret).hash())
    );
    assert!(!format!("{kept:?}").contains(&secret[4..]));
    if let ferrobyte::store::db::Db::Sqlite { writer, .. } = &server.app.db {
        let file: Vec<(i64, String, String)> = sqlx::query_as("PRAGMA database_list")
            .fetch_all(writer)
            .await
            .expect("the file's name");
        for name in [file[0].2.clone(), format!("{}-wal", file[0].2)] {
            let bytes = std::fs::read(&name).unwrap_or_default();
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes()),
                "{name}"
            );
        }
    }
}
