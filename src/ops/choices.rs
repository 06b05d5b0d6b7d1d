//! Which of a source's streams a connection takes, and how: what was asked for, held against what the
//! source offers and the destination can do. The outcome is the catalog that both are given.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::domain::stream::{StreamChoice, SyncMode};
use crate::error::Fault;
use crate::protocol::catalog::{
    self, Catalog, ConfiguredCatalog, ConfiguredStream, DestinationSyncMode, Stream,
};

/// The most fields that all streams of a connection may have together.
const MOST_FIELDS: usize = 20_000;

/// Every stream on offer, as it is taken when nothing else is asked for.
#[must_use]
pub fn everything(offer: &Catalog) -> Vec<StreamChoice> {
    let whole = |stream: &Stream| StreamChoice::named(&stream.name, stream.namespace.clone());
    offer.streams.iter().map(whole).collect()
}

/// The catalog for these choices, in their order.
///
/// # Errors
/// Every fault that was found, each at its place below `/configurations/streams`.
pub fn choose(
    offer: &Catalog,
    choices: &[StreamChoice],
    supported: &[DestinationSyncMode],
) -> Result<ConfiguredCatalog, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut streams = Vec::with_capacity(choices.len());
    let mut taken = HashSet::new();
    let mut fields = 0;
    for (index, choice) in choices.iter().enumerate() {
        let place = Place { index, choice };
        let stream = match found(offer, choice) {
            Ok(stream) => stream,
            Err(why) => {
                faults.push(place.fault("name", &why));
                continue;
            }
        };
        if !taken.insert((
            stream.namespace.as_deref().unwrap_or_default(),
            &stream.name,
        )) {
            faults.push(place.fault("name", "is listed twice"));
            continue;
        }
        match configured(&place, stream, supported) {
            Ok(configured) => {
                fields += properties(&configured.stream.json_schema).len();
                streams.push(configured);
            }
            Err(mut found) => faults.append(&mut found),
        }
    }
    if fields > MOST_FIELDS {
        let why = format!("the streams have {fields} fields together; {MOST_FIELDS} is the most");
        faults.push(Fault::in_body("/configurations/streams", why));
    }
    if faults.is_empty() {
        Ok(ConfiguredCatalog { streams })
    } else {
        Err(faults)
    }
}

/// Where a choice stands in the request.
struct Place<'a> {
    index: usize,
    choice: &'a StreamChoice,
}

impl Place<'_> {
    fn fault(&self, field: &str, why: &str) -> Fault {
        let pointer = format!("/configurations/streams/{}/{field}", self.index);
        Fault::in_body(pointer, format!("stream {}: {why}", self.choice.name))
    }
}

/// The stream on offer. A name that occurs once is found whatever namespace was sent with it.
fn found<'a>(offer: &'a Catalog, choice: &StreamChoice) -> Result<&'a Stream, String> {
    let named: Vec<_> = offer
        .streams
        .iter()
        .filter(|stream| stream.name == choice.name)
        .collect();
    match named.as_slice() {
        [] => Err("the source offers no such stream; GET /streams lists what it offers".to_owned()),
        [stream] => Ok(stream),
        several => {
            let wanted = choice.namespace.as_deref().unwrap_or_default();
            let own = |stream: &&&Stream| stream.namespace.as_deref().unwrap_or_default() == wanted;
            several.iter().find(own).copied().ok_or_else(|| {
                "the source offers it in several namespaces; name one of them in namespace"
                    .to_owned()
            })
        }
    }
}

fn configured(
    place: &Place<'_>,
    stream: &Stream,
    supported: &[DestinationSyncMode],
) -> Result<ConfiguredStream, Vec<Fault>> {
    let choice = place.choice;
    let mode = choice.mode();
    let (source_mode, destination_mode) = halves(mode);
    let mut faults = Vec::new();
    if mode != SyncMode::FullRefreshOverwrite {
        if !stream.supported_sync_modes.contains(&source_mode) {
            faults.push(place.fault("syncMode", "the source cannot read it in this mode"));
        }
        if !supported.contains(&destination_mode) {
            faults.push(place.fault("syncMode", "the destination cannot write in this mode"));
        }
    }
    let paths = paths(&stream.json_schema);
    let cursor_field = cursor(place, stream, &paths, &mut faults);
    let primary_key = primary_key(place, stream, &paths, &mut faults);
    let mut stream = stream.clone();
    select(
        place,
        &mut stream.json_schema,
        &cursor_field,
        &primary_key,
        &mut faults,
    );
    fit_mappers(place, &stream.json_schema, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(ConfiguredStream {
        stream,
        sync_mode: source_mode,
        cursor_field,
        destination_sync_mode: destination_mode,
        primary_key,
        generation_id: None,
        minimum_generation_id: None,
        sync_id: None,
    })
}

/// What a mode means for the source and for the destination.
#[must_use]
pub fn halves(mode: SyncMode) -> (catalog::SyncMode, DestinationSyncMode) {
    use catalog::SyncMode::{FullRefresh, Incremental};
    match mode {
        SyncMode::FullRefreshOverwrite => (FullRefresh, DestinationSyncMode::Overwrite),
        SyncMode::FullRefreshOverwriteDeduped => (FullRefresh, DestinationSyncMode::OverwriteDedup),
        SyncMode::FullRefreshAppend => (FullRefresh, DestinationSyncMode::Append),
        SyncMode::FullRefreshUpdate => (FullRefresh, DestinationSyncMode::Update),
        SyncMode::FullRefreshSoftDelete => (FullRefresh, DestinationSyncMode::SoftDelete),
        SyncMode::IncrementalAppend => (Incremental, DestinationSyncMode::Append),
        SyncMode::IncrementalDedupedHistory => (Incremental, DestinationSyncMode::AppendDedup),
        SyncMode::IncrementalUpdate => (Incremental, DestinationSyncMode::Update),
        SyncMode::IncrementalSoftDelete => (Incremental, DestinationSyncMode::SoftDelete),
    }
}

/// The cursor that is used: the source's own, else the one asked for, else the usual one.
fn cursor(
    place: &Place<'_>,
    stream: &Stream,
    paths: &HashSet<Vec<String>>,
    faults: &mut Vec<Fault>,
) -> Vec<String> {
    let wanted = &place.choice.cursor_field;
    let usual = stream.default_cursor_field.clone().unwrap_or_default();
    if !place.choice.mode().is_incremental() {
        return usual;
    }
    if stream.source_defined_cursor == Some(true) {
        if !wanted.is_empty() && !usual.is_empty() && *wanted != usual {
            let why = format!("the source defines the cursor: {}", usual.join("."));
            faults.push(place.fault("cursorField", &why));
        }
        return usual;
    }
    if wanted.is_empty() {
        if usual.is_empty() {
            faults.push(place.fault("cursorField", "is required in this mode"));
        }
        return usual;
    }
    if !paths.contains(wanted) {
        let why = format!("there is no field {}", wanted.join("."));
        faults.push(place.fault("cursorField", &why));
    }
    wanted.clone()
}

/// The key that is used: the source's own, else the one asked for.
fn primary_key(
    place: &Place<'_>,
    stream: &Stream,
    paths: &HashSet<Vec<String>>,
    faults: &mut Vec<Fault>,
) -> Vec<Vec<String>> {
    let wanted = &place.choice.primary_key;
    let own = stream
        .source_defined_primary_key
        .clone()
        .unwrap_or_default();
    if !place.choice.mode().needs_primary_key() {
        return if own.is_empty() { wanted.clone() } else { own };
    }
    let unlike = |one: &Vec<Vec<String>>, other: &Vec<Vec<String>>| {
        one.iter().collect::<HashSet<_>>() != other.iter().collect::<HashSet<_>>()
    };
    if !own.is_empty() {
        if !wanted.is_empty() && unlike(wanted, &own) {
            faults.push(place.fault("primaryKey", "the source defines another primary key"));
        }
        return own;
    }
    if wanted.is_empty() {
        faults.push(place.fault("primaryKey", "is required in this mode"));
    }
    for path in wanted {
        if path.iter().collect::<HashSet<_>>().len() != path.len() {
            faults.push(place.fault("primaryKey", "a path names a field twice"));
        } else if !paths.contains(path) {
            let why = format!("there is no field {}", path.join("."));
            faults.push(place.fault("primaryKey", &why));
        }
    }
    wanted.clone()
}

/// Leaves only the selected columns in the schema.
fn select(
    place: &Place<'_>,
    schema: &mut Value,
    cursor: &[String],
    key: &[Vec<String>],
    faults: &mut Vec<Fault>,
) {
    let selected = &place.choice.selected_fields;
    if selected.is_empty() {
        return;
    }
    let known = properties(schema);
    let mut kept = HashSet::new();
    for field in selected {
        match field.field_path.as_slice() {
            [] => faults.push(place.fault("selectedFields", "a fieldPath is empty")),
            [name] if !known.contains_key(name) => {
                faults.push(place.fault("selectedFields", &format!("there is no field {name}")));
            }
            [name] if !kept.insert(name.clone()) => {
                faults.push(place.fault("selectedFields", &format!("{name} is listed twice")));
            }
            [_] => {}
            _ => faults.push(place.fault("selectedFields", "only whole columns can be selected")),
        }
    }
    let mode = place.choice.mode();
    let mut needed = Vec::new();
    if mode.is_incremental() {
        needed.extend(cursor.first());
    }
    if mode.needs_primary_key() {
        needed.extend(key.iter().filter_map(|path| path.first()));
    }
    for name in needed.into_iter().filter(|name| !kept.contains(*name)) {
        let why = format!("{name} is needed in this mode, as cursor or key");
        faults.push(place.fault("selectedFields", &why));
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| kept.contains(name));
    }
}

fn fit_mappers(place: &Place<'_>, schema: &Value, faults: &mut Vec<Fault>) {
    let mut fields: Vec<String> = properties(schema).keys().cloned().collect();
    for (index, mapper) in place.choice.mappers.iter().enumerate() {
        if let Err((misfit, why)) = mapper.deed.reshape(&mut fields) {
            let why = format!("{}: {why}", misfit.as_str());
            faults.push(place.fault(&format!("mappers/{index}"), &why));
        }
    }
}

/// The top-level properties of a stream's schema.
fn properties(schema: &Value) -> Map<String, Value> {
    let found = schema.get("properties").and_then(Value::as_object);
    found.cloned().unwrap_or_default()
}

/// Every path of properties in a schema, top-level ones and those of objects inside objects.
#[must_use]
pub fn paths(schema: &Value) -> HashSet<Vec<String>> {
    let mut found = HashSet::new();
    descend(schema, &mut Vec::new(), &mut found);
    found
}

fn descend(schema: &Value, path: &mut Vec<String>, found: &mut HashSet<Vec<String>>) {
    for (name, inner) in properties(schema) {
        path.push(name);
        found.insert(path.clone());
        descend(&inner, path, found);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: &[DestinationSyncMode] = &[
        DestinationSyncMode::Append,
        DestinationSyncMode::Overwrite,
        DestinationSyncMode::AppendDedup,
    ];

    fn offer() -> Catalog {
        let schema = json!({"type": "object", "properties": {
            "id": {"type": "integer"}, "at": {"type": "string"}, "name": {"type": "string"},
            "home": {"type": "object", "properties": {"city": {"type": "string"}}},
        }});
        serde_json::from_value(json!({"streams": [
            {"name": "users", "json_schema": schema, "supported_sync_modes": ["full_refresh", "incremental"]},
            {"name": "orders", "json_schema": schema, "supported_sync_modes": ["full_refresh", "incremental"],
             "source_defined_cursor": true, "default_cursor_field": ["at"], "source_defined_primary_key": [["id"]]},
            {"name": "log", "namespace": "a", "json_schema": schema, "supported_sync_modes": ["full_refresh"]},
            {"name": "log", "namespace": "b", "json_schema": schema, "supported_sync_modes": ["full_refresh"]},
        ]}))
        .expect("a catalog")
    }

    /// What comes of one choice: mode halves, cursor, key and columns, or the faults.
    fn outcome(choice: Value) -> String {
        let choice: StreamChoice = serde_json::from_value(choice).expect("a choice");
        match choose(&offer(), &[choice], ALL) {
            Ok(catalog) => {
                let stream = &catalog.streams[0];
                let columns: Vec<_> = properties(&stream.stream.json_schema)
                    .keys()
                    .cloned()
                    .collect();
                format!(
                    "{:?} {:?} cursor {} key {} columns {}",
                    stream.sync_mode,
                    stream.destination_sync_mode,
                    stream.cursor_field.join("."),
                    stream
                        .primary_key
                        .iter()
                        .map(|path| path.join("."))
                        .collect::<Vec<_>>()
                        .join("+"),
                    columns.join(" ")
                )
            }
            Err(faults) => faults
                .iter()
                .map(|fault| {
                    format!(
                        "{} {}",
                        fault.pointer.rsplit("/0/").next().unwrap_or_default(),
                        fault.message
                    )
                })
                .collect::<Vec<_>>()
                .join("; "),
        }
    }

    #[test]
    fn choices_become_a_catalog_or_faults_that_name_their_place() {
        let fields = |names: &[&str]| {
            json!(
                names
                    .iter()
                    .map(|name| json!({"fieldPath": [name]}))
                    .collect::<Vec<_>>()
            )
        };
        for (choice, expected) in [
            (
                json!({"name": "users"}),
                "FullRefresh Overwrite cursor  key  columns id at name home",
            ),
            (
                json!({"name": "users", "namespace": "whatever"}),
                "FullRefresh Overwrite cursor  key  columns id at name home",
            ),
            (
                json!({"name": "ghosts"}),
                "name stream ghosts: the source offers no such stream; GET /streams lists what it offers",
            ),
            (
                json!({"name": "log"}),
                "name stream log: the source offers it in several namespaces; name one of them in namespace",
            ),
            (
                json!({"name": "log", "namespace": "b"}),
                "FullRefresh Overwrite cursor  key  columns id at name home",
            ),
            (
                json!({"name": "log", "namespace": "b", "syncMode": "incremental_append", "cursorField": ["at"]}),
                "syncMode stream log: the source cannot read it in this mode",
            ),
            (
                json!({"name": "users", "syncMode": "full_refresh_update", "primaryKey": [["id"]]}),
                "syncMode stream users: the destination cannot write in this mode",
            ),
            (
                json!({"name": "users", "syncMode": "incremental_append"}),
                "cursorField stream users: is required in this mode",
            ),
            (
                json!({"name": "users", "syncMode": "incremental_append", "cursorField": ["home", "city"]}),
                "Incremental Append cursor home.city key  columns id at name home",
            ),
            (
                json!({"name": "users", "syncMode": "incremental_append", "cursorField": ["age"]}),
                "cursorField stream users: there is no field age",
            ),
            (
                json!({"name": "users", "syncMode": "incremental_deduped_history", "cursorField": ["at"]}),
                "primaryKey stream users: is required in this mode",
            ),
            (
                json!({"name": "users", "syncMode": "incremental_deduped_history", "cursorField": ["at"], "primaryKey": [["id"], ["name"]]}),
                "Incremental AppendDedup cursor at key id+name columns id at name home",
            ),
            (
                json!({"name": "orders", "syncMode": "incremental_deduped_history"}),
                "Incremental AppendDedup cursor at key id columns id at name home",
            ),
            (
                json!({"name": "orders", "syncMode": "incremental_deduped_history", "cursorField": ["name"], "primaryKey": [["name"]]}),
                "cursorField stream orders: the source defines the cursor: at; primaryKey stream orders: the source defines another primary key",
            ),
            (
                json!({"name": "users", "selectedFields": fields(&["id", "name"])}),
                "FullRefresh Overwrite cursor  key  columns id name",
            ),
            (
                json!({"name": "users", "selectedFields": fields(&["id", "id", "age"])}),
                "selectedFields stream users: id is listed twice; selectedFields stream users: there is no field age",
            ),
            (
                json!({"name": "orders", "syncMode": "incremental_append", "selectedFields": fields(&["id"])}),
                "selectedFields stream orders: at is needed in this mode, as cursor or key",
            ),
            (
                json!({"name": "users", "selectedFields": [{"fieldPath": ["home", "city"]}]}),
                "selectedFields stream users: only whole columns can be selected",
            ),
            (
                json!({"name": "users", "mappers": [{"type": "field-filtering", "mapperConfiguration": {"targetField": "age"}}]}),
                "mappers/0 stream users: FIELD_NOT_FOUND: there is no field age",
            ),
        ] {
            assert_eq!(outcome(choice.clone()), expected, "{choice}");
        }
    }

    #[test]
    fn a_stream_is_taken_once() {
        let twice = [
            StreamChoice::named("users", None),
            StreamChoice::named("users", Some("x".into())),
        ];
        let faults = choose(&offer(), &twice, ALL).expect_err("twice");
        assert_eq!(faults[0].pointer, "/configurations/streams/1/name");
        assert_eq!(
            choose(&offer(), &everything(&offer()), ALL)
                .expect("all")
                .streams
                .len(),
            4
        );
    }
}
