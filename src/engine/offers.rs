//! From a catalog to what is shown of it: the streams on offer, and the ways to move each of them to a
//! destination.

use serde_json::Value;

use crate::domain::offer::{ConnectionSyncMode, Offer};
use crate::protocol::catalog::{Catalog, DestinationSyncMode, Stream, SyncMode};
use crate::protocol::message::Specification;

/// Schemas nest to any depth; nobody selects a field below this one.
const DEEPEST: usize = 32;

/// The streams of a catalog, in its order.
#[must_use]
pub fn offers(catalog: &Catalog) -> Vec<Offer> {
    catalog.streams.iter().map(offer).collect()
}

fn offer(stream: &Stream) -> Offer {
    let modes = &stream.supported_sync_modes;
    let mut property_fields = Vec::new();
    properties(&stream.json_schema, &mut Vec::new(), &mut property_fields);
    Offer {
        name: stream.name.clone(),
        namespace: stream.namespace.clone().filter(|name| !name.is_empty()),
        // A source that names no mode can at least be read whole.
        full_refresh: modes.is_empty() || modes.contains(&SyncMode::FullRefresh),
        incremental: modes.contains(&SyncMode::Incremental),
        default_cursor_field: stream.default_cursor_field.clone().unwrap_or_default(),
        source_defined_cursor: stream.source_defined_cursor.unwrap_or(false),
        source_defined_primary_key: stream
            .source_defined_primary_key
            .clone()
            .unwrap_or_default(),
        property_fields,
    }
}

/// Follows direct `properties` only: what is inside arrays or alternatives has no path of its own.
fn properties(schema: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let Some(members) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    for (name, member) in members {
        path.push(name.clone());
        found.push(path.clone());
        if path.len() < DEEPEST {
            properties(member, path, found);
        }
        path.pop();
    }
}

/// How a destination says it can write. One that does not say is old; those could append and overwrite.
#[must_use]
pub fn written_by(specification: &Specification) -> Vec<DestinationSyncMode> {
    match specification.rest.get("supported_destination_sync_modes") {
        Some(Value::Array(modes)) => modes
            .iter()
            .filter_map(|mode| serde_json::from_value(mode.clone()).ok())
            .collect(),
        _ => vec![DestinationSyncMode::Append, DestinationSyncMode::Overwrite],
    }
}

/// The ways to move a stream to such a destination, in the order of the reference. It never lists
/// `full_refresh_overwrite_deduped`, although connections accept it; older clients do not know it.
#[must_use]
pub fn sync_modes(offer: &Offer, written: &[DestinationSyncMode]) -> Vec<ConnectionSyncMode> {
    use ConnectionSyncMode as C;
    use DestinationSyncMode as D;
    let ways = [
        (offer.full_refresh, D::Append, C::FullRefreshAppend),
        (offer.full_refresh, D::Overwrite, C::FullRefreshOverwrite),
        (offer.full_refresh, D::Update, C::FullRefreshUpdate),
        (offer.full_refresh, D::SoftDelete, C::FullRefreshSoftDelete),
        (offer.incremental, D::Append, C::IncrementalAppend),
        (
            offer.incremental,
            D::AppendDedup,
            C::IncrementalDedupedHistory,
        ),
        (offer.incremental, D::Update, C::IncrementalUpdate),
        (offer.incremental, D::SoftDelete, C::IncrementalSoftDelete),
    ];
    ways.into_iter()
        .filter(|(read, write, _)| *read && written.contains(write))
        .map(|(_, _, way)| way)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn catalog(stream: &Value) -> Catalog {
        serde_json::from_value(json!({ "streams": [stream] })).expect("a catalog")
    }

    #[test]
    fn an_offer_has_every_property_path_and_no_schema() {
        let found = offers(&catalog(&json!({
            "name": "orders", "namespace": "public",
            "supported_sync_modes": ["full_refresh", "incremental"],
            "source_defined_primary_key": [["id"]],
            "json_schema": { "properties": {
                "id": { "type": "integer" },
                "customer": { "type": "object", "properties": { "name": {}, "at": { "properties": { "x": {} } } } },
                "lines": { "type": "array", "items": { "properties": { "hidden": {} } } },
                "either": { "oneOf": [{ "properties": { "hidden": {} } }] },
                "updated_at": {},
            } },
        })));
        let paths: Vec<_> = found[0]
            .property_fields
            .iter()
            .map(|path| path.join("."))
            .collect();
        let expected =
            "id customer customer.name customer.at customer.at.x lines either updated_at";
        assert_eq!(paths.join(" "), expected);
        assert_eq!(found[0].source_defined_primary_key, [["id"]]);
        assert_eq!(found[0].default_cursor_field, Vec::<String>::new());
        assert!(found[0].full_refresh && found[0].incremental);
        let text = serde_json::to_string(&found).expect("JSON");
        let back: Vec<Offer> = serde_json::from_str(&text).expect("offers");
        assert_eq!(back, found);
    }

    #[test]
    fn a_way_to_move_a_stream_needs_both_sides() {
        use ConnectionSyncMode as C;
        let whole = offers(&catalog(&json!({ "name": "a", "json_schema": {} }))).remove(0);
        let both = Offer {
            incremental: true,
            ..whole.clone()
        };
        let modes = |text: Value| {
            let specification =
                json!({ "connectionSpecification": {}, "supported_destination_sync_modes": text });
            written_by(&serde_json::from_value(specification).expect("a specification"))
        };
        let usual = modes(json!([
            "overwrite",
            "append",
            "append_dedup",
            "overwrite_dedup",
            "news"
        ]));
        assert_eq!(
            sync_modes(&whole, &usual),
            [C::FullRefreshAppend, C::FullRefreshOverwrite]
        );
        assert_eq!(
            sync_modes(&both, &usual),
            [
                C::FullRefreshAppend,
                C::FullRefreshOverwrite,
                C::IncrementalAppend,
                C::IncrementalDedupedHistory
            ]
        );
        let activation = modes(json!(["update", "soft_delete"]));
        assert_eq!(
            sync_modes(&both, &activation),
            [
                C::FullRefreshUpdate,
                C::FullRefreshSoftDelete,
                C::IncrementalUpdate,
                C::IncrementalSoftDelete
            ]
        );
        assert_eq!(sync_modes(&both, &modes(json!([]))), []);
        assert_eq!(sync_modes(&whole, &modes(Value::Null)).len(), 2);
    }
}
