//! Links that let somebody choose their password: for whoever was just added, and for whoever forgot theirs. No
//! mail is sent; whoever makes the link passes it on. A link works once, for a week, until the next one.

use chrono::TimeDelta;

use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::audit;
use crate::domain::ids::UserId;
use crate::domain::password as password_rules;
use crate::domain::secret::PlainSecret;
use crate::domain::user::User;
use crate::error::{Error, Noun, Result};
use crate::store::db::Writer;
use crate::store::{invitations, sessions, users};

/// How long a link works.
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// The page that takes the token of a link.
const ADDRESS: &str = "/invitation";

/// A link just made; it is shown this once.
#[derive(Debug)]
pub struct Invitation {
    token: PlainSecret,
    pub expires_at: Timestamp,
}

impl Invitation {
    /// Where it leads, on the server with this address. The token is in the query, which no log of ours has.
    #[must_use]
    pub fn link(&self, base: &str) -> String {
        format!("{base}{ADDRESS}?token={}", self.token.reveal())
    }
}

/// Makes a link for somebody, in place of the one before.
pub(super) async fn make(app: &App, db: &mut Writer, user: UserId) -> Result<Invitation> {
    let token = PlainSecret::random_text(app.clock.random());
    let expires_at = app.clock.now() + LIFETIME;
    invitations::put(db, user, &token.hash(), expires_at).await?;
    Ok(Invitation { token, expires_at })
}

/// Makes a link for somebody who lost theirs, or forgot their password; what they have goes on working.
///
/// # Errors
/// [`Error::Unprocessable`] for the account of a program, [`Error::Conflict`] for somebody who is disabled.
pub async fn renew(app: &App, caller: &Caller, id: UserId) -> Result<Invitation> {
    let mut db = app.db.write().await?;
    let account = doors::account(&mut db, caller, id).await?;
    if account.is_of_a_program() {
        let why = "this is the account of a program, which has no password but applications";
        return Err(Error::Unprocessable(why.to_owned()));
    }
    if account.disabled_at.is_some() {
        return Err(Error::conflict("they are disabled; enable them first"));
    }
    let made = make(app, &mut db, id).await?;
    db.commit().await?;
    Ok(made)
}

/// Whom a link invites, if it still works.
///
/// # Errors
/// When the database does not answer.
pub async fn invited(app: &App, token: &str) -> Result<Option<User>> {
    let hash = PlainSecret::received(token).hash();
    invitations::fetch(&mut app.db.read().await?, &hash, app.clock.now()).await
}

/// Takes the password that somebody with a link chose, and says who it was; nobody when the link does not work
/// any more. The link is used up, and their sessions end.
///
/// # Errors
/// [`Error::Invalid`] for an unusable password.
pub async fn accept(app: &App, token: &str, password: &str) -> Result<Option<User>> {
    let Some(user) = invited(app, token).await? else {
        return Ok(None);
    };
    password_rules::acceptable(password).map_err(|why| Error::invalid("/password", why))?;
    let hash = app.passwords.hash(password).await?;
    audit::asked_by(user.id);
    audit::regards(&Noun::User, &user.id, None);
    let mut db = app.db.write().await?;
    if !invitations::take(&mut db, &PlainSecret::received(token).hash()).await? {
        return Ok(None);
    }
    users::set_password(&mut db, user.id, &hash).await?;
    sessions::remove_of_user(&mut db, user.id).await?;
    db.commit().await?;
    Ok(Some(user))
}
