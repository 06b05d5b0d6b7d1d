//! What may be chosen, added and removed.

use serde_json::json;

use super::super::{Change, Form};
use super::{created, database, edited, filled, html, object, read};
use crate::vault::configuration::MASK;

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
