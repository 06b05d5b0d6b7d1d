//! Creating: what may be left out, what comes back, what does not fit.

use serde_json::{Value, json};

use super::{UNKNOWN, one, pair, with};
use crate::support::TestServer;

#[tokio::test]
async fn the_least_request_takes_everything_that_the_source_offers() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    for nothing in [
        json!({}),
        json!({ "configurations": null, "schedule": null, "namespaceFormat": null, "tags": null, "status": null }),
        json!({ "configurations": { "streams": [] }, "dataResidency": "auto", "tags": [] }),
        json!({ "configurations": { "streams": null }, "dataResidency": null }),
    ] {
        let answer = admin.post("/connections", with(&base, nothing)).await;
        let made = answer.ok(200);
        let id = made["connectionId"].as_str().expect("an id");
        let stream = |name| {
            json!({ "name": name, "syncMode": "full_refresh_overwrite", "includeFiles": false,
                    "selectedFields": [], "mappers": [] })
        };
        let expected = json!({
            "connectionId": id, "name": "pets <> pets", "sourceId": base["sourceId"],
            "destinationId": base["destinationId"], "workspaceId": home, "status": "active",
            "schedule": { "scheduleType": "manual" }, "dataResidency": "auto",
            "nonBreakingSchemaUpdatesBehavior": "ignore", "namespaceDefinition": "destination", "prefix": "",
            "configurations": { "streams": [stream("products"), stream("users"), stream("purchases")] },
            "createdAt": 1_893_456_000, "tags": [],
        });
        assert_eq!(answer.text, expected.to_string());
        let read = admin.get(&format!("/connections/{id}")).await;
        assert_eq!(read.text, answer.text);
    }
}

#[tokio::test]
async fn what_was_sent_comes_back_in_the_order_sent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let streams = json!([
        { "name": "users", "syncMode": "incremental_deduped_history", "cursorField": ["updated_at"],
          "primaryKey": [["id"]], "includeFiles": false,
          "selectedFields": [{ "fieldPath": ["updated_at"] }, { "fieldPath": ["id"] }, { "fieldPath": ["name"] }],
          "mappers": [{ "id": "1f0a6f2b-2c0b-4f3e-9d6a-0c1f871d7e5a", "type": "hashing", "mapperConfiguration":
              { "targetField": "name", "method": "SHA-256", "fieldNameSuffix": "_hashed" } }] },
        // Ignored by the mode, and still what the caller has in mind.
        { "name": "products", "syncMode": "full_refresh_append", "cursorField": ["price"],
          "primaryKey": [["make"], ["model"]], "includeFiles": false, "selectedFields": [], "mappers": [] },
    ]);
    let sent = json!({ "name": "my way", "status": "inactive", "prefix": "raw_",
        "namespaceDefinition": "custom_format", "namespaceFormat": "lake_${SOURCE_NAMESPACE}",
        "nonBreakingSchemaUpdatesBehavior": "propagate_fully",
        "schedule": { "scheduleType": "cron", "cronExpression": "0 30 6 ? * MON-FRI Europe/Berlin" },
        "configurations": { "streams": streams } });
    let made = admin
        .post("/connections", with(&base, sent.clone()))
        .await
        .ok(200);
    for (name, value) in sent.as_object().expect("members") {
        assert_eq!(made[name], *value, "{name}");
    }
    assert_eq!(
        made["configurations"].to_string(),
        sent["configurations"].to_string()
    );
    // What comes back can be sent back.
    let id = made["connectionId"].as_str().expect("an id");
    let path = format!("/connections/{id}");
    assert_eq!(admin.patch(&path, made.clone()).await.ok(200), made);
}

#[tokio::test]
async fn what_does_not_fit_is_400_and_names_its_place() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let stream = |stream: Value| json!({ "configurations": { "streams": [stream] } });
    let cron =
        |text: &str| json!({ "schedule": { "scheduleType": "cron", "cronExpression": text } });
    for (more, place) in [
        (json!({ "sourceId": "x" }), "sourceId"),
        (json!({ "destinationId": null }), "destinationId"),
        (json!({ "name": " " }), "name"),
        (json!({ "prefix": "a\u{0}" }), "prefix"),
        (json!({ "namespaceFormat": "a\u{0}" }), "namespaceFormat"),
        (json!({ "namespaceDefinition": "x" }), "namespaceDefinition"),
        (json!({ "status": "deprecated" }), "status"),
        (
            json!({ "schedule": { "scheduleType": "basic" } }),
            "schedule/scheduleType",
        ),
        (
            json!({ "schedule": { "scheduleType": "cron" } }),
            "schedule/cronExpression",
        ),
        (cron("* * * * * ?"), "schedule/cronExpression"),
        (cron("0 0 12 * * ? Nowhere/Land"), "schedule/cronExpression"),
        (cron("0 99 * * * ?"), "schedule/cronExpression"),
        (json!({ "tags": [{ "tagId": UNKNOWN }] }), "tags/0/tagId"),
        (
            stream(json!({ "name": "ghosts" })),
            "configurations/streams/0/name",
        ),
        (
            stream(json!({ "name": "users", "selectedFields": [{ "fieldPath": ["ghost"] }] })),
            "configurations/streams/0/selectedFields",
        ),
        (
            stream(json!({ "name": "users", "syncMode": "incremental_soft_delete" })),
            "configurations/streams/0/syncMode",
        ),
        (
            stream(
                json!({ "name": "users", "mappers": [{ "type": "field-filtering", "mapperConfiguration": { "targetField": "ghost" } }] }),
            ),
            "configurations/streams/0/mappers/0",
        ),
    ] {
        let answer = admin.post("/connections", with(&base, more.clone())).await;
        assert_eq!(answer.faults(), [format!("body /{place}")], "{more}");
    }
    assert_eq!(
        one(&server, "SELECT COUNT(*) FROM connections").await,
        Some(0)
    );
}

#[tokio::test]
async fn both_ends_must_exist_and_be_of_one_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let there = admin.creates_workspace("there").await;
    let (here, other) = (pair(&admin, &home).await, pair(&admin, &there).await);
    let body = json!({ "sourceId": here["sourceId"], "destinationId": other["destinationId"] });
    admin.post("/connections", body).await.problem(422);
    for (body, kind) in [
        (
            with(&here, json!({ "sourceId": UNKNOWN })),
            "SOURCE_CONNECTION",
        ),
        (
            with(&here, json!({ "destinationId": UNKNOWN })),
            "DESTINATION_CONNECTION",
        ),
    ] {
        let problem = admin.post("/connections", body).await.problem(404);
        assert_eq!(problem["data"]["resourceType"], kind);
    }
    let problem = admin
        .get(&format!("/connections/{UNKNOWN}"))
        .await
        .problem(404);
    assert_eq!(problem["data"]["resourceType"], "STANDARD_SYNC");
}
