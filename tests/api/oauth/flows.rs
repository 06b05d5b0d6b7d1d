//! The way to the provider and back, and what is made of what it brought.

use serde_json::json;

use super::{BACK, Scene, manifest, parameter};
use crate::definitions::list_of;
use crate::support::canary::Hunt;

#[tokio::test]
async fn a_browser_goes_to_the_provider_and_back_and_a_source_is_made_of_it() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    let begun = admin
        .post("/sources/initiateOAuth", scene.wish())
        .await
        .ok(200);
    let consent = begun["consentUrl"].as_str().expect("a URL");
    assert!(
        consent.starts_with("https://provider.example/consent?client_id=id&"),
        "{consent}"
    );
    let here = format!("https://data.example.org{BACK}");
    let state = parameter(consent, "state").expect("a state");
    assert_eq!(state.len(), 64);
    for (name, value) in [
        ("redirect_uri", here.as_str()),
        ("scope", "read write"),
        ("account", "pets"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(
            parameter(consent, name).as_deref(),
            Some(value),
            "{consent}"
        );
    }
    assert!(!consent.contains("canary"), "{consent}");

    let next = scene
        .back(&format!("code=good&state={state}&scope=read"))
        .await;
    assert!(
        next.starts_with("https://app.example.org/done?tab=1&secret_id="),
        "{next}"
    );
    let [asked] = scene.provider.asked().try_into().expect("one exchange");
    let sent = |name| parameter(&format!("?{}", asked.body), name);
    assert_eq!(sent("code_verifier").as_deref(), Some(state.as_str()));
    assert_eq!(sent("redirect_uri").as_deref(), Some(here.as_str()));
    assert_eq!(sent("grant_type").as_deref(), Some("authorization_code"));
    assert!(
        asked.headers.contains("x-account: pets"),
        "{}",
        asked.headers
    );
    // The proof of possession is what was announced.
    let proof = {
        use base64::Engine as _;
        use sha2::Digest as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&state))
    };
    assert_eq!(parameter(consent, "code_challenge"), Some(proof));

    let secret_id = parameter(&next, "secret_id").expect("an id");
    let made = admin
        .post("/sources", scene.source(&secret_id))
        .await
        .ok(200);
    let mask = "**********";
    assert_eq!(
        made["configuration"],
        json!({ "start": "pets", "credentials": {
            "auth_type": "oauth", "client_id": "id", "client_secret": mask, "access_token": mask,
            "refresh_token": mask, "token_expiry_date": "2030-01-01T01:00:00Z",
        } })
    );
    // What is stored is what the provider gave.
    let app = &scene.server.app;
    let id = made["sourceId"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a UUID");
    let mut db = app.db.read().await.expect("a reader");
    let secrets = ferrobyte::ops::secrets::open(app, &mut db, id)
        .await
        .expect("secrets");
    let stored = |field: &str| secrets[field].reveal().clone();
    assert_eq!(stored("/credentials/access_token"), "canary-access");
    assert_eq!(stored("/credentials/refresh_token"), "canary-refresh");
    assert_eq!(stored("/credentials/client_secret"), "canary-client");
}

#[tokio::test]
async fn what_was_brought_is_picked_up_once_by_its_workspace_for_its_connector_within_an_hour() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    let secret_id = scene.secret_id(&admin).await;
    // Another connector, another workspace, nonsense.
    let mut other = scene.source(&secret_id);
    other["definitionId"] = json!("dfd88b22-b603-4c3d-aad7-3701784586b1");
    admin.post("/sources", other).await.problem(422);
    let elsewhere = admin.creates_workspace("elsewhere").await;
    let body = json!({ "name": "Pets API", "manifest": manifest(&scene.provider) });
    let twin = admin
        .post(&list_of(&elsewhere, "declarative_sources"), body)
        .await
        .ok(200);
    let mut other = scene.source(&secret_id);
    (other["workspaceId"], other["definitionId"]) = (json!(elsewhere), twin["id"].clone());
    admin.post("/sources", other).await.problem(422);
    for nonsense in ["", "x", "00000000-0000-4000-8000-000000000000"] {
        admin
            .post("/sources", scene.source(nonsense))
            .await
            .problem(422);
    }
    // A configuration that does not fit does not use it up.
    let mut wrong = scene.source(&secret_id);
    wrong["configuration"] = json!({ "limit": "many" });
    let unfit = admin.post("/sources", wrong).await.problem(422);
    assert_eq!(unfit["errors"][0]["pointer"], "/configuration/limit");
    admin
        .post("/sources", scene.source(&secret_id))
        .await
        .ok(200);
    admin
        .post("/sources", scene.source(&secret_id))
        .await
        .problem(422);

    let secret_id = scene.secret_id(&admin).await;
    scene.server.wait(3601);
    let admin = scene.server.admin().await;
    let late = admin
        .post("/sources", scene.source(&secret_id))
        .await
        .problem(422);
    assert!(
        late["detail"]
            .as_str()
            .is_some_and(|text| text.contains("secretId")),
        "{late}"
    );
}

#[tokio::test]
async fn an_existing_source_can_be_signed_in_anew() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    let secret_id = scene.secret_id(&admin).await;
    let made = admin
        .post("/sources", scene.source(&secret_id))
        .await
        .ok(200);
    let path = format!("/sources/{}", made["sourceId"].as_str().expect("an id"));
    scene.server.wait(60);
    let secret_id = scene.secret_id(&admin).await;
    let change = json!({ "secretId": secret_id, "configuration": { "limit": 5 } });
    let changed = admin.patch(&path, change.clone()).await.ok(200);
    assert_eq!(changed["configuration"]["limit"], 5);
    let until = &changed["configuration"]["credentials"]["token_expiry_date"];
    assert_eq!(until, "2030-01-01T01:01:00Z");
    admin.patch(&path, change).await.problem(422);
}

#[tokio::test]
async fn what_goes_wrong_at_the_provider_is_told_to_whoever_began() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    for (query, said) in [
        (
            "error=access_denied&error_description=not%0A+today",
            "access_denied, not today",
        ),
        ("", "sent no code"),
        ("code=bad", "400: invalid_grant, the code is used up"),
    ] {
        let state = scene.state(&admin).await;
        let next = scene.back(&format!("{query}&state={state}")).await;
        assert!(
            next.starts_with("https://app.example.org/done?tab=1&error=oauth_failed&"),
            "{next}"
        );
        let told = parameter(&next, "error_description").expect("a sentence");
        assert!(told.contains(said) && !told.contains("canary"), "{told}");
        assert_eq!(parameter(&next, "secret_id"), None);
    }
    // A server that may not call this provider says what the operator could do.
    let scene = Scene::with(&[]).await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    let state = scene.state(&admin).await;
    let told = parameter(
        &scene.back(&format!("code=good&state={state}")).await,
        "error_description",
    );
    assert!(
        told.as_deref()
            .is_some_and(|told| told.contains("net.allow")),
        "{told:?}"
    );
    assert!(scene.provider.asked().is_empty());
}

#[tokio::test]
async fn a_state_is_good_once_and_for_ten_minutes() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    let nobody = scene.server.nobody();
    let state = scene.state(&admin).await;
    let query = format!("{BACK}?code=good&state={state}");
    let (one, other) = tokio::join!(nobody.get(&query), nobody.get(&query));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [302, 400]);
    assert_eq!(scene.provider.asked().len(), 1);
    for query in ["", "?state=", "?code=good", "?code=good&state=guessed"] {
        assert_eq!(
            nobody.get(&format!("{BACK}{query}")).await.faults(),
            ["query /state"]
        );
    }
    let state = scene.state(&admin).await;
    scene.server.wait(601);
    let late = nobody.get(&format!("{BACK}?code=good&state={state}")).await;
    assert_eq!(late.faults(), ["query /state"]);
    assert_eq!(scene.provider.asked().len(), 1);
}

#[tokio::test]
async fn nothing_secret_of_a_flow_lies_open_in_the_database() {
    let scene = Scene::set().await;
    let admin = scene.server.admin().await;
    scene.client(&admin, "canary-client").await;
    let away = scene.state(&admin).await;
    scene.secret_id(&admin).await;
    let mut hunt = Hunt::new(&["canary-client", "canary-access", "canary-refresh", &away]);
    hunt.bytes(
        "what is printed of the parts",
        format!("{:?}", scene.server.app).as_bytes(),
    );
    hunt.database(scene.server.database()).await;
    hunt.finds_nothing();
    // What nobody comes back to is forgotten when somebody else begins.
    scene.server.wait(4000);
    let admin = scene.server.admin().await;
    scene.state(&admin).await;
    let mut db = scene.server.app.db.read().await.expect("a reader");
    let sealed = ferrobyte::store::secrets::counts(&mut db)
        .await
        .expect("counts");
    // The workspace's client, and the one flow that waits.
    assert_eq!(sealed.iter().map(|(_, count)| count).sum::<i64>(), 2);
}
