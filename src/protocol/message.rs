//! Messages, parsed whole. Records do not come here on the way from a source to a destination: see
//! [`line`](super::line), which looks at them without building anything.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use super::catalog::Catalog;
use super::raw::{Raw, or_default};
use super::state::State;
use super::trace::Trace;

/// One line of a connector's standard output.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Message {
    Record {
        record: Record,
    },
    State {
        state: State,
    },
    Log {
        log: Log,
    },
    Trace {
        trace: Trace,
    },
    Control {
        control: Control,
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

/// The types that [`Message`] knows, as they are spelled.
pub(super) const TYPES: [&str; 9] = [
    "RECORD",
    "STATE",
    "LOG",
    "TRACE",
    "CONTROL",
    "SPEC",
    "CONNECTION_STATUS",
    "CATALOG",
    "DESTINATION_CATALOG",
];

/// A record in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub stream: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub data: Raw,
    /// Milliseconds since 1970.
    pub emitted_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<RecordMeta>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_reference: Option<FileReference>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What happened to a record on its way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordMeta {
    #[serde(default, deserialize_with = "or_default")]
    pub changes: Vec<Change>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A field that was nulled or cut, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    /// `NULLED` or `TRUNCATED`.
    pub change: String,
    pub reason: String,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A file that travels beside its record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileReference {
    pub staging_file_url: String,
    pub source_file_relative_path: String,
    pub file_size_bytes: u64,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    pub level: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
}

/// What a connector asks of the server: so far, to store a new configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Control {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(rename = "connectorConfig", default)]
    pub connector_config: Option<ConnectorConfig>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The whole new configuration, with its secrets and with what the server put in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectorConfig {
    pub config: Value,
}

impl std::fmt::Debug for ConnectorConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConnectorConfig { config: hidden }")
    }
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

/// A message as it is spelled: a type, and a field named after it. Not a tagged enum, because those
/// take everything apart before they know the type, and states are kept as text.
#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    record: Option<Record>,
    state: Option<State>,
    log: Option<Log>,
    trace: Option<Trace>,
    control: Option<Control>,
    spec: Option<Specification>,
    #[serde(rename = "connectionStatus")]
    status: Option<ConnectionStatus>,
    catalog: Option<Catalog>,
    destination_catalog: Option<Value>,
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let kind = wire.kind.as_str();
        let missing = || de::Error::custom(format!("a {kind} without its {}", kind.to_lowercase()));
        Ok(match kind {
            "RECORD" => Self::Record {
                record: wire.record.ok_or_else(missing)?,
            },
            "STATE" => Self::State {
                state: wire.state.ok_or_else(missing)?,
            },
            "LOG" => Self::Log {
                log: wire.log.ok_or_else(missing)?,
            },
            "TRACE" => Self::Trace {
                trace: wire.trace.ok_or_else(missing)?,
            },
            "CONTROL" => Self::Control {
                control: wire.control.ok_or_else(missing)?,
            },
            "SPEC" => Self::Spec {
                spec: wire.spec.ok_or_else(missing)?,
            },
            "CONNECTION_STATUS" => Self::ConnectionStatus {
                status: wire.status.ok_or_else(missing)?,
            },
            "CATALOG" => Self::Catalog {
                catalog: wire.catalog.ok_or_else(missing)?,
            },
            "DESTINATION_CATALOG" => Self::DestinationCatalog {
                destination_catalog: wire.destination_catalog.ok_or_else(missing)?,
            },
            other => return Err(de::Error::unknown_variant(other, &TYPES)),
        })
    }
}
