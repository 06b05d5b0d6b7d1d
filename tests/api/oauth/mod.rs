//! Signing a source in by OAuth, against a provider on this machine: the browser's way there and back,
//! what is made of it, whose client is used, and everything that can go wrong on the way.

mod beginning;
mod clients;
mod flows;

use serde_json::{Value, json};

use crate::definitions::list_of;
use crate::support::TestServer;
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
