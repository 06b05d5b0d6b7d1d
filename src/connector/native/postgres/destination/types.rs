//! What a field's schema means for its column.

use serde_json::Value;

/// The types that columns have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Number,
    Boolean,
    Date,
    TimeWithZone,
    Time,
    TimestampWithZone,
    Timestamp,
    Object,
    Array,
    /// Anything, kept as JSON.
    Json,
}

impl Type {
    /// As PostgreSQL spells it, in statements and in its own tables.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Text => "character varying",
            Self::Integer => "bigint",
            Self::Number => "numeric",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::TimeWithZone => "time with time zone",
            Self::Time => "time without time zone",
            Self::TimestampWithZone => "timestamp with time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::Object | Self::Array | Self::Json => "jsonb",
        }
    }

    pub(super) fn of(schema: &Value) -> Self {
        if let Some(reference) = schema["$ref"].as_str() {
            return well_known(reference);
        }
        match &schema["type"] {
            Value::String(name) => named(name, schema),
            Value::Array(names) => {
                let mut names = names.iter().filter(|name| *name != "null");
                match (names.next(), names.next()) {
                    (Some(Value::String(name)), None) => named(name, schema),
                    _ => Self::Json,
                }
            }
            _ => Self::untyped(schema),
        }
    }

    /// A union of one type and null is that type.
    fn untyped(schema: &Value) -> Self {
        let unions = ["oneOf", "anyOf", "allOf"];
        let members = unions.iter().find_map(|name| schema[*name].as_array());
        let Some(members) = members else {
            return if schema.is_object() {
                Self::Object
            } else {
                Self::Json
            };
        };
        let mut members = members.iter().filter(|member| member["type"] != "null");
        match (members.next(), members.next()) {
            (Some(member), None) => Self::of(member),
            _ => Self::Json,
        }
    }
}

fn named(name: &str, schema: &Value) -> Type {
    let airbyte_type = schema["airbyte_type"].as_str();
    match (name, schema["format"].as_str()) {
        ("string", Some("date")) => Type::Date,
        ("string", Some("time")) => match airbyte_type {
            Some("time_without_timezone") => Type::Time,
            _ => Type::TimeWithZone,
        },
        ("string", Some("date-time")) => match airbyte_type {
            Some("timestamp_without_timezone") => Type::Timestamp,
            _ => Type::TimestampWithZone,
        },
        ("string", _) => Type::Text,
        ("boolean", _) => Type::Boolean,
        ("integer" | "int", _) => Type::Integer,
        ("number", _) if airbyte_type == Some("integer") => Type::Integer,
        ("number", _) => Type::Number,
        ("object", _) => Type::Object,
        ("array", _) => Type::Array,
        _ => Type::Json,
    }
}

/// The types of catalogs from the time when they were referred to.
fn well_known(reference: &str) -> Type {
    match reference.rsplit('/').next() {
        Some("Integer") => Type::Integer,
        Some("Number") => Type::Number,
        Some("Boolean") => Type::Boolean,
        Some("String" | "BinaryData") => Type::Text,
        Some("Date") => Type::Date,
        Some("TimestampWithTimezone") => Type::TimestampWithZone,
        Some("TimestampWithoutTimezone") => Type::Timestamp,
        Some("TimeWithTimezone") => Type::TimeWithZone,
        Some("TimeWithoutTimezone") => Type::Time,
        _ => Type::Json,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_mean_types() {
        for (schema, meant) in [
            (json!({"type": "string"}), Type::Text),
            (
                json!({"type": ["null", "string"], "format": "date"}),
                Type::Date,
            ),
            (
                json!({"type": ["string", "null"], "format": "email"}),
                Type::Text,
            ),
            (
                json!({"type": "string", "format": "date-time"}),
                Type::TimestampWithZone,
            ),
            (
                json!({"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"}),
                Type::Timestamp,
            ),
            (
                json!({"type": "string", "format": "time", "airbyte_type": "time_without_timezone"}),
                Type::Time,
            ),
            (
                json!({"type": "string", "format": "time"}),
                Type::TimeWithZone,
            ),
            (
                json!({"type": "number", "airbyte_type": "integer"}),
                Type::Integer,
            ),
            (json!({"type": ["string", "integer"]}), Type::Json),
            (
                json!({"oneOf": [{"type": "null"}, {"type": "boolean"}]}),
                Type::Boolean,
            ),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "boolean"}]}),
                Type::Json,
            ),
            (
                json!({"$ref": "WellKnownTypes.json#/definitions/Number"}),
                Type::Number,
            ),
            (json!({}), Type::Object),
            (json!({"type": "vector"}), Type::Json),
        ] {
            assert_eq!(Type::of(&schema), meant, "{schema}");
        }
    }
}
