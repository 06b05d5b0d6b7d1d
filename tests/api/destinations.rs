//! Destinations, where they differ from sources.

use axum::http::Method;
use serde_json::json;

use crate::support::TestServer;

const DEV_NULL: &str = "a7bcc9d8-13b3-4e49-b80d-d020b90045e3";

#[tokio::test]
async fn a_destination_comes_back_as_it_was_sent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let silent = json!({ "test_destination_type": "SILENT" });
    for (definition, configuration) in [
        (
            json!(null),
            json!({ "destinationType": "dev-null", "test_destination": silent }),
        ),
        (json!(DEV_NULL), json!({ "test_destination": silent })),
        // As PyAirbyte sends it.
        (
            json!(DEV_NULL),
            json!({ "test_destination": silent, "destinationType": "dev-null" }),
        ),
    ] {
        let body = json!({ "name": "nowhere", "workspaceId": home, "definitionId": definition,
                           "configuration": configuration });
        let answer = admin.post("/destinations", body).await;
        let made = answer.ok(200);
        let id = made["destinationId"].as_str().expect("an id");
        let expected = json!({ "destinationId": id, "name": "nowhere", "destinationType": "dev-null",
            "definitionId": DEV_NULL, "workspaceId": home, "configuration": configuration,
            "createdAt": 1_893_456_000 });
        assert_eq!(answer.text, expected.to_string());
        let path = format!("/destinations/{id}");
        assert_eq!(admin.get(&path).await.text, answer.text);
        admin.get(&format!("/sources/{id}")).await.problem(404);

        let throttled = json!({ "test_destination": { "test_destination_type": "THROTTLED", "millis_per_record": 5 } });
        let body = json!({ "name": "slow", "configuration": throttled, "workspaceId": home });
        let replaced = admin.send(Method::PUT, &path, Some(body)).await.ok(200);
        assert_eq!(
            (&replaced["name"], &replaced["configuration"]),
            (&json!("slow"), &throttled)
        );
        let change = json!({ "configuration": { "test_destination": { "millis_per_record": 6 } } });
        let patched = admin.patch(&path, change).await.ok(200);
        assert_eq!(
            patched["configuration"]["test_destination"]["millis_per_record"],
            6
        );
    }
}

#[tokio::test]
async fn a_configuration_that_fits_no_alternative_is_refused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    for wrong in [
        json!({}),
        json!({ "test_destination": { "test_destination_type": "LOUD" } }),
        json!({ "test_destination": { "test_destination_type": "THROTTLED" } }),
    ] {
        let body = json!({ "name": "a", "workspaceId": home, "definitionId": DEV_NULL, "configuration": wrong });
        let problem = admin.post("/destinations", body).await.problem(422);
        let pointer = problem["errors"][0]["pointer"].as_str().expect("a place");
        assert!(pointer.starts_with("/configuration"), "{problem}");
    }
}
