//! Forms from end to end: rendered, sent as a browser would, read.

use serde_json::{Value, json};

use super::{Change, Form};
use crate::vault::configuration::MASK;
use crate::web::form::Fields;

/// What a browser sends of a page, without any button: names and values of its fields.
fn sent(html: &str) -> Vec<(String, String)> {
    let clear = |text: &str| {
        text.replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#38;", "&")
    };
    let mut pairs = Vec::new();
    let mut select = None;
    for part in html.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a whole tag");
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            Some(clear(rest.split('"').next()?))
        };
        let name = attribute("name");
        match tag.split(' ').next().expect("a name") {
            "input" => {
                let ticked = matches!(attribute("type").as_deref(), Some("checkbox" | "radio"));
                if !ticked || tag.contains(" checked") {
                    pairs.push((name.expect("a name"), attribute("value").expect("a value")));
                }
            }
            "textarea" => {
                let text = text
                    .strip_prefix('\n')
                    .expect("the newline that parsers drop");
                pairs.push((name.expect("a name"), clear(text).replace('\n', "\r\n")));
            }
            "select" => select = name,
            "/select" => {
                if let Some(name) = select.take() {
                    pairs.push((name, String::new()));
                }
            }
            "option" if tag.contains(" selected") => {
                pairs.push((
                    select.take().expect("in a select"),
                    attribute("value").expect("one"),
                ));
            }
            _ => {}
        }
    }
    pairs
}

fn html(form: &Form) -> String {
    let sections = form.sections();
    sections
        .iter()
        .map(|section| section.members.to_string())
        .collect()
}

/// What a browser sends of a form after somebody wrote these values; an empty one unticks.
fn filled(form: &Form, changes: &[(&str, &str)]) -> Fields {
    let mut pairs = sent(&html(form));
    for &(name, value) in changes {
        pairs.retain(|(key, _)| key != name);
        pairs.push((name.to_owned(), value.to_owned()));
    }
    let mut text = form_urlencoded::Serializer::new(String::new());
    Fields::parse(text.extend_pairs(pairs).finish().as_bytes())
}

/// The configuration that comes of a fresh form with these values, or what is wrong with it.
fn created(schema: &Value, changes: &[(&str, &str)]) -> Result<Value, Vec<String>> {
    let fields = filled(&Form::fresh(schema), changes);
    read(Form::posted(schema, &fields, None))
}

/// The same for a form with something stored.
fn edited(schema: &Value, stored: &Value, changes: &[(&str, &str)]) -> Result<Value, Vec<String>> {
    let fields = filled(&Form::stored(schema, stored), changes);
    read(Form::posted(schema, &fields, Some(stored)))
}

fn read(mut form: Form) -> Result<Value, Vec<String>> {
    form.read().ok_or_else(|| troubles(&form))
}

fn troubles(form: &Form) -> Vec<String> {
    let told = form.troubles();
    told.iter()
        .map(|trouble| format!("{}: {}", trouble.caption, trouble.words))
        .collect()
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Much of what a database connector asks for.
fn database() -> Value {
    object(
        &json!({
            "password": { "type": "string", "airbyte_secret": true, "order": 4, "always_show": true },
            "host": { "type": "string", "title": "Host", "order": 0 },
            "port": { "type": "integer", "default": 5432, "minimum": 1, "maximum": 65536, "order": 1 },
            "schemas": { "type": "array", "items": { "type": "string" }, "default": ["public"], "order": 3 },
            "ssl_mode": { "type": "object", "order": 5, "oneOf": [
                { "title": "disable", "required": ["mode"], "properties": { "mode": { "const": "disable" } } },
                { "title": "verify-ca", "required": ["mode", "ca_certificate"], "properties": {
                    "mode": { "const": "verify-ca" },
                    "ca_certificate": { "type": "string", "multiline": true, "airbyte_secret": true },
                    "client_key": { "type": "string", "multiline": true, "airbyte_secret": true }
                } }
            ] },
            "tunnel_method": { "type": "object", "order": 6, "oneOf": [
                { "title": "No tunnel", "required": ["tunnel_method"],
                  "properties": { "tunnel_method": { "const": "NO_TUNNEL" } } },
                { "title": "SSH key", "required": ["tunnel_method", "tunnel_host"], "properties": {
                    "tunnel_method": { "const": "SSH_KEY_AUTH" },
                    "tunnel_host": { "type": "string", "title": "SSH host" },
                    "tunnel_port": { "type": "integer", "default": 22 }
                } }
            ] }
        }),
        &["host", "port", "tunnel_method"],
    )
}

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
fn of_a_choice_only_what_is_chosen_counts() {
    let schema = database();
    let basics = [("/host", "db"), ("/tunnel_method#1/tunnel_host", "ssh")];
    let plain = json!({
        "host": "db", "port": 5432, "schemas": ["public"], "tunnel_method": { "tunnel_method": "NO_TUNNEL" }
    });
    assert_eq!(created(&schema, &basics), Ok(plain));
    let chosen = [
        &basics[..],
        &[("/tunnel_method#", "1"), ("/ssl_mode#", "0")],
    ]
    .concat();
    let with_tunnel = json!({
        "host": "db", "port": 5432, "schemas": ["public"], "ssl_mode": { "mode": "disable" },
        "tunnel_method": { "tunnel_method": "SSH_KEY_AUTH", "tunnel_host": "ssh", "tunnel_port": 22 }
    });
    assert_eq!(created(&schema, &chosen), Ok(with_tunnel));
    let told = created(&schema, &[("/host", "db"), ("/tunnel_method#", "1")]);
    assert_eq!(told, Err(vec!["SSH host: This is required.".to_owned()]));
    let told = created(&schema, &[("/host", "db"), ("/tunnel_method#", "7")]);
    assert_eq!(
        told,
        Err(vec!["Tunnel method: Choose one of these.".to_owned()])
    );
}

#[test]
fn a_stored_configuration_comes_back_as_it_was() {
    let schema = database();
    for stored in [
        json!({ "host": "db", "port": 1, "tunnel_method": { "tunnel_method": "NO_TUNNEL" } }),
        json!({
            "host": "db", "port": 1, "password": MASK, "schemas": [],
            "ssl_mode": { "mode": "verify-ca", "ca_certificate": MASK, "unknown": { "kept": [1] } },
            "tunnel_method": { "tunnel_method": "SSH_KEY_AUTH", "tunnel_host": "ssh" },
            "also_unknown": null
        }),
    ] {
        let mut expected = stored.clone();
        // An empty list that may be left out is left out.
        if expected["schemas"] == json!([]) {
            let members = expected.as_object_mut().expect("an object");
            members.shift_remove("schemas");
        }
        assert_eq!(edited(&schema, &stored, &[]), Ok(expected));
    }
}

#[test]
fn changing_the_option_leaves_nothing_of_the_other_one() {
    let stored = json!({
        "host": "db", "port": 1,
        "ssl_mode": { "mode": "verify-ca", "ca_certificate": MASK, "unknown": 1 },
        "tunnel_method": { "tunnel_method": "NO_TUNNEL" }
    });
    let changed = edited(&database(), &stored, &[("/ssl_mode#", "0")]).expect("a configuration");
    assert_eq!(changed["ssl_mode"], json!({ "mode": "disable" }));
    let changed = edited(&database(), &stored, &[("/ssl_mode#", "")]).expect("a configuration");
    assert_eq!(changed.get("ssl_mode"), None);
}

#[test]
fn a_stored_value_that_fits_no_option_any_more_stays_until_another_one_is_chosen() {
    let stored = json!({
        "host": "db", "port": 1, "ssl_mode": { "mode": "of old", "x": 1 },
        "tunnel_method": { "tunnel_method": "NO_TUNNEL" }
    });
    let page = html(&Form::stored(&database(), &stored));
    assert!(page.contains("<strong>As it is stored</strong>"), "{page}");
    assert_eq!(edited(&database(), &stored, &[]), Ok(stored.clone()));
    let changed = edited(&database(), &stored, &[("/ssl_mode#", "0")]).expect("a configuration");
    assert_eq!(changed["ssl_mode"], json!({ "mode": "disable" }));
    let changed = edited(&database(), &stored, &[("/ssl_mode#", "")]).expect("a configuration");
    assert_eq!(changed.get("ssl_mode"), None);
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
fn items_come_and_go_and_keep_what_is_written_in_them() {
    let schema = object(
        &json!({ "streams": { "type": "array", "items": {
            "type": "object", "title": "Stream", "required": ["name"], "properties": {
                "name": { "type": "string" },
                "globs": { "type": "array", "items": { "type": "string" } }
            }
        } } }),
        &["streams"],
    );
    let stored = json!({ "streams": [
        { "name": "a", "unknown": 1 }, { "name": "b", "globs": ["x", "y"], "unknown": 2 }
    ] });
    let mut form = Form::stored(&schema, &stored);
    assert!(html(&form).contains(">Stream 2<"), "{}", html(&form));
    form.change(&Change::of("remove:/streams/0").expect("a change"));
    form.change(&Change::of("add:/streams").expect("a change"));
    form.change(&Change::of("add:/streams/1/globs").expect("a change"));
    form.change(&Change::of("remove:/streams/1/globs/0").expect("a change"));
    let fields = filled(
        &form,
        &[("/streams/2/name", "c"), ("/streams/1/globs/2", "z")],
    );
    let posted = Form::posted(&schema, &fields, Some(&stored));
    let expected = json!({ "streams": [
        { "name": "b", "globs": ["y", "z"], "unknown": 2 }, { "name": "c" }
    ] });
    assert_eq!(read(posted), Ok(expected));
}

#[test]
fn an_object_that_may_be_left_out_is_there_when_it_is_ticked() {
    let schema = object(
        &json!({ "proxy": { "type": "object", "title": "Proxy", "required": ["host"], "properties": {
            "host": { "type": "string", "title": "Proxy host" }, "port": { "type": "integer", "default": 80 }
        } } }),
        &[],
    );
    assert_eq!(created(&schema, &[]), Ok(json!({})));
    let ticked = created(&schema, &[("/proxy#", "0"), ("/proxy#0/host", "h")]);
    assert_eq!(ticked, Ok(json!({ "proxy": { "host": "h", "port": 80 } })));
    let told = created(&schema, &[("/proxy#", "0")]);
    assert_eq!(told, Err(vec!["Proxy host: This is required.".to_owned()]));
    let stored = json!({ "proxy": { "host": "h" } });
    assert_eq!(edited(&schema, &stored, &[]), Ok(stored.clone()));
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

#[test]
fn a_button_says_which_item_it_is_about() {
    let removal = Change::Remove("/a/b".to_owned(), 3);
    for (text, change) in [
        ("add:/a", Some(Change::Add("/a".to_owned()))),
        ("remove:/a/b/3", Some(removal)),
        ("remove:/a/b", None),
        ("save", None),
        ("", None),
    ] {
        assert_eq!(Change::of(text), change, "{text}");
    }
    let mut form = Form::fresh(&database());
    form.change(&Change::Add("/host".to_owned()));
    form.change(&Change::Add("/nowhere".to_owned()));
    form.change(&Change::Remove("/schemas".to_owned(), 9));
}
