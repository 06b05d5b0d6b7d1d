//! Tables of cases for everything that is done with a configuration.

mod round_trips;
mod rules;

use serde_json::{Value, json};

use super::*;
use crate::error::Fault;

/// A specification with secrets at every kind of place.
fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "required": ["host", "credentials"],
        "properties": {
            "host": { "type": "string", "examples": "not a list, as many write it" },
            "port": { "type": "integer", "minimum": 1, "maximum": 65535, "default": 5432 },
            "start": {
                "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                "pattern_descriptor": "YYYY-MM-DD"
            },
            "pin": { "type": "integer", "airbyte_secret": true },
            "service_account": { "type": "object", "airbyte_secret": true },
            "tokens": { "type": "array", "items": { "type": "string", "airbyte_secret": true } },
            "accounts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" },
                        "password": { "type": "string", "airbyte_secret": true, "minLength": 4 }
                    }
                }
            },
            "pair": { "type": "array", "items": [{ "type": "string" }, { "airbyte_secret": true }] },
            "headers": { "type": "object", "additionalProperties": { "airbyte_secret": true } },
            "extras": {
                "type": "object",
                "patternProperties": { "^secret_": { "airbyte_secret": true } }
            },
            "tunnel": { "$ref": "#/definitions/tunnel" },
            "tree": { "$ref": "#/definitions/tree" },
            "credentials": {
                "oneOf": [
                    {
                        "title": "Password",
                        "required": ["auth_type", "password"],
                        "properties": {
                            "auth_type": { "const": "password" },
                            "username": { "type": "string" },
                            "password": { "type": "string", "airbyte_secret": true }
                        }
                    },
                    {
                        "title": "OAuth",
                        "required": ["auth_type", "client_id", "client_secret"],
                        "properties": {
                            "auth_type": { "enum": ["oauth"] },
                            "client_id": { "type": "string" },
                            "client_secret": { "type": "string", "airbyte_secret": true, "pattern": "^cs-" }
                        }
                    }
                ]
            },
            "layers": {
                "allOf": [
                    { "properties": { "a": { "airbyte_secret": true } } },
                    { "anyOf": [{ "properties": { "b": { "airbyte_secret": true } } }, { "type": "null" }] }
                ]
            }
        },
        "definitions": {
            "tunnel": { "properties": { "ssh/key": { "airbyte_secret": true, "type": "string" }, "host": {} } },
            "tree": {
                "properties": { "leaf": { "airbyte_secret": true }, "branches": { "items": { "$ref": "#/definitions/tree" } } }
            }
        }
    })
}

fn secrets(pairs: &[(&str, Value)]) -> Secrets {
    let pair =
        |(pointer, value): &(&str, Value)| ((*pointer).to_owned(), SecretValue::new(value.clone()));
    pairs.iter().map(pair).collect()
}

/// Tests compare values, which `SecretValue` would not print.
fn revealed(secrets: &Secrets) -> Vec<(String, Value)> {
    let each = secrets.iter();
    each.map(|(pointer, secret)| (pointer.clone(), secret.reveal().clone()))
        .collect()
}

fn pointers(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.pointer.as_str()).collect()
}

fn fresh(given: Value) -> Split {
    split(&schema(), given, None).expect("nothing is kept")
}

fn again(before: &Split, given: Value) -> Result<Split, Vec<Fault>> {
    let stored = Stored {
        shown: &before.shown,
        secrets: &before.secrets,
    };
    split(&schema(), given, Some(stored))
}

/// What is given, what is shown of it, and what is taken out.
type Taken = (Value, Value, Vec<(&'static str, Value)>);

#[test]
fn secrets_are_taken_out_wherever_the_specification_marks_them() {
    let cases: Vec<Taken> = vec![
        (json!({}), json!({}), vec![]),
        (
            json!({ "host": "h", "password": "p" }),
            json!({ "host": "h", "password": "p" }),
            vec![],
        ),
        (
            json!({ "pin": 4711 }),
            json!({ "pin": MASK }),
            vec![("/pin", json!(4711))],
        ),
        (json!({ "pin": null }), json!({ "pin": null }), vec![]),
        (
            json!({ "pin": "" }),
            json!({ "pin": MASK }),
            vec![("/pin", json!(""))],
        ),
        (
            json!({ "service_account": { "key": "k", "n": [1] } }),
            json!({ "service_account": MASK }),
            vec![("/service_account", json!({ "key": "k", "n": [1] }))],
        ),
        (
            json!({ "tokens": ["a", "b"] }),
            json!({ "tokens": [MASK, MASK] }),
            vec![("/tokens/0", json!("a")), ("/tokens/1", json!("b"))],
        ),
        (
            json!({ "accounts": [{ "name": "n", "password": "p" }, { "name": "m" }] }),
            json!({ "accounts": [{ "name": "n", "password": MASK }, { "name": "m" }] }),
            vec![("/accounts/0/password", json!("p"))],
        ),
        (
            json!({ "pair": ["open", "shut", "more"] }),
            json!({ "pair": ["open", MASK, "more"] }),
            vec![("/pair/1", json!("shut"))],
        ),
        (
            json!({ "headers": { "x~y/z": "v" } }),
            json!({ "headers": { "x~y/z": MASK } }),
            vec![("/headers/x~0y~1z", json!("v"))],
        ),
        (
            json!({ "extras": { "secret_a": "v", "open": "w" } }),
            json!({ "extras": { "secret_a": MASK, "open": "w" } }),
            vec![("/extras/secret_a", json!("v"))],
        ),
        (
            json!({ "tunnel": { "ssh/key": "k", "host": "h" } }),
            json!({ "tunnel": { "ssh/key": MASK, "host": "h" } }),
            vec![("/tunnel/ssh~1key", json!("k"))],
        ),
        (
            json!({ "tree": { "leaf": 1, "branches": [{ "branches": [{ "leaf": 2 }] }] } }),
            json!({ "tree": { "leaf": MASK, "branches": [{ "branches": [{ "leaf": MASK }] }] } }),
            vec![
                ("/tree/branches/0/branches/0/leaf", json!(2)),
                ("/tree/leaf", json!(1)),
            ],
        ),
        (
            json!({ "credentials": { "auth_type": "password", "password": "p", "client_secret": "cs-1" } }),
            json!({ "credentials": { "auth_type": "password", "password": MASK, "client_secret": MASK } }),
            vec![
                ("/credentials/client_secret", json!("cs-1")),
                ("/credentials/password", json!("p")),
            ],
        ),
        (
            json!({ "layers": { "a": 1, "b": 2, "c": 3 } }),
            json!({ "layers": { "a": MASK, "b": MASK, "c": 3 } }),
            vec![("/layers/a", json!(1)), ("/layers/b", json!(2))],
        ),
        // Where nothing is marked, the mask is a text like any other.
        (json!({ "host": MASK }), json!({ "host": MASK }), vec![]),
        // A value of another shape than the specification's says nothing of secrets inside.
        (
            json!({ "accounts": "text" }),
            json!({ "accounts": "text" }),
            vec![],
        ),
    ];
    for (given, shown, expected) in cases {
        let taken = fresh(given.clone());
        assert_eq!(taken.shown, shown, "{given}");
        assert_eq!(
            revealed(&taken.secrets),
            revealed(&secrets(&expected)),
            "{given}"
        );
        assert_eq!(join(&taken.shown, &taken.secrets), given, "{given}");
    }
}

#[test]
fn without_a_specification_nothing_is_guessed() {
    let given = json!({ "password": "p", "nested": { "api_key": "k" } });
    for schema in [
        Value::Null,
        json!("text"),
        json!([]),
        json!({}),
        json!(true),
    ] {
        let taken = split(&schema, given.clone(), None).expect("nothing is kept");
        assert_eq!(
            (taken.shown, taken.secrets.len()),
            (given.clone(), 0),
            "{schema}"
        );
        assert_eq!(validate(&schema, &given), [], "{schema}");
    }
}

#[test]
fn references_inside_the_schema_are_followed_by_every_name() {
    for (reference, named) in [
        ("#/$defs/a%20b", json!({ "airbyte_secret": true })),
        ("#/$defs/a b", json!({ "airbyte_secret": "true" })),
        (
            "#anchor",
            json!({ "$anchor": "anchor", "airbyte_secret": true }),
        ),
        ("#old", json!({ "$id": "#old", "airbyte_secret": true })),
        (
            "key.json",
            json!({ "$id": "key.json", "airbyte_secret": true }),
        ),
    ] {
        let schema =
            json!({ "properties": { "key": { "$ref": reference } }, "$defs": { "a b": named } });
        let taken = split(&schema, json!({ "key": "k" }), None).expect("nothing is kept");
        assert_eq!(taken.shown, json!({ "key": MASK }), "{reference}");
    }
    let circle =
        json!({ "$ref": "#", "allOf": [{ "$ref": "#" }], "properties": { "a": { "$ref": "#" } } });
    let given = json!({ "a": { "a": {} } });
    assert_eq!(
        split(&circle, given.clone(), None).expect("no mask").shown,
        given
    );
}

#[test]
fn a_mask_sent_back_keeps_what_is_stored() {
    let before = fresh(json!({
        "host": "h", "pin": 1,
        "tokens": ["a", "b"],
        "accounts": [{ "name": "n", "password": "pn" }, { "name": "m", "password": "pm" }],
        "credentials": { "auth_type": "password", "username": "u", "password": "p" }
    }));
    let kept = |given: Value| revealed(&again(&before, given).expect("everything is kept").secrets);
    // What was read, sent back.
    assert_eq!(kept(before.shown.clone()), revealed(&before.secrets));
    // One changed, the others kept.
    let mut changed = before.shown.clone();
    changed["pin"] = json!(2);
    changed["credentials"]["username"] = json!("v");
    let now = again(&before, changed.clone()).expect("kept");
    assert_eq!(now.secrets["/pin"].reveal(), 2);
    assert_eq!(now.secrets["/credentials/password"].reveal(), "p");
    changed["pin"] = json!(MASK);
    assert_eq!(now.shown, changed);
    // Left out is removed; so is null.
    assert_eq!(kept(json!({ "host": "h" })), []);
    assert_eq!(kept(json!({ "pin": null })), []);
    // A secret that turns up where nothing is marked stays a secret.
    let plain = json!({ "properties": {} });
    let stored = Stored {
        shown: &before.shown,
        secrets: &before.secrets,
    };
    let now = split(&plain, json!({ "pin": MASK }), Some(stored)).expect("kept");
    assert_eq!(revealed(&now.secrets), [("/pin".to_owned(), json!(1))]);
}

#[test]
fn a_mask_in_an_array_keeps_the_secret_of_the_element_that_looks_alike() {
    let account = |name: &str, password: &str| json!({ "name": name, "password": password });
    let before =
        fresh(json!({ "accounts": [account("a", "pa"), account("b", "pb"), account("c", "pc")] }));
    let kept = |accounts: Value| {
        again(&before, json!({ "accounts": accounts })).map(|now| revealed(&now.secrets))
    };
    let at =
        |index: usize, password: &str| (format!("/accounts/{index}/password"), json!(password));
    let cases: Vec<(Value, Vec<(String, Value)>)> = vec![
        // Moved.
        (
            json!([account("c", MASK), account("a", MASK)]),
            vec![at(0, "pc"), at(1, "pa")],
        ),
        // One put before, one renamed in its place.
        (
            json!([
                account("x", "px"),
                account("a", MASK),
                account("b", MASK),
                account("c", MASK)
            ]),
            vec![at(0, "px"), at(1, "pa"), at(2, "pb"), at(3, "pc")],
        ),
        (
            json!([account("a", MASK), account("B", MASK), account("c", MASK)]),
            vec![at(0, "pa"), at(1, "pb"), at(2, "pc")],
        ),
        // Renamed, and one more: the places are still the same.
        (
            json!([
                account("A", MASK),
                account("b", MASK),
                account("c", MASK),
                account("d", "pd")
            ]),
            vec![at(0, "pa"), at(1, "pb"), at(2, "pc"), at(3, "pd")],
        ),
        // A new secret for one that looks alike.
        (json!([account("b", "new")]), vec![at(0, "new")]),
        (json!([]), vec![]),
    ];
    for (given, expected) in cases {
        assert_eq!(kept(given.clone()).expect("kept"), expected, "{given}");
    }
    // Shorter and renamed: whose secret is meant, nobody knows.
    let faults = kept(json!([account("B", MASK), account("c", MASK)])).expect_err("a guess");
    assert_eq!(pointers(&faults), ["/configuration/accounts/0/password"]);
    // A stored element is continued once.
    let faults = kept(json!([
        account("a", MASK),
        account("b", MASK),
        account("c", MASK),
        account("c", MASK)
    ]));
    assert_eq!(
        pointers(&faults.expect_err("one too many")),
        ["/configuration/accounts/3/password"]
    );

    let twins = fresh(
        json!({ "accounts": [account("a", "1"), account("a", "2")], "tokens": ["x", "y", "z"] }),
    );
    let now = again(
        &twins,
        json!({ "accounts": [account("a", "new"), account("a", MASK)], "tokens": [MASK, MASK] }),
    );
    let expected = [
        ("/accounts/0/password", json!("new")),
        ("/accounts/1/password", json!("2")),
        ("/tokens/0", json!("x")),
        ("/tokens/1", json!("y")),
    ];
    assert_eq!(
        revealed(&now.expect("kept").secrets),
        revealed(&secrets(&expected))
    );
}

#[test]
fn a_mask_where_nothing_is_stored_is_a_fault_with_its_place() {
    let given = json!({
        "pin": MASK,
        "accounts": [{ "password": "p" }, { "password": MASK }],
        "headers": { "a/b": MASK },
        "credentials": { "auth_type": "oauth", "client_secret": MASK }
    });
    let expected = [
        "/configuration/pin",
        "/configuration/accounts/1/password",
        "/configuration/headers/a~1b",
        "/configuration/credentials/client_secret",
    ];
    let faults = split(&schema(), given.clone(), None).expect_err("nothing is stored");
    assert_eq!(pointers(&faults), expected);
    // A switch to another option brings nothing along but what has the same name.
    let before = fresh(json!({ "credentials": { "auth_type": "password", "password": "p" } }));
    let faults = again(&before, given).expect_err("nothing is stored there");
    assert_eq!(pointers(&faults), expected);
}

#[test]
fn a_patch_merges_objects_and_replaces_everything_else() {
    let shown = json!({ "a": 1, "b": { "c": [1, 2], "d": MASK }, "e": "x" });
    let cases = [
        (json!({}), shown.clone()),
        (
            json!({ "a": 2 }),
            json!({ "a": 2, "b": { "c": [1, 2], "d": MASK }, "e": "x" }),
        ),
        (
            json!({ "b": { "c": [3] } }),
            json!({ "a": 1, "b": { "c": [3], "d": MASK }, "e": "x" }),
        ),
        (
            json!({ "b": { "d": "new" } }),
            json!({ "a": 1, "b": { "c": [1, 2], "d": "new" }, "e": "x" }),
        ),
        (
            json!({ "e": null }),
            json!({ "a": 1, "b": { "c": [1, 2], "d": MASK }, "e": null }),
        ),
        (json!({ "b": null }), json!({ "a": 1, "b": null, "e": "x" })),
        (json!({ "b": [] }), json!({ "a": 1, "b": [], "e": "x" })),
        (
            json!({ "e": { "f": 1 } }),
            json!({ "a": 1, "b": { "c": [1, 2], "d": MASK }, "e": { "f": 1 } }),
        ),
        (
            json!({ "new": { "g": null } }),
            json!({ "a": 1, "b": { "c": [1, 2], "d": MASK }, "e": "x", "new": { "g": null } }),
        ),
    ];
    for (patch, expected) in cases {
        assert_eq!(merge(&shown, patch.clone()), expected, "{patch}");
    }
}

#[test]
fn a_patch_keeps_secrets_that_it_does_not_name_or_names_by_the_mask() {
    let before = fresh(json!({
        "host": "h", "pin": 1, "tokens": ["a", "b"],
        "credentials": { "auth_type": "password", "username": "u", "password": "p" }
    }));
    let patched = |patch: Value| {
        let now = again(&before, merge(&before.shown, patch)).expect("kept");
        join(&now.shown, &now.secrets)
    };
    let whole = join(&before.shown, &before.secrets);
    assert_eq!(patched(json!({})), whole);
    assert_eq!(patched(before.shown.clone()), whole);
    assert_eq!(
        patched(json!({ "host": "i" })),
        merge(&whole, json!({ "host": "i" }))
    );
    assert_eq!(
        patched(json!({ "credentials": { "password": "q" } }))["credentials"]["password"],
        "q"
    );
    assert_eq!(
        patched(json!({ "credentials": { "password": null } }))["credentials"]["password"],
        Value::Null
    );
    assert_eq!(
        patched(json!({ "tokens": [MASK, "c"] }))["tokens"],
        json!(["a", "c"])
    );
    // The former option's fields remain, as documented; PUT switches.
    let switched =
        patched(json!({ "credentials": { "auth_type": "oauth", "client_secret": "cs-1" } }));
    assert_eq!(switched["credentials"]["password"], "p");
}

#[test]
fn references_are_secrets_that_can_be_shown_on_request() {
    let reference = "secret_coordinate::env:FERROBYTE_SECRET_A";
    let taken = fresh(json!({ "tokens": [reference, "plain"], "host": reference }));
    assert_eq!(
        taken.shown,
        json!({ "tokens": [MASK, MASK], "host": reference })
    );
    let shown = with_coordinates(&taken.shown, &taken.secrets);
    assert_eq!(
        shown,
        json!({ "tokens": [reference, MASK], "host": reference })
    );
    let faults = split(
        &schema(),
        json!({ "tokens": ["secret_coordinate::nonsense"] }),
        None,
    );
    assert_eq!(
        pointers(&faults.expect_err("no coordinate")),
        ["/configuration/tokens/0"]
    );
}

#[test]
fn what_a_connector_wants_stored_keeps_references_and_secrets() {
    let reference = json!("secret_coordinate::file:token");
    let before = fresh(
        json!({ "host": "h", "pin": 1, "tokens": [reference, "old"], "headers": { "a": "x" } }),
    );
    let mut used = before.secrets.clone();
    used.insert(
        "/tokens/0".to_owned(),
        SecretValue::new(json!("from the file")),
    );
    let stored = Stored {
        shown: &before.shown,
        secrets: &before.secrets,
    };
    let wanted = json!({
        "host": "i", "pin": 1, "tokens": ["from the file", "renewed", "more"], "headers": { "a": MASK }
    });
    let now = adopt(&schema(), &wanted, stored, &used);
    let whole = join(&now.shown, &now.secrets);
    let expected = json!({ "host": "i", "pin": 1, "tokens": [reference, "renewed", "more"], "headers": { "a": "x" } });
    assert_eq!(whole, expected);
    // Also when the specification does not mark it.
    let now = adopt(&json!({}), &wanted, stored, &used);
    assert_eq!(now.shown["pin"], MASK);
    assert_eq!(now.secrets["/tokens/0"].reveal(), &reference);
}
