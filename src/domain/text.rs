//! Texts with rules: names and e-mail addresses.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name of anything, in characters.
pub const LONGEST_NAME: usize = 256;

/// A name that a person gave: not blank, at most [`LONGEST_NAME`] characters, kept as given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[sqlx(transparent)]
#[schema(value_type = String)]
pub struct Name(String);

impl Name {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("must not be blank".to_owned());
        }
        if text.chars().count() > LONGEST_NAME {
            return Err(format!("must not be longer than {LONGEST_NAME} characters"));
        }
        if text.contains('\0') {
            return Err("must not contain the NUL character".to_owned());
        }
        Ok(Self(text))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address, in lower case: something, one `@`, something, no white space.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
#[schema(value_type = String, format = Email)]
pub struct EmailAddress(String);

impl EmailAddress {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for EmailAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be an e-mail address, such as ada@example.org";
        let text = text.trim().to_lowercase();
        let (local, host) = text.split_once('@').ok_or(WRONG)?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '@';
        if local.is_empty()
            || host.is_empty()
            || text.len() > 254
            || local.contains(odd)
            || host.contains(odd)
        {
            return Err(WRONG);
        }
        Ok(Self(text))
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_given_or_refused() {
        assert_eq!(
            Name::try_from(" pets ".to_owned()).map(String::from),
            Ok(" pets ".to_owned())
        );
        assert!(Name::try_from("é".repeat(LONGEST_NAME)).is_ok());
        for wrong in ["", " \t", "a\0b", &"a".repeat(LONGEST_NAME + 1)] {
            assert!(Name::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_address_is_lowered_or_refused() {
        assert_eq!(
            "Ada@Example.ORG".parse::<EmailAddress>().map(|e| e.0),
            Ok("ada@example.org".to_owned())
        );
        for wrong in ["", "ada", "@example.org", "ada@", "a b@c", "a@b@c", "a@\0"] {
            assert!(wrong.parse::<EmailAddress>().is_err(), "{wrong:?}");
        }
    }
}
