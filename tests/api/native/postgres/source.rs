//! The source: what it offers, what it reads, and how it goes on.

use serde_json::{Value, json};

use super::super::{Run, Way, parse};
use super::Base;
use crate::native::WAYS;

pub fn configuration(base: &Base) -> Value {
    let mut configuration = base.configuration();
    let fields = configuration.as_object_mut().expect("an object");
    fields.remove("schema");
    fields.insert("schemas".to_owned(), json!(["public"]));
    fields.insert(
        "replication_method".to_owned(),
        json!({"method": "Standard"}),
    );
    configuration
}

fn ask(base: &Base, question: &str, configuration: &Value) -> Value {
    let config = base.place.file("c", configuration);
    let words = ["source-postgres", question, "--config", &config];
    let (output, log, _) = base.place.output(&words, "");
    assert!(
        !output.contains("hunter2") && !log.contains("hunter2"),
        "{output}{log}"
    );
    parse(&output).into_iter().next().expect("an answer")
}

fn stream(name: &str, cursor: Option<&str>) -> Value {
    json!({"stream": {"name": name, "namespace": "public", "json_schema": {}},
        "sync_mode": if cursor.is_some() { "incremental" } else { "full_refresh" },
        "destination_sync_mode": "append", "cursor_field": cursor.into_iter().collect::<Vec<_>>()})
}

fn read(base: &Base, streams: &[Value], states: &[Value]) -> Run {
    let catalog = json!({"streams": streams});
    let run = base.place.read_from(
        Way::Inside,
        "postgres",
        &configuration(base),
        &catalog,
        Some(&json!(states)),
    );
    for state in run.all("STATE") {
        assert_eq!(state["type"], "STREAM");
    }
    run
}

fn ids(run: &Run, name: &str) -> Vec<i64> {
    run.records(name)
        .iter()
        .map(|row| row["id"].as_i64().expect("an id"))
        .collect()
}

/// How many records a state stands for; the number comes with a decimal point.
fn record_count(state: &Value) -> usize {
    let count = state["sourceStats"]["recordCount"]
        .as_f64()
        .expect("a count");
    count.to_string().parse().expect("a whole number")
}

/// A state as a server gives it back.
fn given_back(state: &Value) -> Value {
    json!({"type": "STREAM", "stream": state["stream"]})
}

fn last_state(run: &Run) -> Value {
    given_back(run.all("STATE").pop().expect("a state"))
}

#[test]
fn tables_and_views_are_offered_with_types_and_keys() {
    let base = Base::new();
    base.run(
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TYPE mood AS ENUM ('sad', 'ok'); \
         CREATE TABLE pets (b int, a positive, mood mood, at timestamptz, amount numeric(10,2), tags text[], \
             doc jsonb, PRIMARY KEY (b, a)); \
         CREATE VIEW seen AS SELECT a FROM pets; CREATE MATERIALIZED VIEW kept AS SELECT a FROM pets; \
         CREATE TABLE parts (id int) PARTITION BY RANGE (id); \
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10); \
         CREATE SCHEMA other; CREATE TABLE other.things (id int)",
    );
    let catalog = &ask(&base, "discover", &configuration(&base))["catalog"];
    let streams = catalog["streams"].as_array().expect("streams");
    let names: Vec<_> = streams
        .iter()
        .map(|stream| stream["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["kept", "parts", "pets", "seen"]);
    let pets = &streams[2];
    assert_eq!(
        pets["json_schema"]["properties"],
        json!({"b": {"type": "number", "airbyte_type": "integer"}, "a": {"type": "number", "airbyte_type": "integer"},
            "mood": {"type": "string"},
            "at": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"},
            "amount": {"type": "number"}, "tags": {"type": "array"}, "doc": {"type": "string"}})
    );
    assert_eq!(pets["source_defined_primary_key"], json!([["b"], ["a"]]));
    assert_eq!(
        (&pets["namespace"], &pets["is_resumable"]),
        (&json!("public"), &json!(true))
    );
    assert_eq!(
        pets["supported_sync_modes"],
        json!(["full_refresh", "incremental"])
    );
    assert_eq!(streams[3]["is_resumable"], false);
    assert_eq!(streams[1]["is_resumable"], false);
    let mut all = configuration(&base);
    all["schemas"] = json!([]);
    let catalog = &ask(&base, "discover", &all)["catalog"];
    let mut streams = catalog["streams"].as_array().expect("streams").iter();
    assert!(streams.any(|stream| stream["namespace"] == "other" && stream["name"] == "things"));

    // What may not be read is not offered.
    base.run("CREATE ROLE shy LOGIN; GRANT SELECT (b, at) ON pets TO shy");
    let mut shy = configuration(&base);
    shy["username"] = "shy".into();
    let catalog = &ask(&base, "discover", &shy)["catalog"];
    assert_eq!(catalog["streams"].as_array().map(Vec::len), Some(1));
    let offered = &catalog["streams"][0];
    assert_eq!(
        offered["json_schema"]["properties"]
            .as_object()
            .map(serde_json::Map::len),
        Some(2)
    );
    assert_eq!(offered.get("source_defined_primary_key"), None);
    base.run("DROP OWNED BY shy; DROP ROLE shy");
}

#[test]
fn a_check_says_what_is_wrong() {
    let base = Base::new();
    let check = |changes: Value| {
        let mut configuration = configuration(&base);
        for (name, value) in changes.as_object().expect("changes") {
            configuration[name] = value.clone();
        }
        let said = ask(&base, "check", &configuration)["connectionStatus"].clone();
        let message = said["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!(message.is_empty(), said["status"] == "SUCCEEDED");
        message
    };
    assert_eq!(check(json!({})), "");
    assert_eq!(check(json!({"schemas": []})), "");
    for (changes, said) in [
        (
            json!({"schemas": ["public", "nowhere"]}),
            "there is no schema nowhere",
        ),
        (json!({"database": "nowhere"}), "does not exist"),
        (
            json!({"replication_method": {"method": "Xmin"}}),
            "Xmin is not supported",
        ),
        (
            json!({"replication_method": {"method": "CDC", "replication_slot": "s", "publication": "p"}}),
            "CDC is not supported",
        ),
        (
            json!({"entra_service_principal_auth": true}),
            "entra_service_principal_auth",
        ),
    ] {
        let message = check(changes);
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn values_of_every_type_become_json() {
    let base = Base::new();
    base.run(
        "CREATE TABLE pets (id int, big bigint, n numeric, f float8, m money, b bool, t text, d date, ti time, \
             tz timetz, ts timestamp, tsz timestamptz, j json, jb jsonb, u uuid, by bytea, iv interval, \
             ints int[], js json[]); \
         INSERT INTO pets VALUES (1, 9223372036854775807, 123456789012345678901234567890.123, 1e300, 12.5, true, \
             E'a\"\\\\\\b\\n\\t\\u0001é', '2024-02-29', '10:00:00.5', '10:00:00+02', '2024-02-29 10:00:00', \
             '2024-02-29 10:00:00.25+02', '{\"a\": 1}', '[1, \"x\"]', '6b1f0a3c-8f4c-4b53-9d61-0c8c3b1d8f11', \
             '\\x00ff', '1 day 02:00:00', '{1,NULL,3}', array['{\"a\":\n1}'::json]); \
         INSERT INTO pets (id, n, f) VALUES (2, 'NaN', '-Infinity')",
    );
    for way in WAYS {
        let catalog = json!({"streams": [stream("pets", None)]});
        let run = base
            .place
            .read_from(way, "postgres", &configuration(&base), &catalog, None);
        assert_eq!((run.code, run.error()), (Some(0), None));
        assert_eq!(run.statuses("pets"), ["STARTED", "RUNNING", "COMPLETE"]);
        let rows = run.records("pets");
        assert_eq!(
            rows[0],
            &serde_json::from_str::<Value>(
                r#"{"id": 1, "big": 9223372036854775807, "n": 123456789012345678901234567890.123, "f": 1e300, "m": 12.50,
                "b": true, "t": "a\"\\\b\n\t\u0001é", "d": "2024-02-29", "ti": "10:00:00.5", "tz": "10:00:00+02:00",
                "ts": "2024-02-29T10:00:00", "tsz": "2024-02-29T08:00:00.25Z", "j": "{\"a\": 1}", "jb": "[1, \"x\"]",
                "u": "6b1f0a3c-8f4c-4b53-9d61-0c8c3b1d8f11", "by": "\\x00ff", "iv": "1 day 02:00:00",
                "ints": [1, null, 3], "js": [{"a": 1}]}"#
            )
            .expect("JSON")
        );
        assert!(rows[1]["n"].is_null() && rows[1]["f"].is_null());
        let changed = &run.all("RECORD")[1]["meta"]["changes"];
        assert_eq!(
            changed,
            &json!([{"field": "n", "change": "NULLED", "reason": "SOURCE_SERIALIZATION_ERROR"},
                {"field": "f", "change": "NULLED", "reason": "SOURCE_SERIALIZATION_ERROR"}])
        );
        assert_eq!(run.all("RECORD")[0]["namespace"], "public");
    }
    // Only what is chosen is asked for.
    let mut chosen = stream("pets", None);
    chosen["stream"]["json_schema"] = json!({"properties": {"t": {}, "id": {}, "gone": {}}});
    let run = read(&base, &[chosen], &[]);
    assert_eq!(run.records("pets")[1], &json!({"id": 2, "t": null}));
}

#[test]
fn a_full_refresh_goes_on_in_the_middle() {
    let base = Base::new();
    base.run(
        "CREATE TABLE pets (id int, filler text); ALTER TABLE pets ALTER filler SET STORAGE PLAIN; \
         INSERT INTO pets SELECT n, repeat('x', 1500) FROM generate_series(1, 12000) n; ANALYZE pets",
    );
    let mut pets = stream("pets", None);
    pets["stream"]["json_schema"] = json!({"properties": {"id": {}}});
    let run = read(&base, std::slice::from_ref(&pets), &[]);
    assert_eq!(run.error(), None);
    let all: Vec<_> = (1..=12_000).collect();
    assert_eq!(ids(&run, "pets"), all);
    let estimate = run
        .all("TRACE")
        .into_iter()
        .find(|trace| trace["type"] == "ESTIMATE");
    assert_eq!(
        estimate.expect("an estimate")["estimate"]["row_estimate"],
        12_000
    );
    let states = run.all("STATE");
    assert!(states.len() >= 3, "{}", states.len());
    let counts: usize = states.iter().map(|state| record_count(state)).sum();
    assert_eq!(counts, 12_000);
    // Each state stands behind its rows: with it, exactly the others are read.
    let mut before = 0;
    for state in states {
        before += record_count(state);
        let rest = read(&base, std::slice::from_ref(&pets), &[given_back(state)]);
        assert_eq!(ids(&rest, "pets"), all[before..]);
        assert_eq!(rest.statuses("pets").last(), Some(&"COMPLETE"));
    }
    // A table that was written anew has its rows in other places.
    let state = given_back(run.all("STATE")[0]);
    base.run("VACUUM FULL pets");
    assert_eq!(ids(&read(&base, &[pets], &[state]), "pets").len(), 12_000);
}

#[test]
fn an_incremental_stream_reads_what_is_new_and_nothing_is_lost_at_the_boundary() {
    for relation in ["pets", "pets_view"] {
        let base = Base::new();
        base.run(
            "CREATE TABLE pets (id int, at timestamp); CREATE VIEW pets_view AS SELECT * FROM pets; \
             INSERT INTO pets VALUES (1, '2024-01-01'), (2, '2024-01-02'), (3, '2024-01-02'), (4, NULL)",
        );
        let streams = [stream(relation, Some("at"))];
        let sorted = |run: &Run| {
            assert_eq!(run.error(), None);
            let mut ids = ids(run, relation);
            ids.sort_unstable();
            ids
        };
        let run = read(&base, &streams, &[]);
        assert_eq!(sorted(&run), [1, 2, 3, 4]);
        let state = last_state(&run);
        let inner = &state["stream"]["stream_state"];
        assert_eq!(
            (
                &inner["state_type"],
                &inner["cursor"],
                &inner["cursor_record_count"],
                &inner["cursor_field"]
            ),
            (
                &json!("cursor_based"),
                &json!("2024-01-02 00:00:00"),
                &json!(2),
                &json!(["at"])
            )
        );
        // Nothing is new.
        let run = read(&base, &streams, &[state]);
        assert_eq!(sorted(&run), [0; 0]);
        let state = last_state(&run);
        // Another of the last value: all of that value once more.
        base.run("INSERT INTO pets VALUES (5, '2024-01-02')");
        let run = read(&base, &streams, &[state]);
        assert_eq!(sorted(&run), [2, 3, 5]);
        let state = last_state(&run);
        assert_eq!(state["stream"]["stream_state"]["cursor_record_count"], 3);
        base.run("INSERT INTO pets VALUES (6, '2024-01-03 10:00:00.5'), (7, '2023-01-01')");
        let run = read(&base, &streams, &[state]);
        assert_eq!(sorted(&run), [6]);
        // Another cursor begins anew.
        let by_id = [stream(relation, Some("id"))];
        let run = read(&base, &by_id, &[last_state(&run)]);
        assert_eq!(sorted(&run), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(last_state(&run)["stream"]["stream_state"]["cursor"], "7");
    }
}

#[test]
fn a_long_incremental_read_has_states_between_whole_values() {
    let base = Base::new();
    base.run("CREATE TABLE pets (id int, v int); INSERT INTO pets VALUES (0, 0)");
    let streams = [stream("pets", Some("v"))];
    let first = last_state(&read(&base, &streams, &[]));
    base.run("INSERT INTO pets SELECT n, 1 + n / 4000 FROM generate_series(0, 35999) n");
    let run = read(&base, &streams, &[first]);
    let states = run.all("STATE");
    assert_eq!(states.len(), 3);
    for state in states {
        let inner = &state["stream"]["stream_state"];
        assert_eq!(inner["cursor_record_count"], 4000);
        let value: usize = inner["cursor"]
            .as_str()
            .expect("text")
            .parse()
            .expect("a number");
        let rest = read(&base, &streams, &[given_back(state)]);
        assert_eq!(ids(&rest, "pets").len(), 36_000 - value * 4000);
    }
}

#[test]
fn a_stream_that_fails_does_not_keep_the_others_from_being_read() {
    let base = Base::new();
    base.run(
        "CREATE TABLE pets (id int); INSERT INTO pets VALUES (1); \
         CREATE VIEW broken AS SELECT 1 / (id - 1) AS id FROM pets",
    );
    let streams = [
        stream("gone", None),
        stream("broken", None),
        stream("pets", Some("none")),
        stream("pets", None),
    ];
    let run = read(&base, &streams, &[]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.statuses("gone"), ["STARTED", "INCOMPLETE"]);
    assert_eq!(run.statuses("broken"), ["STARTED", "INCOMPLETE"]);
    assert_eq!(
        run.statuses("pets"),
        ["STARTED", "INCOMPLETE", "STARTED", "RUNNING", "COMPLETE"]
    );
    assert_eq!(ids(&run, "pets"), [1]);
    let traces = run.all("TRACE");
    let failed: Vec<_> = traces
        .iter()
        .filter(|trace| trace["type"] == "ERROR")
        .map(|trace| {
            (
                &trace["error"]["stream_descriptor"]["name"],
                &trace["error"]["failure_type"],
            )
        })
        .collect();
    assert_eq!(
        failed,
        [
            (&json!("gone"), &json!("config_error")),
            (&json!("broken"), &json!("system_error")),
            (&json!("pets"), &json!("config_error"))
        ]
    );
    // A state of another method is not guessed at.
    let foreign = json!({"type": "STREAM", "stream": {"stream_descriptor": {"name": "pets", "namespace": "public"},
        "stream_state": {"version": 2, "state_type": "xmin", "xmin_xid_value": 7}}});
    let run = read(&base, &[stream("pets", None)], &[foreign]);
    let (kind, message) = run.error().expect("refused");
    assert_eq!(kind, "config_error");
    assert!(message.contains("clear the stream"), "{message}");
}
