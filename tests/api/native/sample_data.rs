//! `source-faker`: like the reference where it matters, repeatable, and resumed without repeating.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Place, Run, WAYS, Way, parse, three_streams};
use crate::protocol::sample;

/// Takes the words for people out of a schema.
fn without_words(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                !(matches!(name.as_str(), "title" | "description") && value.is_string())
            });
            fields.values_mut().for_each(without_words);
        }
        Value::Array(items) => items.iter_mut().for_each(without_words),
        _ => {}
    }
}

#[test]
fn sample_data_has_the_configuration_and_streams_of_the_reference() {
    let place = Place::new();
    let config = place.file("c", &json!({}));
    for (capture, words) in [
        ("faker_spec", vec!["source-faker", "spec"]),
        (
            "faker_discover",
            vec!["source-faker", "discover", "--config", &config],
        ),
        (
            "faker_check_ok",
            vec!["source-faker", "check", "--config", &config],
        ),
    ] {
        let (output, _, _) = place.output(&words, "");
        let (mut ours, mut theirs) = (parse(&output).pop(), parse(&sample(capture)).pop());
        ours.iter_mut()
            .chain(theirs.iter_mut())
            .for_each(without_words);
        assert_eq!(ours, theirs, "{capture}");
    }
}

/// All that a run of the faker says of its records, without what is of the day.
fn lasting(run: &Run) -> Vec<Value> {
    let timeless = |record: &&Value| {
        let mut record = (*record).clone();
        record["data"]["updated_at"] = Value::Null;
        record["emitted_at"] = Value::Null;
        record
    };
    run.all("RECORD").iter().map(timeless).collect()
}

#[test]
fn the_same_seed_gives_the_same_people() {
    let place = Place::new();
    let read = |way, seed| {
        lasting(&place.read(
            way,
            &json!({"count": 30, "seed": seed}),
            &three_streams(),
            None,
        ))
    };
    let first = read(Way::Child, 42);
    assert_eq!(first, read(Way::Inside, 42));
    assert_ne!(first, read(Way::Inside, 43));
    assert_ne!(read(Way::Inside, -1), read(Way::Inside, -1));
}

#[test]
fn sample_data_fits_its_schema_and_its_counts() {
    let place = Place::new();
    for way in WAYS {
        let configuration = json!({"count": 250, "seed": 7, "records_per_slice": 100});
        let run = place.read(way, &configuration, &three_streams(), None);
        assert_eq!((run.code, run.error()), (Some(0), None));
        for configured in three_streams()["streams"].as_array().expect("streams") {
            let name = configured["stream"]["name"].as_str().expect("a name");
            let (mut schema, records) = (
                configured["stream"]["json_schema"].clone(),
                run.records(name),
            );
            let wanted = if name == "products" { 100 } else { 250 };
            assert_eq!(records.len(), wanted, "{name}");
            let required: Vec<_> = schema["properties"]
                .as_object()
                .expect("fields")
                .keys()
                .cloned()
                .collect();
            if name != "purchases" {
                schema["required"] = json!(required);
            }
            schema["additionalProperties"] = false.into();
            let schema = jsonschema::options()
                .should_validate_formats(true)
                .build(&schema)
                .expect("a schema");
            for (index, record) in records.iter().enumerate() {
                assert!(
                    schema.is_valid(record),
                    "{record}: {:?}",
                    schema.iter_errors(record).next()
                );
                assert_eq!(record["id"], index + 1);
            }
            assert_eq!(run.statuses(name), ["STARTED", "RUNNING", "COMPLETE"]);
        }
        let counted = |name: &str| -> Vec<_> {
            let states = run.all("STATE").into_iter();
            let of = states.filter(|state| state["stream"]["stream_descriptor"]["name"] == name);
            of.map(|state| {
                (
                    state["stream"]["stream_state"]["loop_offset"].as_u64(),
                    state["sourceStats"]["recordCount"].as_f64(),
                )
            })
            .collect()
        };
        assert_eq!(counted("products"), [(None, Some(100.0))]);
        assert_eq!(
            counted("users"),
            [
                (Some(100), Some(100.0)),
                (Some(200), Some(100.0)),
                (Some(250), Some(50.0))
            ]
        );
        assert_eq!(counted("users"), counted("purchases"));
        let emails: std::collections::HashSet<_> = run
            .records("users")
            .iter()
            .map(|user| user["email"].clone())
            .collect();
        assert_eq!(emails.len(), 250);
    }
}

#[test]
fn purchases_are_spread_over_users_as_the_reference_spreads_them() {
    let place = Place::new();
    let run = place.read(
        Way::Inside,
        &json!({"count": 20, "seed": 42}),
        &three_streams(),
        None,
    );
    let spread = |records: Vec<&Value>| -> Vec<_> {
        records
            .iter()
            .map(|record| (record["id"].as_u64(), record["user_id"].as_u64()))
            .collect()
    };
    let captured = Run {
        messages: parse(&sample("faker_read_incremental")),
        code: Some(0),
    };
    assert_eq!(
        spread(run.records("purchases")),
        spread(captured.records("purchases"))
    );
    for purchase in run.records("purchases") {
        let times: Vec<_> = [
            "created_at",
            "added_to_cart_at",
            "purchased_at",
            "returned_at",
        ]
        .iter()
        .filter_map(|field| purchase[*field].as_str())
        .collect();
        assert!(times.is_sorted() && times.len() >= 2, "{purchase}");
    }
}

/// The last state of each stream, as a server gives them back.
fn kept(messages: &[Value]) -> Value {
    let mut states = BTreeMap::new();
    for state in messages
        .iter()
        .filter(|message| message["type"] == "STATE")
        .map(|message| &message["state"])
    {
        let name = state["stream"]["stream_descriptor"]["name"].to_string();
        states.insert(name, json!({"type": "STREAM", "stream": state["stream"]}));
    }
    states.into_values().collect()
}

#[test]
fn wherever_sample_data_is_interrupted_it_goes_on_without_repeating_anything() {
    let place = Place::new();
    for always_updated in [true, false] {
        let configuration = json!({"count": 25, "seed": 3, "records_per_slice": 10, "always_updated": always_updated});
        let whole = place.read(Way::Inside, &configuration, &three_streams(), None);
        let cuts: Vec<_> = (0..whole.messages.len())
            .filter(|at| whole.messages[*at]["type"] == "STATE")
            .collect();
        assert_eq!(cuts.len(), 7);
        // The last one ends the whole pass; the ones before it leave something to do.
        for cut in &cuts[..cuts.len() - 1] {
            let (before, _) = whole.messages.split_at(cut + 1);
            let rest = place.read(
                Way::Inside,
                &configuration,
                &three_streams(),
                Some(&kept(before)),
            );
            let before = Run {
                messages: before.to_vec(),
                code: None,
            };
            for stream in ["users", "purchases"] {
                let ids = |run: &Run| {
                    run.records(stream)
                        .iter()
                        .filter_map(|record| record["id"].as_u64())
                        .collect::<Vec<_>>()
                };
                let (mut ids_before, ids_rest) = (ids(&before), ids(&rest));
                // A pass of this stream that was finished is begun anew if everything is always new.
                if ids_before == ids(&whole) {
                    assert_eq!(ids_rest, if always_updated { ids_before } else { vec![] });
                } else {
                    ids_before.extend(ids_rest);
                    assert_eq!(ids_before, ids(&whole), "{stream} after message {cut}");
                }
            }
        }
    }
}

#[test]
fn finished_sample_data_says_its_state_again_and_nothing_else() {
    let place = Place::new();
    let state: Value = serde_json::from_str(&sample("faker_state_input")).expect("a state");
    for way in WAYS {
        let configuration = json!({"count": 20, "seed": 42, "always_updated": false});
        let run = place.read(way, &configuration, &three_streams(), Some(&state));
        assert_eq!((run.code, run.all("RECORD").len()), (Some(0), 0));
        let resumed = Run {
            messages: parse(&sample("faker_read_resumed")),
            code: Some(0),
        };
        assert_eq!(run.all("STATE"), resumed.all("STATE"));
        let all = run.all("TRACE").len();
        assert_eq!(
            (run.statuses("users"), all),
            (vec!["STARTED", "COMPLETE"], 6)
        );
        let grown = place.read(
            way,
            &json!({"count": 23, "seed": 42, "always_updated": false}),
            &three_streams(),
            Some(&state),
        );
        assert_eq!(grown.records("users").len(), 3);
        let again = place.read(
            way,
            &json!({"count": 20, "seed": 42}),
            &three_streams(),
            Some(&state),
        );
        assert_eq!(again.records("users").len(), 20);
    }
}

#[test]
fn a_stream_that_is_not_there_is_incomplete_and_the_others_are_read() {
    let place = Place::new();
    let mut catalog = three_streams();
    catalog["streams"][0]["stream"]["name"] = "ghosts".into();
    let run = place.read(Way::Child, &json!({"count": 5}), &catalog, None);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.statuses("ghosts"), ["INCOMPLETE"]);
    assert_eq!(run.records("users").len(), 5);
}
