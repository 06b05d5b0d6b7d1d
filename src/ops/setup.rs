//! The first start, and the operator's own values at every start: they win over generated ones.

use std::sync::Arc;

use crate::access::granted::Granted;
use crate::access::passwords::Passwords;
use crate::access::policy::Edit;
use crate::access::{caller::Caller, caller::Standing, doors};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Admin, Config};
use crate::domain::application::{Application, ClientId, NewApplication};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::notifications::Notifications;
use crate::domain::organization::Region;
use crate::domain::password as password_rules;
use crate::domain::permission::{Permission, PermissionScope, PermissionType};
use crate::domain::secret::PlainSecret;
use crate::domain::text::{EmailAddress, Name};
use crate::domain::user::{NewUser, User};
use crate::domain::workspace::NewWorkspace;
use crate::error::{Error, Result};
use crate::store::db::{Db, Reach, Writer};
use crate::store::setup::{self, Beginnings};
use crate::store::{applications, sessions, standings, users};

/// The administrator's e-mail when the operator gives none.
pub const USUAL_EMAIL: &str = "admin@ferrobyte.local";

/// The name of the administrator's first application.
const FIRST_APPLICATION: &str = "Default User Application";

/// What the operator should read once. Secrets are there only if they were generated just now.
#[derive(Debug)]
pub struct Welcome {
    pub email: String,
    pub password: Option<PlainSecret>,
    pub client_id: String,
    pub client_secret: Option<PlainSecret>,
}

/// Opens the database, sees to the first start and wires the server's parts. The welcome is there
/// when something was generated that the operator has to read.
///
/// # Errors
/// When the database cannot be used.
pub async fn start(config: Config, clock: Clock) -> Result<(Arc<App>, Option<Welcome>)> {
    let url = config.database.reach();
    let (connections, durable) = (config.database.connections, config.database.durable);
    let db = Db::open(Reach {
        url: &url,
        connections,
        durable,
    })
    .await?;
    start_on(db, config, clock).await
}

/// The same on a database that is open already.
///
/// # Errors
/// When the database does not answer.
pub async fn start_on(db: Db, config: Config, clock: Clock) -> Result<(Arc<App>, Option<Welcome>)> {
    let passwords = Passwords::new(clock.clone());
    let welcome = ensure(&db, &clock, &passwords, &config.admin).await?;
    let app = App::new(db, config, clock, passwords).await?;
    Ok((Arc::new(app), welcome))
}

/// Creates what every instance starts with, if this is the first start; otherwise lets the operator's
/// values take effect. Answers what should be announced, if anything was generated.
///
/// # Errors
/// [`Error::Conflict`] when the operator's client id belongs to somebody else's application.
async fn ensure(
    db: &Db,
    clock: &Clock,
    passwords: &Passwords,
    admin: &Admin,
) -> Result<Option<Welcome>> {
    if !setup::done(&mut db.read().await?).await?
        && let Some(welcome) = begin(db, clock, passwords, admin).await?
    {
        return Ok(Some(welcome));
    }
    apply(db, clock, passwords, admin).await
}

async fn begin(
    db: &Db,
    clock: &Clock,
    passwords: &Passwords,
    admin: &Admin,
) -> Result<Option<Welcome>> {
    let email: EmailAddress = match &admin.email {
        Some(email) => email.clone(),
        None => USUAL_EMAIL.parse().map_err(Error::internal)?,
    };
    let generated = admin
        .password
        .is_none()
        .then(|| PlainSecret::random_text(clock.random()));
    let password = match (&admin.password, &generated) {
        (Some(given), _) => given.reveal(),
        (None, Some(generated)) => generated.reveal(),
        (None, None) => return Err(Error::internal("no password")),
    };
    let region = Region {
        id: clock.new_id().into(),
        organization_id: OrganizationId::DEFAULT,
        name: admin.region.clone(),
    };
    let permission = |permission_type, scope| {
        Permission::new(
            clock.new_id().into(),
            UserId::DEFAULT,
            permission_type,
            scope,
        )
    };
    let all = Beginnings {
        organization_name: "Default Organization",
        workspace: NewWorkspace {
            id: clock.new_id().into(),
            organization_id: OrganizationId::DEFAULT,
            region_id: region.id,
            name: name("Default Workspace")?,
            email: email.to_string(),
            notifications: serde_json::to_string(&Notifications::default())
                .map_err(Error::internal)?,
        },
        admin: NewUser {
            id: UserId::DEFAULT,
            name: name("Default User")?,
            email: email.clone(),
            password_hash: Some(passwords.hash(password).await?),
        },
        permissions: [
            permission(
                PermissionType::OrganizationAdmin,
                PermissionScope::Organization(OrganizationId::DEFAULT),
            ),
            permission(PermissionType::InstanceAdmin, PermissionScope::Instance),
        ],
        region,
    };
    let mut writer = db.write().await?;
    if !setup::begin(&mut writer, &all, clock.now()).await? {
        return Ok(None);
    }
    let made = add_application(
        &mut writer,
        clock,
        admin.client_id.clone(),
        admin.client_secret.clone(),
    )
    .await?;
    writer.commit().await?;
    Ok(Some(Welcome {
        email: email.to_string(),
        password: generated,
        ..made
    }))
}

/// Lets the operator's values take effect on an instance that exists.
async fn apply(
    db: &Db,
    clock: &Clock,
    passwords: &Passwords,
    admin: &Admin,
) -> Result<Option<Welcome>> {
    let mut reader = db.read().await?;
    let Some(user) = users::fetch(&mut reader, UserId::DEFAULT).await? else {
        return Ok(None);
    };
    let caller = Caller::new(
        Standing::new(
            user.clone(),
            &standings::grants(&mut reader, user.id).await?,
        )
        .into(),
    );
    drop(reader);
    if let Some(email) = admin
        .email
        .as_ref()
        .filter(|email| email.as_str() != user.email)
    {
        let mut writer = db.write().await?;
        users::set_email(&mut writer, user.id, email).await?;
        setup::set_contact(&mut writer, email.as_str()).await?;
        writer.commit().await?;
    }
    if let Some(password) = &admin.password {
        let kept = users::password_hash(&mut db.read().await?, caller.own()).await?;
        if !passwords.verify(password.reveal(), kept).await? {
            let hash = passwords.hash(password.reveal()).await?;
            let mut writer = db.write().await?;
            users::set_password(&mut writer, user.id, &hash).await?;
            sessions::remove_of_user(&mut writer, user.id).await?;
            writer.commit().await?;
        }
    }
    if admin.client_id.is_none() && admin.client_secret.is_none() {
        return Ok(None);
    }
    let mut writer = db.write().await?;
    let welcome = apply_client(&mut writer, clock, &caller, &user, admin).await?;
    writer.commit().await?;
    Ok(welcome)
}

async fn apply_client(
    db: &mut Writer,
    clock: &Clock,
    caller: &Caller,
    user: &User,
    admin: &Admin,
) -> Result<Option<Welcome>> {
    let known = match &admin.client_id {
        Some(id) => applications::credentials(db, id)
            .await?
            .map(|kept| kept.application),
        None => applications::list(db, caller.own())
            .await?
            .into_iter()
            .next(),
    };
    let Some(known) = known else {
        let made = add_application(
            db,
            clock,
            admin.client_id.clone(),
            admin.client_secret.clone(),
        )
        .await?;
        let announce = made.client_secret.is_some();
        return Ok(announce.then(|| Welcome {
            email: user.email.clone(),
            ..made
        }));
    };
    if known.user_id != user.id {
        return Err(Error::conflict(
            "admin.client_id is the client id of somebody else's application; choose another",
        ));
    }
    if let Some(secret) = &admin.client_secret {
        let application = doors::application(db, caller, known.id).await?;
        set_secret(db, &application, secret).await?;
    }
    Ok(None)
}

/// Makes this the secret of the application, unless it is already.
async fn set_secret(
    db: &mut Writer,
    application: &Granted<Application, Edit>,
    secret: &PlainSecret,
) -> Result<()> {
    let client_id: ClientId = application.client_id.parse().map_err(Error::internal)?;
    let kept = applications::credentials(db, &client_id).await?;
    if kept.is_some_and(|kept| kept.secret_hash.matches(&secret.hash())) {
        return Ok(());
    }
    applications::rotate(db, application, &secret.hash(), None)
        .await
        .map(drop)
}

async fn add_application(
    db: &mut Writer,
    clock: &Clock,
    client_id: Option<ClientId>,
    secret: Option<PlainSecret>,
) -> Result<Welcome> {
    let generated = secret
        .is_none()
        .then(|| PlainSecret::client(clock.random()));
    let hash = secret
        .as_ref()
        .or(generated.as_ref())
        .map(PlainSecret::hash);
    let new = NewApplication {
        id: clock.new_id().into(),
        user_id: UserId::DEFAULT,
        name: name(FIRST_APPLICATION)?,
        client_id: match client_id {
            Some(given) => given,
            None => clock
                .new_id()
                .to_string()
                .parse()
                .map_err(Error::internal)?,
        },
        secret_hash: hash.ok_or_else(|| Error::internal("no client secret"))?,
    };
    applications::insert(db, &new, clock.now()).await?;
    Ok(Welcome {
        email: String::new(),
        password: None,
        client_id: new.client_id.as_str().to_owned(),
        client_secret: generated,
    })
}

/// Gives the administrator new credentials where asked, and says what they are now.
///
/// # Errors
/// [`Error::Invalid`] for an unusable password.
pub async fn reset(
    db: &Db,
    clock: &Clock,
    passwords: &Passwords,
    what: Reset<'_>,
) -> Result<Welcome> {
    let user = users::fetch(&mut db.read().await?, UserId::DEFAULT).await?;
    let user = user
        .ok_or_else(|| Error::conflict("the first administrator was removed from this instance"))?;
    let caller = Caller::new(Standing::new(user.clone(), &[]).into());
    let mut password = None;
    if what.password {
        let new = match what.given {
            Some(given) => PlainSecret::received(given),
            None => PlainSecret::random_text(clock.random()),
        };
        password_rules::acceptable(new.reveal()).map_err(|why| Error::invalid("/password", why))?;
        let hash = passwords.hash(new.reveal()).await?;
        let mut writer = db.write().await?;
        users::set_password(&mut writer, user.id, &hash).await?;
        sessions::remove_of_user(&mut writer, user.id).await?;
        writer.commit().await?;
        password = Some(new);
    }
    let mut writer = db.write().await?;
    let first = applications::list(&mut writer, caller.own())
        .await?
        .into_iter()
        .next();
    let made = match first {
        Some(first) if what.client_secret => {
            let secret = PlainSecret::client(clock.random());
            let application = doors::application(&mut writer, &caller, first.id).await?;
            applications::rotate(&mut writer, &application, &secret.hash(), None).await?;
            Welcome {
                email: String::new(),
                password: None,
                client_id: first.client_id,
                client_secret: Some(secret),
            }
        }
        Some(first) => Welcome {
            email: String::new(),
            password: None,
            client_id: first.client_id,
            client_secret: None,
        },
        None if what.client_secret => add_application(&mut writer, clock, None, None).await?,
        None => Welcome {
            email: String::new(),
            password: None,
            client_id: String::new(),
            client_secret: None,
        },
    };
    writer.commit().await?;
    Ok(Welcome {
        email: user.email,
        password,
        ..made
    })
}

/// What to give anew.
#[derive(Debug, Default, Clone, Copy)]
pub struct Reset<'a> {
    pub password: bool,
    /// The new password; generated when absent.
    pub given: Option<&'a str>,
    pub client_secret: bool,
}

fn name(text: &str) -> Result<Name> {
    Name::try_from(text.to_owned()).map_err(Error::internal)
}
