//! The values that mappers make: hashes and ciphertexts of a field's text.
//!
//! A hash is written in hexadecimal digits. A ciphertext is written in base64; with AES the random
//! initialization vector stands before it (16 bytes; 12 with GCM, whose tag of 16 bytes follows; none with
//! ECB). RSA pads as PKCS #1 v1.5 does.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyInit, KeyIvInit, StreamCipher};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::Aead;
use aes_gcm::aead::consts::U12;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::pkcs8::DecodePublicKey;
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Encrypt, RsaPublicKey};
use serde_json::value::RawValue;
use sha2::Digest;

use crate::domain::mapper::{AesMode, Encryption, HashMethod};

/// The longest initialization vector, in bytes.
const VECTOR: usize = 16;

/// The text of a value: of a string what it says, of anything else its JSON.
pub(super) fn text(value: &RawValue) -> String {
    serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

/// Makes one text of another.
pub(super) enum Maker {
    Hash(HashMethod),
    Aes { key: Vec<u8>, mode: AesMode },
    Rsa(RsaPublicKey),
}

/// Without the key.
impl std::fmt::Debug for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hash(_) => "Hash",
            Self::Aes { .. } => "Aes",
            Self::Rsa(_) => "Rsa",
        })
    }
}

impl Maker {
    /// # Errors
    /// A sentence, when a key is none.
    pub(super) fn encryption(encryption: &Encryption) -> Result<Self, String> {
        match encryption {
            Encryption::Aes { key, mode, .. } => Ok(Self::Aes {
                key: bytes(key).ok_or("the key of a mapper is no key of AES")?,
                mode: *mode,
            }),
            Encryption::Rsa { public_key, .. } => public(public_key).map(Self::Rsa),
        }
    }

    /// What takes the place of a value; nothing takes the place of null.
    ///
    /// # Errors
    /// A sentence that does not show the value.
    pub(super) fn make(&self, value: &RawValue) -> Result<Box<RawValue>, String> {
        if value.get() == "null" {
            return Ok(value.to_owned());
        }
        let plain = text(value);
        let made = match self {
            Self::Hash(method) => hash(*method, plain.as_bytes()),
            Self::Aes { key, mode } => {
                let failed = "a value could not be encrypted";
                let sealed =
                    fresh_vector().and_then(|vector| aes(*mode, key, vector, plain.as_bytes()));
                BASE64.encode(sealed.ok_or(failed)?)
            }
            Self::Rsa(key) => {
                let sealed = key.encrypt(&mut OsRng, Pkcs1v15Encrypt, plain.as_bytes());
                BASE64.encode(sealed.map_err(|_| too_long(key, &plain))?)
            }
        };
        serde_json::value::to_raw_value(&made).map_err(|why| why.to_string())
    }
}

/// Reads a public key: PEM, or the base64 inside it.
///
/// # Errors
/// A sentence.
pub fn public(key: &str) -> Result<RsaPublicKey, String> {
    let pem = RsaPublicKey::from_public_key_pem(key.trim());
    let read = pem.ok().or_else(|| {
        let base64: String = key.split_whitespace().collect();
        RsaPublicKey::from_public_key_der(&BASE64.decode(base64).ok()?).ok()
    });
    read.ok_or_else(|| {
        "is no public key of RSA; send PEM (SubjectPublicKeyInfo), or the base64 inside it"
            .to_owned()
    })
}

fn too_long(key: &RsaPublicKey, plain: &str) -> String {
    format!(
        "a value of {} bytes is too long for RSA: this key takes {} at most; encrypt the field with AES",
        plain.len(),
        key.size().saturating_sub(11)
    )
}

fn hash(method: HashMethod, plain: &[u8]) -> String {
    match method {
        HashMethod::Md2 => hex(&md2::Md2::digest(plain)),
        HashMethod::Md5 => hex(&md5::Md5::digest(plain)),
        HashMethod::Sha1 => hex(&sha1::Sha1::digest(plain)),
        HashMethod::Sha224 => hex(&sha2::Sha224::digest(plain)),
        HashMethod::Sha256 => hex(&sha2::Sha256::digest(plain)),
        HashMethod::Sha384 => hex(&sha2::Sha384::digest(plain)),
        HashMethod::Sha512 => hex(&sha2::Sha512::digest(plain)),
    }
}

fn fresh_vector() -> Option<[u8; VECTOR]> {
    let mut vector = [0; VECTOR];
    getrandom::fill(&mut vector).ok()?;
    Some(vector)
}

/// The vector, as much of it as the mode takes, and the ciphertext behind it.
fn aes(mode: AesMode, key: &[u8], vector: [u8; VECTOR], plain: &[u8]) -> Option<Vec<u8>> {
    let vector = match mode {
        AesMode::Ecb => &vector[..0],
        AesMode::Gcm => &vector[..12],
        _ => &vector[..],
    };
    match key.len() {
        16 => sealed::<Aes128>(mode, key, vector, plain),
        24 => sealed::<Aes192>(mode, key, vector, plain),
        32 => sealed::<Aes256>(mode, key, vector, plain),
        _ => None,
    }
}

fn sealed<C>(mode: AesMode, key: &[u8], vector: &[u8], plain: &[u8]) -> Option<Vec<u8>>
where
    C: KeyInit
        + aes::cipher::BlockCipherEncrypt
        + aes::cipher::BlockSizeUser<BlockSize = aes_gcm::aead::consts::U16>,
{
    let mut stream = plain.to_vec();
    let body = match mode {
        AesMode::Cbc => cbc::Encryptor::<C>::new_from_slices(key, vector)
            .ok()?
            .encrypt_padded_vec::<Pkcs7>(plain),
        AesMode::Ecb => ecb::Encryptor::<C>::new_from_slice(key)
            .ok()?
            .encrypt_padded_vec::<Pkcs7>(plain),
        AesMode::Gcm => AesGcm::<C, U12>::new_from_slice(key)
            .ok()?
            .encrypt(vector.try_into().ok()?, plain)
            .ok()?,
        AesMode::Ctr => {
            ctr::Ctr128BE::<C>::new_from_slices(key, vector)
                .ok()?
                .apply_keystream(&mut stream);
            stream
        }
        AesMode::Ofb => {
            ofb::Ofb::<C>::new_from_slices(key, vector)
                .ok()?
                .apply_keystream(&mut stream);
            stream
        }
        AesMode::Cfb => {
            cfb_mode::Encryptor::<C>::new_from_slices(key, vector)
                .ok()?
                .encrypt(&mut stream);
            stream
        }
    };
    Some([vector, &body].concat())
}

/// What hexadecimal digits say.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match *pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    pairs.map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ada@example.com is 25 bytes";
    const KEY: &str = "00112233445566778899aabbccddeeff";
    /// Made with OpenSSL for these tests.
    const PUBLIC: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDMeuWkBa1BCQmMdFkKxa8la/1Z+kn+CZUfqQbj0aFfbxtG\
                          BOYxFlQtFOucG7CkxGrC59UHsY5YBwBMhkmDY0SzTQe6Eb7Ck+DYpleS8zSL8HUAglkyTuJLlgx47O5Pg1uc\
                          9uqf6Q1dE5Jl9UWKbSRFcQRw54Idv7WTdeuTwlsOAQIDAQAB";

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).expect("JSON")
    }

    fn made(maker: &Maker, json: &str) -> String {
        let made = maker.make(&raw(json)).expect("a value");
        serde_json::from_str(made.get()).expect("text")
    }

    /// The expected ones were made by `openssl enc`, and by Python's `cryptography` for GCM.
    #[test]
    fn ciphertexts_are_those_of_openssl() {
        let vector = bytes("0f0e0d0c0b0a09080706050403020100").expect("digits");
        let vector: [u8; VECTOR] = vector.try_into().expect("16 bytes");
        let long = format!("{KEY}{KEY}");
        for (mode, key, expected) in [
            (
                AesMode::Cbc,
                KEY,
                "tXJxsdBdzuxLXzvUL9iIwbQjS/PAGhI7IYlH/L+Uk9w=",
            ),
            (
                AesMode::Cbc,
                &long,
                "HAxfNN+5zt1l/fWr2VBhsHbc6J3aBzcHuWtuToJZN7M=",
            ),
            (
                AesMode::Ecb,
                KEY,
                "8jYI7la6aDaY+gDBWJPoL7ORbnKZ/O+LDRWRnYx6eIs=",
            ),
            (
                AesMode::Ecb,
                &long,
                "MPZKp2VV/D1D3C3MaMuaK9vHJf8KnzvBqzOa33/xf7k=",
            ),
            (AesMode::Cfb, KEY, "U1oXcTY6Rywg6aukLIROm/wU0H0xrpEWKAFe"),
            (AesMode::Ofb, KEY, "U1oXcTY6Rywg6aukLIROm2cUnxT3Y7EL4Vbf"),
            (AesMode::Ctr, KEY, "U1oXcTY6Rywg6aukLIROm3IVgkwsmymO48en"),
            (AesMode::Ctr, &long, "at7osLnWd+ffgLJKwUrDeaYB9bTAGPb4Z+Sy"),
            (
                AesMode::Gcm,
                KEY,
                "T+RCsS2e65N+KAhLhUbF/6yifvlKXTk5xxNtjFpLcZBKHt3f7yQ2qQpGog==",
            ),
        ] {
            let key = bytes(key).expect("digits");
            let sealed = aes(mode, &key, vector, TEXT.as_bytes()).expect("a ciphertext");
            let skip = match mode {
                AesMode::Ecb => 0,
                AesMode::Gcm => 12,
                _ => VECTOR,
            };
            assert_eq!(sealed[..skip], vector[..skip], "{mode:?}");
            assert_eq!(BASE64.encode(&sealed[skip..]), expected, "{mode:?}");
        }
    }

    #[test]
    fn hashes_are_of_the_text_that_a_value_says() {
        for (method, json, expected) in [
            (
                HashMethod::Md2,
                r#""abc""#,
                "da853b0d3f88d99b30283a69e6ded6bb",
            ),
            (
                HashMethod::Md5,
                r#""abc""#,
                "900150983cd24fb0d6963f7d28e17f72",
            ),
            (
                HashMethod::Sha1,
                r#""a\u0062c""#,
                "a9993e364706816aba3e25717850c26c9cd0d89d",
            ),
            (
                HashMethod::Sha224,
                r#""abc""#,
                "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            ),
            (
                HashMethod::Sha256,
                "42",
                "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049",
            ),
        ] {
            assert_eq!(made(&Maker::Hash(method), json), expected, "{method:?}");
        }
        assert_eq!(made(&Maker::Hash(HashMethod::Sha384), "1").len(), 96);
        assert_eq!(made(&Maker::Hash(HashMethod::Sha512), "1").len(), 128);
    }

    #[test]
    fn the_same_text_has_another_ciphertext_each_time_and_null_stays_null() {
        let key = bytes(KEY).expect("digits");
        let maker = Maker::Aes {
            key,
            mode: AesMode::Gcm,
        };
        assert_ne!(made(&maker, r#""a""#), made(&maker, r#""a""#));
        assert_eq!(maker.make(&raw("null")).expect("a value").get(), "null");
    }

    #[test]
    fn a_text_too_long_for_rsa_is_refused_without_being_shown() {
        let maker = Maker::Rsa(public(PUBLIC).expect("a key"));
        assert_eq!(
            BASE64.decode(made(&maker, r#""a""#)).expect("base64").len(),
            128
        );
        let why = maker
            .make(&raw(&format!("\"{}\"", "secret".repeat(20))))
            .expect_err("too long");
        assert_eq!(
            why,
            "a value of 120 bytes is too long for RSA: this key takes 117 at most; encrypt the field with AES"
        );
        assert!(public("no key").is_err());
    }
}
