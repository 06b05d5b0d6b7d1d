//! Requests that are sent again with their key.

use axum::body::Body;
use axum::http::Request;
use ferrobyte::domain::job::JobStatus;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::answer::Answer;
use crate::support::people::{Person, whole};
use crate::support::worker::Worker;

async fn post(person: &Person<'_>, key: &str, path: &str, body: &Value) -> Answer {
    let request = Request::post(whole(path))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .expect("a request");
    person.ask(request).await
}

#[tokio::test]
async fn a_request_that_is_sent_again_makes_nothing_twice() {
    let server = TestServer::start().await;
    let mut admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (source, destination) = (
        admin.creates_actor("source", &home).await,
        admin.creates_actor("destination", &home).await,
    );
    let faker = |name: &str| json!({ "name": name, "workspaceId": home, "configuration": { "sourceType": "faker", "count": 1 } });
    let sink = |name: &str| {
        json!({ "name": name, "workspaceId": home,
            "configuration": { "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } } })
    };
    let connection =
        |name: &str| json!({ "name": name, "sourceId": source, "destinationId": destination });
    for (path, id, body, other) in [
        (
            "/workspaces",
            "workspaceId",
            json!({ "name": "a" }),
            json!({ "name": "b" }),
        ),
        ("/sources", "sourceId", faker("a"), faker("b")),
        ("/destinations", "destinationId", sink("a"), sink("b")),
        (
            "/connections",
            "connectionId",
            connection("a"),
            connection("b"),
        ),
    ] {
        let made = post(&admin, "k", path, &body).await.ok(200);
        assert_eq!(post(&admin, "k", path, &body).await.ok(200), made);
        // The order of members says nothing.
        let members: serde_json::Map<_, _> = body
            .as_object()
            .expect("members")
            .clone()
            .into_iter()
            .rev()
            .collect();
        assert_eq!(
            post(&admin, "k", path, &Value::Object(members))
                .await
                .ok(200),
            made
        );
        post(&admin, "k", path, &other).await.problem(422);
        assert_ne!(post(&admin, "l", path, &body).await.ok(200)[id], made[id]);
        assert_ne!(admin.post(path, body.clone()).await.ok(200)[id], made[id]);
        // As it is now.
        let own = format!("{path}/{}", made[id].as_str().expect("an id"));
        admin
            .patch(&own, json!({ "name": "changed" }))
            .await
            .ok(200);
        assert_eq!(
            post(&admin, "k", path, &body).await.ok(200)["name"],
            "changed"
        );
        // After a day it is another request.
        server.wait(24 * 3600 + 1);
        admin = server.admin().await;
        assert_ne!(post(&admin, "k", path, &body).await.ok(200)[id], made[id]);
    }
}

#[tokio::test]
async fn a_name_that_is_there_once_is_made_once_by_its_key() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let zero = ferrobyte::domain::ids::OrganizationId::DEFAULT;
    for (path, body) in [
        (
            "/tags",
            json!({ "name": "daily", "color": "ff0000", "workspaceId": home }),
        ),
        (
            "/regions",
            json!({ "name": "daily", "organizationId": zero }),
        ),
    ] {
        let made = post(&admin, "k", path, &body).await.ok(200);
        assert_eq!(post(&admin, "k", path, &body).await.ok(200), made);
        post(&admin, "l", path, &body).await.problem(409);
        let mut other = body;
        other["name"] = json!("hourly");
        post(&admin, "k", path, &other).await.problem(422);
    }
}

#[tokio::test]
async fn a_job_is_started_once_by_its_key() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let body = json!({ "connectionId": connection, "jobType": "sync" });
    assert_eq!(post(&admin, "k", "/jobs", &body).await.ok(200)["jobId"], 1);
    Worker::takes(&server)
        .await
        .ends(JobStatus::Succeeded)
        .await;
    let again = post(&admin, "k", "/jobs", &body).await.ok(200);
    assert_eq!(
        (&again["jobId"], &again["status"]),
        (&json!(1), &json!("succeeded"))
    );
    let other = json!({ "connectionId": connection, "jobType": "reset" });
    post(&admin, "k", "/jobs", &other).await.problem(422);
    assert_eq!(post(&admin, "l", "/jobs", &body).await.ok(200)["jobId"], 2);
    Worker::takes(&server)
        .await
        .ends(JobStatus::Succeeded)
        .await;
    // Of another connection, the same body is another request.
    let second = admin.creates_connection(&home).await;
    let clear = |id: &str| format!("/connections/{id}/clear");
    let one = post(&admin, "m", &clear(&connection), &json!({}))
        .await
        .ok(200);
    assert_eq!(
        post(&admin, "m", &clear(&connection), &json!({}))
            .await
            .ok(200),
        one
    );
    post(&admin, "m", &clear(&second), &json!({}))
        .await
        .problem(422);
}

#[tokio::test]
async fn a_key_belongs_to_whoever_sent_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let scope =
        ferrobyte::domain::permission::PermissionScope::Workspace(home.parse().expect("an id"));
    let runner = ferrobyte::domain::permission::PermissionType::WorkspaceRunner;
    let runner = server.person("runner", &[(runner, scope)]).await;
    let body = json!({ "connectionId": connection, "jobType": "sync" });
    post(&admin, "k", "/jobs", &body).await.ok(200);
    Worker::takes(&server)
        .await
        .ends(JobStatus::Succeeded)
        .await;
    assert_eq!(post(&runner, "k", "/jobs", &body).await.ok(200)["jobId"], 2);
    // What failed can be sent again in other words.
    let wrong = json!({ "connectionId": connection, "jobType": "clear" });
    post(&runner, "n", "/jobs", &wrong).await.problem(403);
    post(&runner, "", "/jobs", &body).await.problem(400);
    post(&runner, &"k".repeat(256), "/jobs", &body)
        .await
        .problem(400);
    let outcome = post(&runner, &"k".repeat(255), "/jobs", &body)
        .await
        .ok(200);
    assert_eq!(outcome["jobId"], 2, "it waits, so it is the same one");
}
