//! Seam: the vault comes with another branch; this has its types and the least that lets others build.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::error::Fault;

/// What stands in the place of a secret.
pub const MASK: &str = "**********";

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
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

pub type Secrets = BTreeMap<String, SecretValue>;

#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    pub shown: Value,
    pub secrets: Secrets,
}

#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    pub shown: &'a Value,
    pub secrets: &'a Secrets,
}

#[must_use]
pub fn join(shown: &Value, _secrets: &Secrets) -> Value {
    shown.clone()
}

#[must_use]
pub fn with_coordinates(shown: &Value, _secrets: &Secrets) -> Value {
    shown.clone()
}

#[must_use]
pub fn merge(_shown: &Value, patch: Value) -> Value {
    patch
}

pub fn split(
    _schema: &Value,
    given: Value,
    _stored: Option<Stored<'_>>,
) -> Result<Split, Vec<Fault>> {
    Ok(Split {
        shown: given,
        secrets: Secrets::new(),
    })
}

#[must_use]
pub fn adopt(_schema: &Value, wanted: &Value, _stored: Stored<'_>, _used: &Secrets) -> Split {
    Split {
        shown: wanted.clone(),
        secrets: Secrets::new(),
    }
}

#[must_use]
pub fn validate(_schema: &Value, _whole: &Value) -> Vec<Fault> {
    Vec::new()
}
