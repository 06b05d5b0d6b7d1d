//! Sources: created, read, changed, replaced; configurations and their secrets.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::answer::Answer;
use crate::support::people::Person;

const FAKER: &str = "dfd88b22-b603-4c3d-aad7-3701784586b1";
const POSTGRES: &str = "decd338e-5647-4c0b-adf4-da0e75f5a750";
const MASK: &str = "**********";

/// The places that a configuration is refused at.
fn faults(answer: &Answer) -> Vec<String> {
    let problem = answer.problem(422);
    assert_eq!(problem["title"], "unprocessable-entity", "{problem}");
    let faults = problem["errors"].as_array().expect("faults").iter();
    let mut places: Vec<_> = faults
        .map(|fault| fault["pointer"].as_str().expect("a pointer").to_owned())
        .collect();
    places.sort();
    places
}

async fn put(person: &Person<'_>, path: &str, configuration: Value) -> Answer {
    let body = json!({ "name": "pets", "configuration": configuration });
    person.send(Method::PUT, path, Some(body)).await
}

fn postgres() -> Value {
    json!({ "host": "db.example.org", "port": 5432, "database": "pets", "username": "ada",
            "password": "canary-1", "replication_method": { "method": "Xmin" } })
}

#[tokio::test]
async fn a_source_comes_back_as_it_was_sent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let by_name = json!({ "seed": 7, "sourceType": "faker", "count": 10, "unknown": { "a": [null, 1.5, 31.245_270_191_439_438] } });
    let by_id = json!({ "count": 10, "parallelism": 1 });
    let both = json!({ "sourceType": "a name that nobody knows", "count": 10 });
    for (definition, configuration) in [
        (json!(null), by_name),
        (json!(FAKER), by_id),
        (json!(FAKER), both),
    ] {
        let body = json!({ "name": "pets", "workspaceId": home, "definitionId": definition,
                           "configuration": configuration, "unknown": 1, "secretId": null });
        let answer = admin.post("/sources", body).await;
        let made = answer.ok(200);
        let id = made["sourceId"].as_str().expect("an id");
        let expected = json!({ "sourceId": id, "name": "pets", "sourceType": "faker", "definitionId": FAKER,
            "workspaceId": home, "configuration": configuration, "createdAt": 1_893_456_000 });
        // In this order, too.
        assert_eq!(answer.text, expected.to_string());
        let path = format!("/sources/{id}");
        assert_eq!(admin.get(&path).await.text, answer.text);
        let list = admin.get("/sources?limit=100").await.ok(200);
        let newest = list["data"].as_array().expect("a list").last();
        assert_eq!(newest, Some(&made));
        admin
            .get(&format!("{path}?includeSecretCoordinates=true"))
            .await
            .ok(200);
        // It is not a destination.
        admin.get(&format!("/destinations/{id}")).await.problem(404);
    }
}

#[tokio::test]
async fn a_configuration_that_does_not_fit_is_refused_at_every_offending_field() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let create = async |configuration: Value| {
        let body = json!({ "name": "a", "workspaceId": home, "definitionId": POSTGRES, "configuration": configuration });
        admin.post("/sources", body).await
    };
    let wrong = json!({ "host": 1, "port": "x", "password": "canary-1", "ssl_mode": { "mode": "verify-ca" } });
    let answer = create(wrong).await;
    let places = faults(&answer);
    for place in ["/configuration/host", "/configuration/port"] {
        assert!(places.iter().any(|one| one == place), "{places:?}");
    }
    for field in ["database", "username", "ca_certificate"] {
        assert!(answer.text.contains(field), "{field}: {}", answer.text);
    }
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    assert_eq!(faults(&create(json!({})).await).len(), 3);
    assert_eq!(admin.get("/sources").await.ok(200)["data"], json!([]));

    // The tag is nothing to the connector, and a wrong one is nobody's business.
    let mut tagged = postgres();
    tagged["sourceType"] = json!(["not", "a name"]);
    let made = create(tagged.clone()).await.ok(200);
    assert_eq!(
        made["configuration"]["sourceType"],
        json!(["not", "a name"])
    );
    let path = format!("/sources/{}", made["sourceId"].as_str().expect("an id"));
    let refused = admin
        .patch(&path, json!({ "configuration": { "port": null } }))
        .await;
    assert_eq!(faults(&refused), ["/configuration/port"]);
    assert_eq!(admin.get(&path).await.ok(200), made);
}

#[tokio::test]
async fn secrets_are_masked_and_kept_when_the_mask_comes_back() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let body = json!({ "name": "pets", "workspaceId": home, "definitionId": POSTGRES, "configuration": postgres() });
    let answer = admin.post("/sources", body).await;
    let made = answer.ok(200);
    let mut shown = postgres();
    shown["password"] = json!(MASK);
    assert_eq!(made["configuration"], shown);
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    let path = format!("/sources/{}", made["sourceId"].as_str().expect("an id"));
    let listed = admin.get("/sources").await;
    assert!(!listed.text.contains("canary"), "{}", listed.text);
    assert_eq!(listed.ok(200)["data"], json!([made]));

    // With the mask in PUT and PATCH nothing changes; what else is sent does.
    assert_eq!(put(&admin, &path, shown.clone()).await.ok(200), made);
    let change = json!({ "configuration": { "password": MASK, "port": 5433 } });
    let changed = admin.patch(&path, change).await.ok(200);
    shown["port"] = json!(5433);
    assert_eq!(changed["configuration"], shown);
    assert_eq!(opened(&server, &path).await["/password"], "canary-1");
    let change = json!({ "configuration": { "password": "canary-2" } });
    assert_eq!(admin.patch(&path, change).await.ok(200), changed);
    assert_eq!(opened(&server, &path).await["/password"], "canary-2");

    // A mask where nothing is stored is not a password.
    let without = json!({ "host": "a", "database": "b", "username": "c" });
    assert_eq!(
        put(&admin, &path, without.clone()).await.ok(200)["configuration"],
        without
    );
    assert_eq!(opened(&server, &path).await, json!({}));
    let mut masked = without;
    masked["password"] = json!(MASK);
    assert_eq!(
        faults(&put(&admin, &path, masked.clone()).await),
        ["/configuration/password"]
    );
    masked["password"] = json!("canary-3");
    put(&admin, &path, masked).await.ok(200);
    assert_eq!(opened(&server, &path).await["/password"], "canary-3");
    admin.delete(&path).await.ok(204);
    assert_eq!(opened(&server, &path).await, json!({}));
}

/// The secrets that are stored for what is at this path, by pointer.
async fn opened(server: &TestServer, path: &str) -> Value {
    let id: uuid::Uuid = path
        .rsplit('/')
        .next()
        .expect("an id")
        .parse()
        .expect("an id");
    let mut db = server.app.db.read().await.expect("a reader");
    let secrets = ferrobyte::ops::secrets::open(&server.app, &mut db, id)
        .await
        .expect("secrets");
    let pairs = secrets
        .iter()
        .map(|(pointer, secret)| (pointer.clone(), secret.reveal().clone()));
    Value::Object(pairs.collect())
}

#[tokio::test]
async fn a_patch_merges_objects_and_a_put_replaces_them() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let configuration =
        json!({ "sourceType": "faker", "count": 10, "own": { "a": 1, "b": [1, 2] } });
    let body = json!({ "name": "pets", "workspaceId": home, "configuration": configuration });
    let made = admin.post("/sources", body).await.ok(200);
    let path = format!("/sources/{}", made["sourceId"].as_str().expect("an id"));
    let change = json!({ "name": "cats", "workspaceId": FAKER,
                        "configuration": { "seed": 3, "own": { "b": [3], "c": null } } });
    let patched = admin.patch(&path, change).await.ok(200);
    assert_eq!(patched["name"], "cats");
    assert_eq!(patched["workspaceId"], made["workspaceId"]);
    let merged = json!({ "sourceType": "faker", "count": 10, "own": { "a": 1, "b": [3], "c": null }, "seed": 3 });
    assert_eq!(patched["configuration"], merged);
    for nothing in [
        json!({}),
        json!({ "name": null, "configuration": null }),
        json!({ "configuration": {} }),
    ] {
        assert_eq!(admin.patch(&path, nothing).await.ok(200), patched);
    }
    let replaced = put(&admin, &path, json!({ "count": 5 })).await.ok(200);
    assert_eq!(replaced["configuration"], json!({ "count": 5 }));
    assert_eq!(replaced["sourceType"], "faker");
    assert_eq!(replaced["createdAt"], made["createdAt"]);
    assert_eq!(admin.get(&path).await.ok(200), replaced);
}

#[tokio::test]
async fn changes_at_the_same_time_lose_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let path = format!("/sources/{}", admin.creates_actor("source", &home).await);
    let add = async |key: &str| {
        let change = json!({ "configuration": { key: true } });
        admin.patch(&path, change).await.ok(200)
    };
    let [one, two, three, four, five] = ["a", "b", "c", "d", "e"].map(add);
    tokio::join!(one, two, three, four, five);
    let after = admin.get(&path).await.ok(200);
    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(after["configuration"][key], true, "{after}");
    }
}

#[tokio::test]
async fn a_secret_id_that_nobody_brought_is_refused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let body = json!({ "name": "a", "workspaceId": home, "definitionId": FAKER, "configuration": {}, "secretId": FAKER });
    admin.post("/sources", body).await.problem(422);
}
