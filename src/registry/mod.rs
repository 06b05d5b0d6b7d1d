//! Facts about public connectors: the snapshot that this program carries, and the format of the public
//! registry, in which the snapshot is written too, so that one parser reads both. What is stored of
//! them, and when, is the business of `ops::registry`.

mod format;

pub use format::{Entry, Parsed, package, parse};

/// The connectors known without a network; `make_snapshot.py` makes it.
pub const SNAPSHOT: &str = include_str!("snapshot.json");
/// Its SHA-256, so that a start need not compute it.
pub const DIGEST: &str = include_str!("snapshot.sha256").trim_ascii();

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fmt::Write as _;

    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::domain::definition::Kind;

    #[test]
    fn the_snapshot_is_sound() {
        let mut digest = String::new();
        for byte in Sha256::digest(SNAPSHOT.as_bytes()) {
            let _ = write!(digest, "{byte:02x}");
        }
        assert_eq!(digest, DIGEST, "run make_snapshot.py");
        let parsed = parse(SNAPSHOT.as_bytes()).expect("the registry's format");
        assert_eq!(parsed.left_out, Vec::<String>::new());
        let entries = parsed.entries;
        assert!(entries.len() >= 40, "{}", entries.len());
        let ids: HashSet<_> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), entries.len());
        let names: HashSet<_> = entries
            .iter()
            .map(|entry| (entry.kind, entry.short_name()))
            .collect();
        assert_eq!(names.len(), entries.len());
    }

    #[test]
    fn every_specification_of_the_snapshot_is_a_schema_with_marked_secrets() {
        let entries = parse(SNAPSHOT.as_bytes())
            .expect("the registry's format")
            .entries;
        let mut specified = 0;
        for entry in entries {
            let Some(specification) = &entry.specification else {
                continue;
            };
            specified += 1;
            let schema = &specification.connection_specification;
            assert_eq!(schema["type"], "object", "{}", entry.repository);
            jsonschema::draft7::new(schema).expect(&entry.repository);
            assert!(
                jsonschema::draft7::meta::is_valid(schema),
                "{}",
                entry.repository
            );
            let text = schema.to_string();
            if text.contains("\"password\"") || text.contains("secret\":{") {
                assert!(
                    text.contains("\"airbyte_secret\":true"),
                    "{}",
                    entry.repository
                );
            }
            if entry.kind == Kind::Destination {
                let modes = &specification.rest["supported_destination_sync_modes"];
                assert!(modes.as_array().is_some_and(|modes| !modes.is_empty()));
            }
        }
        assert!(specified >= 40, "{specified}");
    }
}
