//! What a flow may be begun with.

use serde_json::{Value, json};

use super::{Scene, parameter};

#[tokio::test]
async fn what_cannot_be_begun_says_why() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    let asked = async |name: &str, value: Value| {
        let mut wish = scene.wish();
        wish[name] = value;
        admin.post("/sources/initiateOAuth", wish).await
    };
    for (name, value, said) in [
        ("redirectUrl", json!("http://app.example.org/"), "https"),
        ("redirectUrl", json!("javascript:alert(1)"), "https"),
        ("redirectUrl", json!("/done"), "https"),
        ("oAuthInputConfiguration", json!({}), "lacks account"),
        (
            "oAuthInputConfiguration",
            json!({ "account": "a/b@evil.example" }),
            "account may contain",
        ),
        (
            "definitionId",
            json!("dfd88b22-b603-4c3d-aad7-3701784586b1"),
            "declares no OAuth flow",
        ),
    ] {
        let problem = asked(name, value).await.problem(422);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.contains(said)),
            "{problem}"
        );
    }
    asked("redirectUrl", json!("http://localhost:3000/"))
        .await
        .ok(200);
    let mut nameless = scene.wish();
    nameless["definitionId"] = Value::Null;
    let faults = admin
        .post("/sources/initiateOAuth", nameless.clone())
        .await
        .faults();
    assert_eq!(faults, ["body /sourceType"]);
    nameless["name"] = json!("nobody-knows");
    let unknown = admin
        .post("/sources/initiateOAuth", nameless)
        .await
        .problem(400);
    assert_eq!(unknown["title"], "value-not-found");
}

#[tokio::test]
async fn requested_scopes_go_before_declared_ones() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    let mut wish = scene.wish();
    wish["requestedScopes"] = json!(["read:pets", "a&b=c"]);
    let begun = admin.post("/sources/initiateOAuth", wish).await.ok(200);
    let consent = begun["consentUrl"].as_str().expect("a URL");
    assert_eq!(
        parameter(consent, "scope").as_deref(),
        Some("read:pets a&b=c")
    );
    assert_eq!(parameter(consent, "b"), None, "{consent}");
}
