//! The first administrator's credentials: the operator's own values at every start, which win over
//! generated ones, and new ones on demand.

use std::sync::Arc;

use crate::access::caller::{Caller, Standing};
use crate::access::doors;
use crate::access::passwords::Passwords;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Admin;
use crate::domain::application::{Application, ClientId, NewApplication};
use crate::domain::ids::UserId;
use crate::domain::password as password_rules;
use crate::domain::secret::PlainSecret;
use crate::domain::text::Name;
use crate::domain::user::User;
use crate::error::{Error, Result};
use crate::store::db::{Db, Writer};
use crate::store::{applications, sessions, setup, users};

/// The name of the administrator's first application.
const FIRST_APPLICATION: &str = "Default User Application";

/// An application's credentials. The secret is there only if it was generated just now.
#[derive(Debug)]
pub struct Client {
    pub id: String,
    pub secret: Option<PlainSecret>,
}

/// The administrator's credentials, secrets only as far as they were generated just now.
#[derive(Debug)]
pub struct Credentials {
    pub email: String,
    pub password: Option<PlainSecret>,
    pub client: Option<Client>,
}

/// What to give anew.
#[derive(Debug, Default, Clone, Copy)]
pub struct Reset<'a> {
    pub password: bool,
    /// The new password; generated when absent.
    pub given: Option<&'a str>,
    pub client_secret: bool,
}

/// Lets the operator's values but the password ([`settle`]) take effect on an instance that exists. Answers the credentials if a
/// client secret had to be generated for a client id that the operator gave.
///
/// # Errors
/// [`Error::Conflict`] when the operator's client id belongs to somebody else's application.
pub(super) async fn apply(db: &Db, clock: &Clock, given: &Admin) -> Result<Option<Credentials>> {
    let Some(user) = users::fetch(&mut db.read().await?, UserId::DEFAULT).await? else {
        return Ok(None);
    };
    let caller = as_caller(&user);
    if let Some(email) = given
        .email
        .as_ref()
        .filter(|email| email.as_str() != user.email)
    {
        let mut writer = db.write().await?;
        users::set_email(&mut writer, user.id, email).await?;
        setup::set_contact(&mut writer, email.as_str()).await?;
        writer.commit().await?;
    }
    if given.client_id.is_none() && given.client_secret.is_none() {
        return Ok(None);
    }
    let mut writer = db.write().await?;
    let client = apply_client(&mut writer, clock, &caller, given).await?;
    writer.commit().await?;
    let generated = client.filter(|client| client.secret.is_some());
    Ok(generated.map(|client| Credentials {
        email: user.email,
        password: None,
        client: Some(client),
    }))
}

/// Sees to it, once, that the operator's password is in effect. Comparing it with the stored hash takes
/// as long as a log-in does, so the server listens meanwhile, and log-ins wait for it.
///
/// # Errors
/// When the database does not answer; the next to ask tries again.
pub async fn settle(app: &App) -> Result<()> {
    let apply = async || {
        let Some(given) = &app.config.admin.password else {
            return Ok(());
        };
        let Some(user) = users::fetch(&mut app.db.read().await?, UserId::DEFAULT).await? else {
            return Ok(());
        };
        let kept = users::password_hash(&mut app.db.read().await?, as_caller(&user).own()).await?;
        if app.passwords.verify(given.reveal(), kept).await? {
            return Ok(());
        }
        set_password(&app.db, &app.passwords, user.id, given.reveal()).await
    };
    app.settled.get_or_try_init(apply).await.map(drop)
}

/// The application of the operator's client id, or else the oldest, gets the operator's secret; a new
/// one is added when there is none. Answers the new one.
async fn apply_client(
    db: &mut Writer,
    clock: &Clock,
    caller: &Caller,
    given: &Admin,
) -> Result<Option<Client>> {
    let client_id = match &given.client_id {
        Some(id) => Some(id.clone()),
        None => oldest(db, caller)
            .await?
            .map(|oldest| oldest.client_id.parse())
            .transpose()
            .map_err(Error::internal)?,
    };
    let known = match &client_id {
        Some(id) => applications::credentials(db, id).await?,
        None => None,
    };
    let Some(known) = known else {
        return add_client(db, clock, client_id, given.client_secret.clone())
            .await
            .map(Some);
    };
    if known.user_id != caller.id() {
        return Err(Error::conflict(
            "admin.client_id is the client id of somebody else's application; choose another",
        ));
    }
    if let Some(secret) = &given.client_secret
        && !known.secret_hash.matches(&secret.hash())
    {
        let application = doors::application(db, caller, known.id).await?;
        applications::rotate(db, &application, &secret.hash(), None).await?;
    }
    Ok(None)
}

async fn oldest(db: &mut Writer, caller: &Caller) -> Result<Option<Application>> {
    Ok(applications::list(db, caller.own())
        .await?
        .into_iter()
        .next())
}

/// Adds an application of the administrator with the values given and the others generated.
pub(super) async fn add_client(
    db: &mut Writer,
    clock: &Clock,
    client_id: Option<ClientId>,
    secret: Option<PlainSecret>,
) -> Result<Client> {
    let (secret, generated) = match secret {
        Some(given) => (given, None),
        None => {
            let secret = PlainSecret::client(clock.random());
            (secret.clone(), Some(secret))
        }
    };
    let client_id = match client_id {
        Some(given) => given,
        None => clock
            .new_id()
            .to_string()
            .parse()
            .map_err(Error::internal)?,
    };
    let id = client_id.as_str().to_owned();
    let new = NewApplication {
        id: clock.new_id().into(),
        user_id: UserId::DEFAULT,
        name: Name::try_from(FIRST_APPLICATION.to_owned()).map_err(Error::internal)?,
        client_id,
        secret_hash: secret.hash(),
    };
    applications::insert(db, &new, clock.now()).await?;
    Ok(Client {
        id,
        secret: generated,
    })
}

/// Gives the administrator new credentials where asked, and says what they are now.
///
/// # Errors
/// [`Error::Invalid`] for an unusable password, [`Error::Conflict`] when the administrator is gone.
pub async fn reset(
    db: &Db,
    clock: &Clock,
    passwords: &Passwords,
    what: Reset<'_>,
) -> Result<Credentials> {
    let user = users::fetch(&mut db.read().await?, UserId::DEFAULT).await?;
    let user = user
        .ok_or_else(|| Error::conflict("the first administrator was removed from this instance"))?;
    let mut password = None;
    if what.password {
        let new = match what.given {
            Some(given) => PlainSecret::received(given),
            None => PlainSecret::random_text(clock.random()),
        };
        password_rules::acceptable(new.reveal()).map_err(|why| Error::invalid("/password", why))?;
        set_password(db, passwords, user.id, new.reveal()).await?;
        password = Some(new);
    }
    let mut writer = db.write().await?;
    let client = reset_client(&mut writer, clock, &as_caller(&user), what.client_secret).await?;
    writer.commit().await?;
    Ok(Credentials {
        email: user.email,
        password,
        client,
    })
}

/// The administrator's oldest application, with a new secret if one is wanted.
async fn reset_client(
    db: &mut Writer,
    clock: &Clock,
    caller: &Caller,
    anew: bool,
) -> Result<Option<Client>> {
    match oldest(db, caller).await? {
        Some(oldest) if anew => {
            let secret = PlainSecret::client(clock.random());
            let application = doors::application(db, caller, oldest.id).await?;
            applications::rotate(db, &application, &secret.hash(), None).await?;
            Ok(Some(Client {
                id: oldest.client_id,
                secret: Some(secret),
            }))
        }
        Some(oldest) => Ok(Some(Client {
            id: oldest.client_id,
            secret: None,
        })),
        None if anew => add_client(db, clock, None, None).await.map(Some),
        None => Ok(None),
    }
}

async fn set_password(db: &Db, passwords: &Passwords, user: UserId, password: &str) -> Result<()> {
    let hash = passwords.hash(password).await?;
    let mut writer = db.write().await?;
    users::set_password(&mut writer, user, &hash).await?;
    sessions::remove_of_user(&mut writer, user).await?;
    writer.commit().await
}

/// The administrator as the owner of their own applications; nothing else is asked in their name.
fn as_caller(user: &User) -> Caller {
    Caller::new(Arc::new(Standing::new(user.clone(), &[])))
}
