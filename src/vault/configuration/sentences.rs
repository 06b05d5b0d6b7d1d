//! What is said of a field that breaks the specification. The sentences come from the specification
//! alone: what the user wrote may be a secret, so nothing of it is repeated.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::marks::Marks;
use super::step;
use crate::vault::references::Coordinate;

/// Where, as a JSON pointer into the configuration, and what.
type Said = (String, String);

/// The most choices that are listed in one sentence.
const MOST_CHOICES: usize = 12;

/// What is to be said of one error, which may be several things: each missing field is one.
pub(super) fn of(schema: &Value, whole: &Value, error: &ValidationError<'_>) -> Vec<Said> {
    let at = error.instance_path().to_string();
    if is_reference(schema, whole, &at) {
        return Vec::new();
    }
    let said = |why: String| vec![(at.clone(), why)];
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            choice(schema, whole, &at, context)
        }
        Kind::OneOfMultipleValid { .. } => {
            said("fits more than one of the choices; only one is allowed".to_owned())
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![(step(&at, name), "is required".to_owned())]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let unknown = "is not known to the specification, which allows no other fields here";
            let each = unexpected.iter();
            each.map(|name| (step(&at, name), unknown.to_owned()))
                .collect()
        }
        Kind::Type { kind } => said(format!("must be {}", types(kind))),
        Kind::Constant { expected_value } => said(format!("must be {expected_value}")),
        Kind::Enum { options } => said(format!(
            "must be {}",
            one_of(options.as_array().into_iter().flatten())
        )),
        Kind::Pattern { pattern } => said(match described(schema, error) {
            Some(description) => format!("must look like {description} (pattern {pattern})"),
            None => format!("must match the pattern {pattern}"),
        }),
        Kind::MinLength { limit: 1 } => said("must not be empty".to_owned()),
        Kind::MinLength { limit } => said(format!("must have at least {limit} characters")),
        Kind::MaxLength { limit } => said(format!("must have at most {limit} characters")),
        Kind::Minimum { limit } => said(format!("must be at least {limit}")),
        Kind::Maximum { limit } => said(format!("must be at most {limit}")),
        Kind::ExclusiveMinimum { limit } => said(format!("must be greater than {limit}")),
        Kind::ExclusiveMaximum { limit } => said(format!("must be less than {limit}")),
        Kind::MultipleOf { multiple_of } => said(format!("must be a multiple of {multiple_of}")),
        Kind::MinItems { limit } => said(format!("must have at least {limit} elements")),
        Kind::MaxItems { limit } => said(format!("must have at most {limit} elements")),
        Kind::AdditionalItems { limit } => said(format!("must have at most {limit} elements")),
        Kind::MinProperties { limit } => said(format!("must have at least {limit} fields")),
        Kind::MaxProperties { limit } => said(format!("must have at most {limit} fields")),
        Kind::UniqueItems => said("must not contain an element twice".to_owned()),
        Kind::Contains => said("lacks an element that the specification asks for".to_owned()),
        Kind::PropertyNames { .. } => {
            said("has a field with a name that the specification does not allow".to_owned())
        }
        Kind::FalseSchema => said("is not allowed here".to_owned()),
        Kind::Not { .. } => said("is what the specification excludes".to_owned()),
        other => said(format!(
            "is not what the specification asks for ({})",
            other.keyword()
        )),
    }
}

/// What is to be said when no branch of a `oneOf` or `anyOf` fits: the faults of the branch that is
/// meant. Constants tell which one that is, such as `auth_type`.
fn choice(
    schema: &Value,
    whole: &Value,
    at: &str,
    branches: &[Vec<ValidationError<'static>>],
) -> Vec<Said> {
    let faults: Vec<Vec<Said>> = branches
        .iter()
        .map(|errors| {
            errors
                .iter()
                .flat_map(|error| of(schema, whole, error))
                .collect()
        })
        .collect();
    if faults.iter().any(Vec::is_empty) {
        // Only references stood in the way.
        return Vec::new();
    }
    let is_meant = |errors: &Vec<_>| !errors.iter().any(|error| is_another(error, at));
    let meant: Vec<_> = branches
        .iter()
        .zip(&faults)
        .filter(|(errors, _)| is_meant(errors))
        .map(|(_, faults)| faults)
        .collect();
    match meant.as_slice() {
        [] => other_choice(at, branches),
        [faults] => (*faults).clone(),
        [first, others @ ..] => {
            let is_common = |said: &&Said| others.iter().all(|faults| faults.contains(said));
            let common: Vec<_> = first.iter().filter(is_common).cloned().collect();
            if !common.is_empty() {
                return common;
            }
            let fewest = meant.iter().min_by_key(|faults| faults.len());
            fewest.map(|faults| (*faults).clone()).unwrap_or_default()
        }
    }
}

/// Whether an error shows that another branch is meant than the one it comes from: the value is of
/// another type, or a constant in it another.
fn is_another(error: &ValidationError<'_>, at: &str) -> bool {
    let here = error.instance_path().as_str();
    match error.kind() {
        Kind::Type { .. } => here == at,
        _ => constant(error).is_some() && is_below(here, at),
    }
}

/// What the value must be, where it must be one thing.
fn constant<'a>(error: &'a ValidationError<'_>) -> Option<&'a Value> {
    match error.kind() {
        Kind::Constant { expected_value } => Some(expected_value),
        Kind::Enum { options } => match options.as_array()?.as_slice() {
            [only] => Some(only),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a place is a member of the object at another.
fn is_below(pointer: &str, at: &str) -> bool {
    let name = pointer
        .strip_prefix(at)
        .and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| !name.contains('/'))
}

/// No branch is meant: what would choose one.
fn other_choice(at: &str, branches: &[Vec<ValidationError<'static>>]) -> Vec<Said> {
    let all = || branches.iter().flatten();
    let mut constants: Vec<(String, Vec<&Value>)> = Vec::new();
    for error in all().filter(|error| is_another(error, at)) {
        let Some(constant) = constant(error) else {
            continue;
        };
        let here = error.instance_path().to_string();
        match constants.iter_mut().find(|(place, _)| *place == here) {
            Some((_, values)) if values.contains(&constant) => {}
            Some((_, values)) => values.push(constant),
            None => constants.push((here, vec![constant])),
        }
    }
    if let Some((place, values)) = constants.into_iter().max_by_key(|(_, values)| values.len()) {
        return vec![(place, format!("must be {}", one_of(values)))];
    }
    let mut kinds = Vec::new();
    for error in all().filter(|error| error.instance_path().as_str() == at) {
        if let Kind::Type { kind } = error.kind() {
            let kind = types(kind);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    vec![(at.to_owned(), format!("must be {}", kinds.join(" or ")))]
}

/// A reference stands for a secret that is looked up when it is needed; only then its rules matter.
fn is_reference(schema: &Value, whole: &Value, at: &str) -> bool {
    let text = whole.pointer(at).and_then(Value::as_str);
    if !text.is_some_and(Coordinate::is_meant) {
        return false;
    }
    let mut marks = Marks::of(schema);
    let mut place = whole;
    for name in at.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        let below = match place {
            Value::Array(elements) => name.parse().ok().and_then(|index| {
                marks = marks.element(index);
                elements.get(index)
            }),
            other => {
                marks = marks.member(&name);
                other.get(&name)
            }
        };
        match below {
            Some(below) => place = below,
            None => return false,
        }
    }
    marks.secret()
}

/// The words that a specification has for a pattern.
fn described<'a>(schema: &'a Value, error: &ValidationError<'_>) -> Option<&'a str> {
    let (field, _) = error.schema_path().as_str().rsplit_once('/')?;
    schema.pointer(field)?.get("pattern_descriptor")?.as_str()
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => type_name(*one).to_owned(),
        TypeKind::Multiple(several) => {
            let names: Vec<_> = several.iter().map(type_name).collect();
            names.join(" or ")
        }
    }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "a string",
        JsonType::Array => "an array",
        JsonType::Object => "an object",
    }
}

fn one_of<'a>(options: impl IntoIterator<Item = &'a Value>) -> String {
    let options: Vec<_> = options.into_iter().map(Value::to_string).collect();
    match options.as_slice() {
        [only] => only.clone(),
        few if few.len() <= MOST_CHOICES => format!("one of {}", few.join(", ")),
        many => format!(
            "one of {} and {} more",
            many[..MOST_CHOICES].join(", "),
            many.len() - MOST_CHOICES
        ),
    }
}
