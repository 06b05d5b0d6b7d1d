//! The keys at hand: master keys, and the data keys that they open. The present master key seals every
//! new data key; former ones only open, until `ferrobyte secrets rekey` has made them superfluous.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::configuration::SecretValue;
use super::fingerprint::fingerprint;
use super::master::MasterKey;
use super::sealing::{Key, Place};
use crate::clock::Clock;

/// The row whose key makes fingerprints. It outlives the data keys: a new one would make everything
/// that is remembered by fingerprint look changed.
pub const FINGERPRINT: &str = "fingerprint";

/// Begins the ids of data keys; a number follows.
const DATA: &str = "data-";

/// A key as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub id: &'a str,
    pub sealed: &'a [u8],
    /// Whether it only opens.
    pub retired: bool,
}

/// Why keys or secrets do not open. The sentences are for the operator and contain no secret.
#[derive(Debug, Error)]
pub enum Misfit {
    #[error(
        "the secrets of this database are sealed with the master key {sealed_by}, and this server has {present}. \
         Give it the right one: set FERROBYTE_VAULT_KEY (or FERROBYTE_VAULT_KEY_FILE) to the key of the server that \
         started first on this database, or copy that server's vault.key into the data directory of this one. When \
         the key was changed on purpose, set FERROBYTE_VAULT_FORMER_KEYS to the former one and run \
         `ferrobyte secrets rekey`"
    )]
    OtherMaster { sealed_by: String, present: String },
    #[error("the row {0} of secret_keys was changed outside of this program and does not open")]
    Changed(String),
    #[error("the table secret_keys lacks its row {0}; restore the table from a backup")]
    Missing(&'static str),
    #[error("the secret {field} of {owner} is sealed with the key {key}, which is not known")]
    UnknownKey {
        owner: Uuid,
        field: String,
        key: String,
    },
    #[error(
        "the secret {field} of {owner} was changed or moved outside of this program and does not open"
    )]
    Tampered { owner: Uuid, field: String },
}

/// All keys at hand.
#[derive(Debug)]
pub struct Vault {
    /// The present one first.
    masters: Vec<MasterKey>,
    ring: RwLock<Arc<Ring>>,
}

#[derive(Debug)]
struct Ring {
    data: BTreeMap<String, Key>,
    /// The id of the key that seals.
    newest: String,
    fingerprint: Key,
}

impl Vault {
    /// Opens stored keys with the operator's.
    ///
    /// # Errors
    /// [`Misfit`], when they do not fit each other.
    pub fn new(
        present: MasterKey,
        former: Vec<MasterKey>,
        rows: &[Row<'_>],
    ) -> Result<Self, Misfit> {
        let masters: Vec<_> = std::iter::once(present).chain(former).collect();
        let ring = Arc::new(ring(&masters, rows)?);
        Ok(Self {
            masters,
            ring: RwLock::new(ring),
        })
    }

    /// Takes the stored keys anew, when somebody else has changed them.
    ///
    /// # Errors
    /// [`Misfit`], when they do not open any more; what was at hand stays.
    pub fn refresh(&self, rows: &[Row<'_>]) -> Result<(), Misfit> {
        let ring = Arc::new(ring(&self.masters, rows)?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The present master key.
    #[must_use]
    pub fn present(&self) -> &MasterKey {
        &self.masters[0]
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn newest(&self) -> String {
        self.ring().newest.clone()
    }

    /// Whether the key that seals is the newest of these, which are those that are not retired.
    #[must_use]
    pub fn is_current(&self, live: &[String]) -> bool {
        let newest = live.iter().filter_map(|id| number(id)).max();
        newest.map(data_id) == Some(self.newest())
    }

    /// The id for a new data key.
    #[must_use]
    pub fn next_id(&self) -> String {
        let ring = self.ring();
        let greatest = ring.data.keys().filter_map(|id| number(id)).max();
        data_id(greatest.unwrap_or(0) + 1)
    }

    /// The stored key again, sealed by the present master key; `None` when it is already.
    ///
    /// # Errors
    /// [`Misfit`], when it does not open.
    pub fn under_present(&self, row: Row<'_>, clock: &Clock) -> Result<Option<Vec<u8>>, Misfit> {
        if sealed_by(row.sealed) == self.present().id() {
            return Ok(None);
        }
        let key = open_key(&self.masters, row)?;
        Ok(Some(seal_key(self.present(), row.id, &key, clock)))
    }

    /// Seals a value with the newest key, for one field of one owner.
    #[must_use]
    pub fn seal(&self, owner: Uuid, field: &str, value: &SecretValue, clock: &Clock) -> Sealed {
        let ring = self.ring();
        let plain = Zeroizing::new(value.reveal().to_string());
        let key = &ring.data[&ring.newest];
        Sealed {
            sealed: key.seal(secret(&owner, field), clock.random(), plain.as_bytes()),
            key_id: ring.newest.clone(),
        }
    }

    /// Opens a value.
    ///
    /// # Errors
    /// [`Misfit`], when the key is not known, or the value does not belong there.
    pub fn open(&self, owner: Uuid, field: &str, sealed: &Sealed) -> Result<SecretValue, Misfit> {
        let ring = self.ring();
        let Some(key) = ring.data.get(&sealed.key_id) else {
            return Err(Misfit::UnknownKey {
                owner,
                field: field.to_owned(),
                key: sealed.key_id.clone(),
            });
        };
        let plain = key.open(secret(&owner, field), &sealed.sealed);
        let value = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        value.map(SecretValue::new).ok_or_else(|| Misfit::Tampered {
            owner,
            field: field.to_owned(),
        })
    }

    /// The keyed hash of a whole configuration, secrets included.
    #[must_use]
    pub fn fingerprint(&self, whole: &Value) -> [u8; 32] {
        fingerprint(&self.ring().fingerprint, whole)
    }
}

/// A sealed value and the key that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub key_id: String,
    pub sealed: Vec<u8>,
}

/// A new random key to be stored, sealed by a master key.
#[must_use]
pub fn new_key(master: &MasterKey, id: &str, clock: &Clock) -> Vec<u8> {
    seal_key(master, id, &Key::new(Zeroizing::new(clock.random())), clock)
}

/// The ids of the keys that a database starts with.
#[must_use]
pub fn first_ids() -> [String; 2] {
    [data_id(1), FINGERPRINT.to_owned()]
}

/// The name of the master key that sealed a stored key.
#[must_use]
pub fn sealed_by_name(sealed: &[u8]) -> String {
    use std::fmt::Write as _;
    sealed_by(sealed)
        .iter()
        .fold(String::new(), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        })
}

fn data_id(number: u64) -> String {
    format!("{DATA}{number}")
}

fn number(id: &str) -> Option<u64> {
    id.strip_prefix(DATA)?.parse().ok()
}

fn ring(masters: &[MasterKey], rows: &[Row<'_>]) -> Result<Ring, Misfit> {
    let mut fingerprint = None;
    let mut data = BTreeMap::new();
    let mut live = Vec::new();
    for &row in rows {
        let key = open_key(masters, row)?;
        if row.id == FINGERPRINT {
            fingerprint = Some(key);
        } else if let Some(number) = number(row.id) {
            data.insert(row.id.to_owned(), key);
            if !row.retired {
                live.push(number);
            }
        }
    }
    let newest = live.into_iter().max().ok_or(Misfit::Missing("data-1"))?;
    Ok(Ring {
        data,
        newest: data_id(newest),
        fingerprint: fingerprint.ok_or(Misfit::Missing(FINGERPRINT))?,
    })
}

fn stored_key(id: &str) -> Place<'_> {
    Place {
        table: "secret_keys",
        row: id.as_bytes(),
        field: "sealed",
    }
}

fn secret<'a>(owner: &'a Uuid, field: &'a str) -> Place<'a> {
    Place {
        table: "secrets",
        row: owner.as_bytes(),
        field,
    }
}

/// The master key's id stands before what it sealed, so that a misfit can be named.
fn seal_key(master: &MasterKey, id: &str, key: &Key, clock: &Clock) -> Vec<u8> {
    let sealed = master
        .sealing()
        .seal(stored_key(id), clock.random(), key.bytes());
    [master.id().as_slice(), &sealed].concat()
}

fn sealed_by(sealed: &[u8]) -> &[u8] {
    sealed.get(..8).unwrap_or_default()
}

fn open_key(masters: &[MasterKey], row: Row<'_>) -> Result<Key, Misfit> {
    let id = sealed_by(row.sealed);
    let Some(master) = masters.iter().find(|master| master.id() == id) else {
        return Err(Misfit::OtherMaster {
            sealed_by: sealed_by_name(row.sealed),
            present: masters
                .iter()
                .map(MasterKey::name)
                .collect::<Vec<_>>()
                .join(", "),
        });
    };
    let opened = master.sealing().open(stored_key(row.id), &row.sealed[8..]);
    opened
        .and_then(|bytes| Key::from_slice(&bytes))
        .ok_or_else(|| Misfit::Changed(row.id.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";
    const TWO: &str = "the second master key is a passphrase";

    fn master(text: &str) -> MasterKey {
        MasterKey::parse(text).expect("a key")
    }

    fn stored(by: &MasterKey) -> Vec<(String, Vec<u8>, bool)> {
        let ids = first_ids().into_iter();
        ids.map(|id| {
            let sealed = new_key(by, &id, &Clock::System);
            (id, sealed, false)
        })
        .collect()
    }

    fn rows(stored: &[(String, Vec<u8>, bool)]) -> Vec<Row<'_>> {
        stored
            .iter()
            .map(|(id, sealed, retired)| Row {
                id,
                sealed,
                retired: *retired,
            })
            .collect()
    }

    fn value(text: &str) -> SecretValue {
        SecretValue::new(json!(text))
    }

    #[test]
    fn a_secret_opens_for_its_owner_and_field_only() {
        let stored = stored(&master(ONE));
        let vault = Vault::new(master(ONE), Vec::new(), &rows(&stored)).expect("it fits");
        let (ada, eve) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = vault.seal(ada, "/password", &value("hush"), &Clock::System);
        assert_eq!(
            vault.open(ada, "/password", &sealed).expect("hers"),
            value("hush")
        );
        assert!(matches!(
            vault.open(eve, "/password", &sealed),
            Err(Misfit::Tampered { .. })
        ));
        assert!(matches!(
            vault.open(ada, "/token", &sealed),
            Err(Misfit::Tampered { .. })
        ));
        let unknown = Sealed {
            key_id: "data-9".to_owned(),
            ..sealed
        };
        assert!(matches!(
            vault.open(ada, "/password", &unknown),
            Err(Misfit::UnknownKey { .. })
        ));
    }

    #[test]
    fn the_newest_live_key_seals_and_older_ones_still_open() {
        let mut stored = stored(&master(ONE));
        let vault = Vault::new(master(ONE), Vec::new(), &rows(&stored)).expect("it fits");
        let before = vault.fingerprint(&json!({ "a": 1 }));
        let owner = Uuid::from_u128(1);
        let old = vault.seal(owner, "/a", &value("hush"), &Clock::System);
        for number in 2..=10 {
            assert_eq!(vault.next_id(), format!("data-{number}"));
            let id = vault.next_id();
            for row in &mut stored {
                row.2 = row.0 != FINGERPRINT;
            }
            let sealed = new_key(vault.present(), &id, &Clock::System);
            stored.push((id, sealed, false));
            vault.refresh(&rows(&stored)).expect("it fits");
        }
        let new = vault.seal(owner, "/a", &value("hush"), &Clock::System);
        assert_eq!(
            (old.key_id.as_str(), new.key_id.as_str()),
            ("data-1", "data-10")
        );
        assert_eq!(
            vault.open(owner, "/a", &old).expect("it opens"),
            value("hush")
        );
        assert_eq!(vault.fingerprint(&json!({ "a": 1 })), before);
    }

    #[test]
    fn another_master_key_is_named_and_a_former_one_opens_until_all_is_resealed() {
        let mut stored = stored(&master(ONE));
        let misfit = Vault::new(master(TWO), Vec::new(), &rows(&stored)).expect_err("another key");
        let said = misfit.to_string();
        assert!(
            said.contains(&master(ONE).name()) && said.contains("FERROBYTE_VAULT_KEY"),
            "{said}"
        );
        let vault = Vault::new(master(TWO), vec![master(ONE)], &rows(&stored)).expect("it fits");
        for row in &mut stored {
            let old = Row {
                id: &row.0,
                sealed: &row.1,
                retired: false,
            };
            let again = vault
                .under_present(old, &Clock::System)
                .expect("it opens")
                .expect("changed");
            let new = Row {
                sealed: &again,
                ..old
            };
            assert!(
                vault
                    .under_present(new, &Clock::System)
                    .expect("it opens")
                    .is_none()
            );
            row.1 = again;
        }
        Vault::new(master(TWO), Vec::new(), &rows(&stored)).expect("the former key is superfluous");
    }

    #[test]
    fn keys_that_changed_places_do_not_open() {
        let mut stored = stored(&master(ONE));
        let first = stored[0].1.clone();
        stored[0].1 = std::mem::replace(&mut stored[1].1, first);
        let misfit = Vault::new(master(ONE), Vec::new(), &rows(&stored)).expect_err("changed");
        assert!(matches!(misfit, Misfit::Changed(_)), "{misfit}");
        let lacking = Vault::new(master(ONE), Vec::new(), &[]).expect_err("no keys");
        assert!(matches!(lacking, Misfit::Missing(_)), "{lacking}");
    }
}
