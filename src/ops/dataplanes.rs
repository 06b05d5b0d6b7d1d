//! Data planes: names with credentials, in the regions of organizations. Nothing is worked on by them,
//! because workers share the database; see docs/decisions/0025.

use crate::access::granted::Granted;
use crate::access::policy::Administer;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::application::NewApplication;
use crate::domain::audit;
use crate::domain::ids::{DataplaneId, RegionId, UserId};
use crate::domain::organization::{Dataplane, ManagedRegion};
use crate::domain::secret::PlainSecret;
use crate::domain::text::Name;
use crate::domain::user::NewUser;
use crate::error::{Error, Noun, Result};
use crate::store::db::Writer;
use crate::store::{applications, dataplanes, users};

/// A data plane with the secret that is shown this once. The client id is the id of its account.
#[derive(Debug)]
pub struct Unveiled {
    pub dataplane: Dataplane,
    pub secret: PlainSecret,
}

/// Adds a data plane to a region, with an account and credentials of its own.
///
/// # Errors
/// [`Error::Taken`] when the region has one of this name, [`Error::NotFound`] when it has just gone.
pub async fn create(
    app: &App,
    db: &mut Writer,
    region: &Granted<ManagedRegion, Administer>,
    name: Name,
    enabled: bool,
) -> Result<Unveiled> {
    let now = app.clock.now();
    let secret = PlainSecret::client(app.clock.random());
    let account_id = UserId::from(app.clock.new_id());
    let account = NewUser {
        id: account_id,
        name: name.clone(),
        // Nobody reads mail there: the domain is reserved for names that lead nowhere.
        email: format!("{account_id}@dataplane.invalid")
            .parse()
            .map_err(Error::internal)?,
        password_hash: None,
    };
    let credentials = NewApplication {
        id: app.clock.new_id().into(),
        user_id: account_id,
        name: name.clone(),
        client_id: account_id.to_string().parse().map_err(Error::internal)?,
        secret_hash: secret.hash(),
    };
    let dataplane = Dataplane {
        id: app.clock.new_id().into(),
        region_id: region.region.id,
        account_id,
        name: name.into(),
        enabled,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    hold(db, region.region.id).await?;
    if !users::insert(db, &account, now).await?
        || !applications::insert(db, &credentials, now).await?
    {
        return Err(Error::internal("a new id was taken"));
    }
    audit::made(&Noun::Dataplane, &dataplane.id);
    if !dataplanes::insert(db, region, &dataplane).await? {
        return Err(taken(&dataplane.name));
    }
    Ok(Unveiled { dataplane, secret })
}

/// Changes what is given.
///
/// # Errors
/// [`Error::Taken`] when the region has another one of this name.
pub async fn update(
    app: &App,
    db: &mut Writer,
    dataplane: &Granted<Dataplane, Administer>,
    name: Option<&Name>,
    enabled: Option<bool>,
) -> Result<Dataplane> {
    if let Some(name) = name {
        hold(db, dataplane.region_id).await?;
        let other = dataplanes::named(db, dataplane, name).await?;
        if other.is_some_and(|other| other != dataplane.id) {
            return Err(taken(name.as_str()));
        }
    }
    let changed = dataplanes::update(db, dataplane, name, enabled, app.clock.now()).await?;
    changed.ok_or_else(|| Error::not_found(Noun::Dataplane, dataplane.id))
}

/// Removes a data plane with its account: its tokens stop at once here, and within a second elsewhere.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(
    app: &App,
    mut db: Writer,
    dataplane: Granted<Dataplane, Administer>,
) -> Result<Dataplane> {
    let now = app.clock.now();
    take_away(&mut db, dataplane.id, dataplane.account_id, now).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(dataplane.into_inner())
}

/// Removes the data planes of a region that is about to go.
pub(super) async fn remove_of_region(
    db: &mut Writer,
    region: &Granted<ManagedRegion, Administer>,
    now: Timestamp,
) -> Result<()> {
    hold(db, region.region.id).await?;
    for one in dataplanes::of_region(db, region).await? {
        take_away(db, one.id, one.account_id, now).await?;
    }
    Ok(())
}

async fn take_away(
    db: &mut Writer,
    id: DataplaneId,
    account: UserId,
    now: Timestamp,
) -> Result<()> {
    dataplanes::remove(db, id, now).await?;
    applications::remove_of_user(db, account, now).await?;
    users::remove(db, account, now).await.map(drop)
}

async fn hold(db: &mut Writer, region: RegionId) -> Result<()> {
    if dataplanes::hold_region(db, region).await? {
        Ok(())
    } else {
        Err(Error::not_found(Noun::Region, region))
    }
}

fn taken(name: &str) -> Error {
    Error::taken(
        Noun::Dataplane,
        format!("the region has a data plane called {name:?} already"),
    )
}
