//! What a specification declares about OAuth (`advanced_auth`): the two addresses, what is sent to them,
//! and where in the configuration that belongs which comes back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::protocol::message::Specification;

/// A whole flow. Kept as it was declared while the browser is away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Declaration {
    #[serde(default)]
    auth_flow_type: String,
    /// Where the configuration says that OAuth was used, and by which word.
    predicate_key: Option<Vec<String>>,
    predicate_value: Option<Value>,
    oauth_config_specification: Parts,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Parts {
    oauth_connector_input_specification: Option<Exchange>,
    #[serde(default)]
    oauth_user_input_from_connector_config_specification: Option<Fields>,
    #[serde(default)]
    complete_oauth_output_specification: Option<Fields>,
    #[serde(default)]
    complete_oauth_server_input_specification: Option<Fields>,
    #[serde(default)]
    complete_oauth_server_output_specification: Option<Fields>,
}

/// The addresses, and what is sent to them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub consent_url: String,
    pub access_token_url: String,
    #[serde(default)]
    pub access_token_headers: Option<Map<String, Value>>,
    #[serde(default)]
    pub access_token_params: Option<Map<String, Value>>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    scopes: Option<Vec<Scope>>,
    #[serde(default, alias = "optional_scope")]
    optional_scopes: Option<Scopes>,
    #[serde(default)]
    scopes_join_strategy: Option<String>,
    #[serde(default)]
    extract_output: Option<Vec<String>>,
    #[serde(default)]
    state: Option<Length>,
    client_id_key: Option<String>,
    client_secret_key: Option<String>,
    scope_key: Option<String>,
    state_key: Option<String>,
    auth_code_key: Option<String>,
    redirect_uri_key: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Scope {
    Named { scope: String },
    Text(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Scopes {
    Each(Vec<Scope>),
    Joined(String),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Length {
    min: usize,
    max: usize,
}

/// A JSON schema of an object, of which we read where each property comes from and goes to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Fields {
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    properties: Map<String, Value>,
}

/// One property that is moved.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Move {
    pub name: String,
    /// Where it is in what the other side answers.
    pub from: Vec<String>,
    /// Where it goes in the configuration.
    pub to: Vec<String>,
    pub required: bool,
    /// A moment, which others tell as seconds from now.
    pub moment: bool,
}

/// The names of parameters, which some providers choose for themselves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys<'a> {
    pub client_id: &'a str,
    pub client_secret: &'a str,
    pub scope: &'a str,
    pub state: &'a str,
    pub code: &'a str,
    pub redirect_uri: &'a str,
}

impl Declaration {
    /// The flow that a specification declares.
    ///
    /// # Errors
    /// Why there is none that could be followed.
    pub(super) fn of(specification: &Specification) -> Result<Self, String> {
        let declared = specification.rest.get("advanced_auth");
        let Some(declared) = declared.filter(|declared| !declared.is_null()) else {
            return Err("its specification declares no OAuth flow".to_owned());
        };
        let declared: Self = serde_json::from_value(declared.clone())
            .map_err(|error| format!("the OAuth flow that it declares cannot be read: {error}"))?;
        if declared.auth_flow_type != "oauth2.0" {
            return Err(format!(
                "it declares the flow {:?}, and only oauth2.0 can be followed",
                declared.auth_flow_type
            ));
        }
        declared.exchange().ok_or(
            "it declares OAuth without the addresses of a flow (oauth_connector_input_specification)",
        )?;
        Ok(declared)
    }

    pub(super) fn exchange(&self) -> Option<&Exchange> {
        let parts = &self.oauth_config_specification;
        parts.oauth_connector_input_specification.as_ref()
    }

    /// What the operator of an OAuth client has to give.
    pub(super) fn client(&self) -> Fields {
        let parts = &self.oauth_config_specification;
        parts
            .complete_oauth_server_input_specification
            .clone()
            .unwrap_or_default()
    }

    /// Where what was given of a client belongs in the configuration.
    pub(super) fn client_moves(&self) -> Vec<Move> {
        let parts = &self.oauth_config_specification;
        let fields = parts.complete_oauth_server_output_specification.as_ref();
        fields.map(Fields::moves).unwrap_or_default()
    }

    /// What the flow needs to know of the configuration.
    pub(super) fn inputs(&self) -> Vec<Move> {
        let parts = &self.oauth_config_specification;
        let fields = parts
            .oauth_user_input_from_connector_config_specification
            .as_ref();
        fields.map(Fields::moves).unwrap_or_default()
    }

    /// What is taken from the answer to the exchange.
    pub(super) fn outputs(&self) -> Vec<Move> {
        let parts = &self.oauth_config_specification;
        let declared = parts.complete_oauth_output_specification.as_ref();
        let moves = declared.map(Fields::moves).unwrap_or_default();
        if !moves.is_empty() {
            return moves;
        }
        let names = self
            .exchange()
            .and_then(|exchange| exchange.extract_output.clone());
        let names = names.unwrap_or_else(|| vec!["access_token".to_owned()]);
        names
            .into_iter()
            .map(|name| Move {
                from: vec![name.clone()],
                to: vec![name.clone()],
                required: true,
                moment: false,
                name,
            })
            .collect()
    }

    /// The place and the word that choose OAuth among other ways to sign in.
    pub(super) fn choice(&self) -> Option<(&[String], Value)> {
        let (key, value) = (self.predicate_key.as_ref()?, self.predicate_value.as_ref()?);
        (!key.is_empty() && !value.is_null()).then(|| (key.as_slice(), value.clone()))
    }
}

impl Exchange {
    pub(super) fn keys(&self) -> Keys<'_> {
        fn named<'a>(key: Option<&'a String>, usual: &'a str) -> &'a str {
            key.map(String::as_str)
                .filter(|key| !key.is_empty())
                .unwrap_or(usual)
        }
        Keys {
            client_id: named(self.client_id_key.as_ref(), "client_id"),
            client_secret: named(self.client_secret_key.as_ref(), "client_secret"),
            scope: named(self.scope_key.as_ref(), "scope"),
            state: named(self.state_key.as_ref(), "state"),
            code: named(self.auth_code_key.as_ref(), "code"),
            redirect_uri: named(self.redirect_uri_key.as_ref(), "redirect_uri"),
        }
    }

    /// The scopes in the words of the provider: those that somebody asks for, or all that are declared.
    pub(super) fn scope(&self, asked: Option<&[String]>) -> String {
        match (asked, &self.scopes, &self.scope) {
            (Some(asked), ..) => asked.join(self.joint()),
            (None, Some(scopes), _) => self.joined(scopes),
            (None, None, scope) => scope.clone().unwrap_or_default(),
        }
    }

    /// The same for scopes that may be refused.
    pub(super) fn optional_scope(&self, asked: Option<&[String]>) -> String {
        match (asked, &self.optional_scopes) {
            (Some(asked), _) => asked.join(self.joint()),
            (None, Some(Scopes::Each(scopes))) => self.joined(scopes),
            (None, Some(Scopes::Joined(scope))) => scope.clone(),
            (None, None) => String::new(),
        }
    }

    fn joined(&self, scopes: &[Scope]) -> String {
        let names: Vec<_> = scopes
            .iter()
            .map(|scope| match scope {
                Scope::Named { scope } | Scope::Text(scope) => scope.as_str(),
            })
            .collect();
        names.join(self.joint())
    }

    fn joint(&self) -> &'static str {
        let declared = self.scope.as_deref().unwrap_or_default();
        match self.scopes_join_strategy.as_deref() {
            Some("comma") => ",",
            Some("plus") => "+",
            None if declared.contains(',') && !declared.contains(' ') => ",",
            _ => " ",
        }
    }

    /// How long the state is. As long as may be, up to what a verifier (PKCE) may have.
    pub(super) fn state_length(&self) -> usize {
        const USUAL: usize = 43;
        self.state.map_or(USUAL, |Length { min, max }| {
            max.clamp(min.clamp(1, 128), 128)
        })
    }
}

impl Fields {
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.properties.keys()
    }

    pub(super) fn required(&self) -> &[String] {
        &self.required
    }

    fn moves(&self) -> Vec<Move> {
        self.properties
            .iter()
            .map(|(name, property)| {
                let path = |key: &str| {
                    let steps = property.get(key)?.as_array()?;
                    let steps: Option<Vec<_>> = steps
                        .iter()
                        .map(|step| step.as_str().map(str::to_owned))
                        .collect();
                    steps.filter(|steps| !steps.is_empty())
                };
                let own = || vec![name.clone()];
                Move {
                    from: path("path_in_oauth_response").unwrap_or_else(own),
                    to: path("path_in_connector_config").unwrap_or_else(own),
                    required: self.required.contains(name),
                    moment: property["format"] == "date-time" || name == "token_expiry_date",
                    name: name.clone(),
                }
            })
            .collect()
    }
}

/// What is at a path, unless it is nothing.
pub(super) fn at<'a>(whole: &'a Value, path: &[String]) -> Option<&'a Value> {
    let found = path.iter().try_fold(whole, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })?;
    (!found.is_null()).then_some(found)
}

/// Puts a value at a path, with objects on the way.
pub(super) fn put(whole: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        whole.insert(first.clone(), value);
        return;
    }
    let inner = whole
        .entry(first.clone())
        .or_insert_with(|| Map::new().into());
    if !inner.is_object() {
        *inner = Map::new().into();
    }
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared(advanced_auth: &Value) -> Result<Declaration, String> {
        let specification =
            json!({ "connectionSpecification": {}, "advanced_auth": advanced_auth });
        Declaration::of(&serde_json::from_value(specification).expect("a specification"))
    }

    fn with(exchange: &Value) -> Declaration {
        let mut whole = json!({ "consent_url": "https://x/c", "access_token_url": "https://x/t" });
        for (name, value) in exchange.as_object().expect("an object") {
            whole[name] = value.clone();
        }
        declared(&json!({
            "auth_flow_type": "oauth2.0",
            "oauth_config_specification": { "oauth_connector_input_specification": whole },
        }))
        .expect("a flow")
    }

    #[test]
    fn what_cannot_be_followed_says_why() {
        let cases = [
            (Value::Null, "declares no OAuth flow"),
            (
                json!({ "auth_flow_type": "oauth1.0", "oauth_config_specification": {} }),
                "oauth1.0",
            ),
            (
                json!({ "auth_flow_type": "oauth2.0", "oauth_config_specification": {} }),
                "without the addresses",
            ),
            (json!({ "auth_flow_type": "oauth2.0" }), "cannot be read"),
            (json!("oauth"), "cannot be read"),
        ];
        for (advanced_auth, why) in cases {
            let said = declared(&advanced_auth).expect_err(why);
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn scopes_are_joined_as_the_provider_wants_them() {
        let scopes = json!([{ "scope": "a" }, { "scope": "b" }]);
        let cases = [
            (json!({ "scope": "x y" }), "x y", "p q"),
            (json!({ "scope": "x,y" }), "x,y", "p,q"),
            (json!({ "scopes": scopes }), "a b", "p q"),
            (
                json!({ "scopes": scopes, "scopes_join_strategy": "comma" }),
                "a,b",
                "p,q",
            ),
            (
                json!({ "scopes": ["a", "b"], "scopes_join_strategy": "plus" }),
                "a+b",
                "p+q",
            ),
            (json!({}), "", "p q"),
        ];
        let asked = ["p".to_owned(), "q".to_owned()];
        for (exchange, all, some) in cases {
            let declaration = with(&exchange);
            let exchange = declaration.exchange().expect("a flow");
            assert_eq!(
                (
                    exchange.scope(None).as_str(),
                    exchange.scope(Some(&asked)).as_str()
                ),
                (all, some)
            );
        }
    }

    #[test]
    fn a_state_is_as_long_as_it_may_be() {
        for (state, length) in [
            (Value::Null, 43),
            (json!({ "min": 10, "max": 27 }), 27),
            (json!({ "min": 43, "max": 128 }), 128),
            (json!({ "min": 0, "max": 0 }), 1),
            (json!({ "min": 300, "max": 400 }), 128),
        ] {
            let declaration = with(&json!({ "state": state }));
            assert_eq!(
                declaration.exchange().expect("a flow").state_length(),
                length
            );
        }
    }

    #[test]
    fn values_are_found_and_put_at_their_paths() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let answer = json!({ "data": { "token": "t", "none": null }, "list": [{ "id": 1 }] });
        assert_eq!(at(&answer, &path("data.token")), Some(&json!("t")));
        assert_eq!(at(&answer, &path("list.0.id")), Some(&json!(1)));
        for missing in ["data.none", "data.other", "data.token.x", "list.7"] {
            assert_eq!(at(&answer, &path(missing)), None, "{missing}");
        }
        let mut whole = Map::new();
        put(&mut whole, &path("credentials.token"), json!("t"));
        put(&mut whole, &path("credentials.auth_type"), json!("Client"));
        put(&mut whole, &path("plain"), json!(1));
        let expected =
            json!({ "credentials": { "token": "t", "auth_type": "Client" }, "plain": 1 });
        assert_eq!(Value::Object(whole), expected);
    }
}
