//! The table: every operation that needs a token, whom it serves and how it is asked. The roles are
//! spelled out here rather than taken from the policy that is being tested.

mod accounts;
mod actors;
mod connections;
mod definitions;
mod grants;
mod organizations;
mod roles;
mod workspaces;

use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::Method;
use serde_json::{Value, json};

use roles::Roles;

/// What an operation is asked about.
#[derive(Clone, Copy, PartialEq)]
pub enum Target {
    /// Nothing in particular: a list, or a deed without an id.
    None,
    Organization,
    Workspace,
    /// A permission on a workspace.
    Permission,
    /// A definition that a workspace brought; the id is `WORKSPACE/DEFINITION`.
    SourceDefinition,
    DestinationDefinition,
    LowCode,
    Source,
    Destination,
    /// A source and a destination; the id is `SOURCE/DESTINATION`.
    Pair,
    Connection,
    Job,
    Tag,
    Region,
    Dataplane,
    Group,
    /// A group and a permission of it; the id is `GROUP/PERMISSION`.
    GroupPermission,
    /// One of the caller's own applications; everybody else's do not exist.
    Application,
    /// A person in the organization.
    Human,
    /// A service account in the organization.
    User,
    /// A service account and an application of it; the id is `USER/APPLICATION`.
    UserApplication,
}

pub struct Row {
    pub operation: &'static str,
    pub target: Target,
    pub roles: Roles,
    pub ok: u16,
    /// Method, path and body about this id.
    pub request: fn(id: &str, other: &Other) -> (Method, String, Option<Value>),
}

/// What some requests mention besides their target.
pub struct Other {
    /// Somebody without grants.
    pub user: String,
}

/// Every row, by subject.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [
        accounts::ROWS,
        organizations::ROWS,
        workspaces::ROWS,
        grants::ROWS,
        definitions::ROWS,
        actors::ROWS,
        connections::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// A name that nothing else has.
fn fresh() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("fresh {}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An OAuth client as it is brought.
fn client() -> Value {
    json!({ "actorType": "source", "name": "faker", "configuration": { "client_id": "x" } })
}

/// A low-code definition as it is sent, with a flow by which it is signed in.
pub fn low_code() -> Value {
    let flow = json!({ "oauth_connector_input_specification": {
        "consent_url": "https://example.org/consent?{{client_id_param}}&{{state_param}}",
        "access_token_url": "https://example.org/token",
    } });
    let oauth = json!({ "auth_flow_type": "oauth2.0", "oauth_config_specification": flow });
    json!({ "name": "api", "manifest": { "spec": {
        "connection_specification": { "type": "object" }, "advanced_auth": oauth,
    } } })
}

/// Operations that need no token.
pub const ANONYMOUS: &[&str] = &[
    "getDocumentation",
    "getHealthCheck",
    "createAccessToken",
    "internalCreateToken",
    "internalHealth",
    "health",
    // Knowing the state is the proof.
    "oauthCallback",
    "live",
    "ready",
];
