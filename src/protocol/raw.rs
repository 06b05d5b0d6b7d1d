//! JSON that is passed on and not looked at: kept as its text, so that numbers of any size, the order
//! of keys and everything else come out as they went in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// One JSON value as text. Equal when the text is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Raw(Box<RawValue>);

impl Raw {
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value as a tree, for those who do look.
    ///
    /// # Errors
    /// When a number is beyond what a tree can hold, or the nesting is too deep.
    pub fn parse(&self) -> serde_json::Result<Value> {
        serde_json::from_str(self.as_str())
    }
}

impl From<&Value> for Raw {
    fn from(value: &Value) -> Self {
        Self(RawValue::from_string(value.to_string()).expect("the text of a value is JSON"))
    }
}

impl From<Box<RawValue>> for Raw {
    fn from(value: Box<RawValue>) -> Self {
        Self(value)
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Raw {}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// For fields that some connectors leave out and others write as `null`.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
