//! Connector definitions: what there is to choose from, and how each one is run.

use serde::{Deserialize, Serialize};

use super::ids::{DefinitionId, WorkspaceId};
use crate::clock::Timestamp;

/// Which side of a connection a connector stands on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum Kind {
    Source,
    Destination,
}

impl Kind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }

    /// The key that names the connector inside a configuration.
    #[must_use]
    pub fn type_key(self) -> &'static str {
        match self {
            Self::Source => "sourceType",
            Self::Destination => "destinationType",
        }
    }
}

/// How a connector is run. Decided when the definition is made, and kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Runtime {
    /// Compiled into this program, under this name.
    Native { connector: String },
    /// A package of the Python index, in an environment of its own.
    Python { package: String, version: String },
    /// A low-code manifest, run by the generic runner of the Python CDK.
    Manifest,
    /// The definition's container image.
    Image,
}

/// A connector that can be chosen.
#[derive(Debug, Clone)]
pub struct Definition {
    pub id: DefinitionId,
    pub kind: Kind,
    /// Absent for public ones.
    pub workspace_id: Option<WorkspaceId>,
    pub name: String,
    /// As in `configuration.sourceType`; empty for definitions that people bring.
    pub short_name: String,
    pub repository: String,
    pub tag: String,
    pub documentation_url: String,
    pub runtime: Runtime,
    /// The active version of a low-code definition.
    pub manifest_version: Option<i64>,
    pub deleted_at: Option<Timestamp>,
}

impl Definition {
    /// Names what is run: two definitions with one edition print the same specification, and discover
    /// the same with the same configuration. A low-code definition's edition is its own.
    #[must_use]
    pub fn edition(&self) -> String {
        match &self.runtime {
            Runtime::Native { connector } => format!(
                "native:{}:{connector}@{}",
                self.kind.as_str(),
                env!("CARGO_PKG_VERSION")
            ),
            Runtime::Python { package, version } => format!("python:{package}@{version}"),
            Runtime::Manifest => {
                format!(
                    "manifest:{}@{}",
                    self.id,
                    self.manifest_version.unwrap_or(0)
                )
            }
            Runtime::Image => format!("image:{}:{}", self.repository, self.tag),
        }
    }
}
