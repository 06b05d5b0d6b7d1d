//! Messages, parsed whole. The record path does not come here: it only looks at the head of a line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalog::Catalog;

/// One line of a connector's standard output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Message {
    Record {
        record: Value,
    },
    State {
        state: Value,
    },
    Log {
        log: Log,
    },
    Trace {
        trace: Value,
    },
    Control {
        control: Value,
    },
    Spec {
        spec: Specification,
    },
    ConnectionStatus {
        #[serde(rename = "connectionStatus")]
        status: ConnectionStatus,
    },
    Catalog {
        catalog: Catalog,
    },
    DestinationCatalog {
        destination_catalog: Value,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Log {
    pub level: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
}

/// What a connector says about itself. Everything but the schema is optional; the whole is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Specification {
    /// JSON schema, draft 7, with the marks `airbyte_secret`, `order` and the like.
    pub connection_specification: Value,
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

/// The outcome of a check: a failed one is a normal answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionStatus {
    pub status: CheckStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckStatus {
    Succeeded,
    Failed,
}
