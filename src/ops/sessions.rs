//! Signing in to the pages and out again.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::access::caller::{Caller, Standing};
use crate::access::credentials;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::audit;
use crate::domain::password;
use crate::domain::secret::PlainSecret;
use crate::error::{Error, Noun, Result};
use crate::ops::administrator;
use crate::store::{invitations, sessions, standings, users};

/// A session just begun: the value for the cookie, and when it ends.
#[derive(Debug)]
pub struct Begun {
    pub cookie: PlainSecret,
    pub expires_at: Timestamp,
}

/// Signs somebody in by e-mail and password.
///
/// # Errors
/// [`Error::Unauthenticated`] when they are wrong, [`Error::TooMany`] after too many wrong ones.
pub async fn begin(app: &App, source: IpAddr, email: &str, password: &str) -> Result<Begun> {
    let now = app.clock.now();
    let identity = email.trim().to_lowercase();
    app.logins.admit(now, source, &identity)?;
    administrator::settle(app).await?;
    let found =
        credentials::person(&mut app.db.read().await?, &app.passwords, email, password).await;
    let user = found.inspect_err(|error| {
        if matches!(error, Error::Unauthenticated(_)) {
            app.logins.count(now, source, &identity);
        }
    })?;
    let cookie = PlainSecret::random_text(app.clock.random());
    let lifetime = TimeDelta::from_std(app.config.sessions.lifetime).map_err(Error::internal)?;
    let caller = Caller::new(Standing::new(user, &[]).into());
    audit::asked_by(caller.id());
    audit::regards(&Noun::User, &caller.id(), None);
    let mut db = app.db.write().await?;
    sessions::remove_expired(&mut db, now).await?;
    sessions::insert(&mut db, &cookie.hash(), caller.own(), now, now + lifetime).await?;
    db.commit().await?;
    Ok(Begun {
        cookie,
        expires_at: now + lifetime,
    })
}

/// The caller behind a session cookie, if the session has not ended.
///
/// # Errors
/// When the database does not answer.
pub async fn caller(app: &App, cookie: &str) -> Result<Option<Caller>> {
    let mut db = app.db.read().await?;
    let token = PlainSecret::received(cookie).hash();
    let Some(user) = sessions::fetch(&mut db, &token, app.clock.now()).await? else {
        return Ok(None);
    };
    let grants = standings::grants(&mut db, user.id).await?;
    Ok(Some(Caller::new(Standing::new(user, &grants).into())))
}

/// Ends a session.
///
/// # Errors
/// When the database does not answer.
pub async fn end(app: &App, cookie: &str) -> Result<()> {
    let mut db = app.db.write().await?;
    sessions::remove(&mut db, &PlainSecret::received(cookie).hash()).await?;
    db.commit().await
}

/// Changes the caller's own password and signs every session of theirs out.
///
/// # Errors
/// [`Error::Invalid`] at `/current` or `/new`, [`Error::TooMany`] after too many wrong attempts.
pub async fn change_password(
    app: &App,
    caller: &Caller,
    source: IpAddr,
    current: &str,
    new: &str,
) -> Result<()> {
    let now = app.clock.now();
    let identity = &caller.user().email;
    app.logins.admit(now, source, identity)?;
    administrator::settle(app).await?;
    let kept = users::password_hash(&mut app.db.read().await?, caller.own()).await?;
    if !app.passwords.verify(current, kept).await? {
        app.logins.count(now, source, identity);
        return Err(Error::invalid("/current", "is not your password"));
    }
    password::acceptable(new).map_err(|why| Error::invalid("/new", why))?;
    let hash = app.passwords.hash(new).await?;
    audit::regards(&Noun::User, &caller.id(), None);
    let mut db = app.db.write().await?;
    users::set_password(&mut db, caller.id(), &hash).await?;
    invitations::remove_of_user(&mut db, caller.id()).await?;
    sessions::remove_of_user(&mut db, caller.id()).await?;
    db.commit().await
}
