//! Tables of raw records.

use serde_json::json;

use super::super::{Way, state, status};
use super::{Base, complete, id_and_name, pet, pets};

const TABLE: &str = "lake.public_raw__stream_pets";

#[test]
fn raw_records_are_kept_as_they_come_in_tables_of_their_own() {
    let base = Base::new();
    let mut configuration = base.configuration();
    configuration["disable_type_dedupe"] = true.into();
    configuration["raw_data_schema"] = "lake".into();
    let write = |catalog: &serde_json::Value, input: &[String]| {
        let run = base.place.write(
            Way::Inside,
            "postgres",
            &configuration,
            catalog,
            &input.concat(),
        );
        assert_eq!((run.code, run.error()), (Some(0), None));
        run.all("STATE").len()
    };
    let input = [
        pet(
            &json!({"id": 1, "more": {"a": "b\u{0}\t"}}),
            1_700_000_000_123,
        ),
        pet(&json!({"id": 1, "name": 7}), 1_700_000_000_124),
        state("pets", 1),
        complete(),
    ];
    // Nothing is deduplicated, and no key is needed.
    let mut keyless = pets(&id_and_name(), "append_dedup", (2, 0));
    keyless["streams"][0]["primary_key"] = json!([]);
    assert_eq!(write(&keyless, &input), 1);
    let rows = base.rows(&format!(
        "SELECT _airbyte_data AS data, _airbyte_loaded_at AS loaded, _airbyte_meta AS meta, \
         _airbyte_generation_id AS generation, length(_airbyte_raw_id) AS raw, \
         extract(epoch FROM _airbyte_extracted_at)::text AS at FROM {TABLE} ORDER BY 6"
    ));
    let meta = json!({"sync_id": 9, "changes": []});
    assert_eq!(
        rows,
        [
            json!({"data": {"id": 1, "more": {"a": "b\t"}}, "loaded": null, "meta": meta, "generation": 2,
                "raw": 36, "at": "1700000000.123000"}),
            json!({"data": {"id": 1, "name": 7}, "loaded": null, "meta": meta, "generation": 2, "raw": 36,
                "at": "1700000000.124000"}),
        ]
    );
    assert_eq!(
        base.count("SELECT 1 FROM pg_tables WHERE tablename = 'pets'"),
        0
    );

    // Another schema of the stream changes nothing about the table, whose mark stays, too.
    base.run(&format!("UPDATE {TABLE} SET _airbyte_loaded_at = now()"));
    write(&pets(&json!({}), "append", (2, 0)), &input);
    assert_eq!(base.count(&format!("SELECT 1 FROM {TABLE}")), 4);
    assert_eq!(
        base.count(&format!(
            "SELECT 1 FROM {TABLE} WHERE _airbyte_loaded_at IS NULL"
        )),
        2
    );

    // A refresh replaces all rows once it is complete.
    let refresh = pets(&id_and_name(), "append_dedup", (3, 3));
    write(
        &refresh,
        &[
            pet(&json!({"id": 2}), 1),
            state("pets", 1),
            status("pets", "INCOMPLETE"),
        ],
    );
    assert_eq!(base.count(&format!("SELECT 1 FROM {TABLE}")), 4);
    write(&refresh, &[pet(&json!({"id": 3}), 1), complete()]);
    let left = base.rows(&format!(
        "SELECT _airbyte_data->'id' AS id FROM {TABLE} ORDER BY 1"
    ));
    assert_eq!(left, [json!({"id": 2}), json!({"id": 3})]);
    assert_eq!(
        base.count("SELECT 1 FROM pg_tables WHERE schemaname = 'lake'"),
        1
    );
}
