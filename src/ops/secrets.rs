//! The secrets of an owner: a source, a destination, or whatever else has a configuration. What is
//! handed in as an owner has passed its own door; nothing here asks again.

use serde_json::Value;
use uuid::Uuid;

use super::secret_keys;
use crate::app::App;
use crate::error::{Error, Result};
use crate::store::db::{Exec, Writer};
use crate::store::secrets as store;
use crate::store::secrets::StoredSecret;
use crate::vault::configuration::{SecretValue, Secrets, join};
use crate::vault::hiding::Veil;
use crate::vault::keyring::{Misfit, Sealed};
use crate::vault::references::Unresolved;

/// Opens every secret of an owner.
///
/// # Errors
/// When one does not open: it was changed or moved outside of this program.
pub async fn open(app: &App, db: &mut dyn Exec, owner: Uuid) -> Result<Secrets> {
    let stored = store::of(db, owner).await?;
    let mut secrets = Secrets::new();
    for secret in stored {
        let mut opened = open_one(app, owner, &secret);
        if matches!(opened, Err(Misfit::UnknownKey { .. })) {
            // Another process has made a new key.
            secret_keys::refresh(app, db).await?;
            opened = open_one(app, owner, &secret);
        }
        secrets.insert(secret.field, opened.map_err(Error::internal)?);
    }
    Ok(secrets)
}

/// Stores these secrets and no others for an owner. What has not changed is not written.
///
/// # Errors
/// When the database does not answer.
pub async fn put(app: &App, db: &mut Writer, owner: Uuid, secrets: &Secrets) -> Result<()> {
    let mut stored = store::of(db, owner).await?;
    if !secrets.is_empty() && !app.vault.is_current(&store::live(db).await?) {
        secret_keys::refresh(app, db).await?;
    }
    for (field, value) in secrets {
        let before = stored.iter().position(|secret| secret.field == *field);
        let before = before.map(|at| stored.swap_remove(at));
        let same = |before| open_one(app, owner, before).is_ok_and(|before| before == *value);
        if before.as_ref().is_some_and(same) {
            continue;
        }
        let Sealed { key_id, sealed } = app.vault.seal(owner, field, value, &app.clock);
        let secret = StoredSecret {
            field: field.clone(),
            key_id,
            sealed,
        };
        store::put(db, owner, &secret, app.clock.now()).await?;
    }
    for gone in stored {
        store::remove(db, owner, &gone.field).await?;
    }
    Ok(())
}

/// Removes every secret of an owner.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(db: &mut Writer, owner: Uuid) -> Result<()> {
    store::remove_all(db, owner).await
}

fn open_one(app: &App, owner: Uuid, secret: &StoredSecret) -> Result<SecretValue, Misfit> {
    let sealed = Sealed {
        key_id: secret.key_id.clone(),
        sealed: secret.sealed.clone(),
    };
    app.vault.open(owner, &secret.field, &sealed)
}

/// What a run is given.
#[derive(Debug)]
pub struct Runnable {
    /// The whole configuration, nothing masked, every reference looked up.
    pub configuration: Configuration,
    /// The secrets in it: for `vault::configuration::adopt`.
    pub used: Secrets,
    /// Hides them in what the run prints.
    pub veil: Veil,
}

/// A configuration with its secrets in it, which is never printed.
#[derive(Clone)]
pub struct Configuration(pub Value);

impl std::fmt::Debug for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Configuration(…)")
    }
}

/// Makes a configuration ready for a run.
///
/// # Errors
/// Each reference that cannot be looked up, with a sentence for the person who configured it.
pub async fn for_run(
    app: &App,
    shown: &Value,
    secrets: Secrets,
) -> Result<Runnable, Vec<Unresolved>> {
    let used = app.references.resolve(secrets).await?;
    Ok(Runnable {
        configuration: Configuration(join(shown, &used)),
        veil: Veil::new(used.values()),
        used,
    })
}
