//! What has changed between the catalog of a connection and what its source offers now, and the catalog
//! that follows the change. A change is breaking when a connection can not go on as it is configured: its
//! cursor or a part of its key is gone, or the source's key is another one.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::choices::{choose, halves, paths};
use crate::domain::stream::{StreamChoice, SyncMode};
use crate::protocol::catalog::{
    self, Catalog, ConfiguredCatalog, ConfiguredStream, DestinationSyncMode, Stream,
    StreamDescriptor,
};

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

/// How far a connection follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// Fields of the streams that it has.
    Fields,
    /// New and removed streams, too.
    Everything,
}

/// The choices and the catalog that follow the changes, none of which is breaking.
///
/// # Errors
/// Why that cannot be.
pub fn follow(
    configured: &ConfiguredCatalog,
    choices: &[StreamChoice],
    offer: &Catalog,
    written: &[DestinationSyncMode],
    changes: &Changes,
    following: Following,
) -> Result<(Vec<StreamChoice>, ConfiguredCatalog), String> {
    let (mut choices, mut catalog) = (choices.to_vec(), configured.clone());
    for (name, _) in &changes.fields {
        let Some(offered) = on_offer(offer, name) else {
            continue;
        };
        let place = catalog
            .streams
            .iter_mut()
            .find(|one| one.stream.descriptor() == *name);
        let Some(place) = place else { continue };
        let known = choices
            .iter()
            .position(|one| choice(&choices, name).is_some_and(|own| std::ptr::eq(own, one)));
        let mut wish = known.map_or_else(|| wish(place), |index| choices[index].clone());
        prune(&mut wish, offered)?;
        *place = configure(offered, &wish, written)?;
        if let Some(index) = known {
            choices[index].selected_fields = wish.selected_fields;
        }
    }
    if following == Following::Everything {
        for name in &changes.removed {
            let own = choice(&choices, name).cloned();
            choices.retain(|one| Some(one) != own.as_ref());
            catalog
                .streams
                .retain(|one| one.stream.descriptor() != *name);
        }
        for name in &changes.added {
            let Some(offered) = on_offer(offer, name) else {
                continue;
            };
            let wish = usual(offered, written);
            catalog.streams.push(configure(offered, &wish, written)?);
            choices.push(wish);
        }
        if catalog.streams.is_empty() {
            return Err(
                "the source offers none of the streams of the connection any more".to_owned(),
            );
        }
    }
    Ok((choices, catalog))
}

/// Selected columns that are gone are not selected any more.
fn prune(wish: &mut StreamChoice, offered: &Stream) -> Result<(), String> {
    if offered.source_defined_cursor == Some(true) {
        // The source knows best.
        wish.cursor_field.clear();
    }
    if wish.selected_fields.is_empty() {
        return Ok(());
    }
    let known = paths(&offered.json_schema);
    wish.selected_fields
        .retain(|field| known.contains(&field.field_path));
    if wish.selected_fields.is_empty() {
        // None selected would mean all of them.
        return Err(format!(
            "{}: none of the selected columns is left",
            wish.name
        ));
    }
    Ok(())
}

fn configure(
    offered: &Stream,
    wish: &StreamChoice,
    written: &[DestinationSyncMode],
) -> Result<ConfiguredStream, String> {
    let alone = Catalog {
        streams: vec![offered.clone()],
    };
    let mut catalog = choose(&alone, std::slice::from_ref(wish), written).map_err(|faults| {
        let sentences: Vec<_> = faults.into_iter().map(|fault| fault.message).collect();
        sentences.join("; ")
    })?;
    catalog
        .streams
        .pop()
        .ok_or_else(|| format!("{}: there is nothing of it", wish.name))
}

/// The choice that leads to a configured stream.
fn wish(one: &ConfiguredStream) -> StreamChoice {
    let wanted = (one.sync_mode, one.destination_sync_mode);
    StreamChoice {
        sync_mode: MODES.into_iter().find(|mode| halves(*mode) == wanted),
        cursor_field: one.cursor_field.clone(),
        primary_key: one.primary_key.clone(),
        ..StreamChoice::named(&one.stream.name, one.stream.namespace.clone())
    }
}

const MODES: [SyncMode; 9] = [
    SyncMode::FullRefreshOverwrite,
    SyncMode::FullRefreshOverwriteDeduped,
    SyncMode::FullRefreshAppend,
    SyncMode::FullRefreshUpdate,
    SyncMode::FullRefreshSoftDelete,
    SyncMode::IncrementalAppend,
    SyncMode::IncrementalDedupedHistory,
    SyncMode::IncrementalUpdate,
    SyncMode::IncrementalSoftDelete,
];

/// How a new stream is taken when nobody says.
fn usual(offered: &Stream, written: &[DestinationSyncMode]) -> StreamChoice {
    let reads = |mode| offered.supported_sync_modes.contains(&mode);
    let own_cursor = offered.source_defined_cursor == Some(true);
    let own_key = offered
        .source_defined_primary_key
        .as_ref()
        .is_some_and(|key| !key.is_empty());
    let incremental = own_cursor && reads(catalog::SyncMode::Incremental);
    let mode = if incremental && own_key && written.contains(&DestinationSyncMode::AppendDedup) {
        SyncMode::IncrementalDedupedHistory
    } else if incremental && !reads(catalog::SyncMode::FullRefresh) {
        SyncMode::IncrementalAppend
    } else {
        SyncMode::FullRefreshOverwrite
    };
    StreamChoice {
        sync_mode: Some(mode),
        ..StreamChoice::named(&offered.name, offered.namespace.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WRITTEN: &[DestinationSyncMode] = &[
        DestinationSyncMode::Append,
        DestinationSyncMode::Overwrite,
        DestinationSyncMode::AppendDedup,
    ];

    fn stream(name: &str, fields: &[(&str, &str)]) -> Value {
        let fields: serde_json::Map<_, _> = fields
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind })))
            .collect();
        json!({ "name": name, "json_schema": { "type": "object", "properties": fields },
                "supported_sync_modes": ["full_refresh", "incremental"] })
    }

    fn offer(streams: &[Value]) -> Catalog {
        serde_json::from_value(json!({ "streams": streams })).expect("a catalog")
    }

    fn choices(all: Value) -> Vec<StreamChoice> {
        serde_json::from_value(all).expect("choices")
    }

    /// A connection with one stream, made from this offer.
    fn connection(wish: &Value, from: &Catalog) -> (Vec<StreamChoice>, ConfiguredCatalog) {
        let choices = choices(json!([wish]));
        let catalog = choose(from, &choices, WRITTEN).expect("it fits");
        (choices, catalog)
    }

    fn dedup() -> Value {
        json!({ "name": "users", "syncMode": "incremental_deduped_history", "cursorField": ["at"],
                "primaryKey": [["id"]] })
    }

    #[test]
    fn changes_are_told_by_field_and_those_that_break_apart() {
        let before = offer(&[stream(
            "users",
            &[("id", "integer"), ("at", "string"), ("name", "string")],
        )]);
        let (choices, configured) = connection(&dedup(), &before);
        let mut keyed = stream(
            "users",
            &[("id", "integer"), ("at", "string"), ("name", "string")],
        );
        keyed["source_defined_primary_key"] = json!([["name"]]);
        for (now, sentences, breaking) in [
            (
                stream(
                    "users",
                    &[("id", "integer"), ("at", "string"), ("name", "string")],
                ),
                &[][..],
                &[][..],
            ),
            (
                stream(
                    "users",
                    &[("id", "string"), ("at", "string"), ("age", "integer")],
                ),
                &[
                    "users: field age added",
                    "users: field name removed",
                    "users: field id has another type",
                ],
                &[],
            ),
            (
                stream("users", &[("id", "integer"), ("name", "string")]),
                &["users: field at removed"],
                &["users: its cursor at is gone"],
            ),
            (
                stream("users", &[("at", "string"), ("name", "string")]),
                &["users: field id removed"],
                &["users: id of its key is gone"],
            ),
            (keyed, &[], &["users: the source has another key: name"]),
            (stream("people", &[]), &["users: stream removed"], &[]),
        ] {
            let changes = compare(&configured, &choices, &offer(&[now]), None);
            assert_eq!(changes.sentences(), sentences);
            assert_eq!(changes.breaking, breaking);
        }
    }

    #[test]
    fn a_cursor_that_is_not_used_breaks_nothing() {
        let before = offer(&[stream("users", &[("id", "integer"), ("at", "string")])]);
        let wish = json!({ "name": "users", "cursorField": ["at"], "primaryKey": [["id"]] });
        let (choices, configured) = connection(&wish, &before);
        let changes = compare(&configured, &choices, &offer(&[stream("users", &[])]), None);
        assert_eq!((changes.fields.len(), changes.breaking), (1, Vec::new()));
    }

    #[test]
    fn what_nobody_chose_is_new_only_when_it_was_not_on_offer_before() {
        let before = offer(&[stream("users", &[]), stream("orders", &[])]);
        let (choices, configured) = connection(&json!({ "name": "users" }), &before);
        let now = offer(&[
            stream("users", &[]),
            stream("orders", &[]),
            stream("items", &[]),
        ]);
        assert!(compare(&configured, &choices, &now, None).is_empty());
        let names: Vec<_> = before.streams.iter().map(Stream::descriptor).collect();
        let changes = compare(&configured, &choices, &now, Some(&names));
        assert_eq!(changes.sentences(), ["items: new stream"]);
    }

    #[test]
    fn a_selection_of_columns_stays_one() {
        let before = offer(&[stream(
            "users",
            &[("id", "integer"), ("a", "string"), ("b", "string")],
        )]);
        let wish = json!({ "name": "users", "selectedFields": [{ "fieldPath": ["id"] }, { "fieldPath": ["a"] }] });
        let (choices, configured) = connection(&wish, &before);
        let more = offer(&[stream(
            "users",
            &[("id", "integer"), ("a", "string"), ("c", "string")],
        )]);
        assert!(compare(&configured, &choices, &more, None).is_empty());
        let less = offer(&[stream("users", &[("id", "integer"), ("c", "string")])]);
        let changes = compare(&configured, &choices, &less, None);
        assert_eq!(changes.sentences(), ["users: field a removed"]);
        let (choices, followed) = follow(
            &configured,
            &choices,
            &less,
            WRITTEN,
            &changes,
            Following::Fields,
        )
        .expect("it follows");
        assert_eq!(
            followed.streams[0].stream.json_schema["properties"],
            json!({ "id": { "type": "integer" } })
        );
        assert_eq!(
            serde_json::to_value(&choices[0].selected_fields).expect("JSON"),
            json!([{ "fieldPath": ["id"] }])
        );
        let none = offer(&[stream("users", &[("c", "string")])]);
        let changes = compare(&followed, &choices, &none, None);
        let refused = follow(
            &followed,
            &choices,
            &none,
            WRITTEN,
            &changes,
            Following::Fields,
        );
        assert_eq!(
            refused.expect_err("refused"),
            "users: none of the selected columns is left"
        );
    }

    #[test]
    fn a_connection_follows_as_far_as_it_should() {
        let before = offer(&[
            stream("users", &[("id", "integer"), ("at", "string")]),
            stream("old", &[]),
        ]);
        let list = choices(json!([dedup(), { "name": "old" }]));
        let configured = choose(&before, &list, WRITTEN).expect("it fits");
        let mut own = stream("events", &[("id", "integer"), ("at", "string")]);
        own["source_defined_cursor"] = json!(true);
        own["default_cursor_field"] = json!(["at"]);
        own["source_defined_primary_key"] = json!([["id"]]);
        let users = stream(
            "users",
            &[("id", "integer"), ("at", "string"), ("age", "integer")],
        );
        let now = offer(&[users, own, stream("plain", &[])]);
        let names: Vec<_> = before.streams.iter().map(Stream::descriptor).collect();
        let changes = compare(&configured, &list, &now, Some(&names));
        let shown = |following| {
            let (list, catalog) =
                follow(&configured, &list, &now, WRITTEN, &changes, following).expect("it follows");
            assert_eq!(list.len(), catalog.streams.len());
            let modes = catalog.streams.iter().map(|one| {
                let columns = one.stream.json_schema["properties"]
                    .as_object()
                    .map_or(0, serde_json::Map::len);
                format!(
                    "{} {:?} {columns}",
                    one.stream.name, one.destination_sync_mode
                )
            });
            modes.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            shown(Following::Fields),
            "users AppendDedup 3, old Overwrite 0"
        );
        assert_eq!(
            shown(Following::Everything),
            "users AppendDedup 3, events AppendDedup 2, plain Overwrite 0"
        );
    }
}
