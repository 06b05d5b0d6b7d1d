//! The keys of the vault: opened at the start, changed on request. The master key comes from the
//! operator; without one the first start makes one and keeps it in a file beside the data.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::app::App;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::config::resolve::secret_variables;
use crate::config::values::Secret;
use crate::error::{Error, Result};
use crate::store::db::{Db, Exec};
use crate::store::secrets as store;
use crate::store::secrets::{OwnedSecret, StoredKey};
use crate::vault::keyring::{self, FINGERPRINT, Misfit, Row, Sealed, Vault};
use crate::vault::master::{self, MasterKey};

/// How many secrets are sealed again in one transaction.
const BATCH: i64 = 200;

/// The file of a generated master key, in the data directory.
const FILE: &str = "vault.key";

/// Opens the vault; the first start fills it with keys. Servers that start at once on one database
/// agree on those of the first.
///
/// # Errors
/// When there is no master key, or one that does not fit the database: the story says what to do.
pub async fn open(db: &Db, clock: &Clock, config: &Config) -> Result<Vault> {
    let mut stored = store::keys(&mut db.read().await?).await?;
    let present = present(config, clock, stored.is_empty()).await?;
    let former = config.vault.former_keys.iter().map(Secret::reveal);
    let former: std::result::Result<_, _> = former.map(MasterKey::parse).collect();
    let former = former.map_err(|why| Error::internal(format!("vault.former_keys: {why}")))?;
    if stored.is_empty() {
        let mut writer = db.write().await?;
        for id in keyring::first_ids() {
            let sealed = keyring::new_key(&present, &id, clock);
            store::add_key(&mut writer, &id, &sealed, clock.now()).await?;
        }
        stored = store::keys(&mut writer).await?;
        writer.commit().await?;
    }
    Vault::new(present, former, &rows(&stored)).map_err(Error::internal)
}

/// Whether the operator's key fits the database, in words. Nothing is made or changed.
///
/// # Errors
/// When it does not.
pub async fn examine(db: &Db, clock: &Clock, config: &Config) -> Result<String> {
    if store::keys(&mut db.read().await?).await?.is_empty() {
        return Ok("the next start makes the keys".to_owned());
    }
    let vault = open(db, clock, config).await?;
    Ok(format!(
        "the master key {} fits the database",
        vault.present().name()
    ))
}

/// The operator's key. Only a database without keys may get one that was not there before.
async fn present(config: &Config, clock: &Clock, first: bool) -> Result<MasterKey> {
    let settings = &config.vault;
    let found = if let Some(key) = &settings.key {
        MasterKey::parse(key.reveal()).map_err(|why| format!("vault.key: {why}"))
    } else if let Some(command) = &settings.key_command {
        let withheld = secret_variables(settings.references_env.as_deref());
        master::from_command(command, &withheld).await
    } else {
        of_file(&file(config), clock, first)
    };
    found.map_err(Error::internal)
}

fn of_file(path: &Path, clock: &Clock, first: bool) -> std::result::Result<MasterKey, String> {
    match master::from_file(path)? {
        Some(key) => Ok(key),
        None if first => master::make_file(path, clock),
        None => Err(format!(
            "the secrets of this database are sealed with a master key that is not here: neither vault.key nor \
             vault.key_command is set, and there is no {}. Copy vault.key from the data directory of the server that \
             started first on this database, or set FERROBYTE_VAULT_KEY to its content",
            path.display()
        )),
    }
}

fn file(config: &Config) -> PathBuf {
    config.database.data_dir.join(FILE)
}

fn rows(stored: &[StoredKey]) -> Vec<Row<'_>> {
    let rows = stored.iter().map(|key| Row {
        id: &key.id,
        sealed: &key.sealed,
        retired: key.retired_at.is_some(),
    });
    rows.collect()
}

/// Takes the keys of the database anew, if another process has changed them.
///
/// # Errors
/// When they do not open with the operator's keys any more.
pub async fn refresh(app: &App, db: &mut dyn Exec) -> Result<Vec<StoredKey>> {
    let stored = store::keys(db).await?;
    app.vault.refresh(&rows(&stored)).map_err(Error::internal)?;
    Ok(stored)
}

/// What came of a rotation.
#[derive(Debug)]
pub struct Rotated {
    /// The id of the key that seals now.
    pub key: String,
    /// How many secrets were sealed again.
    pub resealed: u64,
    /// Secrets that do not open, which stay as they are.
    pub broken: Vec<Misfit>,
}

/// Makes a new data key, which seals from now on, and seals everything again with it. Servers go on
/// meanwhile: they look for a new key whenever they store a secret. An interrupted rotation is taken up
/// with `resume`, which makes no key.
///
/// # Errors
/// When the database does not answer; what was sealed again until then stays so.
pub async fn rotate(
    app: &App,
    resume: bool,
    mut progress: impl FnMut(u64, u64),
) -> Result<Rotated> {
    let mut writer = app.db.write().await?;
    if !resume {
        // Those of an earlier rotation, which nobody uses since.
        store::remove_idle_keys(&mut writer).await?;
    }
    let mut stored = refresh(app, &mut writer).await?;
    if !resume {
        let (id, now) = (app.vault.next_id(), app.clock.now());
        for key in stored.iter().filter(|key| key.id != FINGERPRINT) {
            store::retire(&mut writer, &key.id, now).await?;
        }
        let sealed = keyring::new_key(app.vault.present(), &id, &app.clock);
        store::add_key(&mut writer, &id, &sealed, now).await?;
        stored = store::keys(&mut writer).await?;
    }
    writer.commit().await?;
    app.vault.refresh(&rows(&stored)).map_err(Error::internal)?;

    let newest = app.vault.newest();
    let counts = store::counts(&mut app.db.read().await?).await?;
    let old: Vec<_> = counts
        .into_iter()
        .filter(|(key, _)| *key != newest)
        .collect();
    let total = old
        .iter()
        .map(|(_, count)| u64::try_from(*count).unwrap_or(0))
        .sum();
    let mut rotated = Rotated {
        key: newest,
        resealed: 0,
        broken: Vec::new(),
    };
    for (key, _) in old {
        let mut after = (Uuid::nil(), String::new());
        while let Some(last) = reseal_batch(app, &key, &after, &mut rotated).await? {
            after = last;
            progress(rotated.resealed, total);
        }
    }
    Ok(rotated)
}

/// Seals some secrets again that are under an old key, and answers where they end.
async fn reseal_batch(
    app: &App,
    key: &str,
    after: &(Uuid, String),
    rotated: &mut Rotated,
) -> Result<Option<(Uuid, String)>> {
    let mut writer = app.db.write().await?;
    let found = store::under(&mut writer, key, (after.0, &after.1), BATCH).await?;
    let last = found
        .last()
        .map(|last| (last.owner_id, last.secret.field.clone()));
    for read in &found {
        let OwnedSecret { owner_id, secret } = read;
        let sealed = Sealed {
            key_id: secret.key_id.clone(),
            sealed: secret.sealed.clone(),
        };
        match app.vault.open(*owner_id, &secret.field, &sealed) {
            Ok(value) => {
                let sealed = app.vault.seal(*owner_id, &secret.field, &value, &app.clock);
                store::reseal(&mut writer, read, &sealed.key_id, &sealed.sealed).await?;
                rotated.resealed += 1;
            }
            Err(misfit) => rotated.broken.push(misfit),
        }
    }
    writer.commit().await?;
    Ok(last)
}

/// Seals the data keys with the present master key, where a former one did. Answers how many.
///
/// # Errors
/// When one opens with none of the operator's keys.
pub async fn rekey(app: &App) -> Result<usize> {
    let mut writer = app.db.write().await?;
    let stored = store::keys(&mut writer).await?;
    let mut count = 0;
    for row in rows(&stored) {
        let again = app
            .vault
            .under_present(row, &app.clock)
            .map_err(Error::internal)?;
        if let Some(sealed) = again {
            store::reseal_key(&mut writer, row.id, &sealed).await?;
            count += 1;
        }
    }
    writer.commit().await?;
    Ok(count)
}

/// A key, as far as it may be shown.
#[derive(Debug)]
pub struct KeyStatus {
    pub id: String,
    pub created_at: Timestamp,
    pub retired_at: Option<Timestamp>,
    /// The name of the master key that seals it.
    pub sealed_by: String,
    /// How many secrets it seals.
    pub secrets: i64,
}

/// What there is.
#[derive(Debug)]
pub struct Status {
    /// The name of the present master key.
    pub master: String,
    /// Where it comes from.
    pub origin: String,
    pub keys: Vec<KeyStatus>,
}

/// Every key and what it seals.
///
/// # Errors
/// When the database does not answer.
pub async fn status(app: &App) -> Result<Status> {
    let mut reader = app.db.read().await?;
    let counts = store::counts(&mut reader).await?;
    let keys = store::keys(&mut reader).await?.into_iter().map(|key| {
        let count = counts.iter().find(|(id, _)| *id == key.id);
        KeyStatus {
            secrets: count.map_or(0, |(_, count)| *count),
            sealed_by: keyring::sealed_by_name(&key.sealed),
            id: key.id,
            created_at: key.created_at,
            retired_at: key.retired_at,
        }
    });
    let settings = &app.config.vault;
    let origin = if settings.key.is_some() {
        "given as vault.key".to_owned()
    } else if settings.key_command.is_some() {
        "printed by vault.key_command".to_owned()
    } else {
        format!("in {}", file(&app.config).display())
    };
    Ok(Status {
        master: app.vault.present().name(),
        origin,
        keys: keys.collect(),
    })
}
