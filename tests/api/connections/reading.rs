//! Reading: lists, states, and the catalog as older clients know it.

use axum::http::Method;
use serde_json::json;

use super::{pair, with};
use crate::support::TestServer;

#[tokio::test]
async fn lists_have_pages_that_keep_their_filters() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let mut made = Vec::new();
    for _ in 0..23 {
        let one = admin.post("/connections", base.clone()).await.ok(200);
        made.push(one["connectionId"].as_str().expect("an id").to_owned());
    }
    for limit in [1, 7, 20, 100] {
        for filter in ["", &format!("&workspaceIds={home}"), "&includeDeleted=true"] {
            let (mut found, mut next) = (Vec::new(), format!("/connections?limit={limit}{filter}"));
            while !next.is_empty() {
                let page = admin.get(&next).await.ok(200);
                let items = page["data"].as_array().expect("a page").iter();
                found.extend(
                    items.map(|one| one["connectionId"].as_str().expect("an id").to_owned()),
                );
                next = page["next"]
                    .as_str()
                    .expect("a link")
                    .replace("http://127.0.0.1:8000", "");
            }
            assert_eq!(found, made, "{limit}{filter}");
        }
    }
    let page = admin
        .get(&format!(
            "/connections?workspaceIds={home}&tagIds=&limit=2&offset=2"
        ))
        .await
        .ok(200);
    let base = format!(
        "http://127.0.0.1:8000/api/public/v1/connections?includeDeleted=false&workspaceIds={home}&limit=2"
    );
    assert_eq!(page["next"], format!("{base}&offset=4"));
    assert_eq!(page["previous"], format!("{base}&offset=0"));
}

#[tokio::test]
async fn older_clients_read_the_catalog_and_the_state() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let body = json!({ "prefix": "raw_", "configurations": { "streams": [{ "name": "users", "syncMode": "incremental_append" }] } });
    let made = admin.post("/connections", with(&base, body)).await.ok(200);
    let id = made["connectionId"].as_str().expect("an id");
    let request = json!({ "connectionId": id });
    let read = admin
        .post("/api/v1/connections/get", request.clone())
        .await
        .ok(200);
    for name in [
        "connectionId",
        "name",
        "prefix",
        "sourceId",
        "destinationId",
        "workspaceId",
        "status",
    ] {
        assert_eq!(read[name], made[name], "{name}");
    }
    let stream = &read["syncCatalog"]["streams"][0];
    assert_eq!(stream["stream"]["name"], "users");
    assert!(stream["stream"]["jsonSchema"]["properties"]["email"].is_object());
    assert_eq!(stream["config"]["selected"], true);
    assert_eq!(stream["config"]["syncMode"], "incremental");
    assert_eq!(stream["config"]["destinationSyncMode"], "append");

    let unset = admin
        .post("/api/v1/state/get", request.clone())
        .await
        .ok(200);
    assert_eq!(unset, json!({ "stateType": "not_set", "connectionId": id }));
    let number = r#"{"at":12345678901234567890.10}"#;
    let text = format!(
        r#"{{"connectionId":"{id}","connectionState":{{"stateType":"stream","connectionId":"{id}","streamState":[{{"streamDescriptor":{{"name":"users"}},"streamState":{number}}}]}}}}"#
    );
    let request_made = axum::http::Request::builder()
        .method(Method::POST)
        .uri("/api/v1/state/create_or_update_safe")
        .header("content-type", "application/json")
        .body(axum::body::Body::from(text))
        .expect("a request");
    let put = admin.ask(request_made).await;
    assert!(
        put.ok(200)["stateType"] == "stream" && put.text.contains(number),
        "{}",
        put.text
    );
    let get = admin.get(&format!("/connections/{id}/state")).await;
    assert_eq!(
        get.text, put.text,
        "numbers of any size come back as they were"
    );

    let synced = admin
        .post("/api/v1/connections/sync", request.clone())
        .await
        .ok(200);
    assert_eq!(
        (&synced["job"]["status"], &synced["job"]["configId"]),
        (&json!("pending"), &json!(id))
    );
    let state = json!({ "connectionId": id, "connectionState": { "stateType": "not_set" } });
    admin
        .post("/api/v1/state/create_or_update_safe", state)
        .await
        .problem(423);
    let put = admin
        .put(
            &format!("/connections/{id}/state"),
            json!({ "stateType": "not_set" }),
        )
        .await;
    assert_eq!(put.problem(409)["data"]["jobId"], synced["job"]["id"]);
    let wrong = admin
        .put(
            &format!("/connections/{id}/state"),
            json!({ "stateType": "stream" }),
        )
        .await;
    assert_eq!(wrong.faults(), ["body /streamState"]);
}

#[tokio::test]
async fn states_of_every_kind_come_and_go() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let id = admin.creates_connection(&home).await;
    let path = format!("/connections/{id}/state");
    let stream = json!({ "streamDescriptor": { "name": "users", "namespace": "public" }, "streamState": { "at": 1 } });
    for state in [
        json!({ "stateType": "stream", "connectionId": id, "streamState": [stream] }),
        json!({ "stateType": "global", "connectionId": id, "globalState": { "sharedState": { "lsn": 7 }, "streamStates": [stream] } }),
        json!({ "stateType": "legacy", "connectionId": id, "state": { "cursor": 3 } }),
        json!({ "stateType": "not_set", "connectionId": id }),
    ] {
        assert_eq!(admin.put(&path, state.clone()).await.ok(200), state);
        assert_eq!(admin.get(&path).await.ok(200), state);
    }
}
