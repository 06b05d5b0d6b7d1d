//! Connections: what flows from where to where, when and how.

use serde::{Deserialize, Serialize};

use super::ids::{ActorId, ConnectionId, WorkspaceId};
use super::schedule::Schedule;
use crate::clock::Timestamp;

/// A connection. Its streams are JSON text as clients see it; the catalog with the schemas is read only
/// where it is needed (`store::connections::catalog`).
#[derive(Debug, Clone)]
pub struct Connection {
    pub id: ConnectionId,
    pub workspace_id: WorkspaceId,
    pub source_id: ActorId,
    pub destination_id: ActorId,
    pub name: String,
    pub status: Status,
    /// Why the server itself switched it off; empty otherwise.
    pub status_reason: String,
    pub schedule: Schedule,
    /// Absent for manual and inactive ones.
    pub next_run_at: Option<Timestamp>,
    pub namespace: Namespace,
    pub namespace_format: Option<String>,
    pub prefix: String,
    pub non_breaking_changes: NonBreakingChanges,
    pub streams: String,
    /// Whether it may have tags.
    pub tagged: bool,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A connection as lists show it, with its schedule as it is stored.
#[derive(Debug, Clone, Deserialize)]
pub struct ListedConnection {
    pub id: ConnectionId,
    pub workspace_id: WorkspaceId,
    pub source_id: ActorId,
    pub destination_id: ActorId,
    pub name: String,
    pub status: Status,
    pub status_reason: String,
    pub schedule: String,
    pub namespace: Namespace,
    pub namespace_format: Option<String>,
    pub prefix: String,
    pub non_breaking_changes: NonBreakingChanges,
    #[serde(skip)]
    pub streams: String,
    /// Whether it may have tags.
    pub tagged: bool,
    pub created_at: Timestamp,
}

/// Whether a connection runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
#[schema(as = ConnectionStatusEnum)]
pub enum Status {
    Active,
    Inactive,
    /// Deleted.
    Deprecated,
    Locked,
}

impl Status {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Deprecated => "deprecated",
            Self::Locked => "locked",
        }
    }
}

/// Into which namespace of the destination streams go.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
#[schema(as = NamespaceDefinitionEnum, default = "destination")]
pub enum Namespace {
    /// The stream's own.
    Source,
    /// The destination's default.
    #[default]
    Destination,
    /// `namespaceFormat`, in which `${SOURCE_NAMESPACE}` stands for the stream's own.
    CustomFormat,
}

impl Namespace {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::CustomFormat => "custom_format",
        }
    }

    /// The namespace of a stream at the destination.
    #[must_use]
    pub fn at_destination(self, format: Option<&str>, own: Option<&str>) -> Option<String> {
        match self {
            Self::Source => own.map(str::to_owned),
            Self::Destination => None,
            Self::CustomFormat => {
                let text = format
                    .unwrap_or_default()
                    .replace("${SOURCE_NAMESPACE}", own.unwrap_or_default());
                (!text.is_empty()).then_some(text)
            }
        }
    }
}

/// What happens when the source's schema changes in a way that breaks nothing.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
#[schema(as = NonBreakingSchemaUpdatesBehaviorEnum, default = "ignore")]
pub enum NonBreakingChanges {
    #[default]
    Ignore,
    DisableConnection,
    PropagateColumns,
    PropagateFully,
}

impl NonBreakingChanges {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::DisableConnection => "disable_connection",
            Self::PropagateColumns => "propagate_columns",
            Self::PropagateFully => "propagate_fully",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_goes_into_the_namespace_that_the_connection_says() {
        let format = Some("lake_${SOURCE_NAMESPACE}");
        for (namespace, format, own, at_destination) in [
            (Namespace::Source, None, Some("public"), Some("public")),
            (Namespace::Source, None, None, None),
            (Namespace::Destination, format, Some("public"), None),
            (
                Namespace::CustomFormat,
                format,
                Some("public"),
                Some("lake_public"),
            ),
            (
                Namespace::CustomFormat,
                Some("${SOURCE_NAMESPACE}"),
                None,
                None,
            ),
            (Namespace::CustomFormat, None, Some("public"), None),
        ] {
            assert_eq!(
                namespace.at_destination(format, own).as_deref(),
                at_destination,
                "{namespace:?} {format:?} {own:?}"
            );
        }
    }
}
