//! Checks of what is stored, and of what is not stored yet.

use ferrobyte::access::caller::{Caller, Standing};
use ferrobyte::access::doors;
use ferrobyte::access::policy::Read;
use ferrobyte::domain::definition::Kind;
use ferrobyte::ops::{probes, secrets};
use ferrobyte::store::{definitions, standings, users};
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

#[tokio::test]
async fn what_a_connector_announces_is_stored_unless_somebody_was_faster() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let sent = json!({ "host": "a", "port": 5432, "sourceType": "postgres", "database": "b", "username": "c",
                       "password": "canary-1", "replication_method": { "method": "Xmin" } });
    let body = json!({ "name": "pets", "workspaceId": home, "configuration": sent });
    let made = admin.post("/sources", body).await.ok(200);
    let path = format!("/sources/{}", made["sourceId"].as_str().expect("an id"));

    let app = &server.app;
    let mut db = app.db.read().await.expect("a reader");
    let user = users::fetch(&mut db, admin.id).await.expect("an answer");
    let grants = standings::grants(&mut db, admin.id).await.expect("grants");
    let standing = Standing::new(user.expect("the administrator"), &grants);
    let caller = Caller::new(standing.into());
    let id = made["sourceId"].as_str().expect("an id");
    let id = id.parse().expect("an id");
    let actor = doors::actor::<Read>(&mut db, &caller, Kind::Source, id).await;
    let actor = actor.expect("the source");
    let definition = definitions::referred(&mut db, actor.definition_id).await;
    let definition = definition.expect("an answer").expect("the definition");
    let opened = secrets::open(app, &mut db, id.into())
        .await
        .expect("secrets");
    drop(db);
    let announce = async |announced: Value| {
        probes::keep_announced(app, &actor, &definition, &actor, &announced, &opened)
            .await
            .expect("an answer")
    };

    let mut announced = sent.clone();
    announced["password"] = json!("canary-2");
    announced["port"] = json!(5433);
    announced
        .as_object_mut()
        .expect("members")
        .shift_remove("sourceType");
    let fingerprint = announce(announced.clone()).await;
    assert!(fingerprint.is_some_and(|now| now != actor.fingerprint));
    let mut shown = sent;
    shown["password"] = json!("**********");
    shown["port"] = json!(5433);
    let after = admin.get(&path).await;
    assert_eq!(
        after.ok(200)["configuration"].to_string(),
        shown.to_string()
    );
    let mut db = app.db.read().await.expect("a reader");
    let now = secrets::open(app, &mut db, id.into())
        .await
        .expect("secrets");
    assert_eq!(now["/password"].reveal(), "canary-2");
    drop(db);

    // It ran with a configuration that is not the present one any more.
    announced["port"] = json!(1);
    assert_eq!(announce(announced).await, None);
    assert_eq!(admin.get(&path).await.text, after.text);
}
