//! Seam: see `configuration`.

use serde_json::Value;

#[derive(Debug, Default)]
pub struct Vault;

impl Vault {
    #[must_use]
    pub fn fingerprint(&self, _whole: &Value) -> [u8; 32] {
        [0; 32]
    }
}
