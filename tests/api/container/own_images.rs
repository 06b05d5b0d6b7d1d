//! Through the API: images that a workspace brings.

use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::podman::{Engine, REPOSITORY, TAG};

/// The definition of an image that somebody brings.
fn own_image() -> Value {
    json!({ "name": "my image", "dockerRepository": REPOSITORY, "dockerImageTag": TAG })
}

#[tokio::test]
async fn an_own_image_is_a_connector_like_any_other() {
    let Some(engine) = Engine::shared() else {
        return;
    };
    let socket = engine.socket.display().to_string();
    let server = TestServer::with(&[
        ("connectors.container_host", &socket),
        ("connectors.container_network", "none"),
        ("connectors.container_pull", "off"),
    ])
    .await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let definitions = format!("/workspaces/{home}/definitions/sources");
    let made = admin.post(&definitions, own_image()).await.ok(200);
    let source = |mode: &str| json!({ "name": "pets", "workspaceId": home, "definitionId": made["id"], "configuration": { "mode": mode } });
    for (mode, status) in [("good", "succeeded"), ("bad", "failed")] {
        let made = admin.post("/sources", source(mode)).await.ok(200);
        let id = made["sourceId"].as_str().expect("an id");
        let check = admin
            .post(&format!("/sources/{id}/check"), json!({}))
            .await
            .ok(200);
        assert_eq!(check["status"], status, "{check}");
        if mode == "good" {
            let streams = admin.get(&format!("/streams?sourceId={id}")).await.ok(200);
            assert_eq!(streams[0]["streamName"], "pets", "{streams}");
        } else {
            assert!(check.to_string().contains("the key is wrong"), "{check}");
        }
    }
    server.app.launcher.containers().settle().await;
}

#[tokio::test]
async fn an_own_image_on_a_machine_without_an_engine_says_what_is_missing() {
    let nowhere = [("connectors.container_host", "/nowhere/engine.sock")];
    let server = TestServer::with(&nowhere).await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let definitions = format!("/workspaces/{home}/definitions/sources");
    let problem = admin.post(&definitions, own_image()).await.problem(409);
    let detail = problem["detail"].as_str().expect("a sentence");
    for word in ["no container engine", "connectors.container_host"] {
        assert!(detail.contains(word), "{detail}");
    }
}
