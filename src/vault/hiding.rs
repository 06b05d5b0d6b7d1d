//! Seam: see `configuration`.

use std::borrow::Cow;

use super::configuration::SecretValue;

#[derive(Debug, Clone)]
pub struct Veil;

impl Veil {
    pub fn new<'a>(_secrets: impl IntoIterator<Item = &'a SecretValue>) -> Self {
        Self
    }

    #[must_use]
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }
}
