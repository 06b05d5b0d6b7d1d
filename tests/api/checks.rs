//! Checks of what is stored, and of what is not stored yet.

use serde_json::{Value, json};

use crate::support::TestServer;

const FAKER: &str = "dfd88b22-b603-4c3d-aad7-3701784586b1";

#[tokio::test]
async fn a_check_answers_in_the_words_of_both_interfaces() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    for kind in ["source", "destination"] {
        let id = admin.creates_actor(kind, &home).await;
        let ours = admin
            .post(&format!("/{kind}s/{id}/check"), json!({}))
            .await
            .ok(200);
        assert_eq!(ours["status"], "succeeded", "{ours}");
        let theirs = admin
            .post(
                &format!("/api/v1/{kind}s/check_connection"),
                json!({ format!("{kind}Id"): id }),
            )
            .await
            .ok(200);
        assert_eq!(theirs, ours);
        let missing = admin
            .post(&format!("/api/v1/{kind}s/check_connection"), json!({}))
            .await;
        assert_eq!(missing.faults(), [format!("body /{kind}Id")]);
    }
}

#[tokio::test]
async fn a_configuration_can_be_tried_without_being_stored() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let try_out = async |body: Value| admin.post("/sources/check", body).await;
    let good = json!({ "sourceType": "faker", "count": 5 });
    let answer = try_out(json!({ "workspaceId": home, "configuration": good })).await;
    assert_eq!(answer.ok(200)["status"], "succeeded");
    let by_id =
        json!({ "workspaceId": home, "definitionId": FAKER, "configuration": { "count": 5 } });
    assert_eq!(try_out(by_id).await.ok(200)["status"], "succeeded");
    assert_eq!(admin.get("/sources").await.ok(200)["data"], json!([]));

    let wrong =
        json!({ "workspaceId": home, "definitionId": FAKER, "configuration": { "count": "many" } });
    let problem = try_out(wrong).await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/configuration/count");
    let nowhere = try_out(json!({ "configuration": good })).await;
    assert_eq!(nowhere.faults(), ["body /workspaceId"]);
    try_out(json!({ "workspaceId": home, "configuration": {} }))
        .await
        .problem(422);
}

#[tokio::test]
async fn stored_secrets_stand_behind_masks_for_their_own_connector_only() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let other = admin.creates_workspace("other").await;
    let id = admin.creates_actor("source", &home).await;
    let try_out = async |extra: Value| {
        let mut body = json!({ "sourceId": id, "configuration": { "count": 5 } });
        for (key, value) in extra.as_object().expect("members") {
            body[key] = value.clone();
        }
        admin.post("/sources/check", body).await
    };
    assert_eq!(try_out(json!({})).await.ok(200)["status"], "succeeded");
    let same = json!({ "workspaceId": home, "definitionId": FAKER });
    assert_eq!(try_out(same).await.ok(200)["status"], "succeeded");
    let elsewhere = try_out(json!({ "workspaceId": other })).await;
    assert_eq!(elsewhere.faults(), ["body /workspaceId"]);
    let another = "decd338e-5647-4c0b-adf4-da0e75f5a750";
    let another = try_out(json!({ "definitionId": another })).await;
    assert_eq!(another.faults(), ["body /definitionId"]);
}
