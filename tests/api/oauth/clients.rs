//! The OAuth clients that workspaces and organizations bring.

use serde_json::{Value, json};

use super::{Scene, manifest, parameter};
use crate::definitions::{entry, refresh};

#[tokio::test]
async fn a_workspaces_own_client_goes_before_its_organizations() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    // The same connector as a public one, which an organization can name.
    let mut public = entry("airbyte/source-pets", "1.0.0");
    public["spec"] = json!({
        "connectionSpecification": manifest(&scene.provider)["spec"]["connection_specification"],
        "advanced_auth": manifest(&scene.provider)["spec"]["advanced_auth"],
    });
    refresh(
        &scene.server,
        &json!({ "sources": [public], "destinations": [] }),
    )
    .await;
    let client = |id: &str| json!({ "actorType": "source", "name": "pets", "configuration": { "client_id": id, "client_secret": "s" } });
    let workspace = format!("/workspaces/{}/oauthCredentials", scene.workspace);
    let organization = "/organizations/00000000-0000-0000-0000-000000000000/oauthCredentials";
    let mut wish = scene.wish();
    wish["definitionId"] = Value::Null;
    wish["sourceType"] = json!("pets");
    let used = async |wish: &Value| {
        let begun = admin.post("/sources/initiateOAuth", wish.clone()).await;
        let begun = begun.ok(200);
        parameter(begun["consentUrl"].as_str().expect("a URL"), "client_id").expect("an id")
    };
    let none = admin
        .post("/sources/initiateOAuth", wish.clone())
        .await
        .problem(422);
    assert!(
        none["detail"]
            .as_str()
            .is_some_and(|text| text.contains("oauthCredentials")),
        "{none}"
    );
    admin.put(organization, client("theirs")).await.ok(200);
    assert_eq!(used(&wish).await, "theirs");
    admin.put(&workspace, client("ours")).await.ok(200);
    admin.put(&workspace, client("ours-too")).await.ok(200);
    assert_eq!(used(&wish).await, "ours-too");
    let mut own = wish.clone();
    own["oAuthInputConfiguration"] =
        json!({ "account": "pets", "credentials": { "client_id": "mine", "client_secret": "s" } });
    assert_eq!(used(&own).await, "mine");
    let gone = admin.delete(&format!("{workspace}/source/pets")).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    assert_eq!(used(&wish).await, "theirs");
    admin
        .delete(&format!("{organization}/source/pets"))
        .await
        .ok(204);
    admin
        .delete(&format!("{organization}/source/pets"))
        .await
        .ok(204);
    admin
        .post("/sources/initiateOAuth", wish)
        .await
        .problem(422);
}

#[tokio::test]
async fn a_client_is_held_against_what_its_connector_wants() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    let path = format!("/workspaces/{}/oauthCredentials", scene.workspace);
    let body = |name: &str, configuration: Value| json!({ "actorType": "source", "name": name, "configuration": configuration });
    let whole = json!({ "client_id": "id", "client_secret": "s" });
    for (configuration, lacking) in [
        (json!({}), "client_id"),
        (json!({ "client_secret": "s" }), "client_id"),
        (json!({ "client_id": "id" }), "client_secret"),
        (
            json!({ "client_id": "id", "client_secret": null }),
            "client_secret",
        ),
    ] {
        let problem = admin
            .put(&path, body(&scene.definition, configuration))
            .await
            .problem(422);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.contains(lacking)),
            "{problem}"
        );
    }
    admin
        .put(
            &path,
            body(&scene.definition, json!({ "credentials": whole })),
        )
        .await
        .ok(200);
    let unknown = admin
        .put(&path, body("nobody-knows", whole.clone()))
        .await
        .problem(400);
    assert_eq!(
        (&unknown["title"], &unknown["data"]["value"]),
        (&json!("value-not-found"), &json!("nobody-knows"))
    );
    admin
        .delete(&format!("{path}/source/nobody-knows"))
        .await
        .problem(400);
    assert_eq!(
        admin
            .delete(&format!("{path}/sources/faker"))
            .await
            .faults(),
        ["path /actorType"]
    );
    let mut wrong = body("faker", whole);
    wrong["actorType"] = json!("pipe");
    assert_eq!(admin.put(&path, wrong).await.faults(), ["body /actorType"]);
}
