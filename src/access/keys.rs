//! The keys that sign access tokens: the operator's, or those of the database, which every replica
//! shares. A token names its key by `kid`, so keys can be changed while tokens are out: the newest
//! signs, the others are good for checking until the last token they signed has run out.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Result};
use crate::store::db::{Db, Writer};
use crate::store::signing_keys;

/// How old a view of the database's keys may get before a token is checked against it.
const FRESH: TimeDelta = TimeDelta::milliseconds(500);
/// The same for a token whose key is not in it: another replica may have made the key since.
const FRESH_ENOUGH_TO_REFUSE: TimeDelta = TimeDelta::milliseconds(20);

/// One key, ready to use.
pub struct Key {
    pub kid: String,
    pub signing: EncodingKey,
    pub checking: DecodingKey,
}

impl Key {
    fn new(kid: String, secret: &[u8]) -> Arc<Self> {
        Arc::new(Self {
            kid,
            signing: EncodingKey::from_secret(secret),
            checking: DecodingKey::from_secret(secret),
        })
    }

    /// A key that the operator gave; its id follows from it, so that every replica agrees.
    fn given(secret: &str) -> Arc<Self> {
        let digest = Sha256::digest([b"ferrobyte key id: ", secret.as_bytes()].concat());
        Self::new(
            format!("given-{}", URL_SAFE_NO_PAD.encode(&digest[..9])),
            secret.as_bytes(),
        )
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.kid)
    }
}

/// All keys, the one that signs first.
#[derive(Debug)]
pub struct Keys {
    ring: RwLock<Ring>,
    /// Whether the keys are the operator's, which never change while we run.
    given: bool,
}

#[derive(Debug, Clone)]
struct Ring {
    keys: Arc<[Arc<Key>]>,
    read_at: Timestamp,
}

impl Keys {
    /// The operator's keys: the first signs, the others are former ones.
    ///
    /// # Panics
    /// When there is none; the configuration sees to that.
    #[must_use]
    pub fn given(secrets: &[&str]) -> Self {
        assert!(!secrets.is_empty(), "the operator gave at least one key");
        let keys = secrets.iter().map(|secret| Key::given(secret)).collect();
        Self {
            ring: RwLock::new(Ring {
                keys,
                read_at: Timestamp::UNIX_EPOCH,
            }),
            given: true,
        }
    }

    /// The keys of the database; the first start makes one. Two replicas that start at once make two,
    /// and each accepts what the other signs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn stored(db: &Db, clock: &Clock) -> Result<Self> {
        let keys = Self {
            ring: RwLock::new(Ring {
                keys: [].into(),
                read_at: Timestamp::UNIX_EPOCH,
            }),
            given: false,
        };
        if keys.view(db, clock).await?.is_empty() {
            let mut writer = db.write().await?;
            insert_new(&mut writer, clock).await?;
            writer.commit().await?;
            keys.reread(db, clock).await?;
        }
        Ok(keys)
    }

    /// The key that signs.
    ///
    /// # Errors
    /// When every key has been retired, or the database does not answer.
    pub async fn signing(&self, db: &Db, clock: &Clock) -> Result<Arc<Key>> {
        let keys = self.view(db, clock).await?;
        keys.first()
            .cloned()
            .ok_or_else(|| Error::internal("there is no signing key"))
    }

    /// The key with this id, if tokens signed with it are still good.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find(&self, db: &Db, clock: &Clock, kid: &str) -> Result<Option<Arc<Key>>> {
        let named = |keys: &[Arc<Key>]| keys.iter().find(|key| key.kid == kid).cloned();
        match named(&self.view(db, clock).await?) {
            Some(key) => Ok(Some(key)),
            None => {
                let view = self.view_within(db, clock, FRESH_ENOUGH_TO_REFUSE);
                Ok(named(&view.await?))
            }
        }
    }

    async fn view(&self, db: &Db, clock: &Clock) -> Result<Arc<[Arc<Key>]>> {
        self.view_within(db, clock, FRESH).await
    }

    async fn view_within(&self, db: &Db, clock: &Clock, age: TimeDelta) -> Result<Arc<[Arc<Key>]>> {
        let ring = self
            .ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let fresh = (TimeDelta::zero()..age).contains(&(clock.now() - ring.read_at));
        if self.given || fresh {
            Ok(ring.keys)
        } else {
            self.reread(db, clock).await
        }
    }

    async fn reread(&self, db: &Db, clock: &Clock) -> Result<Arc<[Arc<Key>]>> {
        let now = clock.now();
        let keys: Arc<[_]> = signing_keys::list(&mut db.read().await?, now)
            .await?
            .into_iter()
            .map(|row| Key::new(row.kid, &row.secret))
            .collect();
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Ring {
            keys: Arc::clone(&keys),
            read_at: now,
        };
        Ok(keys)
    }
}

/// Makes a new key that signs from now on, and answers its id. The former ones stay good for checking
/// until `grace` has passed: a token's lifetime lets every token run out by itself.
///
/// # Errors
/// When the database does not answer.
pub async fn rotate(db: &Db, clock: &Clock, grace: TimeDelta) -> Result<String> {
    let mut writer = db.write().await?;
    signing_keys::retire(&mut writer, clock.now() + grace).await?;
    let kid = insert_new(&mut writer, clock).await?;
    writer.commit().await?;
    Ok(kid)
}

async fn insert_new(writer: &mut Writer, clock: &Clock) -> Result<String> {
    let kid = format!("key-{}", URL_SAFE_NO_PAD.encode(clock.random::<9>()));
    signing_keys::insert(writer, &kid, &clock.random::<32>(), clock.now()).await?;
    Ok(kid)
}
