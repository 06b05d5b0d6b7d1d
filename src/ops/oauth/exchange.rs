//! Following a declared flow: the address to which the browser is sent, the exchange of the code that it
//! comes back with, and what of the answer belongs in a configuration.

use chrono::{SecondsFormat, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::declaration::{self, Declaration, Exchange, Move};
use super::template::{self, Origin, Place, Variable, Variables, url_encoded};
use crate::clock::Timestamp;
use crate::net::{Call, Net, Reply, Url};

const FORM: &str = "application/x-www-form-urlencoded";

/// A flow whose browser is away. It holds secrets, so there is no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub declaration: Declaration,
    /// The OAuth client, by the names that the declaration uses.
    pub client: Map<String, Value>,
    /// What was given of the configuration, by name.
    pub inputs: Map<String, Value>,
    /// Also what the proof of possession (PKCE) is made of, where the templates say so.
    pub state: String,
    /// Ours, to which the provider sends the browser back.
    pub redirect_uri: String,
    pub scope: Option<Vec<String>>,
    pub optional_scope: Option<Vec<String>>,
}

impl Pending {
    /// Where the browser is sent.
    ///
    /// # Errors
    /// What is missing, or why it leads nowhere.
    pub(super) fn consent_url(&self) -> Result<String, String> {
        let exchange = self.exchange()?;
        let text = template::render(&exchange.consent_url, &self.variables(None)?, Place::Url)?;
        address(&text).map(String::from)
    }

    /// Trades the code for what the declaration wants, and says what belongs in the configuration.
    ///
    /// # Errors
    /// A sentence for whoever began the flow, without secrets.
    pub(super) async fn trade(
        &self,
        net: &Net,
        code: &str,
        now: Timestamp,
    ) -> Result<Map<String, Value>, String> {
        let call = self.call(code)?;
        let reply = net
            .call(call)
            .await
            .map_err(|trouble| trouble.to_string())?;
        let answer = read(&reply);
        if !reply.is_success() {
            let status = reply.status;
            return Err(format!(
                "the provider answered {status}{}",
                complaint(&answer)
            ));
        }
        self.fields(&answer, now)
    }

    fn call(&self, code: &str) -> Result<Call, String> {
        let exchange = self.exchange()?;
        let variables = self.variables(Some(code))?;
        let url = template::render(&exchange.access_token_url, &variables, Place::Url)?;
        let mut call = Call::post(address(&url)?).header("accept", "application/json");
        let mut form = false;
        for (name, value) in exchange.access_token_headers.iter().flatten() {
            let value = field(value, &variables)?;
            if name.eq_ignore_ascii_case("content-type") {
                form = value.contains(FORM);
            } else {
                call = call.header(name, &value);
            }
        }
        let mut body = Map::new();
        if !mentions_code(exchange) {
            form = true;
            self.standard(exchange, code, &mut body);
        }
        for (name, value) in exchange.access_token_params.iter().flatten() {
            let name = template::render(name, &variables, Place::Field)?;
            let value = match value {
                Value::String(_) => field(value, &variables)?.into(),
                other => other.clone(),
            };
            body.insert(name, value);
        }
        Ok(match (body.is_empty(), form) {
            (true, _) => call.body(FORM, Vec::new()),
            (false, true) => {
                let fields: Vec<_> = body
                    .iter()
                    .map(|(name, value)| (name.as_str(), plain(value)))
                    .collect();
                call.form(fields.iter().map(|(name, value)| (*name, value.as_str())))
            }
            (false, false) => call.json(&body),
        })
    }

    /// What every provider understands, for a declaration that leaves it to us.
    fn standard(&self, exchange: &Exchange, code: &str, body: &mut Map<String, Value>) {
        let keys = exchange.keys();
        body.insert("grant_type".to_owned(), "authorization_code".into());
        body.insert(keys.code.to_owned(), code.into());
        body.insert(
            keys.redirect_uri.to_owned(),
            self.redirect_uri.clone().into(),
        );
        for key in [keys.client_id, keys.client_secret] {
            if let Some(value) = self.client.get(key) {
                body.insert(key.to_owned(), value.clone());
            }
        }
    }

    /// What belongs in the configuration.
    fn fields(&self, answer: &Value, now: Timestamp) -> Result<Map<String, Value>, String> {
        let mut fields = Map::new();
        if let Some((key, value)) = self.declaration.choice() {
            declaration::put(&mut fields, key, value);
        }
        for (moves, values) in [
            (self.declaration.inputs(), &self.inputs),
            (self.declaration.client_moves(), &self.client),
        ] {
            for Move { name, to, .. } in moves {
                if let Some(value) = values.get(&name) {
                    declaration::put(&mut fields, &to, value.clone());
                }
            }
        }
        let mut found = false;
        for one in self.declaration.outputs() {
            match declaration::at(answer, &one.from) {
                Some(value) => {
                    found = true;
                    let value = if one.moment {
                        moment(value, now)
                    } else {
                        value.clone()
                    };
                    declaration::put(&mut fields, &one.to, value);
                }
                None if one.required => {
                    let said = complaint(answer);
                    return Err(format!(
                        "the answer of the provider lacks {}{said}",
                        one.from.join(".")
                    ));
                }
                None => {}
            }
        }
        if found {
            Ok(fields)
        } else {
            Err(format!(
                "the answer of the provider has nothing in it that was asked for{}",
                complaint(answer)
            ))
        }
    }

    fn variables(&self, code: Option<&str>) -> Result<Variables, String> {
        let exchange = self.exchange()?;
        let keys = exchange.keys();
        let mut variables = Variables::new();
        let mut add = |name: &str, value: String, origin| {
            variables.insert(name.to_owned(), Variable { value, origin });
        };
        for (name, value) in &self.inputs {
            add(name, plain(value), Origin::Person);
        }
        for (name, value) in &self.client {
            add(name, plain(value), Origin::Server);
        }
        let declared = |asked: &Option<Vec<String>>| match asked {
            Some(_) => Origin::Server,
            None => Origin::Specification,
        };
        let of_client = |key| self.client.get(key).map(plain);
        let scope = exchange.scope(self.scope.as_deref());
        let optional = exchange.optional_scope(self.optional_scope.as_deref());
        let values = [
            (
                "client_id",
                keys.client_id,
                of_client(keys.client_id),
                Origin::Server,
            ),
            (
                "client_secret",
                keys.client_secret,
                of_client(keys.client_secret),
                Origin::Server,
            ),
            (
                "redirect_uri",
                keys.redirect_uri,
                Some(self.redirect_uri.clone()),
                Origin::Server,
            ),
            (
                "state",
                keys.state,
                Some(self.state.clone()),
                Origin::Server,
            ),
            (
                "scope",
                keys.scope,
                Some(scope.clone()),
                declared(&self.scope),
            ),
            ("scopes", keys.scope, Some(scope), declared(&self.scope)),
            (
                "optional_scope",
                "optional_scope",
                Some(optional.clone()),
                declared(&self.optional_scope),
            ),
            (
                "optional_scopes",
                "optional_scope",
                Some(optional),
                declared(&self.optional_scope),
            ),
            (
                "auth_code",
                keys.code,
                code.map(str::to_owned),
                Origin::Server,
            ),
        ];
        for (name, key, value, origin) in values {
            add(
                &format!("{name}_key"),
                key.to_owned(),
                Origin::Specification,
            );
            let Some(value) = value else { continue };
            let pair = format!("{key}={}", url_encoded(&value));
            add(&format!("{name}_param"), pair, Origin::Specification);
            add(&format!("{name}_value"), value, origin);
        }
        Ok(variables)
    }

    fn exchange(&self) -> Result<&Exchange, String> {
        self.declaration
            .exchange()
            .ok_or_else(|| "no flow is declared".to_owned())
    }
}

/// Whether the code is put anywhere by the declaration itself.
fn mentions_code(exchange: &Exchange) -> bool {
    let values = exchange.access_token_params.iter().flatten();
    let mut texts = values.filter_map(|(_, value)| value.as_str());
    exchange.access_token_url.contains("auth_code_")
        || texts.any(|text| text.contains("auth_code_"))
}

fn field(value: &Value, variables: &Variables) -> Result<String, String> {
    template::render(&plain(value), variables, Place::Field)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A URL that a browser or the server can be sent to.
fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim())
        .map_err(|error| format!("a declared address is no URL: {error}"))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err("a declared address is neither http nor https".to_owned())
    }
}

/// The answer as JSON; some providers answer with a form.
fn read(reply: &Reply) -> Value {
    reply.json().unwrap_or_else(|_| {
        let pairs = form_urlencoded::parse(&reply.body);
        let pairs: Map<_, _> = pairs
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect();
        pairs.into()
    })
}

/// What a provider says is wrong, in the two members that are meant for it.
fn complaint(answer: &Value) -> String {
    let said: Vec<String> = ["error", "error_description"]
        .iter()
        .filter_map(|name| answer[*name].as_str())
        .map(quoted)
        .collect();
    if said.is_empty() {
        String::new()
    } else {
        format!(": {}", said.join(", "))
    }
}

/// Somebody else's words, short enough for a sentence of ours.
pub(super) fn quoted(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Seconds from now as a moment.
fn moment(value: &Value, now: Timestamp) -> Value {
    let seconds = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let then = seconds
        .and_then(TimeDelta::try_seconds)
        .and_then(|seconds| now.checked_add_signed(seconds));
    then.map_or_else(
        || value.clone(),
        |then| then.to_rfc3339_opts(SecondsFormat::Secs, true).into(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pending(exchange: &Value, others: &Value) -> Pending {
        let mut parts = json!({ "oauth_connector_input_specification": {
            "consent_url": "https://x.example/c", "access_token_url": "https://x.example/t",
        } });
        for (name, value) in exchange.as_object().expect("an object") {
            parts["oauth_connector_input_specification"][name] = value.clone();
        }
        for (name, value) in others.as_object().expect("an object") {
            parts[name] = value.clone();
        }
        let declaration = json!({
            "auth_flow_type": "oauth2.0", "predicate_key": ["credentials", "auth_type"],
            "predicate_value": "Client", "oauth_config_specification": parts,
        });
        let object = |value: Value| value.as_object().cloned().expect("an object");
        Pending {
            declaration: serde_json::from_value(declaration).expect("a declaration"),
            client: object(json!({ "client_id": "id", "client_secret": "hush" })),
            inputs: object(json!({ "subdomain": "pets" })),
            state: "state-0123".to_owned(),
            redirect_uri: "https://us.example/api/public/v1/oauth/callback".to_owned(),
            scope: None,
            optional_scope: None,
        }
    }

    #[test]
    fn the_browser_is_sent_to_the_declared_address() {
        let consent = |template: &str| {
            pending(
                &json!({ "consent_url": template, "scope": "a b" }),
                &json!({}),
            )
            .consent_url()
        };
        assert_eq!(
            consent("https://{{subdomain}}.example/c?{{client_id_param}}&{{redirect_uri_param}}&{{scope_param}}&{{state_param}}"),
            Ok("https://pets.example/c?client_id=id&redirect_uri=https%3A%2F%2Fus.example%2Fapi%2Fpublic%2Fv1%2Foauth%2Fcallback&scope=a%20b&state=state-0123".to_owned())
        );
        assert_eq!(
            consent("https://x.example/c?s={{state_value}}&code_challenge={{ state_value | codechallengeS256 }}&scope={{scope_value}}"),
            Ok("https://x.example/c?s=state-0123&code_challenge=v5jF5-f0Kz8YXKBwRnQ1C2hhfqu1JIebFJnG4HxWBEI&scope=a%20b".to_owned())
        );
        for (wrong, why) in [
            ("javascript:alert(1)", "neither http"),
            ("{{shop}}", "shop is not known"),
            ("/c", "no URL"),
        ] {
            let said = consent(wrong).expect_err(wrong);
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn what_comes_back_goes_where_it_was_declared_to_go() {
        let others = json!({
            "oauth_user_input_from_connector_config_specification": { "properties": {
                "subdomain": { "path_in_connector_config": ["account", "subdomain"] } } },
            "complete_oauth_output_specification": { "required": ["access_token"], "properties": {
                "access_token": { "path_in_oauth_response": ["data", "token"], "path_in_connector_config": ["credentials", "access_token"] },
                "token_expiry_date": { "path_in_oauth_response": ["expires_in"], "path_in_connector_config": ["credentials", "until"] },
                "refresh_token": {} } },
            "complete_oauth_server_output_specification": { "properties": {
                "client_id": { "path_in_connector_config": ["credentials", "client_id"] },
                "client_secret": { "path_in_connector_config": ["credentials", "client_secret"] } } },
        });
        let pending = pending(&json!({}), &others);
        let now = "2030-01-01T00:00:00Z".parse().expect("a time");
        let answer = json!({ "data": { "token": "t" }, "expires_in": 3600 });
        assert_eq!(
            pending.fields(&answer, now).map(Value::Object),
            Ok(json!({
                "credentials": { "auth_type": "Client", "client_id": "id", "client_secret": "hush",
                    "access_token": "t", "until": "2030-01-01T01:00:00Z" },
                "account": { "subdomain": "pets" },
            }))
        );
        let answer = json!({ "error": "bad_code", "error_description": "it is used up" });
        let said = pending.fields(&answer, now).expect_err("no token");
        assert_eq!(
            said,
            "the answer of the provider lacks data.token: bad_code, it is used up"
        );
    }
}
