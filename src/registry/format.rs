//! The format of the public registry: one object with `sources` and `destinations`. An entry that lacks
//! something needed is left out and named; the rest of the file is good all the same.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::definition::Kind;
use crate::domain::ids::DefinitionId;
use crate::protocol::message::Specification;

/// What is kept of an entry besides its columns; the rest of it is about making connectors.
const FACTS: &[&str] = &[
    "allowedHosts",
    "dockerImageTag",
    "iconUrl",
    "language",
    "license",
    "maxSecondsBetweenMessages",
    "protocolVersion",
    "releaseStage",
    "remoteRegistries",
    "resourceRequirements",
    "suggestedStreams",
    "supportLevel",
    "supportsFileTransfer",
    "supportsRefreshes",
    "tags",
];

/// A public connector.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: DefinitionId,
    pub kind: Kind,
    pub name: String,
    pub repository: String,
    pub tag: String,
    /// Empty when unknown.
    pub documentation_url: String,
    pub facts: Map<String, Value>,
    pub specification: Option<Specification>,
}

impl Entry {
    /// As in `configuration.sourceType`: the repository without its prefix. Empty for others' images.
    #[must_use]
    pub fn short_name(&self) -> &str {
        let prefix = match self.kind {
            Kind::Source => "airbyte/source-",
            Kind::Destination => "airbyte/destination-",
        };
        self.repository.strip_prefix(prefix).unwrap_or_default()
    }
}

/// The package of the Python index that a connector is published in, from its facts.
#[must_use]
pub fn package(facts: &Map<String, Value>) -> Option<&str> {
    let index = facts.get("remoteRegistries")?.get("pypi")?;
    if index["enabled"] != true {
        return None;
    }
    index["packageName"].as_str()
}

/// A file, read.
#[derive(Debug)]
pub struct Parsed {
    pub entries: Vec<Entry>,
    /// What could not be read, and why.
    pub left_out: Vec<String>,
}

/// Reads a file of the registry.
///
/// # Errors
/// A sentence, when the file is something else.
pub fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    #[derive(Deserialize)]
    struct File {
        sources: Vec<Map<String, Value>>,
        destinations: Vec<Map<String, Value>>,
    }
    let file: File = serde_json::from_slice(bytes)
        .map_err(|error| format!("this is no file in the registry's format: {error}"))?;
    let mut parsed = Parsed {
        entries: Vec::with_capacity(file.sources.len() + file.destinations.len()),
        left_out: Vec::new(),
    };
    for (kind, entries) in [
        (Kind::Source, file.sources),
        (Kind::Destination, file.destinations),
    ] {
        for fields in entries {
            // What is withdrawn is not added; one that is there stays, since sources may be made of it.
            if fields.get("tombstone") == Some(&Value::Bool(true)) {
                continue;
            }
            let named = fields.get("name").and_then(Value::as_str).unwrap_or("?");
            match entry(kind, &fields) {
                Ok(entry) => parsed.entries.push(entry),
                Err(why) => parsed.left_out.push(format!("{named}: {why}")),
            }
        }
    }
    Ok(parsed)
}

fn entry(kind: Kind, fields: &Map<String, Value>) -> Result<Entry, String> {
    let text = |name: &str| {
        fields
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty() && !text.contains('\0'))
            .ok_or_else(|| format!("{name} is missing"))
    };
    let id = text(&format!("{}DefinitionId", kind.as_str()))?;
    let specification = match fields.get("spec") {
        None | Some(Value::Null) => None,
        Some(spec) => Some(
            Specification::deserialize(spec)
                .map_err(|error| format!("spec cannot be read: {error}"))?,
        ),
    };
    let fact = |name: &&str| Some(((*name).to_owned(), fields.get(*name)?.clone()));
    Ok(Entry {
        id: id.parse()?,
        kind,
        name: text("name")?.to_owned(),
        repository: text("dockerRepository")?.to_owned(),
        tag: text("dockerImageTag")?.to_owned(),
        documentation_url: text("documentationUrl").unwrap_or_default().to_owned(),
        facts: FACTS.iter().filter_map(fact).collect(),
        specification,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_that_cannot_be_read_is_named_and_the_others_are_taken() {
        let good = json!({
            "sourceDefinitionId": "11111111-1111-4111-8111-111111111111",
            "name": "Good", "dockerRepository": "airbyte/source-good", "dockerImageTag": "1.0.0",
            "documentationUrl": "https://example.org/good", "license": "MIT", "generated": { "large": true },
            "remoteRegistries": { "pypi": { "enabled": true, "packageName": "airbyte-source-good" } },
            "spec": { "connectionSpecification": {}, "supportsIncremental": true },
        });
        let lacking =
            json!({ "sourceDefinitionId": "11111111-1111-4111-8111-111111111112", "name": "Bad" });
        let withdrawn = json!({ "name": "Old", "tombstone": true });
        let file = json!({ "sources": [good, lacking, withdrawn], "destinations": [] });
        let parsed = parse(file.to_string().as_bytes()).expect("a file");
        assert_eq!(parsed.left_out, ["Bad: dockerRepository is missing"]);
        let [entry] = &parsed.entries[..] else {
            panic!("{parsed:?}")
        };
        assert_eq!(entry.short_name(), "good");
        assert_eq!(package(&entry.facts), Some("airbyte-source-good"));
        assert_eq!(entry.facts.get("license"), Some(&json!("MIT")));
        assert!(!entry.facts.contains_key("generated"));
        let specification = entry.specification.as_ref().expect("one");
        assert_eq!(specification.rest["supportsIncremental"], true);
    }

    #[test]
    fn a_package_that_is_switched_off_is_none() {
        let facts =
            json!({ "remoteRegistries": { "pypi": { "enabled": false, "packageName": "x" } } });
        assert_eq!(package(facts.as_object().expect("facts")), None);
    }

    #[test]
    fn other_files_are_refused() {
        for wrong in ["", "[]", "{}", "<html>", "{\"sources\":[]}"] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
