//! Every type, with values that are at home in it and values that are not.

use serde_json::{Value, json};

use super::{Base, complete, pets};

/// A field, a value as it stands in a record, the text that is kept, and why it is not.
type Case = (
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

const BAD: Option<&str> = Some("DESTINATION_SERIALIZATION_ERROR");
const LARGE: Option<&str> = Some("DESTINATION_FIELD_SIZE_LIMITATION");

const CASES: &[Case] = &[
    (
        "text",
        r#""a\u0000b \\N \t\n\r\"é\ud83d\ude00""#,
        Some("ab \\N \t\n\r\"é😀"),
        None,
    ),
    ("text", r#""\ud800""#, Some("\u{fffd}"), None),
    ("text", r#""""#, Some(""), None),
    ("text", "1.10", Some("1.10"), None),
    (
        "text",
        r#"{"a": [1, "\\"]}"#,
        Some(r#"{"a": [1, "\\"]}"#),
        None,
    ),
    ("text", "null", None, None),
    (
        "integer",
        "9223372036854775807",
        Some("9223372036854775807"),
        None,
    ),
    (
        "integer",
        "-9223372036854775808",
        Some("-9223372036854775808"),
        None,
    ),
    ("integer", "9223372036854775808", None, LARGE),
    ("integer", "1e3", Some("1000"), None),
    ("integer", r#""42""#, Some("42"), None),
    ("integer", "4.2", None, BAD),
    ("integer", r#""4\u00032""#, None, BAD),
    (
        "number",
        "1234567890123456789012345678901234567890.123456789012345678901234567890",
        Some("1234567890123456789012345678901234567890.123456789012345678901234567890"),
        None,
    ),
    ("number", "1e999999", None, LARGE),
    ("number", "0e999999999999999999", Some("0"), None),
    ("number", "0.0e-999999999999999999", Some("0"), None),
    ("number", "-12.50e-1", Some("-1.25"), None),
    ("number", "1e-16384", None, LARGE),
    ("number", r#""1.5""#, Some("1.5"), None),
    ("number", r#""Infinity""#, None, BAD),
    ("boolean", "true", Some("true"), None),
    ("boolean", r#""true""#, None, BAD),
    ("date", r#""2024-02-29""#, Some("2024-02-29"), None),
    ("date", r#""2023-02-29""#, None, BAD),
    ("date", r#""0000-00-00""#, None, BAD),
    ("time_tz", r#""10:00:00+02:00""#, Some("10:00:00+02"), None),
    (
        "time",
        r#""23:59:59.999999""#,
        Some("23:59:59.999999"),
        None,
    ),
    ("time", r#""24:30""#, None, BAD),
    (
        "timestamp_tz",
        r#""2024-02-29T10:00:00.123456+02:00""#,
        Some("2024-02-29 08:00:00.123456+00"),
        None,
    ),
    (
        "timestamp_tz",
        r#""2024-02-29T10:00:00""#,
        Some("2024-02-29 10:00:00+00"),
        None,
    ),
    ("timestamp_tz", r#""294276-12-31T23:59:59Z""#, None, LARGE),
    ("timestamp_tz", r#""infinity""#, None, BAD),
    ("timestamp_tz", "1700000000", None, BAD),
    (
        "timestamp",
        r#""2024-02-29 10:00:00.5""#,
        Some("2024-02-29 10:00:00.5"),
        None,
    ),
    (
        "object",
        r#"{"b":{"a":[1,2,{"c":null}]},"\u0000k":"\u0000v\ud800"}"#,
        Some("{\"b\": {\"a\": [1, 2, {\"c\": null}]}, \"k\": \"v\u{fffd}\"}"),
        None,
    ),
    ("object", "[]", None, BAD),
    ("array", r#"[1,"a",[2]]"#, Some(r#"[1, "a", [2]]"#), None),
    ("array", "{}", None, BAD),
    ("any", r#""x""#, Some(r#""x""#), None),
    (
        "any",
        "12345678901234567890123",
        Some("12345678901234567890123"),
        None,
    ),
    ("any", r#"{"n":[1e999999]}"#, None, LARGE),
    (
        "any",
        r#"{"n":[0e999999999999]}"#,
        Some(r#"{"n": [0]}"#),
        None,
    ),
];

fn fields() -> Value {
    json!({
        "text": {"type": ["null", "string"]},
        "integer": {"type": "integer"},
        "number": {"type": "number"},
        "boolean": {"type": "boolean"},
        "date": {"type": "string", "format": "date"},
        "time_tz": {"type": "string", "format": "time"},
        "time": {"type": "string", "format": "time", "airbyte_type": "time_without_timezone"},
        "timestamp_tz": {"type": "string", "format": "date-time"},
        "timestamp": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"},
        "object": {"type": "object"},
        "array": {"type": "array"},
        "any": {"type": ["string", "integer", "object"]},
    })
}

#[test]
fn every_type_keeps_what_it_can_and_says_what_it_cannot() {
    let base = Base::new();
    let mut input: Vec<_> = CASES
        .iter()
        .zip(1..)
        .map(|((field, value, _, _), at)| {
            format!(
                r#"{{"type":"RECORD","record":{{"stream":"pets","data":{{"nobody":[{{}}],"{field}":{value}}},"emitted_at":{at}}}}}{}"#,
                "\n"
            )
        })
        .collect();
    input.push(complete());
    base.load(&pets(&fields(), "append", (0, 0)), &input);
    let types: Vec<_> = base
        .columns("pets")
        .into_iter()
        .map(|(_, kind)| kind)
        .collect();
    assert_eq!(
        types,
        [
            "jsonb",
            "ARRAY",
            "boolean",
            "date",
            "bigint",
            "numeric",
            "jsonb",
            "character varying",
            "time without time zone",
            "time with time zone",
            "timestamp without time zone",
            "timestamp with time zone"
        ]
        .map(|kind| if kind == "ARRAY" { "jsonb" } else { kind })
    );
    for ((field, value, kept, why), at) in CASES.iter().zip(1..) {
        let rows = base.rows(&format!(
            "SELECT \"{field}\"::text AS kept, _airbyte_meta->'changes' AS changes FROM pets \
             WHERE extract(epoch FROM _airbyte_extracted_at) * 1000 = {at}"
        ));
        let changes = why.map(|why| json!([{"field": field, "change": "NULLED", "reason": why}]));
        let expected = json!({"kept": kept, "changes": changes.unwrap_or_else(|| json!([]))});
        assert_eq!(rows, [expected], "{field}: {value}");
    }
}

#[test]
fn numbers_of_absurd_length_are_kept_or_noted() {
    let base = Base::new();
    let zeros = "0".repeat(200_000);
    let numbers = [
        (format!("0.{zeros}"), Some("0")),
        (format!("2.5{zeros}"), Some("2.5")),
        (format!("3{zeros}e-199999"), Some("30")),
        (format!("1{zeros}"), None),
        (format!("0.{zeros}1"), None),
    ];
    let mut input: Vec<_> = numbers
        .iter()
        .zip(1..)
        .map(|((number, _), at)| {
            format!(
                r#"{{"type":"RECORD","record":{{"stream":"pets","data":{{"number":{number},"any":[{number}]}},"emitted_at":{at}}}}}{}"#,
                "\n"
            )
        })
        .collect();
    input.push(complete());
    base.load(&pets(&fields(), "append", (0, 0)), &input);
    let rows = base.rows(
        "SELECT number::text AS number, \"any\"->>0 AS any, jsonb_array_length(_airbyte_meta->'changes') AS lost \
         FROM pets ORDER BY _airbyte_extracted_at",
    );
    let expected = numbers.map(|(_, kept)| {
        json!({"number": kept, "any": kept, "lost": if kept.is_none() { 2 } else { 0 }})
    });
    assert_eq!(rows, expected);
}

#[test]
fn a_record_that_is_no_json_inside_ends_the_run_without_its_content() {
    let base = Base::new();
    let broken =
        r#"{"type":"RECORD","record":{"stream":"pets","data":{"text":hunter2},"emitted_at":1}}"#;
    let run = base.write(
        super::Way::Child,
        &pets(&fields(), "append", (0, 0)),
        &[format!("{broken}\n"), complete()],
    );
    assert_eq!(run.error().map(|error| error.0), Some("system_error"));
    assert!(!format!("{run:?}").contains("hunter2"));
}
