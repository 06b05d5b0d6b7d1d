//! Creating applications, changing their secrets and removing them.

use chrono::TimeDelta;

use crate::access::caller::Caller;
use crate::access::granted::Granted;
use crate::access::policy::Edit;
use crate::app::App;
use crate::domain::application::{Application, NewApplication};
use crate::domain::audit;
use crate::domain::ids::ApplicationId;
use crate::domain::secret::PlainSecret;
use crate::domain::text::Name;
use crate::error::{Error, Noun, Result};
use crate::store::{applications, embedded};

/// The longest time that an old secret may outlive its rotation.
pub const LONGEST_GRACE: TimeDelta = TimeDelta::days(30);

/// An application with the secret that is shown this once.
#[derive(Debug)]
pub struct Unveiled {
    pub application: Application,
    pub secret: PlainSecret,
}

/// Creates an application that acts with the caller's permissions.
///
/// # Errors
/// When the database does not answer.
pub async fn create(app: &App, caller: &Caller, name: Name) -> Result<Unveiled> {
    let created = create_as(app, caller, app.clock.new_id().into(), name).await?;
    created.ok_or_else(|| Error::internal("a new id was taken"))
}

/// Creates an application with an id that was chosen before, unless there is one with it already: a
/// form that is sent twice makes one application.
///
/// # Errors
/// When the database does not answer.
pub async fn create_as(
    app: &App,
    caller: &Caller,
    id: ApplicationId,
    name: Name,
) -> Result<Option<Unveiled>> {
    let secret = PlainSecret::client(app.clock.random());
    let client_id = app
        .clock
        .new_id()
        .to_string()
        .parse()
        .map_err(Error::internal)?;
    let new = NewApplication {
        id,
        user_id: caller.id(),
        name,
        client_id,
        secret_hash: secret.hash(),
    };
    let mut db = app.db.write().await?;
    if embedded::is_account(&mut db, caller.own()).await? {
        // Credentials would outlive the token that made them.
        let why = "an embedded end user cannot own applications";
        return Err(Error::forbidden(why));
    }
    if !applications::insert(&mut db, &new, app.clock.now()).await? {
        return Ok(None);
    }
    audit::made(&Noun::Application, &new.id);
    let application = applications::fetch(&mut db, caller.own(), new.id).await?;
    db.commit().await?;
    let application = application.ok_or_else(|| Error::internal("the new application is gone"))?;
    Ok(Some(Unveiled {
        application,
        secret,
    }))
}

/// Puts a new secret in place of the old one. The old one and the tokens that it bought stay good for
/// `grace`; without grace they stop at once here, and within a second on other replicas.
///
/// # Errors
/// [`Error::Invalid`] when the grace is longer than [`LONGEST_GRACE`], [`Error::Conflict`] when
/// somebody else rotated it since the proof was given.
pub async fn rotate(
    app: &App,
    application: Granted<Application, Edit>,
    grace: TimeDelta,
) -> Result<Unveiled> {
    if !(TimeDelta::zero()..=LONGEST_GRACE).contains(&grace) {
        return Err(Error::invalid(
            "/grace",
            format!("must be between 0 and {} days", LONGEST_GRACE.num_days()),
        ));
    }
    let secret = PlainSecret::client(app.clock.random());
    let until = (!grace.is_zero()).then(|| app.clock.now() + grace);
    let mut db = app.db.write().await?;
    if !applications::rotate(&mut db, &application, &secret.hash(), until).await? {
        return Err(Error::conflict(
            "the secret was rotated by somebody else at the same time",
        ));
    }
    db.commit().await?;
    app.callers.forget();
    let mut application = application.into_inner();
    application.secret_generation += 1;
    application.previous_secret_expires_at = until;
    Ok(Unveiled {
        application,
        secret,
    })
}

/// Removes an application. Its tokens stop at once here, and within a second on other replicas.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(app: &App, application: &Granted<Application, Edit>) -> Result<()> {
    audit::made(&Noun::Application, &application.id);
    let mut db = app.db.write().await?;
    applications::remove(&mut db, application, app.clock.now()).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(())
}
