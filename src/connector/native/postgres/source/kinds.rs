//! What the type of a column means for a record: its schema, what is asked of the server, and how a value
//! in COPY's text becomes JSON. Values are passed on as they stand wherever JSON can hold them.

use serde_json::{Value, json};

use crate::connector::native::postgres::quoted;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Money,
    Boolean,
    Date,
    Time,
    TimeWithZone,
    Timestamp,
    TimestampWithZone,
    Array,
}

impl Kind {
    /// By PostgreSQL's own name of the type. What is not known here has a text, as everything does.
    pub(super) fn of(type_name: &str, is_array: bool) -> Self {
        match type_name {
            _ if is_array && type_name.starts_with('_') => Self::Array,
            "int2" | "int4" | "int8" => Self::Integer,
            "float4" | "float8" | "numeric" => Self::Number,
            "money" => Self::Money,
            "bool" => Self::Boolean,
            "date" => Self::Date,
            "time" => Self::Time,
            "timetz" => Self::TimeWithZone,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::TimestampWithZone,
            _ => Self::Text,
        }
    }

    pub(super) fn schema(self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Integer => json!({"type": "number", "airbyte_type": "integer"}),
            Self::Number | Self::Money => json!({"type": "number"}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::Array => json!({"type": "array"}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::Time => {
                json!({"type": "string", "format": "time", "airbyte_type": "time_without_timezone"})
            }
            Self::TimeWithZone => {
                json!({"type": "string", "format": "time", "airbyte_type": "time_with_timezone"})
            }
            Self::Timestamp => {
                json!({"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"})
            }
            Self::TimestampWithZone => {
                json!({"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"})
            }
        }
    }

    /// What is selected of a column.
    pub(super) fn expression(self, column: &str) -> String {
        let column = quoted(column);
        match self {
            // As it shows otherwise, it has the currency of the server's language.
            Self::Money => format!("{column}::numeric"),
            Self::Array => format!("array_to_json({column})"),
            _ => column,
        }
    }

    /// Writes a value. What JSON has no number for is not written, which is `false`.
    pub(super) fn write(self, to: &mut Vec<u8>, value: &[u8]) -> bool {
        match self {
            // `NaN`, `Infinity`
            Self::Number if value.iter().any(|byte| matches!(byte, b'N' | b'y')) => return false,
            Self::Integer | Self::Number | Self::Money => to.extend_from_slice(value),
            Self::Boolean => to.extend_from_slice(if value == b"t" { b"true" } else { b"false" }),
            Self::Text => text(to, value),
            Self::Array => json_text(to, value),
            Self::Date | Self::Time => in_quotes(to, &[value]),
            Self::TimeWithZone => match value.len().checked_sub(3).map(|at| value.split_at(at)) {
                // A zone of whole hours.
                Some((_, [b'+' | b'-', _, _])) => in_quotes(to, &[value, b":00"]),
                _ => in_quotes(to, &[value]),
            },
            Self::Timestamp | Self::TimestampWithZone => moment(to, value),
        }
        true
    }
}

fn in_quotes(to: &mut Vec<u8>, parts: &[&[u8]]) {
    to.push(b'"');
    for part in parts {
        to.extend_from_slice(part);
    }
    to.push(b'"');
}

/// `2024-02-29 10:00:00.5+00` in the spelling of ISO 8601. What has none, such as `infinity` and years
/// before our era, stays as it is.
fn moment(to: &mut Vec<u8>, value: &[u8]) {
    let blank = value.iter().position(|byte| *byte == b' ');
    let Some((date, time)) = blank.map(|at| (&value[..at], &value[at + 1..])) else {
        return in_quotes(to, &[value]);
    };
    if time.ends_with(b"BC") {
        return in_quotes(to, &[value]);
    }
    match time.strip_suffix(b"+00") {
        Some(time) => in_quotes(to, &[date, b"T", time, b"Z"]),
        None => in_quotes(to, &[date, b"T", time]),
    }
}

/// A text. COPY's escapes are nearly those of JSON.
fn text(to: &mut Vec<u8>, value: &[u8]) {
    to.push(b'"');
    let mut rest = value;
    let special = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    while let Some(at) = rest.iter().position(special) {
        to.extend_from_slice(&rest[..at]);
        match (rest[at], rest.get(at + 1)) {
            (b'\\', Some(b'v')) => to.extend_from_slice(b"\\u000b"),
            (b'\\', Some(&letter)) => to.extend_from_slice(&[b'\\', letter]),
            (b'"', _) => to.extend_from_slice(b"\\\""),
            (control, _) => {
                to.extend_from_slice(b"\\u00");
                to.extend(
                    [control >> 4, control & 15]
                        .map(|digit| b"0123456789abcdef"[usize::from(digit)]),
                );
            }
        }
        let taken = if rest[at] == b'\\' { 2 } else { 1 };
        rest = rest.get(at + taken..).unwrap_or_default();
    }
    to.extend_from_slice(rest);
    to.push(b'"');
}

/// JSON that the server made. Its ends of lines can only stand between values.
fn json_text(to: &mut Vec<u8>, value: &[u8]) {
    let mut bytes = value.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'\\') => to.push(b'\\'),
                _ => to.push(b' '),
            },
            control if control < b' ' => to.push(b' '),
            other => to.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_json() {
        for (kind, copied, json) in [
            (
                Kind::Text,
                "a\"\\n\\\\ \\t\\v\u{1}é",
                r#""a\"\n\\ \t\u000b\u0001é""#,
            ),
            (Kind::Text, "", r#""""#),
            (Kind::Integer, "-5", "-5"),
            (Kind::Number, "1e+20", "1e+20"),
            (Kind::Boolean, "t", "true"),
            (Kind::Date, "2024-02-29", r#""2024-02-29""#),
            (Kind::TimeWithZone, "10:00:00.5-08", r#""10:00:00.5-08:00""#),
            (Kind::TimeWithZone, "10:00:00+05:30", r#""10:00:00+05:30""#),
            (
                Kind::Timestamp,
                "2024-02-29 10:00:00.5",
                r#""2024-02-29T10:00:00.5""#,
            ),
            (
                Kind::TimestampWithZone,
                "2024-02-29 10:00:00+00",
                r#""2024-02-29T10:00:00Z""#,
            ),
            (
                Kind::TimestampWithZone,
                "0044-03-15 10:00:00+00 BC",
                r#""0044-03-15 10:00:00+00 BC""#,
            ),
            (Kind::Timestamp, "infinity", r#""infinity""#),
            (
                Kind::Array,
                r#"[1,"a\\"b",\n null]"#,
                r#"[1,"a\"b",  null]"#,
            ),
        ] {
            let mut written = Vec::new();
            assert!(kind.write(&mut written, copied.as_bytes()), "{copied}");
            assert_eq!(String::from_utf8(written).expect("text"), json, "{copied}");
            serde_json::from_str::<Value>(json).expect(json);
        }
        for odd in ["NaN", "Infinity", "-Infinity"] {
            assert!(
                !Kind::Number.write(&mut Vec::new(), odd.as_bytes()),
                "{odd}"
            );
        }
    }

    #[test]
    fn types_mean_kinds() {
        for (name, is_array, kind) in [
            ("int8", false, Kind::Integer),
            ("_int8", true, Kind::Array),
            ("int2vector", true, Kind::Text),
            ("jsonb", false, Kind::Text),
            ("my_enum", false, Kind::Text),
        ] {
            assert_eq!(Kind::of(name, is_array), kind, "{name}");
        }
    }
}
