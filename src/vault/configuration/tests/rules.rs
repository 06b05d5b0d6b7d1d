//! What is said of configurations that break their specification.

use serde_json::{Value, json};

use super::super::{merge, validate};
use super::{pointers, schema};

fn faults(whole: &Value) -> Vec<(String, String)> {
    let faults = validate(&schema(), whole).into_iter();
    let below = |pointer: String| pointer.trim_start_matches("/configuration").to_owned();
    faults
        .map(|fault| (below(fault.pointer), fault.message))
        .collect()
}

#[test]
fn every_fault_names_its_field_and_says_what_would_be_right() {
    let good = json!({ "auth_type": "password", "password": "hush-hush" });
    let with = |more: Value| merge(&json!({ "host": "h", "credentials": good }), more);
    let cases: Vec<(Value, Vec<(&str, &str)>)> = vec![
        (with(json!({})), vec![]),
        (with(json!({ "unknown": 1 })), vec![]),
        (
            json!({}),
            vec![("/host", "is required"), ("/credentials", "is required")],
        ),
        (json!([]), vec![("", "must be an object")]),
        (
            with(json!({ "port": "hush-hush" })),
            vec![("/port", "must be a whole number")],
        ),
        (
            with(json!({ "port": 0 })),
            vec![("/port", "must be at least 1")],
        ),
        (
            with(json!({ "port": 65536 })),
            vec![("/port", "must be at most 65535")],
        ),
        (
            with(json!({ "port": null })),
            vec![("/port", "must be a whole number")],
        ),
        (with(json!({ "start": "2024-13-45" })), vec![]),
        (
            with(json!({ "start": "hush-hush" })),
            vec![(
                "/start",
                "must look like YYYY-MM-DD (pattern ^[0-9]{4}-[0-9]{2}-[0-9]{2}$)",
            )],
        ),
        (
            with(json!({ "accounts": [{ "password": "abc" }, { "name": 1, "password": 2 }] })),
            vec![
                ("/accounts/0/password", "must have at least 4 characters"),
                ("/accounts/1/name", "must be a string"),
                ("/accounts/1/password", "must be a string"),
            ],
        ),
        // The option that is meant tells what is wrong.
        (
            with(json!({ "credentials": { "password": null } })),
            vec![("/credentials/password", "must be a string")],
        ),
        (
            json!({ "host": "h", "credentials": { "auth_type": "oauth", "client_secret": "hush-hush" } }),
            vec![
                ("/credentials/client_secret", "must match the pattern ^cs-"),
                ("/credentials/client_id", "is required"),
            ],
        ),
        (
            json!({ "host": "h", "credentials": { "auth_type": "hush-hush" } }),
            vec![(
                "/credentials/auth_type",
                "must be one of \"password\", \"oauth\"",
            )],
        ),
        (
            json!({ "host": "h", "credentials": {} }),
            vec![("/credentials/auth_type", "is required")],
        ),
        (
            json!({ "host": 1, "credentials": good }),
            vec![("/host", "must be a string")],
        ),
    ];
    for (whole, expected) in cases {
        let found = faults(&whole);
        let found: Vec<_> = found
            .iter()
            .map(|(at, why)| (at.as_str(), why.as_str()))
            .collect();
        let sorted = |mut faults: Vec<(&'static str, &'static str)>| {
            faults.sort_unstable();
            faults
        };
        let mut found_sorted = found.clone();
        found_sorted.sort_unstable();
        assert_eq!(found_sorted, sorted(expected), "{whole}");
        assert!(!format!("{found:?}").contains("hush-hush"), "{whole}");
    }
}

#[test]
fn no_sentence_repeats_what_the_user_wrote() {
    let canary = "canary-value";
    let rules = [
        json!({ "type": "integer" }),
        json!({ "const": "x" }),
        json!({ "enum": ["x", "y"] }),
        json!({ "pattern": "^x" }),
        json!({ "minLength": 99 }),
        json!({ "maxLength": 3 }),
        json!({ "not": { "type": "string" } }),
        json!({ "oneOf": [{ "type": "string" }, { "minLength": 1 }] }),
        json!({ "anyOf": [{ "const": 1 }, { "pattern": "^x" }] }),
        json!({ "anyOf": [{ "type": "integer" }, { "type": ["null", "array"] }] }),
        json!(false),
        json!({ "if": { "type": "string" }, "then": { "maxLength": 1 } }),
        json!({ "allOf": [{ "maxLength": 1 }, { "pattern": "z" }] }),
    ];
    for rule in rules {
        let whole = json!({ "a": canary, "b": [canary, canary] });
        for schema in [
            json!({ "properties": { "a": rule } }),
            json!({ "properties": { "b": { "items": rule } } }),
            json!({ "properties": { "b": { "contains": { "const": 1 } }, "a": rule } }),
        ] {
            let faults = validate(&schema, &whole);
            assert!(!faults.is_empty(), "{schema}");
            assert!(!format!("{faults:?}").contains(canary), "{faults:?}");
        }
    }
    let lists = json!({ "b": { "uniqueItems": true, "maxItems": 1 }, "a": { "type": ["integer", "null"] } });
    let said = format!(
        "{:?}",
        validate(
            &json!({ "properties": lists }),
            &json!({ "a": canary, "b": [canary, canary] })
        )
    );
    for expected in [
        "an element twice",
        "at most 1 elements",
        "must be null or a whole number",
    ] {
        assert!(
            said.contains(expected) && !said.contains(canary),
            "{expected}: {said}"
        );
    }
}

#[test]
fn unknown_fields_are_named_where_the_specification_forbids_them() {
    let schema = json!({ "properties": { "a": {} }, "additionalProperties": false });
    let faults = validate(&schema, &json!({ "a": 1, "b": 2, "c/d": 3 }));
    assert_eq!(
        pointers(&faults),
        ["/configuration/b", "/configuration/c~1d"]
    );
}

#[test]
fn a_reference_is_not_held_against_the_rules_for_the_secret() {
    let reference = "secret_coordinate::vault:secret/data/a#b";
    let whole = json!({
        "host": "h", "pin": reference, "service_account": reference, "accounts": [{ "password": reference }],
        "credentials": { "auth_type": "oauth", "client_id": "i", "client_secret": reference }
    });
    assert_eq!(faults(&whole), []);
    // Elsewhere it is a text like any other.
    let found = faults(&merge(&whole, json!({ "port": reference })));
    assert_eq!(
        found,
        [("/port".to_owned(), "must be a whole number".to_owned())]
    );
}

#[test]
fn what_is_no_proper_schema_is_left_out_and_the_rest_still_counts() {
    let schema = json!({
        "type": "object",
        "required": ["a", "a", 1],
        "properties": {
            "a": { "type": "text", "required": true, "examples": "x", "minimum": 3 },
            "b": { "type": "string", "pattern": "(?<name>unclosed", "enum": [] , "format": "no such" },
            "c": { "type": "integer", "exclusiveMinimum": true, "minLength": -1, "items": "x" },
            "d": { "$schema": "nonsense", "oneOf": [] , "multipleOf": "2" }
        }
    });
    let whole = json!({ "a": 1, "b": 2, "c": "x", "d": {} });
    let found = validate(&schema, &whole);
    assert_eq!(
        pointers(&found),
        ["/configuration/a", "/configuration/b", "/configuration/c"],
        "{found:?}"
    );
    assert_eq!(
        pointers(&validate(&schema, &json!({}))),
        ["/configuration/a"]
    );
    // Nothing is fetched for a schema that lies elsewhere: it cannot be checked, and is accepted.
    let elsewhere = json!({ "$ref": "http://127.0.0.1:1/schema.json" });
    assert_eq!(validate(&elsewhere, &whole), []);
}
