//! What happened in a job: attempts, logs, and the older endpoint for both.

use axum::body::Body;
use axum::http::Request;
use ferrobyte::domain::job::JobStatus;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;
use crate::support::worker::Worker;

async fn starts(person: &Person<'_>) -> String {
    let home = person.first_workspace().await;
    let connection = person.creates_connection(&home).await;
    let body = json!({ "connectionId": connection, "jobType": "sync" });
    person.post("/jobs", body).await.ok(200);
    connection
}

#[tokio::test]
async fn attempts_tell_what_their_streams_did_and_why_they_failed() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    starts(&admin).await;
    assert_eq!(
        admin.get("/jobs/1/attempts").await.ok(200),
        json!({ "data": [] })
    );
    let worker = Worker::takes(&server).await;
    worker.commits("users", 10, "{}").await;
    worker.commits("orders", 2, "{}").await;
    server.wait(5);
    worker.ends(JobStatus::Incomplete).await;
    let worker = Worker::takes(&server).await;
    let attempts = admin.get("/jobs/1/attempts").await.ok(200);
    let failed = json!({
        "attempt": 0, "status": "failed", "startTime": "2030-01-01T00:00:00Z", "endTime": "2030-01-01T00:00:05Z",
        "rowsEmitted": 14, "bytesEmitted": 140, "rowsCommitted": 12, "bytesCommitted": 120,
        "cpuSeconds": 1.5, "peakMemoryBytes": 1024,
        "failures": [{ "origin": "source", "type": "transient_error", "message": "the source went away" }],
        "streams": [
            { "streamName": "orders", "status": "running", "rowsEmitted": 3, "bytesEmitted": 30, "rowsCommitted": 2, "bytesCommitted": 20 },
            { "streamName": "users", "status": "running", "rowsEmitted": 11, "bytesEmitted": 110, "rowsCommitted": 10, "bytesCommitted": 100 },
        ],
    });
    assert_eq!(attempts["data"][0], failed);
    let running = json!({ "attempt": 1, "status": "running", "startTime": "2030-01-01T00:00:05Z", "rowsEmitted": 0,
        "bytesEmitted": 0, "rowsCommitted": 0, "bytesCommitted": 0, "failures": [], "streams": [] });
    assert_eq!(attempts["data"][1], running);
    worker.ends(JobStatus::Succeeded).await;
}

fn messages(log: &Value) -> Vec<String> {
    let lines = log["lines"].as_array().expect("lines").iter();
    lines
        .map(|line| {
            format!(
                "{} {}",
                line["line"],
                line["message"].as_str().expect("text")
            )
        })
        .collect()
}

#[tokio::test]
async fn logs_are_read_from_the_end_or_from_any_line() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    starts(&admin).await;
    let nothing = admin.get("/jobs/1/logs").await.ok(200);
    assert_eq!(nothing, json!({ "attempt": 0, "lines": [], "next": 0 }));
    let mut worker = Worker::takes(&server).await;
    for piece in 0..30 {
        let texts: Vec<_> = (0..7).map(|line| format!("{}", piece * 7 + line)).collect();
        let lines: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(line, text)| (if line == 3 { "ERROR" } else { "INFO" }, text.as_str()))
            .collect();
        worker.logs(&lines).await;
    }
    let whole = admin.get("/jobs/1/logs").await.ok(200);
    assert_eq!(
        (whole["lines"].as_array().map(Vec::len), &whole["next"]),
        (Some(210), &json!(210))
    );
    assert_eq!(
        whole["lines"][3],
        json!({ "line": 3, "time": "2030-01-01T00:00:00.000Z", "level": "ERROR", "origin": "source", "message": "3" })
    );
    let tail = admin.get("/jobs/1/logs?limit=3").await.ok(200);
    assert_eq!(messages(&tail), ["207 207", "208 208", "209 209"]);
    let page = admin.get("/jobs/1/logs?from=5&limit=4").await.ok(200);
    assert_eq!(
        (messages(&page).join(","), &page["next"]),
        ("5 5,6 6,7 7,8 8".into(), &json!(9))
    );
    let errors = admin
        .get("/jobs/1/logs?from=0&limit=2&level=warn")
        .await
        .ok(200);
    assert_eq!(messages(&errors), ["3 3", "10 10"]);
    let errors = admin.get("/jobs/1/logs?level=ERROR&limit=2").await.ok(200);
    assert_eq!(messages(&errors), ["199 199", "206 206"]);
    let all = admin
        .get("/jobs/1/logs?from=0&limit=5000&level=ERROR")
        .await
        .ok(200);
    assert_eq!((messages(&all).len(), &all["next"]), (30, &json!(210)));
    let beyond = admin.get("/jobs/1/logs?from=500").await.ok(200);
    assert_eq!(
        (&beyond["lines"], &beyond["next"]),
        (&json!([]), &json!(500))
    );
    worker.ends(JobStatus::Incomplete).await;
    let mut worker = Worker::takes(&server).await;
    worker.logs(&[("INFO", "again")]).await;
    assert_eq!(
        messages(&admin.get("/jobs/1/logs").await.ok(200)),
        ["0 again"]
    );
    let first = admin.get("/jobs/1/logs?attempt=0&limit=1").await.ok(200);
    assert_eq!(
        (messages(&first).join(""), &first["attempt"]),
        ("209 209".into(), &json!(0))
    );
    worker.ends(JobStatus::Succeeded).await;
    for (query, place) in [
        ("level=x", "level"),
        ("limit=0", "limit"),
        ("from=-1", "from"),
        ("attempt=x", "attempt"),
    ] {
        assert_eq!(
            admin.get(&format!("/jobs/1/logs?{query}")).await.faults(),
            [format!("query /{place}")]
        );
    }
}

/// The events of a stream, as `name data`.
fn events(text: &str) -> Vec<String> {
    let field = |event: &str, name: &str| {
        let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
        lines.next().unwrap_or_default().trim().to_owned()
    };
    let events = text.split("\n\n").filter(|event| event.contains("event:"));
    events
        .map(|event| {
            let data: Value = serde_json::from_str(&field(event, "data:")).expect("JSON");
            let what = data.get("message").unwrap_or(&data);
            format!(
                "{} {} {}",
                field(event, "event:"),
                field(event, "id:"),
                what
            )
        })
        .collect()
}

#[tokio::test]
async fn a_log_can_be_followed_to_the_end_of_the_job() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    starts(&admin).await;
    let mut worker = Worker::takes(&server).await;
    worker.logs(&[("INFO", "one"), ("INFO", "two")]).await;
    let goes_on = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        worker.logs(&[("INFO", "three")]).await;
        worker.ends(JobStatus::Incomplete).await;
        let mut worker = Worker::takes(&server).await;
        worker.logs(&[("INFO", "four")]).await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        worker.ends(JobStatus::Succeeded).await;
        server
            .app
            .bell
            .ring(ferrobyte::store::bell::Ring::Changed(1))
            .await;
    };
    let (answer, ()) = tokio::join!(admin.get("/jobs/1/logs?follow=true"), goes_on);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(
        events(&answer.text),
        [
            r#"line 0:0 "one""#,
            r#"line 0:1 "two""#,
            r#"line 0:2 "three""#,
            r#"attempt  {"attempt":1}"#,
            r#"line 1:0 "four""#,
            r#"end  {"status":"succeeded"}"#,
        ]
    );
    // A client that comes back says where it was.
    let request = Request::get("/api/public/v1/jobs/1/logs?follow=true")
        .header("last-event-id", "0:1")
        .body(Body::empty())
        .expect("a request");
    let rest = admin.ask(request).await;
    assert_eq!(events(&rest.text)[0], r#"line 0:2 "three""#);
    // The last attempt that a number can name is followed by none.
    let beyond = "/jobs/1/logs?follow=true&attempt=2147483647";
    assert_eq!(
        events(&admin.get(beyond).await.text),
        [r#"end  {"status":"succeeded"}"#]
    );
}

#[tokio::test]
async fn older_clients_read_a_job_with_its_attempts() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let connection = starts(&admin).await;
    let mut worker = Worker::takes(&server).await;
    worker.logs(&[("INFO", "hello")]).await;
    worker.commits("users", 10, "{}").await;
    server.wait(5);
    worker.ends(JobStatus::Succeeded).await;
    let read = admin
        .post("/api/v1/jobs/get", json!({ "id": 1 }))
        .await
        .ok(200);
    let start = 1_893_456_000;
    assert_eq!(
        read,
        json!({
            "job": { "id": 1, "configType": "sync", "configId": connection, "createdAt": start, "updatedAt": start + 5, "status": "succeeded" },
            "attempts": [{
                "attempt": { "id": 0, "status": "succeeded", "createdAt": start, "updatedAt": start + 5, "endedAt": start + 5,
                    "bytesSynced": 100, "recordsSynced": 10 },
                "logs": { "logLines": ["2030-01-01 00:00:00 source INFO hello"] },
            }],
        })
    );
}
