//! From a bearer token to a caller. A verified token and the standing behind it are remembered for
//! half a second, keyed by the token's SHA-256: most requests need neither a signature check nor a
//! question to the database, and yet whatever is revoked stops working within a second on every
//! replica. On the replica that revokes, it stops at once (`forget`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::caller::{Caller, Standing};
use super::granted::Proven;
use super::tokens::{Tokens, in_time};
use super::uses::Uses;
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Result};
use crate::store::db::Db;
use crate::store::{applications, standings, users};

/// How long a standing is believed.
const BELIEVED: TimeDelta = TimeDelta::milliseconds(500);

/// How long it is believed while one request reads it anew for all.
const BELIEVED_AT_MOST: TimeDelta = TimeDelta::milliseconds(900);

/// How many tokens are remembered at once.
const REMEMBERED: usize = 10_000;

/// The longest bearer token that is looked at, in bytes.
const LONGEST_TOKEN: usize = 4096;

/// Those who asked lately.
#[derive(Debug)]
pub struct Callers {
    known: Cache<[u8; 32], Known>,
    pub uses: Uses,
}

#[derive(Debug, Clone)]
struct Known {
    proven: Proven,
    standing: Arc<Standing>,
    read_at: Timestamp,
    /// Taken by the request that reads it anew.
    renewing: Arc<AtomicBool>,
}

impl Known {
    /// Whether the standing may be used as it is. The first to come when it may not has to read it
    /// anew, and the others go on with the old one until it is clearly too old.
    fn is_good(&self, now: Timestamp) -> bool {
        let age = now - self.read_at;
        (TimeDelta::zero()..BELIEVED).contains(&age)
            || (BELIEVED..BELIEVED_AT_MOST).contains(&age)
                && self.renewing.swap(true, Ordering::Relaxed)
    }
}

impl Default for Callers {
    fn default() -> Self {
        Self {
            known: Cache::new(REMEMBERED),
            uses: Uses::default(),
        }
    }
}

impl Callers {
    /// The caller behind a bearer token.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] with what is wrong with the token.
    pub async fn recognise(
        &self,
        db: &Db,
        clock: &Clock,
        tokens: &Tokens,
        token: &str,
    ) -> Result<Caller> {
        if !looks_like_a_token(token) {
            return Err(Error::Unauthenticated("the bearer token is malformed"));
        }
        let key: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let now = clock.now();
        if let Some(known) = self.known.get(&key) {
            in_time(&known.proven, now)?;
            if known.is_good(now) {
                return Ok(Caller::by(known.standing, known.proven.application));
            }
        }
        // Boxed, because every handler carries this and few need it.
        let known = Box::pin(self.read_anew(db, clock, tokens, token)).await?;
        self.known.insert(key, known.clone());
        Ok(Caller::by(known.standing, known.proven.application))
    }

    /// Also when the token was verified before: its key may have been withdrawn since.
    async fn read_anew(
        &self,
        db: &Db,
        clock: &Clock,
        tokens: &Tokens,
        token: &str,
    ) -> Result<Known> {
        let read_at = clock.now();
        let proven = tokens.verify(db, clock, token).await?;
        let standing = Arc::new(self.standing(db, clock, &proven).await?);
        Ok(Known {
            proven,
            standing,
            read_at,
            renewing: Arc::default(),
        })
    }

    /// Forgets everything, because something was revoked or granted here.
    pub fn forget(&self) {
        self.known.clear();
    }

    async fn standing(&self, db: &Db, clock: &Clock, proven: &Proven) -> Result<Standing> {
        let mut reader = db.read().await?;
        let application = applications::of_token(&mut reader, proven).await?;
        if !application
            .is_some_and(|application| application.honours(proven.generation, clock.now()))
        {
            return Err(Error::Unauthenticated("the access token has been revoked"));
        }
        self.uses.note(proven.application, clock.now());
        let user = users::fetch_enabled(&mut reader, proven.user).await?;
        let user = user.ok_or(Error::Unauthenticated(
            "the owner of the access token is gone or disabled",
        ))?;
        let grants = standings::grants(&mut reader, user.id).await?;
        Ok(Standing::new(user, &grants))
    }
}

/// Three parts of base64url with dots between: cheap to see, before anything is computed.
fn looks_like_a_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.len() <= LONGEST_TOKEN
        && text.bytes().filter(|&byte| byte == b'.').count() == 2
        && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_parts_of_base64url_look_like_a_token() {
        assert!(looks_like_a_token("eyJh.eyJz.c2ln-_"));
        for wrong in [
            "",
            "abc",
            "a.b",
            "a.b.c.d",
            "a.b.c=",
            "a.b.ü",
            &"a.b.".repeat(2000),
        ] {
            assert!(!looks_like_a_token(wrong), "{wrong:?}");
        }
    }
}
