//! Tables: which rows they hold after which run, and how they follow their streams' schemas.

use serde_json::{Value, json};

use super::super::{Place, Run, Way, parse, state, status};
use super::{Base, complete, id_and_name, pet, pets};
use crate::native::WAYS;

fn ids(base: &Base) -> Vec<Value> {
    let rows = base.rows("SELECT id FROM pets ORDER BY id, _airbyte_extracted_at");
    rows.iter().map(|row| row["id"].clone()).collect()
}

fn checked(base: &Base, changes: &[(&str, Value)]) -> (String, String) {
    let mut configuration = base.configuration();
    for (name, value) in changes {
        configuration[name] = value.clone();
    }
    let config = base.place.file("c", &configuration);
    let (output, log, code) = base
        .place
        .output(&["destination-postgres", "check", "--config", &config], "");
    assert_eq!(code, Some(0), "{output}");
    assert!(
        !output.contains("hunter2") && !log.contains("hunter2"),
        "{output}{log}"
    );
    let status = &parse(&output).pop().expect("an answer")["connectionStatus"];
    let text = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

#[test]
fn a_check_tries_everything_and_leaves_nothing() {
    let base = Base::new();
    assert_eq!(
        checked(&base, &[("schema", json!("new one"))]).0,
        "SUCCEEDED"
    );
    assert_eq!(
        base.count("SELECT 1 FROM pg_namespace WHERE nspname IN ('new_one', 'airbyte_internal')"),
        0
    );
    for (name, value, said) in [
        ("database", json!("nowhere"), "\"nowhere\" does not exist"),
        ("port", json!(1), "cannot be reached"),
        ("ssl_mode", json!({"mode": "require"}), "encrypted"),
        ("jdbc_url_params", json!("foo=1"), "foo is not supported"),
        ("host", json!("/var/run/postgresql"), "host: "),
        (
            "tunnel_method",
            json!({"tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_host": "h", "tunnel_port": 22,
                "tunnel_user": "u", "tunnel_user_password": "hunter2"}),
            "tunnels are not supported",
        ),
    ] {
        let (status, message) = checked(&base, &[(name, value)]);
        assert_eq!(status, "FAILED", "{name}");
        assert!(message.contains(said), "{name}: {message}");
    }
    let parameters = json!("connectTimeout=5&ApplicationName=me&options=-c%20geqo=off");
    assert_eq!(
        checked(&base, &[("jdbc_url_params", parameters)]).0,
        "SUCCEEDED"
    );
}

#[test]
fn appended_rows_carry_what_is_known_of_them() {
    for way in WAYS {
        let base = Base::new();
        let catalog = pets(&id_and_name(), "append", (3, 0));
        let changed = json!({"type": "RECORD", "record": {"stream": "pets", "data": {"id": "x", "more": 1},
            "emitted_at": 1_700_000_000_123_i64,
            "meta": {"changes": [{"field": "name", "change": "TRUNCATED", "reason": "SOURCE_FIELD_SIZE_LIMITATION"}]}}});
        let input = [
            pet(&json!({"id": 1, "name": "Ada\t\"\\N\"\n"}), 1000),
            state("pets", 1),
            format!("{changed}\n"),
            state("pets", 2),
            complete(),
        ];
        let run = base.write(way, &catalog, &input);
        assert_eq!((run.code, run.error()), (Some(0), None));
        assert_eq!(run.all("STATE").len(), 2);
        let rows = base.rows(
            "SELECT id, name, extract(epoch FROM _airbyte_extracted_at)::text AS at, _airbyte_meta AS meta, \
             _airbyte_generation_id AS generation, length(_airbyte_raw_id) AS raw FROM pets ORDER BY 3",
        );
        assert_eq!(
            rows,
            [
                json!({"id": 1, "name": "Ada\t\"\\N\"\n", "at": "1.000000", "meta": {"sync_id": 9, "changes": []},
                    "generation": 3, "raw": 36}),
                json!({"id": null, "name": null, "at": "1700000000.123000", "meta": {"sync_id": 9, "changes": [
                    {"field": "name", "change": "TRUNCATED", "reason": "SOURCE_FIELD_SIZE_LIMITATION"},
                    {"field": "id", "change": "NULLED", "reason": "DESTINATION_SERIALIZATION_ERROR"}]},
                    "generation": 3, "raw": 36}),
            ]
        );
        base.load(&catalog, &input);
        assert_eq!(base.count("SELECT 1 FROM pets"), 4);
        assert_eq!(
            base.count("SELECT 1 FROM pg_indexes WHERE tablename = 'pets'"),
            1
        );
        assert_eq!(base.left_beside(), 0);
    }
}

#[test]
fn an_overwrite_shows_only_when_it_is_complete() {
    let base = Base::new();
    let generation = |number| pets(&id_and_name(), "overwrite", (number, number));
    base.load(
        &generation(1),
        &[
            pet(&json!({"id": 1}), 1),
            pet(&json!({"id": 2}), 1),
            complete(),
        ],
    );
    assert_eq!(ids(&base), [1, 2]);
    let incomplete = [
        pet(&json!({"id": 3}), 2),
        state("pets", 3),
        status("pets", "INCOMPLETE"),
    ];
    let run = base.write(Way::Child, &generation(2), &incomplete);
    assert_eq!((run.code, run.all("STATE").len()), (Some(0), 1));
    assert_eq!(
        (ids(&base), base.left_beside()),
        (vec![json!(1), json!(2)], 1)
    );
    // The next attempt goes on after the state, with the same generation.
    base.load(&generation(2), &[pet(&json!({"id": 4}), 3), complete()]);
    assert_eq!(
        (ids(&base), base.left_beside()),
        (vec![json!(3), json!(4)], 0)
    );
    // What an older generation left is of no use to a newer one.
    base.write(
        Way::Inside,
        &generation(3),
        &[pet(&json!({"id": 5}), 4), status("pets", "INCOMPLETE")],
    );
    base.load(&generation(4), &[pet(&json!({"id": 6}), 5), complete()]);
    assert_eq!((ids(&base), base.left_beside()), (vec![json!(6)], 0));
    // And to one that appends after all, it is.
    base.write(
        Way::Inside,
        &generation(5),
        &[pet(&json!({"id": 7}), 6), status("pets", "INCOMPLETE")],
    );
    base.load(
        &pets(&id_and_name(), "append", (5, 0)),
        &[pet(&json!({"id": 8}), 7), complete()],
    );
    assert_eq!(
        (ids(&base), base.left_beside()),
        (vec![json!(6), json!(7), json!(8)], 0)
    );
    // A clear: no record, and nothing stays.
    base.load(&generation(6), &[complete()]);
    assert_eq!(ids(&base), [] as [i64; 0]);
}

#[test]
fn columns_follow_the_schema_and_rows_stay() {
    let base = Base::new();
    let before = json!({"id": {"type": "integer"}, "n": {"type": "integer"}, "o": {"type": "object"},
        "s": {"type": "string"}, "gone": {"type": "string"}});
    let row = json!({"id": 1, "n": 5, "o": {"a": "é"}, "s": "12", "gone": "x"});
    base.load(
        &pets(&before, "append", (0, 0)),
        &[pet(&row, 1), complete()],
    );
    let after = json!({"id": {"type": "integer"}, "n": {"type": "number"}, "o": {"type": "string"},
        "s": {"type": ["string", "integer"]}, "new": {"type": "boolean"}});
    let row = json!({"id": 2, "n": 1.5, "o": "t", "s": 3, "new": true});
    base.load(&pets(&after, "append", (0, 0)), &[pet(&row, 2), complete()]);
    let rows = base.rows("SELECT id, n, o, s, new FROM pets ORDER BY id");
    assert_eq!(
        rows,
        [
            json!({"id": 1, "n": 5, "o": "{\"a\": \"é\"}", "s": "12", "new": null}),
            json!({"id": 2, "n": 1.5, "o": "t", "s": 3, "new": true}),
        ]
    );
    assert!(!base.columns("pets").iter().any(|(name, _)| name == "gone"));
    // What a view needs goes only when that is wanted.
    base.run("CREATE VIEW tall AS SELECT n FROM pets");
    let without = pets(&json!({"id": {"type": "integer"}}), "append", (0, 0));
    let refused = base.write(Way::Inside, &without, &[complete()]);
    assert_eq!(refused.error().map(|error| error.0), Some("config_error"));
    let mut configuration = base.configuration();
    configuration["drop_cascade"] = true.into();
    let run = base.place.write(
        Way::Inside,
        "postgres",
        &configuration,
        &without,
        &complete(),
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(base.columns("pets").len(), 1);
}

#[test]
fn odd_names_find_their_own_tables_and_columns() {
    let base = Base::new();
    let fields = json!({"a-b": {"type": "integer"}, "a_b": {"type": "integer"}, "Größe\"; --": {"type": "integer"},
        "_airbyte_meta": {"type": "integer"}, "ctid": {"type": "integer"}, "1st": {"type": "integer"},
        "x".repeat(80): {"type": "integer"}, format!("{}y", "x".repeat(79)): {"type": "integer"}});
    let names = ["pets & toys", "pets_&_toys", "2"];
    let streams: Vec<_> = names
        .iter()
        .map(|name| {
            let mut stream = super::super::configured(name, "append", Some((0, 0)));
            stream["stream"]["namespace"] = json!("the \"zoo\"");
            stream["stream"]["json_schema"] = json!({"properties": fields});
            stream
        })
        .collect();
    let mut input = Vec::new();
    for name in names {
        let data: serde_json::Map<_, _> = fields
            .as_object()
            .expect("fields")
            .keys()
            .cloned()
            .zip((1..).map(Value::from))
            .collect();
        input.push(format!(
            "{}\n",
            json!({"type": "RECORD", "record": {"stream": name,
            "namespace": "the \"zoo\"", "data": data, "emitted_at": 1}})
        ));
        input.push(format!("{}\n", json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1,
            "stream_status": {"stream_descriptor": {"name": name, "namespace": "the \"zoo\""}, "status": "COMPLETE"}}})));
    }
    base.load(&json!({"streams": streams}), &input);
    let tables = base.rows("SELECT tablename AS t FROM pg_tables WHERE schemaname = 'the__zoo_'");
    assert_eq!(tables.len(), 3);
    for table in tables {
        let table = table["t"].as_str().expect("a name");
        let rows = base.rows(&format!("SELECT * FROM the__zoo_.\"{table}\""));
        let mut kept: Vec<_> = rows[0]
            .as_object()
            .expect("a row")
            .values()
            .filter_map(Value::as_i64)
            .collect();
        kept.sort_unstable();
        // Eight fields, and the generation.
        assert_eq!(kept, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(rows[0]["a_b"], 2);
        assert_eq!(rows[0]["_1st"], 6);
    }
}

#[test]
fn a_table_of_somebody_else_is_not_touched() {
    let base = Base::new();
    base.run("CREATE TABLE pets (id bigint, dear text); INSERT INTO pets VALUES (1, 'x')");
    for (mode, generations) in [
        ("append", (0, 0)),
        ("overwrite", (1, 1)),
        ("append_dedup", (0, 0)),
        ("append_dedup", (1, 1)),
    ] {
        let run = base.write(
            Way::Inside,
            &pets(&id_and_name(), mode, generations),
            &[pet(&json!({"id": 1}), 1), complete()],
        );
        let (kind, message) = run.error().expect("refused");
        assert_eq!(kind, "config_error");
        assert!(message.contains("not made by a destination"), "{message}");
    }
    assert_eq!(
        base.rows("SELECT * FROM pets"),
        [json!({"id": 1, "dear": "x"})]
    );
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_read() {
    let base = Base::new();
    let mut keyless = pets(&id_and_name(), "append_dedup", (0, 0));
    keyless["streams"][0]["primary_key"] = json!([]);
    let mut elsewhere = pets(&id_and_name(), "append_dedup", (0, 0));
    elsewhere["streams"][0]["primary_key"] = json!([["nested", "id"]]);
    for catalog in [
        keyless,
        elsewhere,
        pets(&id_and_name(), "soft_delete", (0, 0)),
    ] {
        let run: Run = base.write(Way::Inside, &catalog, &[complete()]);
        assert_eq!(run.error().map(|error| error.0), Some("config_error"));
    }
    let run = base.write(
        Way::Inside,
        &pets(&id_and_name(), "append", (5, 2)),
        &[complete()],
    );
    assert_eq!(run.error().map(|error| error.0), Some("system_error"));
    let nobody = Place::new();
    let run = nobody.write(
        Way::Child,
        "postgres",
        &json!({"host": "h"}),
        &json!({"streams": []}),
        "",
    );
    assert_eq!(run.error().map(|error| error.0), Some("config_error"));
}
