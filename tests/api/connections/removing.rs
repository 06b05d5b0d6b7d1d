//! Removing a connection, or something that it hangs on.

use ferrobyte::domain::job::JobStatus;
use serde_json::{Value, json};

use super::one;
use crate::support::TestServer;
use crate::support::worker::Worker;

#[tokio::test]
async fn a_deleted_connection_is_deprecated_and_its_jobs_end() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (kept, id) = (
        admin.creates_connection(&home).await,
        admin.creates_connection(&home).await,
    );
    let path = format!("/connections/{id}");
    let job = admin
        .post("/jobs", json!({ "connectionId": id, "jobType": "sync" }))
        .await
        .ok(200);
    let mut expected = admin.get(&path).await.ok(200);
    expected["status"] = json!("deprecated");
    for _ in 0..2 {
        let gone = admin.delete(&path).await;
        assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
        assert_eq!(admin.get(&path).await.ok(200), expected);
    }
    let job = admin.get(&format!("/jobs/{}", job["jobId"])).await.ok(200);
    assert_eq!(job["status"], "cancelled");
    let ids = |page: Value| -> Vec<String> {
        let items = page["data"].as_array().expect("a page").iter();
        items
            .map(|item| item["connectionId"].as_str().expect("an id").to_owned())
            .collect()
    };
    for filter in ["limit=20", &format!("workspaceIds={home}")] {
        let list = admin.get(&format!("/connections?{filter}")).await.ok(200);
        assert_eq!(ids(list), std::slice::from_ref(&kept));
        let list = admin
            .get(&format!("/connections?includeDeleted=true&{filter}"))
            .await
            .ok(200);
        assert_eq!(ids(list), [kept.clone(), id.clone()]);
    }
    admin
        .patch(&path, json!({ "name": "cats" }))
        .await
        .problem(409);
    let refused = admin
        .post("/jobs", json!({ "connectionId": id, "jobType": "sync" }))
        .await;
    refused.problem(409);
    // The other way to delete.
    let path = format!("/connections/{kept}");
    let gone = admin
        .patch(&path, json!({ "status": "deprecated" }))
        .await
        .ok(200);
    assert_eq!(gone["status"], "deprecated");
    assert_eq!(ids(admin.get("/connections").await.ok(200)), [""; 0]);
}

#[tokio::test]
async fn a_connection_goes_with_whatever_it_hangs_on() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for what in ["sources", "destinations", "workspaces"] {
        let home = admin.creates_workspace("pets").await;
        let id = admin.creates_connection(&home).await;
        let job = admin
            .post("/jobs", json!({ "connectionId": id, "jobType": "sync" }))
            .await
            .ok(200);
        let running = Worker::takes(&server).await;
        let path = format!("/connections/{id}");
        let whole = admin.get(&path).await.ok(200);
        let end = match what {
            "sources" => whole["sourceId"].as_str(),
            "destinations" => whole["destinationId"].as_str(),
            _ => Some(home.as_str()),
        };
        admin
            .delete(&format!("/{what}/{}", end.expect("an id")))
            .await
            .ok(204);
        assert_eq!(
            admin.get(&path).await.ok(200)["status"],
            "deprecated",
            "{what}"
        );
        // A worker is at it: it is asked to end.
        let job = admin.get(&format!("/jobs/{}", job["jobId"])).await.ok(200);
        assert_eq!(job["status"], "running");
        let asked = "SELECT COUNT(*) FROM jobs WHERE status = 'running' AND cancel_requested_at IS NOT NULL";
        assert_eq!(one(&server, asked).await, Some(1), "{what}");
        running.ends(JobStatus::Cancelled).await;
    }
}
