//! Low-code definitions: a manifest goes in, comes out the same, and counts its versions.

use serde_json::{Value, json};

use crate::definitions::{brings, field, list_of};
use crate::support::TestServer;

/// Everything that a careless hand would change: the order of keys, numbers, escapes, empty things.
const MANIFEST: &str = r#"{"version": "6.48.6", "type":"DeclarativeSource","zeta":1.0,"alpha":1e2,
  "big":123456789012345678901234567890,"text":"é 🐈 \"\\ \u0000 <&>","none":null,"empty":[{},[]],
  "spec":{"type":"Spec","connection_specification":{"type":"object","required":["key"],
  "properties":{"key":{"type":"string","airbyte_secret":true}}}}}"#;

fn low_code(workspace: &str) -> String {
    list_of(workspace, "declarative_sources")
}

fn manifest(mark: &str) -> Value {
    json!({ "mark": mark, "spec": { "connection_specification": { "type": "object" } } })
}

#[tokio::test]
async fn a_manifest_comes_back_as_it_was_sent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let request = axum::http::Request::post(format!("/api/public/v1{}", low_code(&workspace)))
        .header("content-type", "application/json")
        .body(format!("{{\"name\":\"My API\",\"manifest\":{MANIFEST}}}").into())
        .expect("a request");
    let made = admin.ask(request).await;
    let id = made.ok(200)["id"].as_str().expect("an id").to_owned();
    let expected =
        format!("{{\"id\":\"{id}\",\"name\":\"My API\",\"manifest\":{MANIFEST},\"version\":1}}");
    assert_eq!(made.text, expected);
    let path = format!("{}/{id}", low_code(&workspace));
    assert_eq!(admin.get(&path).await.text, expected);
    let list = admin.get(&low_code(&workspace)).await;
    assert_eq!(list.text, format!("{{\"data\":[{expected}]}}"));
    assert_eq!(admin.delete(&path).await.text, expected);
}

#[tokio::test]
async fn every_manifest_is_a_version_and_the_last_is_active() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let list = low_code(&workspace);
    let body = json!({ "name": "api", "manifest": manifest("first"), "workspaceId": "ignored" });
    let made = admin.post(&list, body).await.ok(200);
    assert_eq!(
        (&made["name"], &made["version"]),
        (&json!("api"), &json!(1))
    );
    let path = format!("{list}/{}", made["id"].as_str().expect("an id"));
    for (version, mark) in [(2, "second"), (3, "first")] {
        let changed = admin
            .put(
                &path,
                json!({ "manifest": manifest(mark), "name": "ignored" }),
            )
            .await
            .ok(200);
        let expected = json!({
            "id": made["id"], "name": "api", "manifest": manifest(mark), "version": version,
        });
        assert_eq!(changed, expected);
        assert_eq!(admin.get(&path).await.ok(200), expected);
    }
    // Side by side, each gets a version of its own.
    let (one, other) = tokio::join!(
        admin.put(&path, json!({ "manifest": manifest("one") })),
        admin.put(&path, json!({ "manifest": manifest("other") })),
    );
    let mut versions = [
        one.ok(200)["version"].clone(),
        other.ok(200)["version"].clone(),
    ];
    versions.sort_by_key(Value::as_i64);
    assert_eq!(versions, [json!(4), json!(5)]);

    let gone = admin.delete(&path).await.ok(200);
    assert_eq!(gone["version"], 5);
    admin.get(&path).await.problem(404);
    admin.delete(&path).await.problem(404);
    let change = json!({ "manifest": manifest("late") });
    admin.put(&path, change).await.problem(404);
    assert_eq!(admin.get(&list).await.ok(200), json!({ "data": [] }));
}

#[tokio::test]
async fn a_low_code_source_stands_in_no_other_list() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let body = json!({ "name": "api", "manifest": manifest("only") });
    let made = admin.post(&low_code(&workspace), body).await.ok(200);
    let id = made["id"].as_str().expect("an id");
    let sources = list_of(&workspace, "sources");
    let listed = admin.get(&sources).await.ok(200);
    assert!(!field(&listed, "id").contains(&id));
    let path = format!("{sources}/{id}");
    admin.get(&path).await.problem(404);
    admin.delete(&path).await.problem(404);
    let change = json!({ "name": "x", "dockerImageTag": "1" });
    admin.put(&path, change).await.problem(404);
    let all = admin
        .get(&format!(
            "/connector_definitions?type=source&workspaceId={workspace}"
        ))
        .await
        .ok(200);
    assert!(field(&all, "id").contains(&id));

    let image = brings(&admin, &workspace, "sources").await;
    let path = format!("{}/{image}", low_code(&workspace));
    admin.get(&path).await.problem(404);
    let change = json!({ "manifest": manifest("x") });
    admin.put(&path, change).await.problem(404);
}

#[tokio::test]
async fn a_manifest_says_what_its_configuration_looks_like() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let list = low_code(&admin.first_workspace().await);
    let body = json!({ "name": "api", "manifest": manifest("good") });
    let made = admin.post(&list, body).await.ok(200);
    let path = format!("{list}/{}", made["id"].as_str().expect("an id"));
    for (wrong, field) in [
        (json!("text"), "manifest: "),
        (json!({}), "manifest.spec: "),
        (json!({ "spec": [] }), "manifest.spec: "),
        (
            json!({ "spec": {} }),
            "manifest.spec.connection_specification: ",
        ),
        (
            json!({ "spec": { "connection_specification": "x" } }),
            "manifest.spec.connection_specification: ",
        ),
        (
            json!({ "spec": { "connection_specification": { "properties": 1 } } }),
            "manifest.spec.connection_specification: ",
        ),
    ] {
        let body = json!({ "name": "api", "manifest": wrong });
        let answers = [
            admin.post(&list, body.clone()).await,
            admin.put(&path, body).await,
        ];
        for answer in answers {
            let problem = answer.problem(422);
            let why = problem["detail"].as_str().expect("a text");
            assert!(why.starts_with(field), "{why}");
        }
    }
    assert_eq!(
        admin.post(&list, json!({ "name": "api" })).await.faults(),
        ["body /manifest"]
    );
    assert_eq!(
        admin.put(&path, json!({})).await.faults(),
        ["body /manifest"]
    );
    let body = json!({ "manifest": manifest("good") });
    assert_eq!(admin.post(&list, body).await.faults(), ["body /name"]);
    assert_eq!(admin.get(&path).await.ok(200), made);
}

#[tokio::test]
async fn a_low_code_source_belongs_to_its_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let mine = admin.first_workspace().await;
    let theirs = admin.creates_workspace("theirs").await;
    let body = json!({ "name": "api", "manifest": manifest("theirs") });
    let made = admin.post(&low_code(&theirs), body).await.ok(200);
    let id = made["id"].as_str().expect("an id");
    let path = format!("{}/{id}", low_code(&mine));
    admin.get(&path).await.problem(404);
    admin.delete(&path).await.problem(404);
    let change = json!({ "manifest": manifest("stolen") });
    admin.put(&path, change).await.problem(404);
    assert_eq!(
        admin.get(&low_code(&mine)).await.ok(200),
        json!({ "data": [] })
    );
    let home = format!("{}/{id}", low_code(&theirs));
    assert_eq!(admin.get(&home).await.ok(200), made);
}
