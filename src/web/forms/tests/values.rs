//! Single values: their types, their words, their troubles, their secrets.

use serde_json::json;

use super::super::Form;
use super::{created, database, edited, filled, html, object, troubles};
use crate::vault::configuration::MASK;

#[test]
fn a_fresh_form_has_the_defaults_and_gives_them_their_types() {
    let schema = object(
        &json!({
            "count": { "type": "integer", "default": 1000 },
            "ratio": { "type": "number", "default": 0.5 },
            "always": { "type": "boolean", "default": true },
            "never": { "type": "boolean", "default": false },
            "unsaid": { "type": "boolean" },
            "name": { "type": "string" },
            "mode": { "type": "string", "enum": ["a", "b"], "default": "b" },
            "size": { "type": "integer", "enum": [1, 2] },
            "days": { "type": "array", "items": { "type": "string", "enum": ["mo", "tu"] }, "default": ["tu"] },
            "extra": { "type": "object", "additionalProperties": true },
            "kind": { "type": "string", "const": "x" },
            "hidden": { "type": "string", "airbyte_hidden": true, "default": "h" }
        }),
        &[],
    );
    let whole = json!({
        "count": 1000, "ratio": 0.5, "always": true, "never": false, "mode": "b", "days": ["tu"],
        "kind": "x", "hidden": "h"
    });
    assert_eq!(created(&schema, &[]), Ok(whole));
    let changes = [
        ("/count", " 7 "),
        ("/ratio", "1e3"),
        ("/unsaid", "true"),
        ("/name", " a\tb "),
        ("/size", "2"),
        ("/extra", "{\"a\": [1]}"),
        ("/mode", ""),
    ];
    let expected = json!({
        "count": 7, "ratio": 1000.0, "always": true, "never": false, "unsaid": true, "name": " a\tb ",
        "size": 2, "days": ["tu"], "extra": { "a": [1] }, "kind": "x", "hidden": "h"
    });
    assert_eq!(created(&schema, &changes), Ok(expected));
}

#[test]
fn what_cannot_be_meant_is_told_beside_its_field() {
    let schema = object(
        &json!({
            "count": { "type": "integer", "minimum": 1 },
            "ratio": { "type": "number", "maximum": 2.5 },
            "host": { "type": "string", "title": "Host" },
            "code": { "type": "string", "minLength": 3, "maxLength": 4 },
            "extra": { "type": "object" },
            "mode": { "type": "string", "enum": ["a"] },
            "tags": { "type": "array", "items": { "type": "string" } }
        }),
        &["host", "mode", "tags"],
    );
    for (name, text, trouble) in [
        (
            "/count",
            "1.5",
            "Count: Write a whole number, without a unit.",
        ),
        ("/count", "0", "Count: Write a number that is at least 1."),
        (
            "/ratio",
            "2,5",
            "Ratio: Write a number, with a point before decimals.",
        ),
        (
            "/ratio",
            "NaN",
            "Ratio: Write a number, with a point before decimals.",
        ),
        ("/ratio", "3", "Ratio: Write a number that is at most 2.5."),
        ("/code", "ab", "Code: Write at least 3 characters."),
        ("/code", "abcde", "Code: Write at most 4 characters."),
        (
            "/extra",
            "{",
            "Extra: This is not JSON: see line 1, column 1.",
        ),
        ("/extra", "[]", "Extra: Write a JSON object: {…}."),
    ] {
        let rest = [
            "Host: This is required.",
            "Mode: Choose one of these.",
            "Tags: Add at least one.",
        ];
        let told = created(&schema, &[(name, text)]).expect_err("a fault");
        assert!(told.contains(&trouble.to_owned()), "{text}: {told:?}");
        assert!(
            rest.iter().all(|rest| told.contains(&(*rest).to_owned())),
            "{told:?}"
        );
        assert_eq!(told.len(), 4, "{told:?}");
    }
}

#[test]
fn fields_stand_in_their_order_with_their_words() {
    let form = Form::fresh(&database());
    let page = html(&form);
    let places: Vec<_> = [
        "Host",
        "Port",
        "Password",
        "Tunnel method",
        "Schemas",
        "Ssl mode",
    ]
    .iter()
    .map(|title| {
        page.find(&format!(">{title}"))
            .unwrap_or_else(|| panic!("{title}: {page}"))
    })
    .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(
        page.contains("Optional fields <span class=\"quiet\">(2)"),
        "{page}"
    );
    assert!(
        page.contains("Host <span class=\"must\">required</span>"),
        "{page}"
    );
    assert!(page.contains("From 1 to 65536"), "{page}");
}

#[test]
fn a_secret_is_masked_kept_replaced_or_taken_away() {
    let schema = database();
    let stored = json!({
        "host": "db", "port": 1, "password": MASK, "tunnel_method": { "tunnel_method": "NO_TUNNEL" }
    });
    let page = html(&Form::stored(&schema, &stored));
    assert!(
        page.contains("type=\"password\" value=\"**********\""),
        "{page}"
    );
    let password = |text: &str| edited(&schema, &stored, &[("/password", text)]);
    assert_eq!(password(MASK).expect("kept")["password"], MASK);
    assert_eq!(password(" new ").expect("replaced")["password"], " new ");
    assert_eq!(password("").expect("taken away").get("password"), None);
    let told = password("**********1").expect_err("half a mask");
    assert_eq!(
        told,
        ["Password: Write the whole new value, or leave it as it was."]
    );
    let key = "-----BEGIN-----\r\nabc\r\n-----END-----\r\n";
    let changes = [("/ssl_mode#", "1"), ("/ssl_mode#1/ca_certificate", key)];
    let after = edited(&schema, &stored, &changes).expect("a configuration");
    assert_eq!(
        after["ssl_mode"]["ca_certificate"],
        "-----BEGIN-----\nabc\n-----END-----\n"
    );
}

#[test]
fn specifications_are_written_in_many_ways() {
    let schema = json!({
        "type": "object",
        "definitions": { "Level": { "title": "Level", "type": "integer" } },
        "properties": {
            "by_reference": { "$ref": "#/definitions/Level", "default": 3 },
            "by_all": { "allOf": [{ "$ref": "#/definitions/Level" }], "title": "Other" },
            "nullable": { "type": ["null", "integer"], "default": null },
            "any": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
            "named": { "oneOf": [{ "const": 1, "title": "One" }, { "const": 2, "title": "Two" }], "default": 2 },
            "either": { "oneOf": [{ "type": "string" }, { "type": "integer" }] },
            "by_enum": { "oneOf": [
                { "properties": { "kind": { "enum": ["a"] }, "x": { "type": "string" } } },
                { "properties": { "kind": { "enum": ["b"] } } }
            ] },
            "self": { "$ref": "#/properties/self" },
            "a/b~c#d@e": { "type": "string", "default": "odd" }
        },
        "required": ["nullable", "either", "by_enum"]
    });
    let changes = [
        ("/by_all", "4"),
        ("/any", "5"),
        ("/either#", "1"),
        ("/either#1", "6"),
        ("/by_enum#", "1"),
    ];
    let expected = json!({
        "by_reference": 3, "by_all": 4, "any": 5, "named": 2, "either": 6, "by_enum": { "kind": "b" },
        "a/b~c#d@e": "odd"
    });
    assert_eq!(created(&schema, &changes), Ok(expected));
    let stored = json!({ "either": "six", "by_enum": { "kind": "a", "x": "y" } });
    assert_eq!(edited(&schema, &stored, &[]), Ok(stored.clone()));
}

#[test]
fn a_specification_that_refers_to_itself_has_an_end() {
    let own = json!({ "$ref": "#" });
    let properties: serde_json::Map<_, _> = (0..9).map(|n| (n.to_string(), own.clone())).collect();
    let schema = json!({ "properties": properties, "allOf": vec![own.clone(); 9] });
    let page = html(&Form::fresh(&schema));
    assert!(page.len() < 100_000_000, "{}", page.len());
    assert!(page.contains("<textarea"));
}

#[test]
fn a_verdict_goes_to_its_field_or_to_the_nearest_around_it() {
    let schema = database();
    let stored = json!({
        "host": "db", "port": 1, "schemas": ["a", "b"],
        "tunnel_method": { "tunnel_method": "SSH_KEY_AUTH", "tunnel_host": "ssh" }
    });
    let fields = filled(&Form::stored(&schema, &stored), &[]);
    let mut form = Form::posted(&schema, &fields, Some(&stored));
    assert!(form.tell("/host", "one."));
    assert!(form.tell("/schemas/1", "two."));
    assert!(form.tell("/tunnel_method/tunnel_host", "three."));
    assert!(form.tell("/tunnel_method/tunnel_method", "four."));
    assert!(form.tell("/ssl_mode/mode", "five."));
    assert!(!form.tell("/nothing/there", "six."));
    assert!(!form.tell("", "seven."));
    let told = [
        "Host: one.",
        "Schemas 2: two.",
        "Ssl mode: five.",
        "SSH key: four.",
        "SSH host: three.",
    ];
    assert_eq!(troubles(&form), told);
    let page = html(&form);
    assert!(
        page.contains("aria-describedby=\"field.host-trouble\" aria-invalid=\"true\""),
        "{page}"
    );
    assert!(page.contains("<details class=\"fold\" open>"), "{page}");
}

#[test]
fn nothing_that_a_specification_says_becomes_markup() {
    let evil = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>";
    let schema = json!({
        "type": "object",
        "groups": [{ "id": "g", "title": evil }],
        "properties": {
            evil: { "type": "string", "title": evil, "description": evil, "default": evil, "group": "g",
                    "examples": [evil], "pattern_descriptor": evil },
            "choice": { "enum": [evil], "default": evil },
            "area": { "type": "string", "multiline": true, "default": format!("</textarea>{evil}") },
            "either": { "oneOf": [
                { "title": evil, "description": evil, "properties": { "k": { "const": evil }, "x": {} } },
                { "title": evil, "type": "string" }
            ] },
            "list": { "type": "array", "title": evil, "items": { "title": evil }, "default": [evil] }
        }
    });
    let page = html(&Form::fresh(&schema));
    assert!(
        !page.contains("<script") && !page.contains("<img") && !page.contains("</textarea><"),
        "{page}"
    );
    let configuration = created(&schema, &[]).expect("a configuration");
    assert_eq!(configuration[evil], evil);
    assert_eq!(configuration["area"], format!("</textarea>{evil}"));
}

#[test]
fn groups_become_parts_of_the_form() {
    let schema = json!({
        "type": "object",
        "groups": [{ "id": "auth", "title": "Authentication" }, { "id": "none", "title": "Empty" }],
        "properties": {
            "other": { "type": "string" },
            "token": { "type": "string", "group": "auth" },
            "stray": { "type": "string", "group": "unknown" }
        }
    });
    let form = Form::fresh(&schema);
    let titles: Vec<_> = form
        .sections()
        .iter()
        .map(|section| section.title)
        .collect();
    assert_eq!(titles, [Some("Authentication"), Some("Other settings")]);
    let plain = Form::fresh(&object(&json!({ "a": { "type": "string" } }), &[]));
    assert_eq!(plain.sections()[0].title, None);
}
