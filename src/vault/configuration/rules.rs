//! Holding a configuration against the specification. Connectors write their schemas by hand, so what
//! is no proper schema in one is left out instead of making the connector unusable: it validates for
//! itself once more when it runs.

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

use super::{PLACE, sentences};
use crate::error::Fault;

/// A specification, made ready. Making it takes longer than using it.
#[derive(Debug)]
pub struct Rules {
    schema: Value,
    /// Absent when the specification is no schema at all; then everything is accepted.
    validator: Option<Validator>,
}

impl Rules {
    #[must_use]
    pub fn new(schema: &Value) -> Self {
        let draft = match schema.get("$schema").and_then(Value::as_str) {
            Some(named) if named.contains("2019-09") => Draft::Draft201909,
            Some(named) if named.contains("2020-12") => Draft::Draft202012,
            _ => Draft::Draft7,
        };
        let build = |schema: &Value| {
            jsonschema::options()
                .with_draft(draft)
                .should_validate_formats(false)
                .build(schema)
                .ok()
        };
        // A pattern in another dialect of regular expressions is the usual reason to fail.
        let validator = build(&sound(schema, true)).or_else(|| build(&sound(schema, false)));
        Self {
            schema: schema.clone(),
            validator,
        }
    }

    /// Every fault of a whole configuration, each with its place in the request. The sentences are our
    /// own and repeat nothing of the configuration but the names of its fields.
    #[must_use]
    pub fn faults(&self, whole: &Value) -> Vec<Fault> {
        let Some(validator) = &self.validator else {
            return Vec::new();
        };
        let mut faults = Vec::new();
        for error in validator.iter_errors(whole) {
            for (pointer, message) in sentences::of(&self.schema, whole, &error) {
                let fault = Fault::in_body(format!("{PLACE}{pointer}"), message);
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
        faults
    }
}

/// Every fault of a whole configuration.
#[must_use]
pub fn validate(schema: &Value, whole: &Value) -> Vec<Fault> {
    Rules::new(schema).faults(whole)
}

/// How a keyword's value has to look.
enum Shape {
    /// One schema.
    Schema,
    /// Some schemas.
    Schemas,
    /// Schemas by name.
    Named,
    /// One schema, or one for each element.
    Items,
    /// For each name a schema or a list of names.
    Dependencies,
    Names,
    Number,
    Count,
    Text,
    Pattern,
    Switch,
    Type,
    List,
    Anything,
}

fn shape(keyword: &str) -> Option<Shape> {
    Some(match keyword {
        "additionalProperties"
        | "additionalItems"
        | "contains"
        | "propertyNames"
        | "not"
        | "if"
        | "then"
        | "else"
        | "unevaluatedProperties"
        | "unevaluatedItems" => Shape::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Shape::Schemas,
        "properties" | "patternProperties" | "definitions" | "$defs" | "dependentSchemas" => {
            Shape::Named
        }
        "items" => Shape::Items,
        "dependencies" => Shape::Dependencies,
        "required" => Shape::Names,
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            Shape::Number
        }
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            Shape::Count
        }
        "$ref" | "$id" | "$anchor" => Shape::Text,
        "pattern" => Shape::Pattern,
        "uniqueItems" => Shape::Switch,
        "type" => Shape::Type,
        "enum" => Shape::List,
        "const" => Shape::Anything,
        // Titles, examples, defaults, formats and marks decide nothing.
        _ => return None,
    })
}

/// The part of a schema that decides something and is well formed.
fn sound(schema: &Value, patterns: bool) -> Value {
    let Value::Object(members) = schema else {
        return Value::Bool(schema != &Value::Bool(false));
    };
    let kept = members.iter().filter_map(|(keyword, value)| {
        let value = sound_keyword(keyword, value, patterns)?;
        Some((keyword.clone(), value))
    });
    Value::Object(kept.collect())
}

fn sound_keyword(keyword: &str, value: &Value, patterns: bool) -> Option<Value> {
    let each = |schemas: &[Value]| {
        schemas
            .iter()
            .map(|schema| sound(schema, patterns))
            .collect()
    };
    let is_schema = value.is_object() || value.is_boolean();
    let is_name = |name: &Value| name.is_string();
    match shape(keyword)? {
        Shape::Schema => is_schema.then(|| sound(value, patterns)),
        Shape::Schemas => match value.as_array()?.as_slice() {
            [] => None,
            schemas => Some(Value::Array(each(schemas))),
        },
        Shape::Named if keyword == "patternProperties" && !patterns => None,
        Shape::Named => {
            let named = value.as_object()?.iter();
            let named = named.map(|(name, schema)| (name.clone(), sound(schema, patterns)));
            Some(Value::Object(named.collect()))
        }
        Shape::Items => match value {
            Value::Array(schemas) => Some(Value::Array(each(schemas))),
            one => is_schema.then(|| sound(one, patterns)),
        },
        Shape::Dependencies => {
            let mut kept = Map::new();
            for (name, wanted) in value.as_object()? {
                let wanted = match wanted {
                    Value::Array(names) if names.iter().all(is_name) => wanted.clone(),
                    Value::Object(_) => sound(wanted, patterns),
                    _ => continue,
                };
                kept.insert(name.clone(), wanted);
            }
            Some(Value::Object(kept))
        }
        Shape::Names => {
            let mut names = Vec::new();
            for name in value.as_array()?.iter().filter(|name| is_name(name)) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            Some(Value::Array(names))
        }
        Shape::Number => value.is_number().then(|| value.clone()),
        Shape::Count => value.as_u64().map(Value::from),
        Shape::Text => is_name(value).then(|| value.clone()),
        Shape::Pattern => (patterns && is_name(value)).then(|| value.clone()),
        Shape::Switch => value.is_boolean().then(|| value.clone()),
        Shape::Type => sound_type(value),
        Shape::List => value
            .as_array()
            .filter(|list| !list.is_empty())
            .map(|_| value.clone()),
        Shape::Anything => Some(value.clone()),
    }
}

fn sound_type(value: &Value) -> Option<Value> {
    let known = |name: &Value| {
        let names = [
            "array", "boolean", "integer", "null", "number", "object", "string",
        ];
        name.as_str().is_some_and(|name| names.contains(&name))
    };
    match value {
        Value::Array(names) if !names.is_empty() && names.iter().all(known) => Some(value.clone()),
        one => known(one).then(|| one.clone()),
    }
}
