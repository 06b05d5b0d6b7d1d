use serde_json::json;

use super::*;
use crate::ops::choices::choose;

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
