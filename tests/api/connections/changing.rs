//! Changing, and what a change means for the next run.

use ferrobyte::domain::job::JobStatus;
use serde_json::json;

use super::{UNKNOWN, names, pair, with};
use crate::support::TestServer;
use crate::support::worker::Worker;

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let id = admin.creates_connection(&home).await;
    let path = format!("/connections/{id}");
    let before = admin.get(&path).await.ok(200);
    for nothing in [
        json!({}),
        json!({ "name": null, "configurations": { "streams": [] }, "namespaceFormat": null, "sourceId": UNKNOWN }),
        json!({ "configurations": {}, "dataResidency": "us", "schedule": null, "tags": null }),
    ] {
        assert_eq!(admin.patch(&path, nothing).await.ok(200), before);
    }
    for (name, value) in [
        ("name", json!("cats")),
        ("prefix", json!("raw_")),
        ("prefix", json!("")),
        ("namespaceDefinition", json!("source")),
        ("namespaceFormat", json!("x")),
        (
            "nonBreakingSchemaUpdatesBehavior",
            json!("disable_connection"),
        ),
        ("status", json!("inactive")),
        (
            "schedule",
            json!({ "scheduleType": "cron", "cronExpression": "0 0 12 * * ?" }),
        ),
    ] {
        let mut expected = admin.get(&path).await.ok(200);
        expected[name] = value.clone();
        let changed = admin.patch(&path, json!({ name: value })).await.ok(200);
        assert_eq!(changed, expected);
        assert_eq!(admin.get(&path).await.ok(200), expected);
    }
    // As Terraform turns a schedule manual.
    let manual =
        json!({ "schedule": { "scheduleType": "manual", "cronExpression": "0 0 12 * * ?" } });
    let changed = admin.patch(&path, manual).await.ok(200);
    assert_eq!(changed["schedule"], json!({ "scheduleType": "manual" }));
    let two =
        json!({ "configurations": { "streams": [{ "name": "users" }, { "name": "products" }] } });
    assert_eq!(
        names(&admin.patch(&path, two).await.ok(200)),
        ["users", "products"]
    );
    let wrong =
        json!({ "configurations": { "streams": [{ "name": "users" }, { "name": "ghosts" }] } });
    let wrong = admin.patch(&path, wrong).await;
    assert_eq!(wrong.faults(), ["body /configurations/streams/1/name"]);
}

#[tokio::test]
async fn the_next_run_follows_schedule_and_status() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let hourly = json!({ "schedule": { "scheduleType": "cron", "cronExpression": "0 0 * * * ?" } });
    let made = admin
        .post("/connections", with(&base, hourly.clone()))
        .await
        .ok(200);
    let path = format!(
        "/connections/{}",
        made["connectionId"].as_str().expect("an id")
    );
    let next = async || {
        use ferrobyte::store::due;
        due::next(&mut server.app.db.read().await.expect("a reader"))
            .await
            .expect("a time")
    };
    let at = |text: &str| Some(text.parse().expect("a time"));
    assert_eq!(next().await, at("2030-01-01T01:00:00Z"));
    admin
        .patch(&path, json!({ "status": "inactive" }))
        .await
        .ok(200);
    assert_eq!(next().await, None);
    server.wait(2 * 3600);
    let admin = server.admin().await;
    admin
        .patch(&path, json!({ "status": "active" }))
        .await
        .ok(200);
    assert_eq!(next().await, at("2030-01-01T03:00:00Z"));
    admin.patch(&path, json!({ "name": "later" })).await.ok(200);
    assert_eq!(next().await, at("2030-01-01T03:00:00Z"));
    let daily =
        json!({ "schedule": { "scheduleType": "cron", "cronExpression": "0 0 12 * * ? UTC" } });
    admin.patch(&path, daily).await.ok(200);
    assert_eq!(next().await, at("2030-01-01T12:00:00Z"));
    admin
        .patch(&path, json!({ "schedule": { "scheduleType": "manual" } }))
        .await
        .ok(200);
    assert_eq!(next().await, None);
    admin.patch(&path, hourly).await.ok(200);
    assert_eq!(next().await, at("2030-01-01T03:00:00Z"));
    admin.delete(&path).await.ok(204);
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_stream_that_is_read_in_another_way_begins_anew() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let streams = |users: &str| {
        json!({ "configurations": { "streams": [
            { "name": "users", "syncMode": users }, { "name": "products", "syncMode": "incremental_append" } ] } })
    };
    let made = admin
        .post("/connections", with(&base, streams("incremental_append")))
        .await
        .ok(200);
    let id = made["connectionId"].as_str().expect("an id");
    admin
        .post("/jobs", json!({ "connectionId": id, "jobType": "sync" }))
        .await
        .ok(200);
    let worker = Worker::takes(&server).await;
    worker.commits("users", 1, r#"{"at":1}"#).await;
    worker.commits("products", 1, r#"{"at":2}"#).await;
    worker.ends(JobStatus::Succeeded).await;
    let path = format!("/connections/{id}");
    let stored = async || {
        let state = admin.get(&format!("{path}/state")).await.ok(200);
        state["streamState"].as_array().expect("states").len()
    };
    // Another way to write is the same way to read.
    admin
        .patch(&path, streams("incremental_deduped_history"))
        .await
        .ok(200);
    assert_eq!(stored().await, 2);
    admin
        .patch(&path, streams("full_refresh_overwrite"))
        .await
        .ok(200);
    assert_eq!(stored().await, 1);
}
