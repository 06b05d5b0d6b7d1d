//! What a schema tells people in words of ours: a title where it has none, and what may be written.

use serde_json::{Map, Value};

use super::schema::kind;

/// What may be written, as far as the schema tells people.
pub(super) fn hints(schema: &Map<String, Value>) -> Vec<String> {
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    let mut hints = Vec::new();
    match (text("pattern_descriptor"), text("format"), kind(schema)) {
        (Some(words), _, _) => hints.push(format!("Format: {words}")),
        (None, Some("date"), "string") => hints.push("Format: YYYY-MM-DD".to_owned()),
        (None, Some("date-time"), "string") => {
            hints.push("Format: YYYY-MM-DDTHH:MM:SSZ".to_owned());
        }
        _ => {}
    }
    let bound = |name: &str| schema.get(name).filter(|value| value.is_number());
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => hints.push(format!("From {least} to {most}")),
        (Some(least), None) => hints.push(format!("At least {least}")),
        (None, Some(most)) => hints.push(format!("At most {most}")),
        (None, None) => {}
    }
    let secret = schema.get("airbyte_secret") == Some(&Value::Bool(true));
    let examples = match schema.get("examples") {
        Some(Value::Array(examples)) => examples.iter().collect(),
        Some(example) => vec![example],
        None => Vec::new(),
    };
    let examples: Vec<_> = examples
        .into_iter()
        .filter(|example| !example.is_null())
        .map(|example| match example {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    if !secret && !examples.is_empty() {
        hints.push(format!("For example: {}", examples.join(", ")));
    }
    hints
}

/// A key as words: `records_per_slice` is "Records per slice".
pub(super) fn title_of(key: &str) -> String {
    let words = key.replace(['_', '-'], " ");
    let mut letters = words.trim().chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_tells_what_may_be_written() {
        for (schema, told) in [
            (json!({}), &[][..]),
            (
                json!({ "type": "string", "format": "date", "examples": ["2030-01-01"] }),
                &["Format: YYYY-MM-DD", "For example: 2030-01-01"],
            ),
            (
                json!({ "format": "date-time", "pattern_descriptor": "a moment" }),
                &["Format: a moment"],
            ),
            (
                json!({ "type": "integer", "minimum": 1, "maximum": 9, "examples": 5 }),
                &["From 1 to 9", "For example: 5"],
            ),
            (json!({ "maximum": 0.5 }), &["At most 0.5"]),
            (
                json!({ "airbyte_secret": true, "examples": ["hunter2"] }),
                &[],
            ),
        ] {
            assert_eq!(
                hints(schema.as_object().expect("a schema")),
                told,
                "{schema}"
            );
        }
    }

    #[test]
    fn a_key_becomes_a_title() {
        for (key, title) in [
            ("records_per_slice", "Records per slice"),
            ("api-key", "Api key"),
            ("ä", "Ä"),
            ("", ""),
        ] {
            assert_eq!(title_of(key), title);
        }
    }
}
