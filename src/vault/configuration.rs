//! A configuration and its secrets. What the specification marks with `airbyte_secret` is taken out
//! before anything is stored: in its place stays the mask, and the value is kept apart under its
//! JSON pointer. So what is stored of a configuration is what readers may see.

use serde_json::Value;

use crate::domain::secret::PlainSecret;

/// What stands in the place of a secret.
pub const MASK: &str = "**********";

/// A configuration in two parts.
#[derive(Debug, Clone)]
pub struct Split {
    /// With masks in the places of secrets.
    pub shown: Value,
    /// The secrets that were given, by JSON pointer.
    pub given: Vec<(String, PlainSecret)>,
    /// Pointers at which the mask was sent and a stored secret stays: where it is now, where it was.
    pub kept: Vec<(String, String)>,
}
