//! Secrets that machines make. The plain text exists once, prints nothing by accident and is stored
//! as SHA-256 only: with 256 random bits there is nothing for a slow hash to protect.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Starts every client secret that we make, so that scanners recognise a leaked one.
pub const CLIENT_SECRET_PREFIX: &str = "fbs_";

/// The shortest client secret that an operator may give, in bytes. Even of hexadecimal digits,
/// 24 hold 96 random bits, too many to try against a stolen SHA-256.
pub const SHORTEST_GIVEN_SECRET: usize = 24;

/// A secret in plain text. Only [`PlainSecret::reveal`] shows it.
#[derive(Clone)]
pub struct PlainSecret(String);

impl PlainSecret {
    /// A client secret of 256 random bits behind the known prefix.
    #[must_use]
    pub fn client(random: [u8; 32]) -> Self {
        Self(format!(
            "{CLIENT_SECRET_PREFIX}{}",
            URL_SAFE_NO_PAD.encode(random)
        ))
    }

    /// A value for a cookie or a password that a person has to copy.
    #[must_use]
    pub fn random_text(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// A secret that somebody sent us, to be compared or hashed.
    #[must_use]
    pub fn received(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A client secret that the operator chose.
    ///
    /// # Errors
    /// A sentence when it could be guessed from its hash.
    pub fn given(text: &str) -> Result<Self, String> {
        let distinct = text
            .bytes()
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        if text.len() < SHORTEST_GIVEN_SECRET {
            return Err(format!(
                "must have at least {SHORTEST_GIVEN_SECRET} characters, because only its SHA-256 is stored; \
                 `openssl rand -hex 32` makes a good one"
            ));
        }
        if distinct < 8 {
            return Err("must have at least 8 different characters".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("must consist of printable ASCII characters without spaces".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).to_vec())
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(…)")
    }
}

/// The SHA-256 of a secret, compared in constant time.
#[derive(Clone, sqlx::Type)]
#[sqlx(transparent)]
pub struct SecretHash(Vec<u8>);

impl SecretHash {
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_and_matches_itself() {
        let secret = PlainSecret::client([7; 32]);
        assert!(secret.reveal().starts_with(CLIENT_SECRET_PREFIX));
        assert_eq!(
            format!("{secret:?} {:?}", secret.hash()),
            "PlainSecret(…) SecretHash(…)"
        );
        assert!(
            secret
                .hash()
                .matches(&PlainSecret::received(secret.reveal()).hash())
        );
        assert!(!secret.hash().matches(&PlainSecret::client([8; 32]).hash()));
    }

    #[test]
    fn a_given_secret_must_be_hard_to_guess() {
        assert!(PlainSecret::given("0123456789abcdef01234567").is_ok());
        for weak in [
            "",
            "password",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "with space in it 0123456789",
        ] {
            assert!(PlainSecret::given(weak).is_err(), "{weak:?}");
        }
    }
}
