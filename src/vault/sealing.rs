//! Sealing values with XChaCha20-Poly1305. What is sealed is bound to its place: moved to another
//! table, row or field it does not open. Nonces are random; with 192 bits they never meet.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The first byte of everything sealed, so that a later way of sealing can be told from this one.
const VERSION: u8 = 1;

/// Bytes of a nonce.
pub const NONCE: usize = 24;

/// A key of 256 bits, wiped from memory when dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

/// Where a sealed value belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'static str,
    pub row: &'a [u8],
    pub field: &'a str,
}

impl Key {
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// A key from bytes that were sealed.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 under this key, of text that says what it is for.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.0.as_slice()).expect("HMAC takes a key of any length")
    }

    /// Another key, which tells nothing of this one.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let derived = self.mac().chain_update(purpose).finalize().into_bytes();
        Self(Zeroizing::new(derived.into()))
    }

    /// Seals a value for its place: version, nonce, then what only the same key opens there.
    pub(super) fn seal(&self, place: Place<'_>, nonce: [u8; NONCE], plain: &[u8]) -> Vec<u8> {
        let bound = place.bound();
        let payload = Payload {
            msg: plain,
            aad: &bound,
        };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed =
            sealed.expect("a secret is far shorter than the 256 GiB that a nonce is good for");
        [&[VERSION], nonce.as_slice(), &sealed].concat()
    }

    /// Opens a value; `None` when it was sealed by another key, for another place, or was changed.
    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = sealed.strip_prefix(&[VERSION])?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let bound = place.bound();
        let payload = Payload {
            msg: sealed,
            aad: &bound,
        };
        let plain = self.cipher().decrypt(&XNonce::from(*nonce), payload);
        plain.ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes().into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Place<'_> {
    /// The associated data. Each part is preceded by its length, so that no two places look alike.
    fn bound(&self) -> Vec<u8> {
        let mut bound = vec![VERSION];
        for part in [self.table.as_bytes(), self.row, self.field.as_bytes()] {
            bound.extend((part.len() as u64).to_le_bytes());
            bound.extend(part);
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::new(Zeroizing::new([byte; 32]))
    }

    const HERE: Place<'_> = Place {
        table: "secrets",
        row: b"one",
        field: "/password",
    };

    #[test]
    fn what_is_sealed_opens_with_its_key_at_its_place_only() {
        let sealed = key(1).seal(HERE, [9; NONCE], b"hush");
        assert!(!sealed.windows(4).any(|window| window == b"hush"));
        assert_eq!(
            key(1).open(HERE, &sealed).as_deref(),
            Some(&b"hush".to_vec())
        );
        assert!(key(2).open(HERE, &sealed).is_none());
        let elsewhere = [
            Place {
                table: "other",
                ..HERE
            },
            Place {
                row: b"two",
                ..HERE
            },
            Place {
                field: "/token",
                ..HERE
            },
            // The same bytes, cut elsewhere.
            Place {
                row: b"one/",
                field: "password",
                ..HERE
            },
        ];
        for place in elsewhere {
            assert!(key(1).open(place, &sealed).is_none(), "{place:?}");
        }
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let sealed = key(1).seal(HERE, [9; NONCE], b"hush");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key(1).open(HERE, &changed).is_none(), "{at}");
            assert!(key(1).open(HERE, &sealed[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn a_key_prints_nothing_and_derives_others() {
        assert_eq!(format!("{:?}", key(7)), "Key(…)");
        let derived = key(7).derive("a purpose");
        assert_ne!(derived.bytes(), key(7).bytes());
        assert_ne!(derived.bytes(), key(7).derive("another").bytes());
        assert_eq!(derived.bytes(), key(7).derive("a purpose").bytes());
    }
}
