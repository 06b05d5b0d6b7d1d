//! Checking what somebody shows to be let in: an application's client id and secret, or a person's
//! e-mail and password.

use super::passwords::Passwords;
use super::tokens::Buyer;
use crate::clock::Timestamp;
use crate::domain::application::{ClientId, honours};
use crate::domain::secret::PlainSecret;
use crate::domain::text::EmailAddress;
use crate::domain::user::User;
use crate::error::{Error, Result};
use crate::store::db::Exec;
use crate::store::{applications, users};

/// Said of every wrong pair, whichever half was wrong.
pub const WRONG_CLIENT: &str = "the client id or the client secret is wrong";
/// Said of every wrong pair, whichever half was wrong.
pub const WRONG_PERSON: &str = "The e-mail or the password is wrong.";

/// The application behind a pair of credentials, as the buyer of a token.
///
/// # Errors
/// [`Error::Unauthenticated`], in one voice for an unknown id and a wrong secret.
pub async fn application(
    db: &mut dyn Exec,
    now: Timestamp,
    client_id: &str,
    secret: &PlainSecret,
) -> Result<Buyer> {
    const WRONG: Error = Error::Unauthenticated(WRONG_CLIENT);
    let client_id: ClientId = client_id.parse().map_err(|_| WRONG)?;
    let shown = secret.hash();
    let kept = applications::credentials(db, &client_id)
        .await?
        .ok_or(WRONG)?;
    let current = kept.secret_generation;
    let generation = if kept.secret_hash.matches(&shown) {
        current
    } else if kept
        .previous_secret_hash
        .is_some_and(|previous| previous.matches(&shown))
    {
        current - 1
    } else {
        return Err(WRONG);
    };
    if !honours(current, kept.previous_secret_expires_at, generation, now) {
        return Err(WRONG);
    }
    Ok(Buyer {
        application: kept.id,
        user: kept.user_id,
        client_id: kept.client_id,
        generation,
    })
}

/// The person behind an e-mail and a password. An unknown e-mail costs as much as a wrong password.
///
/// # Errors
/// [`Error::Unauthenticated`], in one voice.
pub async fn person(
    db: &mut dyn Exec,
    passwords: &Passwords,
    email: &str,
    password: &str,
) -> Result<User> {
    let found = match email.parse::<EmailAddress>() {
        Ok(email) => users::with_password(db, &email).await?,
        Err(_) => None,
    };
    let (user, kept) = match found {
        Some(known) => (Some(known.user), known.password_hash),
        None => (None, None),
    };
    let right = passwords.verify(password, kept).await?;
    user.filter(|_| right)
        .ok_or(Error::Unauthenticated(WRONG_PERSON))
}
