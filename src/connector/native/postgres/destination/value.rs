//! One value on its way into a column: what it becomes in PostgreSQL's text form, or why it cannot be kept.

use std::borrow::Cow;

use super::decimal::{Decimal, numeric};
use super::types::Type;
use super::{json, moment};

/// What a value becomes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept<'a> {
    Null,
    /// It stands in COPY's text as it is.
    Plain(Cow<'a, str>),
    /// It may hold what means something to COPY.
    Value(Cow<'a, str>),
    /// It cannot be kept and becomes NULL, for a reason in the protocol's words.
    Lost(&'static str),
}

const NOT_OF_THE_TYPE: &str = "DESTINATION_SERIALIZATION_ERROR";
const TOO_LARGE: &str = "DESTINATION_FIELD_SIZE_LIMITATION";

/// Brings the JSON text of a value to a type.
pub(super) fn coerce(raw: &str, wanted: Type) -> Kept<'_> {
    if raw == "null" {
        return Kept::Null;
    }
    let first = raw.as_bytes().first().copied().unwrap_or_default();
    match wanted {
        Type::Text => match first {
            b'"' => unquoted(raw),
            b'{' | b'[' => Kept::Value(json::mend(raw)),
            _ => Kept::Plain(raw.into()),
        },
        Type::Boolean if matches!(raw, "true" | "false") => Kept::Plain(raw.into()),
        Type::Boolean => Kept::Lost(NOT_OF_THE_TYPE),
        Type::Integer | Type::Number => match number_text(raw) {
            Some(text) => number(text, wanted),
            None => Kept::Lost(NOT_OF_THE_TYPE),
        },
        Type::Object if first != b'{' => Kept::Lost(NOT_OF_THE_TYPE),
        Type::Array if first != b'[' => Kept::Lost(NOT_OF_THE_TYPE),
        Type::Object | Type::Array | Type::Json => {
            json::clean(raw).map_or(Kept::Lost(TOO_LARGE), Kept::Value)
        }
        Type::Date
        | Type::Time
        | Type::TimeWithZone
        | Type::Timestamp
        | Type::TimestampWithZone => moment(raw, wanted),
    }
}

fn moment(raw: &str, wanted: Type) -> Kept<'_> {
    let text = match unquoted(raw) {
        Kept::Plain(text) | Kept::Value(text) if raw.starts_with('"') => text,
        _ => return Kept::Lost(NOT_OF_THE_TYPE),
    };
    let read = match text {
        Cow::Borrowed(text) => moment::read(text, wanted),
        Cow::Owned(text) => {
            moment::read(&text, wanted).map(|moment| Cow::Owned(moment.into_owned()))
        }
    };
    match read {
        Ok(text) => Kept::Plain(text),
        Err(moment::Unfit::OutOfRange) => Kept::Lost(TOO_LARGE),
        Err(moment::Unfit::Unreadable) => Kept::Lost(NOT_OF_THE_TYPE),
    }
}

/// A number, or what stands in the quotes of a string that may be one.
fn number_text(raw: &str) -> Option<&str> {
    match raw.as_bytes().first()? {
        b'"' => Some(raw[1..raw.len() - 1].trim_ascii()),
        b'-' | b'0'..=b'9' => Some(raw),
        _ => None,
    }
}

fn number(text: &str, wanted: Type) -> Kept<'_> {
    let short = text.len() < 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    if short && !text.is_empty() {
        return Kept::Plain(text.into());
    }
    if wanted == Type::Number
        && let Some(number) = numeric(text)
    {
        return Kept::Plain(number);
    }
    match Decimal::parse(text) {
        None => Kept::Lost(NOT_OF_THE_TYPE),
        Some(_) if wanted == Type::Number => Kept::Lost(TOO_LARGE),
        Some(number) if !number.is_whole() => Kept::Lost(NOT_OF_THE_TYPE),
        Some(number) => match number.to_i64() {
            Some(number) => Kept::Plain(number.to_string().into()),
            None => Kept::Lost(TOO_LARGE),
        },
    }
}

/// What a JSON string says, without NULs, which PostgreSQL has no place for. Without escapes, there is
/// nothing in it that COPY takes for its own: JSON wants control characters escaped.
fn unquoted(raw: &str) -> Kept<'_> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Kept::Plain(inner.into());
    }
    match serde_json::from_str::<String>(&json::mend(raw)) {
        Ok(text) => Kept::Value(text.into()),
        Err(_) => Kept::Lost(NOT_OF_THE_TYPE),
    }
}

/// Writes a value as COPY reads it.
pub(super) fn write(to: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    let special = |byte: &u8| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t');
    while let Some(at) = rest.iter().position(special) {
        to.extend_from_slice(&rest[..at]);
        to.push(b'\\');
        to.push(match rest[at] {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            other => other,
        });
        rest = &rest[at + 1..];
    }
    to.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_what_their_column_keeps() {
        let lost = [
            ("1.5", Type::Integer, NOT_OF_THE_TYPE),
            ("\"abc\"", Type::Integer, NOT_OF_THE_TYPE),
            ("\"\"", Type::Integer, NOT_OF_THE_TYPE),
            ("true", Type::Integer, NOT_OF_THE_TYPE),
            ("9223372036854775808", Type::Integer, TOO_LARGE),
            ("1e200000", Type::Number, TOO_LARGE),
            ("\"NaN\"", Type::Number, NOT_OF_THE_TYPE),
            ("\"true\"", Type::Boolean, NOT_OF_THE_TYPE),
            ("1", Type::Boolean, NOT_OF_THE_TYPE),
            ("1700000000", Type::TimestampWithZone, NOT_OF_THE_TYPE),
            ("\"300000-01-01\"", Type::Timestamp, TOO_LARGE),
            ("[]", Type::Object, NOT_OF_THE_TYPE),
            ("{}", Type::Array, NOT_OF_THE_TYPE),
        ];
        for (raw, wanted, why) in lost {
            assert_eq!(coerce(raw, wanted), Kept::Lost(why), "{raw}");
        }
        for (raw, wanted, kept) in [
            ("12", Type::Integer, "12"),
            ("1.20e2", Type::Integer, "120"),
            ("\" -7 \"", Type::Integer, "-7"),
            (
                "0.1000000000000000055511151231257827",
                Type::Number,
                "0.1000000000000000055511151231257827",
            ),
            ("\"1e5\"", Type::Number, "1e5"),
            ("0e99999999999999999999", Type::Number, "0"),
            ("0e99999999999999999999", Type::Integer, "0"),
            ("-0.50", Type::Number, "-0.50"),
            ("\"a\\u0000b\\n\"", Type::Text, "ab\n"),
            ("\"\\ud800\"", Type::Text, "\u{fffd}"),
            ("1.10", Type::Text, "1.10"),
            ("{\"a\": [1]}", Type::Text, "{\"a\": [1]}"),
            ("\"x\"", Type::Json, "\"x\""),
            ("false", Type::Boolean, "false"),
            ("\"2024-01-01\"", Type::Date, "2024-01-01"),
        ] {
            let (Kept::Plain(text) | Kept::Value(text)) = coerce(raw, wanted) else {
                panic!("{raw} is not kept");
            };
            assert_eq!(text, kept, "{raw}");
        }
        assert_eq!(coerce("null", Type::Object), Kept::Null);
    }

    #[test]
    fn a_value_is_written_so_that_copy_reads_it_back() {
        let mut written = Vec::new();
        write(&mut written, "a\\N\tb\nc\r\u{e9}");
        assert_eq!(written, b"a\\\\N\\tb\\nc\\r\xc3\xa9");
    }
}
