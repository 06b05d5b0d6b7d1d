//! Passwords: argon2id with its recommended cost (19 MiB, two passes). One hash is computed at a time,
//! on a thread of its own, because each needs that memory; others wait their turn.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::domain::password::LONGEST;
use crate::error::{Error, Result};

/// Hashes and verifies passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    turn: Arc<Semaphore>,
    clock: Clock,
    /// Verified for people who do not exist, so that they take as long as those who do.
    decoy: Arc<tokio::sync::OnceCell<String>>,
}

impl Passwords {
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            clock,
            decoy: Arc::default(),
        }
    }

    /// The PHC text to store.
    ///
    /// # Errors
    /// When hashing fails, which is a fault of ours.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let (password, salt) = (password.to_owned(), self.clock.random::<16>());
        self.in_turn(move || {
            let hash: argon2::password_hash::phc::PasswordHash = Argon2::default()
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map_err(|error| Error::internal(error.to_string()))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is the one whose hash is kept. Without a kept hash the answer is no, as
    /// slowly as otherwise.
    ///
    /// # Errors
    /// When the kept hash cannot be read, which is a fault of ours.
    pub async fn verify(&self, password: &str, kept: Option<String>) -> Result<bool> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let real = kept.is_some();
        let kept = match kept {
            Some(kept) => kept,
            None => self
                .decoy
                .get_or_try_init(|| self.hash("nobody has this password"))
                .await?
                .clone(),
        };
        let password = password.to_owned();
        self.in_turn(move || {
            let hash =
                PasswordHash::new(&kept).map_err(|error| Error::internal(error.to_string()))?;
            Ok(Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
                && real)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _turn = self.turn.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(Error::internal)?
    }
}
