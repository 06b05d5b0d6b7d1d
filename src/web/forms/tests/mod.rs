//! Forms from end to end: rendered, sent as a browser would, read. `alternatives` is about what may be
//! chosen, added and removed, `values` about everything else.

mod alternatives;
mod values;

use serde_json::{Value, json};

use super::Form;
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
