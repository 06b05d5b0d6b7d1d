//! Starting: the database, the first start, and the server's parts around it.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::administrator::{self, Credentials};
use super::{registry, secret_keys};
use crate::access::passwords::Passwords;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Admin, Config};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::notifications::Notifications;
use crate::domain::organization::Region;
use crate::domain::permission::{Permission, PermissionScope, PermissionType};
use crate::domain::secret::PlainSecret;
use crate::domain::text::{EmailAddress, Name};
use crate::domain::user::NewUser;
use crate::domain::workspace::NewWorkspace;
use crate::error::{Error, Result};
use crate::store::db::{Db, Reach};
use crate::store::setup::{self, Beginnings};

/// The administrator's e-mail when the operator gives none.
pub const USUAL_EMAIL: &str = "admin@ferrobyte.local";

/// Opens the database, sees to the first start and wires the server's parts. The credentials are there
/// when the operator should read them: at the first start, or when something was generated.
///
/// # Errors
/// When the database cannot be used.
pub async fn start(config: Config, clock: Clock) -> Result<(Arc<App>, Option<Credentials>)> {
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
pub async fn start_on(
    db: Db,
    config: Config,
    clock: Clock,
) -> Result<(Arc<App>, Option<Credentials>)> {
    // First, because credentials are shown only once: nothing may stop the start after them.
    let vault = secret_keys::open(&db, &clock, &config).await?;
    let passwords = Passwords::new(clock.clone());
    let done = setup::done(&mut db.read().await?).await?;
    let first = if done {
        None
    } else {
        begin(&db, &clock, &passwords, &config.admin).await?
    };
    let begun = first.is_some();
    let credentials = match first {
        Some(first) => Some(first),
        None => administrator::apply(&db, &clock, &config.admin).await?,
    };
    let mut app = App::new(db, config, clock, passwords, vault).await?;
    registry::catch_up(&app.db, &app.clock, &app.config.connectors.runtimes).await?;
    if begun {
        app.settled = OnceCell::new_with(Some(()));
    }
    Ok((Arc::new(app), credentials))
}

/// Creates what every instance starts with, unless another server does so at the same moment.
async fn begin(
    db: &Db,
    clock: &Clock,
    passwords: &Passwords,
    given: &Admin,
) -> Result<Option<Credentials>> {
    let email: EmailAddress = match &given.email {
        Some(email) => email.clone(),
        None => USUAL_EMAIL.parse().map_err(Error::internal)?,
    };
    let (hash, generated) = match &given.password {
        Some(password) => (passwords.hash(password.reveal()).await?, None),
        None => {
            let password = PlainSecret::random_text(clock.random());
            (passwords.hash(password.reveal()).await?, Some(password))
        }
    };
    let all = beginnings(clock, &given.region, email.clone(), hash)?;
    let mut writer = db.write().await?;
    if !setup::begin(&mut writer, &all, clock.now()).await? {
        return Ok(None);
    }
    let (id, secret) = (given.client_id.clone(), given.client_secret.clone());
    let client = administrator::add_client(&mut writer, clock, id, secret).await?;
    writer.commit().await?;
    Ok(Some(Credentials {
        email: email.to_string(),
        password: generated,
        client: Some(client),
    }))
}

/// The default organization with a region, a workspace and its administrator.
fn beginnings(
    clock: &Clock,
    region: &str,
    email: EmailAddress,
    password_hash: String,
) -> Result<Beginnings<'static>> {
    let home = OrganizationId::DEFAULT;
    let name = |text: &str| Name::try_from(text.to_owned()).map_err(Error::internal);
    let region = Region {
        id: clock.new_id().into(),
        organization_id: home,
        name: region.to_owned(),
    };
    let permission = |permission_type, scope| {
        Permission::new(
            clock.new_id().into(),
            UserId::DEFAULT,
            permission_type,
            scope,
        )
    };
    Ok(Beginnings {
        organization_name: "Default Organization",
        workspace: NewWorkspace {
            id: clock.new_id().into(),
            organization_id: home,
            region_id: region.id,
            name: name("Default Workspace")?,
            email: email.to_string(),
            notifications: serde_json::to_string(&Notifications::default())
                .map_err(Error::internal)?,
        },
        permissions: [
            permission(
                PermissionType::OrganizationAdmin,
                PermissionScope::Organization(home),
            ),
            permission(PermissionType::InstanceAdmin, PermissionScope::Instance),
        ],
        admin: NewUser {
            id: UserId::DEFAULT,
            name: name("Default User")?,
            email,
            password_hash: Some(password_hash),
        },
        region,
    })
}
