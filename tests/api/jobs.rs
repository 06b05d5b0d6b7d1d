//! Jobs: started, read, cancelled, one at a time.

use ferrobyte::domain::job::JobStatus;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::answer::Answer;
use crate::support::people::Person;
use crate::support::worker::Worker;

async fn start(person: &Person<'_>, connection: &str, kind: &str) -> Answer {
    let body = json!({ "connectionId": connection, "jobType": kind });
    person.post("/jobs", body).await
}

#[tokio::test]
async fn a_job_is_told_as_it_goes() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let made = start(&admin, &connection, "sync").await;
    let expected = json!({ "jobId": 1, "status": "pending", "jobType": "sync", "startTime": "2030-01-01T00:00:00Z",
        "connectionId": connection, "bytesSynced": 0, "rowsSynced": 0 });
    assert_eq!(made.ok(200), expected);
    assert_eq!(admin.get("/jobs/1").await.text, made.text);
    // Asked for once more before it has begun, it is the same one.
    assert_eq!(start(&admin, &connection, "sync").await.ok(200), expected);

    server.wait(4);
    let worker = Worker::takes(&server).await;
    let running = admin.get("/jobs/1").await.ok(200);
    assert_eq!(
        (&running["status"], &running["duration"]),
        (&json!("running"), &json!("PT4S"))
    );
    assert_eq!(running.get("lastUpdatedAt"), None);
    let refused = start(&admin, &connection, "sync").await.problem(409);
    assert_eq!(
        (&refused["title"], &refused["data"]["jobId"]),
        (&json!("try-again-later"), &json!(1))
    );
    let detail = refused["detail"].as_str().expect("text");
    assert!(
        detail.contains("already running") && detail.contains(&connection),
        "{detail}"
    );

    worker.commits("users", 1200, r#"{"at":1}"#).await;
    server.wait(86);
    worker.ends(JobStatus::Succeeded).await;
    let done = json!({ "jobId": 1, "status": "succeeded", "jobType": "sync", "startTime": "2030-01-01T00:00:00Z",
        "connectionId": connection, "lastUpdatedAt": "2030-01-01T00:01:30Z", "duration": "PT1M30S",
        "bytesSynced": 12000, "rowsSynced": 1200 });
    assert_eq!(admin.get("/jobs/1").await.ok(200), done);
    assert_eq!(start(&admin, &connection, "sync").await.ok(200)["jobId"], 2);
}

#[tokio::test]
async fn a_waiting_retry_counts_as_running() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    start(&admin, &connection, "sync").await.ok(200);
    Worker::takes(&server)
        .await
        .ends(JobStatus::Incomplete)
        .await;
    assert_eq!(admin.get("/jobs/1").await.ok(200)["status"], "incomplete");
    assert_eq!(
        start(&admin, &connection, "sync").await.problem(409)["data"]["jobId"],
        1
    );
    assert_eq!(
        start(&admin, &connection, "refresh").await.problem(409)["data"]["jobId"],
        1
    );
    // A clear needs no more of what the sync would bring.
    let clear = start(&admin, &connection, "clear").await.ok(200);
    assert_eq!(
        (&clear["jobType"], &clear["status"]),
        (&json!("clear"), &json!("pending"))
    );
    assert_eq!(admin.get("/jobs/1").await.ok(200)["status"], "cancelled");
    assert_eq!(
        start(&admin, &connection, "sync").await.problem(409)["data"]["jobId"],
        clear["jobId"]
    );
}

#[tokio::test]
async fn every_kind_of_job_comes_back_as_it_was_asked_for() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    for kind in ["sync", "refresh", "reset", "clear"] {
        assert_eq!(
            start(&admin, &connection, kind).await.ok(200)["jobType"],
            kind
        );
        Worker::takes(&server)
            .await
            .ends(JobStatus::Succeeded)
            .await;
        let found = admin.get(&format!("/jobs?jobType={kind}")).await.ok(200);
        let found = found["data"].as_array().expect("a page");
        assert_eq!((found.len(), &found[0]["jobType"]), (1, &json!(kind)));
    }
}

#[tokio::test]
async fn streams_can_be_refreshed_and_cleared_one_by_one() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let path = format!("/connections/{connection}");
    for (deed, streams) in [
        ("refresh", json!({ "streams": [{ "streamName": "users" }] })),
        (
            "clear",
            json!({ "streams": [{ "streamName": "users", "streamNamespace": "" }, { "streamName": "products" }] }),
        ),
        ("clear", json!({ "streams": [] })),
        ("refresh", json!({})),
    ] {
        let job = admin
            .post(&format!("{path}/{deed}"), streams.clone())
            .await
            .ok(200);
        assert_eq!(job["jobType"], deed);
        let id = job["jobId"].as_i64().expect("a number");
        let mut db = server.app.db.read().await.expect("a reader");
        let stored = ferrobyte::store::jobs::fetch(&mut db, id)
            .await
            .expect("a job")
            .expect("a job");
        drop(db);
        let names: Option<Vec<Value>> = stored
            .streams
            .map(|text| serde_json::from_str(&text).expect("JSON"));
        let asked = streams["streams"].as_array().filter(|all| !all.is_empty());
        let asked = asked.map(|all| {
            all.iter()
                .map(|one| json!({ "name": one["streamName"] }))
                .collect()
        });
        assert_eq!(names, asked);
        Worker::takes(&server)
            .await
            .ends(JobStatus::Succeeded)
            .await;
    }
    let body = json!({ "streams": [{ "streamName": "users" }, { "streamName": "ghosts" }] });
    let wrong = admin.post(&format!("{path}/refresh"), body).await;
    assert_eq!(wrong.faults(), ["body /streams/1"]);
}

#[tokio::test]
async fn a_connection_that_is_switched_off_does_not_run() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let path = format!("/connections/{connection}");
    admin
        .patch(&path, json!({ "status": "inactive" }))
        .await
        .ok(200);
    for kind in ["sync", "refresh", "clear", "reset"] {
        let problem = start(&admin, &connection, kind).await.problem(409);
        assert_eq!(problem["title"], "state-conflict");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.contains("inactive"))
        );
    }
    admin
        .patch(&path, json!({ "status": "active" }))
        .await
        .ok(200);
    start(&admin, &connection, "sync").await.ok(200);
}

#[tokio::test]
async fn cancelling_ends_the_given_job_and_no_other() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    start(&admin, &connection, "sync").await.ok(200);
    let cancelled = admin.delete("/jobs/1").await.ok(200);
    assert_eq!(cancelled["status"], "cancelled");
    start(&admin, &connection, "sync").await.ok(200);
    let worker = Worker::takes(&server).await;
    // An old one, again.
    assert_eq!(admin.delete("/jobs/1").await.ok(200), cancelled);
    assert_eq!(admin.get("/jobs/2").await.ok(200)["status"], "running");
    // A running one ends when its worker has let go.
    let ends = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        worker.ends(JobStatus::Cancelled).await;
    };
    let (answer, ()) = tokio::join!(admin.delete("/jobs/2"), ends);
    assert_eq!(answer.ok(200)["status"], "cancelled");
}

#[tokio::test]
async fn a_worker_that_does_not_let_go_is_not_waited_for() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    start(&admin, &connection, "sync").await.ok(200);
    let worker = Worker::takes(&server).await;
    assert_eq!(admin.delete("/jobs/1").await.ok(200)["status"], "running");
    let refused = start(&admin, &connection, "reset").await.problem(409);
    assert_eq!(refused["data"]["jobId"], 1);
    worker.ends(JobStatus::Cancelled).await;
    start(&admin, &connection, "reset").await.ok(200);
}

#[tokio::test]
async fn what_is_no_job_is_a_problem() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    for path in [
        "/jobs/7",
        "/jobs/-1",
        "/jobs/7/attempts",
        "/jobs/7/logs",
        "/jobs/7/logs?follow=true",
    ] {
        assert_eq!(
            admin.get(path).await.problem(404)["data"]["resourceType"],
            "JOB",
            "{path}"
        );
    }
    admin.delete("/jobs/7").await.problem(404);
    for path in ["/jobs/x", "/jobs/9223372036854775808"] {
        assert_eq!(admin.get(path).await.faults(), ["path /jobId"], "{path}");
    }
    for (body, place) in [
        (json!({ "jobType": "sync" }), "connectionId"),
        (json!({ "connectionId": connection }), "jobType"),
        (
            json!({ "connectionId": "x", "jobType": "sync" }),
            "connectionId",
        ),
        (
            json!({ "connectionId": connection, "jobType": "check" }),
            "jobType",
        ),
    ] {
        assert_eq!(
            admin.post("/jobs", body).await.faults(),
            [format!("body /{place}")]
        );
    }
}
