//! What has changed between the catalog of a connection and what its source offers now, and the catalog
//! that follows the change. A change is breaking when a connection can not go on as it is configured: its
//! cursor or a part of its key is gone, or the source's key is another one.

mod following;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::choices::paths;
use crate::domain::stream::StreamChoice;
use crate::protocol::catalog::{
    self, Catalog, ConfiguredCatalog, ConfiguredStream, DestinationSyncMode, Stream,
    StreamDescriptor,
};
pub use following::{Following, follow};

/// What has changed, for people and for what follows.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// New on offer.
    pub added: Vec<StreamDescriptor>,
    /// In the connection, and not on offer any more.
    pub removed: Vec<StreamDescriptor>,
    /// Streams of the connection whose fields have changed.
    pub fields: Vec<(StreamDescriptor, Vec<String>)>,
    /// Why the connection cannot go on.
    pub breaking: Vec<String>,
}

impl Changes {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.fields.is_empty()
            && self.breaking.is_empty()
    }

    /// Each change that breaks nothing, as a sentence.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let added = self
            .added
            .iter()
            .map(|stream| format!("{stream}: new stream"));
        let removed = self
            .removed
            .iter()
            .map(|stream| format!("{stream}: stream removed"));
        added.chain(removed).chain(self.of_fields()).collect()
    }

    /// Those within the streams of the connection.
    #[must_use]
    pub fn of_fields(&self) -> Vec<String> {
        let fields = self.fields.iter().flat_map(|(stream, changes)| {
            changes
                .iter()
                .map(move |change| format!("{stream}: {change}"))
        });
        fields.collect()
    }
}

/// Holds the catalog of a connection against what is on offer. `before` is what was on offer when that was
/// last done: what nobody has chosen is new only once.
#[must_use]
pub fn compare(
    configured: &ConfiguredCatalog,
    choices: &[StreamChoice],
    offer: &Catalog,
    before: Option<&[StreamDescriptor]>,
) -> Changes {
    let mut changes = Changes::default();
    for one in &configured.streams {
        let name = one.stream.descriptor();
        let Some(offered) = on_offer(offer, &name) else {
            changes.removed.push(name);
            continue;
        };
        let selects =
            choice(choices, &name).is_some_and(|choice| !choice.selected_fields.is_empty());
        let (old, mut new) = (
            fields(&one.stream.json_schema),
            fields(&offered.json_schema),
        );
        if selects {
            // Whoever has chosen columns gets no others.
            let columns: HashSet<_> = old
                .keys()
                .filter_map(|path| path.first().cloned())
                .collect();
            new.retain(|path, _| path.first().is_some_and(|column| columns.contains(column)));
        }
        let broken = breaking(one, offered, &old, &new);
        changes
            .breaking
            .extend(broken.into_iter().map(|why| format!("{name}: {why}")));
        let differences = differences(&old, &new);
        if !differences.is_empty() {
            changes.fields.push((name, differences));
        }
    }
    if let Some(before) = before {
        let names = offer.streams.iter().map(Stream::descriptor);
        let known = |name: &StreamDescriptor| {
            before.contains(name)
                || configured
                    .streams
                    .iter()
                    .any(|one| one.stream.descriptor() == *name)
        };
        changes.added = names.filter(|name| !known(name)).collect();
    }
    changes
}

fn on_offer<'a>(offer: &'a Catalog, name: &StreamDescriptor) -> Option<&'a Stream> {
    offer
        .streams
        .iter()
        .find(|stream| stream.descriptor() == *name)
}

/// The choice behind a configured stream. A name that occurs once needs no namespace.
fn choice<'a>(choices: &'a [StreamChoice], name: &StreamDescriptor) -> Option<&'a StreamChoice> {
    let mut named = choices.iter().filter(|choice| choice.name == name.name);
    let own = named
        .clone()
        .find(|choice| choice.namespace.as_deref() == name.space());
    own.or_else(|| named.next())
}

type Fields = BTreeMap<Vec<String>, Value>;

/// Every field of a schema, with what is said of it besides its own fields.
fn fields(schema: &Value) -> Fields {
    let mut found = Fields::new();
    for path in paths(schema) {
        let node = path
            .iter()
            .try_fold(schema, |node, name| node.get("properties")?.get(name));
        let mut kind = node.cloned().unwrap_or_default();
        if let Some(members) = kind.as_object_mut() {
            members
                .retain(|name, _| !matches!(name.as_str(), "properties" | "description" | "title"));
        }
        found.insert(path, kind);
    }
    found
}

fn differences(old: &Fields, new: &Fields) -> Vec<String> {
    let missing = |of: &Fields, from: &Fields, what: &str| -> Vec<String> {
        let paths = of.keys().filter(|path| !from.contains_key(*path));
        paths
            .map(|path| format!("field {} {what}", path.join(".")))
            .collect()
    };
    let mut all = missing(new, old, "added");
    all.extend(missing(old, new, "removed"));
    let retyped = new
        .iter()
        .filter(|(path, kind)| old.get(*path).is_some_and(|old| old != *kind));
    all.extend(retyped.map(|(path, _)| format!("field {} has another type", path.join("."))));
    all
}

fn breaking(one: &ConfiguredStream, offered: &Stream, old: &Fields, new: &Fields) -> Vec<String> {
    let gone = |path: &Vec<String>| old.contains_key(path) && !new.contains_key(path);
    let mut all = Vec::new();
    if one.sync_mode == catalog::SyncMode::Incremental && gone(&one.cursor_field) {
        all.push(format!("its cursor {} is gone", one.cursor_field.join(".")));
    }
    let keyed = matches!(
        one.destination_sync_mode,
        DestinationSyncMode::AppendDedup
            | DestinationSyncMode::OverwriteDedup
            | DestinationSyncMode::Update
    );
    if keyed {
        let lost = one.primary_key.iter().filter(|path| gone(path));
        all.extend(lost.map(|path| format!("{} of its key is gone", path.join("."))));
        let own = offered
            .source_defined_primary_key
            .as_deref()
            .unwrap_or_default();
        let set = |key: &[Vec<String>]| key.iter().cloned().collect::<HashSet<_>>();
        if !own.is_empty() && set(own) != set(&one.primary_key) {
            let key: Vec<_> = own.iter().map(|path| path.join(".")).collect();
            all.push(format!("the source has another key: {}", key.join(", ")));
        }
    }
    all
}
