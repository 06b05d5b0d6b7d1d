//! A configuration and its secrets. What the specification marks with `airbyte_secret` is taken out
//! before anything is stored: in its place stays the mask, and the value is kept apart under its
//! JSON pointer. So what is stored of a configuration is what readers may see, and nothing that is
//! written into one can name the secret of another.
//!
//! The specification is asked only when something is written. Where it is not known, or is not a
//! schema, nothing is marked and nothing is guessed from names such as `password`: whoever stores a
//! configuration obtains the specification first. A new version of a connector may mark more than the
//! former one did: split [`join`]ed configurations again then.

mod marks;
mod rules;
mod sentences;
mod split;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

pub use rules::{Rules, validate};
pub use split::split;

use super::references::Coordinate;

/// What stands in the place of a secret.
pub const MASK: &str = "**********";

/// Where faults of a configuration lie in a request.
pub const PLACE: &str = "/configuration";

/// A secret of a configuration: mostly text, but also what is marked as a whole, such as a number or an
/// object. Only [`SecretValue::reveal`] shows it.
#[derive(Clone, PartialEq)]
pub struct SecretValue(Value);

impl SecretValue {
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    #[must_use]
    pub fn reveal(&self) -> &Value {
        &self.0
    }

    /// The text that names a secret in a store of the operator's, instead of being one.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.0.as_str().filter(|text| Coordinate::is_meant(text))
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// The secrets of one owner, by JSON pointer.
pub type Secrets = BTreeMap<String, SecretValue>;

/// A configuration in two parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// With masks in the places of secrets.
    pub shown: Value,
    /// Everything secret in it: what was given, and what was stored and stays.
    pub secrets: Secrets,
}

/// What is stored of a configuration, opened.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    pub shown: &'a Value,
    pub secrets: &'a Secrets,
}

/// The whole configuration: the secrets in their places.
#[must_use]
pub fn join(shown: &Value, secrets: &Secrets) -> Value {
    filled(shown, secrets, |secret| Some(secret.reveal()))
}

/// What a reader sees who asked for coordinates: references instead of masks, and nothing else.
#[must_use]
pub fn with_coordinates(shown: &Value, secrets: &Secrets) -> Value {
    filled(shown, secrets, |secret| {
        secret.reference().map(|_| secret.reveal())
    })
}

fn filled(
    shown: &Value,
    secrets: &Secrets,
    value: impl Fn(&SecretValue) -> Option<&Value>,
) -> Value {
    let mut whole = shown.clone();
    for (pointer, secret) in secrets {
        if let (Some(place), Some(value)) = (whole.pointer_mut(pointer), value(secret)) {
            *place = value.clone();
        }
    }
    whole
}

/// What a PATCH makes of what is shown: objects are merged member by member, everything else is
/// replaced, and an explicit null is a value. Masks stay where they are; [`split()`] knows them.
#[must_use]
pub fn merge(shown: &Value, patch: Value) -> Value {
    match (shown, patch) {
        (Value::Object(shown), Value::Object(patch)) => {
            let mut merged: Map<_, _> = shown.clone();
            for (name, member) in patch {
                let member = match merged.get(&name) {
                    Some(old) => merge(old, member),
                    None => member,
                };
                merged.insert(name, member);
            }
            Value::Object(merged)
        }
        (_, patch) => patch,
    }
}

/// Splits a whole configuration that a connector wants stored. `used` are the secrets that it was run
/// with: where it still has one of them, what is stored stays, so that a reference remains a reference
/// and a secret remains one whatever the specification says.
#[must_use]
pub fn adopt(schema: &Value, wanted: &Value, stored: Stored<'_>, used: &Secrets) -> Split {
    let (mut split, _) = split::taken(schema, wanted.clone(), None);
    for (pointer, kept) in stored.secrets {
        let used = used.get(pointer).map(SecretValue::reveal);
        let unchanged = |now: &Value| now == MASK || Some(now) == used;
        if wanted.pointer(pointer).is_some_and(unchanged)
            && let Some(place) = split.shown.pointer_mut(pointer)
        {
            *place = Value::from(MASK);
            split.secrets.insert(pointer.clone(), kept.clone());
        }
    }
    split
}

/// Appends a step to a JSON pointer.
fn step(pointer: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{name}")
}

#[cfg(test)]
mod tests;
