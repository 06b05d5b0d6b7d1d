//! Connector definitions: what there is to choose from, and how each one is run.

use std::fmt;
use std::str::FromStr;

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

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Source, Self::Destination]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
            .ok_or("must be source or destination")
    }
}

/// One of the three lists that a workspace has. A low-code definition stands in no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    Sources,
    Destinations,
    LowCode,
}

impl Shelf {
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Sources | Self::LowCode => Kind::Source,
            Self::Destinations => Kind::Destination,
        }
    }

    #[must_use]
    pub fn holds(self, definition: &Definition) -> bool {
        let low_code = definition.manifest_version.is_some();
        definition.kind == self.kind() && low_code == (self == Self::LowCode)
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

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native { connector } => write!(f, "native:{connector}"),
            Self::Python { package, version } => write!(f, "python:{package}=={version}"),
            Self::Manifest => f.write_str("manifest"),
            Self::Image => f.write_str("image"),
        }
    }
}

/// As an operator writes it. A manifest is not chosen: low-code definitions are run by it anyway.
impl FromStr for Runtime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WRONG: &str = "must be native:NAME, python:PACKAGE==VERSION or image";
        match text.split_once(':') {
            None if text == "image" => Ok(Self::Image),
            Some(("native", name)) if !name.is_empty() => Ok(Self::Native {
                connector: name.to_owned(),
            }),
            Some(("python", pinned)) => {
                let (package, version) = pinned.split_once("==").ok_or(WRONG)?;
                Self::python(package, version)
            }
            _ => Err(WRONG.to_owned()),
        }
    }
}

impl Runtime {
    /// A Python package at a version. Both become arguments of an installer, so neither can be mistaken
    /// for an option, a file or an address.
    ///
    /// # Errors
    /// A sentence on what is wrong with one of them.
    pub fn python(package: &str, version: &str) -> Result<Self, String> {
        let fits = |text: &str, begins: fn(&char) -> bool, longest: usize, more: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
            text.len() <= longest
                && text.chars().all(plain)
                && text.chars().next().is_some_and(|c| begins(&c))
        };
        if !fits(package, char::is_ascii_alphanumeric, 100, "-_.") {
            return Err(format!("{package:?} is not the name of a Python package"));
        }
        if !fits(version, char::is_ascii_digit, 50, ".+!-_") {
            return Err(format!(
                "{version:?} is not the version of a Python package, such as 1.2.3"
            ));
        }
        Ok(Self::Python {
            package: package.to_owned(),
            version: version.to_owned(),
        })
    }
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

/// A definition as lists show it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ListedDefinition {
    pub id: DefinitionId,
    pub name: String,
    pub repository: String,
    pub tag: String,
    pub documentation_url: String,
}

impl From<Definition> for ListedDefinition {
    fn from(definition: Definition) -> Self {
        Self {
            id: definition.id,
            name: definition.name,
            repository: definition.repository,
            tag: definition.tag,
            documentation_url: definition.documentation_url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_read_as_it_is_written() {
        for text in ["native:faker", "python:airbyte-source-x==1.2.3rc1", "image"] {
            let runtime: Runtime = text.parse().expect(text);
            assert_eq!(runtime.to_string(), text);
        }
        for wrong in [
            "",
            "native:",
            "native",
            "docker",
            "manifest",
            "python:airbyte-source-x",
            "python:==1",
            "python:--index-url==1",
            "python:../x==1",
            "python:x==latest",
            "python:x==1 --pre",
            "python:x @ https://example.org/==1",
        ] {
            assert!(wrong.parse::<Runtime>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_kind_is_read_in_any_case() {
        assert_eq!("Source".parse(), Ok(Kind::Source));
        assert!("sources".parse::<Kind>().is_err());
    }
}
