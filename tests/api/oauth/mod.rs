//! Signing a source in by OAuth, against a provider on this machine: the browser's way there and back,
//! what is made of it, whose client is used, and everything that can go wrong on the way.

use serde_json::{Value, json};

use crate::definitions::{entry, list_of, refresh};
use crate::support::TestServer;
use crate::support::canary::Hunt;
use crate::support::host::{Asked, Host};
use crate::support::people::Person;

const REDIRECT: &str = "https://app.example.org/done?tab=1";
const BACK: &str = "/api/public/v1/oauth/callback";

/// A provider that gives tokens for the code `good`, and only to the client `id` with its secret.
async fn provider() -> Host {
    Host::start(|asked: &Asked| {
        let json = "content-type: application/json\r\n".to_owned();
        let pairs: Vec<_> = form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
        let value = |name: &str| {
            let found = pairs.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let known = value("client_id") == Some("id") && value("client_secret") == Some("canary-client");
        if asked.line != "POST /token" {
            return (404, json, "{}".to_owned());
        }
        if !known || value("code") != Some("good") {
            let body = json!({ "error": "invalid_grant", "error_description": "the code is used up" });
            return (400, json, body.to_string());
        }
        let body = json!({ "data": { "access_token": "canary-access" }, "refresh_token": "canary-refresh", "expires_in": 3600 });
        (200, json, body.to_string())
    })
    .await
}

/// A low-code manifest that declares a flow with this provider.
fn manifest(provider: &Host) -> Value {
    let secret = json!({ "type": "string", "airbyte_secret": true });
    json!({
        "version": "6.48.6", "type": "DeclarativeSource",
        "spec": {
            "type": "Spec",
            "connection_specification": {
                "type": "object", "required": ["credentials"],
                "properties": {
                    "start": { "type": "string" }, "limit": { "type": "integer" },
                    "credentials": {
                        "type": "object", "required": ["auth_type", "client_id", "client_secret", "access_token"],
                        "properties": {
                            "auth_type": { "const": "oauth" }, "client_id": { "type": "string" }, "client_secret": secret,
                            "access_token": secret, "refresh_token": secret, "token_expiry_date": { "type": "string" },
                        },
                    },
                },
            },
            "advanced_auth": {
                "auth_flow_type": "oauth2.0", "predicate_key": ["credentials", "auth_type"], "predicate_value": "oauth",
                "oauth_config_specification": {
                    "oauth_connector_input_specification": {
                        "consent_url": "https://provider.example/consent?{{client_id_param}}&{{ redirect_uri_key }}={{ redirect_uri_value | urlencode }}&{{scope_param}}&{{state_param}}&code_challenge={{ state_value | codechallengeS256 }}&code_challenge_method=S256&account={{account}}",
                        "access_token_url": provider.url("/token"),
                        "access_token_headers": { "Content-Type": "application/x-www-form-urlencoded", "X-Account": "{{ account }}" },
                        "access_token_params": {
                            "grant_type": "authorization_code", "{{auth_code_key}}": "{{ auth_code_value }}",
                            "client_id": "{{client_id_value}}", "client_secret": "{{client_secret_value}}",
                            "redirect_uri": "{{ redirect_uri_value }}", "code_verifier": "{{ state_value }}",
                        },
                        "scope": "read write", "state": { "min": 43, "max": 64 },
                    },
                    "oauth_user_input_from_connector_config_specification": {
                        "type": "object", "required": ["account"], "properties": { "account": { "type": "string", "path_in_connector_config": ["start"] } },
                    },
                    "complete_oauth_server_input_specification": {
                        "type": "object", "required": ["client_id", "client_secret"],
                        "properties": { "client_id": { "type": "string" }, "client_secret": { "type": "string" } },
                    },
                    "complete_oauth_server_output_specification": { "type": "object", "properties": {
                        "client_id": { "path_in_connector_config": ["credentials", "client_id"] },
                        "client_secret": { "path_in_connector_config": ["credentials", "client_secret"] },
                    } },
                    "complete_oauth_output_specification": { "type": "object", "required": ["access_token"], "properties": {
                        "access_token": { "path_in_oauth_response": ["data", "access_token"], "path_in_connector_config": ["credentials", "access_token"] },
                        "refresh_token": { "path_in_oauth_response": ["refresh_token"], "path_in_connector_config": ["credentials", "refresh_token"] },
                        "token_expiry_date": { "path_in_oauth_response": ["expires_in"], "path_in_connector_config": ["credentials", "token_expiry_date"] },
                    } },
                },
            },
        },
    })
}

/// A server whose administrator has brought such a connector.
struct Scene {
    server: TestServer,
    provider: Host,
    workspace: String,
    definition: String,
}

impl Scene {
    async fn set() -> Self {
        Self::with(&[
            ("net.allow", "localhost"),
            ("server.external_url", "https://data.example.org"),
        ])
        .await
    }

    async fn with(settings: &[(&'static str, &str)]) -> Self {
        let (server, provider) = (TestServer::with(settings).await, provider().await);
        let (workspace, definition) = {
            let admin = server.admin().await;
            let workspace = admin.first_workspace().await;
            let body = json!({ "name": "Pets API", "manifest": manifest(&provider) });
            let made = admin
                .post(&list_of(&workspace, "declarative_sources"), body)
                .await
                .ok(200);
            (workspace, made["id"].as_str().expect("an id").to_owned())
        };
        Self {
            server,
            provider,
            workspace,
            definition,
        }
    }

    fn wish(&self) -> Value {
        json!({
            "workspaceId": self.workspace, "definitionId": self.definition, "redirectUrl": REDIRECT,
            "oAuthInputConfiguration": { "account": "pets" },
        })
    }

    /// Brings a client for the whole workspace.
    async fn client(&self, admin: &Person<'_>, secret: &str) {
        let body = json!({
            "actorType": "source", "name": self.definition,
            "configuration": { "client_id": "id", "client_secret": secret },
        });
        let answer = admin
            .put(
                &format!("/workspaces/{}/oauthCredentials", self.workspace),
                body,
            )
            .await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    }

    /// Begins a flow, and gives the state that the browser carries to the provider.
    async fn state(&self, admin: &Person<'_>) -> String {
        let begun = admin
            .post("/sources/initiateOAuth", self.wish())
            .await
            .ok(200);
        parameter(begun["consentUrl"].as_str().expect("a URL"), "state").expect("a state")
    }

    /// Sends the browser back with a code, and gives where it is sent next.
    async fn back(&self, query: &str) -> String {
        let answer = self.server.nobody().get(&format!("{BACK}?{query}")).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.header("location").to_owned()
    }

    async fn secret_id(&self, admin: &Person<'_>) -> String {
        let next = self
            .back(&format!("code=good&state={}", self.state(admin).await))
            .await;
        parameter(&next, "secret_id").unwrap_or_else(|| panic!("{next}"))
    }

    fn source(&self, secret_id: &str) -> Value {
        json!({
            "name": "pets", "workspaceId": self.workspace, "definitionId": self.definition,
            "configuration": {}, "secretId": secret_id,
        })
    }
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let found = form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

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
