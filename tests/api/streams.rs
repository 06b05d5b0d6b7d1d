//! What a source offers.

use std::time::{Duration, Instant};

use ferrobyte::engine::probes::{Asked, Errand, NoOutcome, Subject};
use serde_json::{Value, json};

use crate::support::TestServer;

const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";

#[tokio::test]
async fn streams_are_discovered_once_and_answered_from_then_on() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let source = admin.creates_actor("source", &home).await;
    let path = format!("/streams?sourceId={source}");
    let answer = admin.get(&path).await;
    let streams = answer.ok(200);
    let names: Vec<_> = streams
        .as_array()
        .expect("a bare array")
        .iter()
        .map(|stream| stream["streamName"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["products", "users", "purchases"]);
    for stream in streams.as_array().expect("streams") {
        let members: Vec<_> = stream.as_object().expect("a stream").keys().collect();
        assert_eq!(
            members,
            [
                "streamName",
                "defaultCursorField",
                "sourceDefinedCursorField",
                "sourceDefinedPrimaryKey",
                "propertyFields"
            ]
        );
        let paths = stream["propertyFields"].as_array().expect("paths");
        assert!(paths.contains(&json!(["id"])), "{stream}");
    }
    assert!(
        streams[0]["propertyFields"]
            .as_array()
            .is_some_and(|paths| paths.iter().all(Value::is_array))
    );
    assert_eq!(admin.get(&path).await.text, answer.text);
    assert_eq!(stored(&server).await, 1);
    // Another source with the same configuration offers the same.
    let twin = admin.creates_actor("source", &home).await;
    let of_twin = admin.get(&format!("/streams?sourceId={twin}")).await;
    assert_eq!(of_twin.text, answer.text);
    assert_eq!(stored(&server).await, 1);
    let anew = admin.get(&format!("{path}&ignoreCache=true")).await;
    assert_eq!(anew.ok(200), streams);

    // What was found goes with the last configuration that it was found with.
    let change = json!({ "configuration": { "count": 11 } });
    admin
        .patch(&format!("/sources/{source}"), change)
        .await
        .ok(200);
    assert_eq!(stored(&server).await, 1);
    admin.delete(&format!("/sources/{twin}")).await.ok(204);
    assert_eq!(stored(&server).await, 0);
}

/// How many catalogs are stored.
async fn stored(server: &TestServer) -> i64 {
    use ferrobyte::store::db::{Exec as _, Link};
    let mut db = server.app.db.read().await.expect("a reader");
    let text = "SELECT COUNT(*) FROM catalogs";
    match db.link() {
        Link::Postgres(link) => sqlx::query_scalar(text).fetch_one(link).await,
        Link::Sqlite(link) => sqlx::query_scalar(text).fetch_one(link).await,
    }
    .expect("a count")
}

#[tokio::test]
async fn with_a_destination_the_ways_to_move_a_stream_are_told() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (source, destination) = (
        admin.creates_actor("source", &home).await,
        admin.creates_actor("destination", &home).await,
    );
    let path = format!("/streams?sourceId={source}&destinationId={destination}");
    let streams = admin.get(&path).await.ok(200);
    let classic = json!([
        "full_refresh_append",
        "full_refresh_overwrite",
        "incremental_append",
        "incremental_deduped_history"
    ]);
    for stream in streams.as_array().expect("streams") {
        let modes = stream["syncModes"].as_array().expect("modes");
        let known = classic.as_array().expect("modes");
        assert!(
            !modes.is_empty() && modes.iter().all(|mode| known.contains(mode)),
            "{stream}"
        );
    }
    assert_eq!(streams[0]["syncModes"], classic);
}

#[tokio::test]
async fn streams_of_nothing_are_a_problem() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let source = admin.creates_actor("source", &home).await;
    let destination = admin.creates_actor("destination", &home).await;
    assert_eq!(admin.get("/streams").await.faults(), ["query /sourceId"]);
    let wrong = admin
        .get("/streams?sourceId=x&destinationId=y&ignoreCache=z")
        .await;
    assert_eq!(
        wrong.faults(),
        [
            "query /sourceId",
            "query /destinationId",
            "query /ignoreCache"
        ]
    );
    for path in [
        format!("/streams?sourceId={UNKNOWN}"),
        format!("/streams?sourceId={destination}"),
        format!("/streams?sourceId={source}&destinationId={UNKNOWN}"),
        format!("/streams?sourceId={source}&destinationId={source}"),
    ] {
        admin.get(&path).await.problem(404);
        let outsider = server.person("outsider", &[]).await;
        outsider.get(&path).await.problem(403);
    }
}

#[tokio::test]
async fn a_connector_that_this_machine_cannot_run_is_told_with_its_reason() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let configuration = json!({ "host": "db.example.org", "port": 3306, "database": "pets", "username": "ada",
                                "password": "canary", "replication_method": { "method": "STANDARD" } });
    let body = json!({ "name": "pets", "workspaceId": home,
        "definitionId": "435bb9a5-7887-4809-aa58-28c27df0d7ad", "configuration": configuration });
    let made = admin.post("/sources", body).await.ok(200);
    let id = made["sourceId"].as_str().expect("an id");
    let streams = admin.get(&format!("/streams?sourceId={id}")).await;
    let check = admin.post(&format!("/sources/{id}/check"), json!({})).await;
    for answer in [streams, check] {
        let problem = answer.problem(409);
        assert_eq!(problem["title"], "state-conflict");
        assert!(!answer.text.contains("canary"), "{}", answer.text);
    }
}

/// A probe of something that never answers.
async fn hang(server: &TestServer, workspace: &str, number: u8) {
    let errand = Errand {
        subject: Subject {
            asked: Asked::Discover,
            edition: "a connector that hangs".to_owned(),
            fingerprint: vec![number],
        },
        tenant: workspace.parse().expect("an id"),
        deadline: Duration::from_mins(10),
        afresh: false,
    };
    let moment = Duration::from_millis(1);
    let outcome = server.app.probes.ask(errand, moment, std::future::pending);
    assert_eq!(outcome.await.expect_err("it hangs"), NoOutcome::Yet);
}

#[tokio::test]
async fn a_hundred_hanging_connectors_slow_only_what_waits_for_them() {
    let settings = [
        ("connectors.probes_concurrency", "4"),
        ("connectors.probes_by_workspace", "101"),
        ("connectors.discovery_patience", "1s"),
    ];
    let server = TestServer::with(&settings).await;
    let admin = server.admin().await;
    let (crowded, calm) = (
        admin.first_workspace().await,
        admin.creates_workspace("calm").await,
    );
    let known = admin.creates_actor("source", &crowded).await;
    let streams_of_known = format!("/streams?sourceId={known}");
    let found = admin.get(&streams_of_known).await.ok(200);
    for number in 0..100 {
        hang(&server, &crowded, number).await;
    }

    // What is known is answered at once, and so is everything else.
    let began = Instant::now();
    assert_eq!(admin.get(&streams_of_known).await.ok(200), found);
    admin.get("/sources").await.ok(200);
    assert!(began.elapsed() < Duration::from_millis(500), "{began:?}");

    // A new question waits for its turn; the answer tells where to look.
    let body = json!({ "name": "new", "workspaceId": crowded, "configuration": { "sourceType": "faker", "count": 3 } });
    let new = admin.post("/sources", body).await.ok(200);
    let new = new["sourceId"].as_str().expect("an id");
    let path = format!("/streams?sourceId={new}");
    let waits = admin.get(&path).await;
    let problem = waits.problem(503);
    assert_eq!(waits.header("retry-after"), "5");
    assert_eq!(problem["title"], "connector-still-running");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(
        detail.contains(&format!("/api/public/v1{path}")),
        "{detail}"
    );
    // One more than the workspace may have.
    let check = admin
        .post(&format!("/sources/{new}/check"), json!({}))
        .await
        .problem(503);
    let detail = check["detail"].as_str().expect("a detail");
    assert!(detail.contains("too many"), "{detail}");

    // Another workspace has its own lanes.
    let other = admin.creates_actor("source", &calm).await;
    let check = admin
        .post(&format!("/sources/{other}/check"), json!({}))
        .await
        .ok(200);
    assert_eq!(check["status"], "succeeded");
    let anew = format!("/streams?sourceId={other}&ignoreCache=true");
    assert_eq!(admin.get(&anew).await.ok(200), found);
}
