//! The values that mappers make: hashes and ciphertexts of a field's text.

use serde_json::value::RawValue;

use crate::domain::mapper::{Deed, Encryption, HashMethod};

/// The text of a value: of a string what it says, of anything else its JSON.
pub(super) fn text(value: &RawValue) -> String {
    serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

/// Whether values can be made as a mapper wants them. Those that cannot be made must not go on as they
/// are: whoever asked to have them hidden would find them in the open.
pub(super) fn prepare(deed: &Deed) -> Result<(), String> {
    match deed {
        Deed::Hashing(_) => Err("values cannot be hashed yet".to_owned()),
        Deed::Encryption(_) => Err("values cannot be encrypted yet".to_owned()),
        _ => Ok(()),
    }
}

pub(super) fn hashed(_method: HashMethod, value: &RawValue) -> Box<RawValue> {
    value.to_owned()
}

pub(super) fn encrypted(_how: &Encryption, value: &RawValue) -> Result<Box<RawValue>, String> {
    Ok(value.to_owned())
}
