//! Sources and destinations: a connector that was chosen, named and configured. They are one thing in
//! two kinds, so that everything about them is said once.

use serde::Deserialize;
use serde_json::Value;

use super::definition::{Definition, Kind};
use super::ids::{ActorId, DefinitionId, OrganizationId, WorkspaceId};
use crate::clock::Timestamp;

/// A source or a destination, gone or not.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Actor {
    pub id: ActorId,
    pub kind: Kind,
    /// Of its workspace.
    pub organization_id: OrganizationId,
    pub workspace_id: WorkspaceId,
    pub definition_id: DefinitionId,
    pub name: String,
    /// What its connector is called: see [`short_name`].
    pub short_name: String,
    /// JSON text with masks in the places of secrets, as readers see it.
    pub configuration: String,
    /// Changes whenever the configuration does, secrets included.
    pub fingerprint: Vec<u8>,
    /// [`super::resources::ScopedResourceRequirements`] as JSON text.
    pub resource_allocation: Option<String>,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A source or a destination as lists show it: every column costs, twenty times a page.
#[derive(Debug, Clone, Deserialize)]
pub struct ListedActor {
    pub id: ActorId,
    pub workspace_id: WorkspaceId,
    pub definition_id: DefinitionId,
    pub name: String,
    pub short_name: String,
    #[serde(skip)]
    pub configuration: String,
    pub resource_allocation: Option<String>,
    pub created_at: Timestamp,
}

impl From<Actor> for ListedActor {
    fn from(whole: Actor) -> Self {
        Self {
            id: whole.id,
            workspace_id: whole.workspace_id,
            definition_id: whole.definition_id,
            name: whole.name,
            short_name: whole.short_name,
            configuration: whole.configuration,
            resource_allocation: whole.resource_allocation,
            created_at: whole.created_at,
        }
    }
}

/// What answers call the connector of a definition: `faker` for `airbyte/source-faker`. A definition that
/// somebody brought has no short name of its own; then the last part of its repository serves.
#[must_use]
pub fn short_name(definition: &Definition) -> String {
    if !definition.short_name.is_empty() {
        return definition.short_name.clone();
    }
    let repository = definition.repository.trim_end_matches('/');
    let last = repository.rsplit('/').next().unwrap_or(repository);
    let prefix = format!("{}-", definition.kind.as_str());
    let name = last.strip_prefix(&prefix).unwrap_or(last);
    if name.is_empty() {
        definition.kind.as_str().to_owned()
    } else {
        name.to_owned()
    }
}

/// The name of a connector inside a configuration, as in `configuration.sourceType`.
#[must_use]
pub fn tag(kind: Kind, configuration: &Value) -> Option<&str> {
    configuration.get(kind.type_key())?.as_str()
}

/// The configuration as its connector gets it: the tag is between the caller and us.
#[must_use]
pub fn without_tag(kind: Kind, mut configuration: Value) -> Value {
    if let Some(members) = configuration.as_object_mut() {
        members.shift_remove(kind.type_key());
    }
    configuration
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::definition::Runtime;

    fn definition(short_name: &str, repository: &str) -> Definition {
        Definition {
            id: uuid::Uuid::nil().into(),
            kind: Kind::Source,
            workspace_id: None,
            name: "Pets".to_owned(),
            short_name: short_name.to_owned(),
            repository: repository.to_owned(),
            tag: "1".to_owned(),
            documentation_url: String::new(),
            runtime: Runtime::Image,
            manifest_version: None,
            deleted_at: None,
        }
    }

    #[test]
    fn every_connector_has_a_short_name() {
        for (short, repository, expected) in [
            ("faker", "airbyte/source-faker", "faker"),
            ("", "airbyte/source-faker", "faker"),
            ("", "registry.example.org:5000/team/source-pets", "pets"),
            ("", "pets", "pets"),
            ("", "team/destination-pets", "destination-pets"),
            ("", "team/source-", "source"),
            ("", "", "source"),
        ] {
            assert_eq!(short_name(&definition(short, repository)), expected);
        }
    }

    #[test]
    fn the_tag_is_taken_from_the_top_only() {
        let configuration =
            json!({ "a": 1, "sourceType": "faker", "in": { "sourceType": "x" }, "z": 2 });
        assert_eq!(tag(Kind::Source, &configuration), Some("faker"));
        assert_eq!(tag(Kind::Destination, &configuration), None);
        let bare = without_tag(Kind::Source, configuration);
        assert_eq!(bare.to_string(), r#"{"a":1,"in":{"sourceType":"x"},"z":2}"#);
    }
}
