//! Applications: what a person creates so that programs can act with the person's permissions.

use super::ids::{ApplicationId, UserId};
use super::secret::SecretHash;
use super::text::Name;
use crate::clock::Timestamp;

/// Stands in for a client secret in every answer but the one that creates it.
pub const MASK: &str = "**********";

/// An application as its owner sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Application {
    pub id: ApplicationId,
    pub user_id: UserId,
    pub name: String,
    pub client_id: String,
    pub secret_generation: i64,
    /// Until when the secret before the last rotation is still good.
    pub previous_secret_expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// To the minute; `None` until the first token.
    pub last_used_at: Option<Timestamp>,
}

impl Application {
    /// Whether what the secret of this generation bought is still good.
    #[must_use]
    pub fn honours(&self, generation: i64, now: Timestamp) -> bool {
        let (current, until) = (self.secret_generation, self.previous_secret_expires_at);
        honours(current, until, generation, now)
    }
}

/// Whether a generation of a secret is good: the current one is, the one before until its grace is over.
#[must_use]
pub fn honours(
    current: i64,
    grace_until: Option<Timestamp>,
    generation: i64,
    now: Timestamp,
) -> bool {
    let in_grace = || grace_until.is_some_and(|end| now < end);
    generation == current || (generation + 1 == current && in_grace())
}

/// An application to be stored.
#[derive(Debug)]
pub struct NewApplication {
    pub id: ApplicationId,
    pub user_id: UserId,
    pub name: Name,
    pub client_id: ClientId,
    pub secret_hash: SecretHash,
}

/// The public half of an application's credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct ClientId(String);

impl ClientId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for ClientId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits =
            (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
            .ok_or("must have 1 to 128 printable ASCII characters without spaces")
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_rotation_ends_the_old_generation_at_once_or_after_its_grace() {
        let now = Timestamp::UNIX_EPOCH;
        let mut application = Application {
            id: uuid::Uuid::nil().into(),
            user_id: UserId::DEFAULT,
            name: "etl".to_owned(),
            client_id: "c".to_owned(),
            secret_generation: 3,
            previous_secret_expires_at: None,
            created_at: now,
            last_used_at: None,
        };
        let honoured = |application: &Application, now| {
            (1..=4)
                .map(|g| application.honours(g, now))
                .collect::<Vec<_>>()
        };
        assert_eq!(honoured(&application, now), [false, false, true, false]);
        application.previous_secret_expires_at = Some(now + TimeDelta::hours(1));
        assert_eq!(honoured(&application, now), [false, true, true, false]);
        assert_eq!(
            honoured(&application, now + TimeDelta::hours(1)),
            [false, false, true, false]
        );
    }
}
