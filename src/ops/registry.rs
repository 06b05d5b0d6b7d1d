//! The public definitions, and the operator's say over how connectors are run. The snapshot that the
//! program carries is brought into the database at a start, when the database has not seen it; a file in
//! the public registry's format is merged on request. Both go by definition id and touch nothing that
//! workspaces bring.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::definitions::runtime_for;
use crate::app::App;
use crate::clock::{Clock, Timestamp};
use crate::connector::native;
use crate::domain::definition::{Definition, Kind, Runtime};
use crate::domain::ids::DefinitionId;
use crate::domain::runtimes::Preference;
use crate::error::{Error, Result};
use crate::net::Call;
use crate::registry::{self, Entry};
use crate::store::catalogue::{self, Overview, Public, State};
use crate::store::db::{Db, Writer};
use crate::store::{definitions, specifications};

const LARGEST_FILE: usize = 128 * 1024 * 1024;
const LONGEST_CALL: Duration = Duration::from_mins(2);

/// What a merge did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub added: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// Specifications that are new or different.
    pub specifications: usize,
    /// Entries that could not be taken, and why.
    pub left_out: Vec<String>,
}

/// Brings the snapshot into the database, unless it has seen it; usually that is one cheap question.
/// The order of runtimes is the configured one at the first start, and later the one that is in effect.
///
/// # Errors
/// When the database does not answer.
pub async fn catch_up(db: &Db, clock: &Clock, configured: &Preference) -> Result<()> {
    // A newer program has newer connectors of its own.
    let digest = format!("{} {}", registry::DIGEST, env!("CARGO_PKG_VERSION"));
    if catalogue::state(&mut db.read().await?).await?.digest == digest {
        return Ok(());
    }
    let mut writer = db.write().await?;
    let state = catalogue::hold(&mut writer).await?;
    if state.digest == digest {
        return Ok(());
    }
    let preference = in_effect(&state)?.unwrap_or_else(|| configured.clone());
    let snapshot = registry::parse(registry::SNAPSHOT.as_bytes()).map_err(Error::internal)?;
    let now = clock.now();
    merge(&mut writer, snapshot.entries, &preference, false, now).await?;
    settle_all(&mut writer, &preference, now).await?;
    let runtimes = preference.to_string();
    catalogue::set_state(&mut writer, &State { digest, runtimes }).await?;
    writer.commit().await
}

/// Puts the configured order of runtimes into effect for the public definitions. Only who serves does:
/// a command may run without the server's settings.
///
/// # Errors
/// When the database does not answer.
pub async fn follow_order(app: &App) -> Result<()> {
    let configured = &app.config.connectors.runtimes;
    let runtimes = configured.to_string();
    if catalogue::state(&mut app.db.read().await?).await?.runtimes == runtimes {
        return Ok(());
    }
    let mut writer = app.db.write().await?;
    let State { digest, .. } = catalogue::hold(&mut writer).await?;
    settle_all(&mut writer, configured, app.clock.now()).await?;
    catalogue::set_state(&mut writer, &State { digest, runtimes }).await?;
    writer.commit().await
}

/// The order by which the stored runtimes were decided; `None` before the first start.
fn in_effect(state: &State) -> Result<Option<Preference>> {
    if state.digest.is_empty() {
        return Ok(None);
    }
    state.runtimes.parse().map(Some).map_err(Error::internal)
}

async fn settle_all(db: &mut Writer, preference: &Preference, now: Timestamp) -> Result<()> {
    for row in catalogue::public(db).await? {
        let settled = settled(row.clone(), preference)?;
        if settled != row {
            catalogue::update(db, &settled, now).await?;
        }
    }
    Ok(())
}

/// The file of a registry: at a URL, or on this machine.
///
/// # Errors
/// [`Error::Unprocessable`], saying why there is none.
pub async fn fetch(app: &App, place: &str) -> Result<Vec<u8>> {
    let refused = |why: String| Error::Unprocessable(why);
    if !place.starts_with("https://") && !place.starts_with("http://") {
        let read = tokio::fs::read(place).await;
        return read.map_err(|error| refused(format!("cannot read {place}: {error}")));
    }
    let call = Call::get(place).at_most(LARGEST_FILE).within(LONGEST_CALL);
    let reply = app.net.call(call).await;
    let reply = reply.map_err(|trouble| refused(trouble.to_string()))?;
    if !reply.is_success() {
        return Err(refused(format!("the registry answers {}", reply.status)));
    }
    Ok(reply.body)
}

/// Merges a file in the registry's format, all of it or nothing.
///
/// # Errors
/// [`Error::Unprocessable`] when it is something else.
pub async fn refresh(app: &App, file: &[u8]) -> Result<Outcome> {
    let parsed = registry::parse(file).map_err(Error::Unprocessable)?;
    let mut writer = app.db.write().await?;
    let state = catalogue::hold(&mut writer).await?;
    let preference = in_effect(&state)?.unwrap_or_else(|| app.config.connectors.runtimes.clone());
    let now = app.clock.now();
    let mut outcome = merge(&mut writer, parsed.entries, &preference, true, now).await?;
    writer.commit().await?;
    outcome.left_out.extend(parsed.left_out);
    Ok(outcome)
}

/// Merges entries by id: those of a refresh, or those of the snapshot, which is older than any refresh.
async fn merge(
    db: &mut Writer,
    entries: Vec<Entry>,
    preference: &Preference,
    refreshed: bool,
    now: Timestamp,
) -> Result<Outcome> {
    let rows = catalogue::public(db).await?;
    let mut names: HashMap<_, _> = rows
        .iter()
        .map(|row| ((row.kind, row.short_name.clone()), row.id))
        .collect();
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
    let mut outcome = Outcome::default();
    for entry in entries {
        let stored = rows.remove(&entry.id);
        if stored.as_ref().is_some_and(|stored| stored.refreshed) && !refreshed {
            continue;
        }
        let holder = names
            .entry((entry.kind, entry.short_name().to_owned()))
            .or_insert(entry.id);
        let first = *holder == entry.id;
        let wanted = settled(row(&entry, stored.as_ref(), first, refreshed)?, preference)?;
        match stored {
            Some(stored) if stored == wanted => outcome.unchanged += 1,
            Some(stored) if stored.kind == wanted.kind => {
                catalogue::update(db, &wanted, now).await?;
                outcome.changed += 1;
            }
            None if catalogue::insert(db, &wanted, now).await? => outcome.added += 1,
            _ => {
                let why = format!("{}: its id {} is taken", entry.name, entry.id);
                outcome.left_out.push(why);
                continue;
            }
        }
        outcome.specifications += keep(db, &entry, wanted, refreshed, now).await?;
    }
    Ok(outcome)
}

/// An entry as a row whose runtime is not settled yet.
fn row(entry: &Entry, stored: Option<&Public>, named: bool, refreshed: bool) -> Result<Public> {
    let short_name = if named { entry.short_name() } else { "" };
    Ok(Public {
        id: entry.id,
        kind: entry.kind,
        name: entry.name.clone(),
        short_name: short_name.to_owned(),
        repository: entry.repository.clone(),
        tag: entry.tag.clone(),
        documentation_url: entry.documentation_url.clone(),
        runtime: stored.map_or_else(String::new, |stored| stored.runtime.clone()),
        runtime_pinned: stored.is_some_and(|stored| stored.runtime_pinned),
        facts: serde_json::to_string(&entry.facts).map_err(Error::internal)?,
        refreshed,
    })
}

/// The row with its runtime, unless that is pinned, and with the tag that says what really runs.
fn settled(mut row: Public, preference: &Preference) -> Result<Public> {
    let facts: Map<String, Value> = serde_json::from_str(&row.facts).map_err(Error::internal)?;
    let tag = facts.get("dockerImageTag").and_then(Value::as_str);
    let tag = tag.unwrap_or(&row.tag).to_owned();
    let runtime = if row.runtime_pinned {
        serde_json::from_str(&row.runtime).map_err(Error::internal)?
    } else {
        let native = native::replacing(row.kind, &row.repository);
        let package = registry::package(&facts).map(|package| (package, tag.as_str()));
        preference.choose(native, package)
    };
    row.runtime = serde_json::to_string(&runtime).map_err(Error::internal)?;
    row.tag = match runtime {
        Runtime::Native { .. } => env!("CARGO_PKG_VERSION").to_owned(),
        Runtime::Python { version, .. } => version,
        Runtime::Manifest | Runtime::Image => tag,
    };
    Ok(row)
}

/// Keeps the entry's specification: how many are new. A registry has them as connectors print them,
/// but those of the image do not count for a connector of ours that replaces it.
async fn keep(
    db: &mut Writer,
    entry: &Entry,
    row: Public,
    refreshed: bool,
    now: Timestamp,
) -> Result<usize> {
    let Some(specification) = &entry.specification else {
        return Ok(0);
    };
    let definition = definition(row)?;
    if refreshed && matches!(definition.runtime, Runtime::Native { .. }) {
        return Ok(0);
    }
    let text = serde_json::to_string(specification).map_err(Error::internal)?;
    let new = specifications::keep(db, &definition.edition(), &text, refreshed, now).await?;
    Ok(usize::from(new))
}

fn definition(row: Public) -> Result<Definition> {
    Ok(Definition {
        id: row.id,
        kind: row.kind,
        workspace_id: None,
        name: row.name,
        short_name: row.short_name,
        repository: row.repository,
        tag: row.tag,
        documentation_url: row.documentation_url,
        runtime: serde_json::from_str(&row.runtime).map_err(Error::internal)?,
        manifest_version: None,
        deleted_at: None,
    })
}

/// Every definition of the instance.
///
/// # Errors
/// When the database does not answer.
pub async fn overview(app: &App) -> Result<Vec<Overview>> {
    catalogue::overview(&mut app.db.read().await?).await
}

/// Sets how a definition is run and pins that; with nothing, it is decided as if it were new. Answers
/// the runtime.
///
/// # Errors
/// [`Error::Unprocessable`], when there is no such definition or it cannot be run so.
pub async fn set_runtime(app: &App, id: DefinitionId, wish: Option<Runtime>) -> Result<Runtime> {
    let unknown = || Error::Unprocessable(format!("there is no definition {id}"));
    let mut writer = app.db.write().await?;
    let state = catalogue::hold(&mut writer).await?;
    let preference = in_effect(&state)?.unwrap_or_else(|| app.config.connectors.runtimes.clone());
    let found = definitions::referred(&mut writer, id).await?;
    let found = found
        .filter(|found| found.deleted_at.is_none())
        .ok_or_else(unknown)?;
    fits(&found, wish.as_ref())?;
    let now = app.clock.now();
    let runtime = if found.workspace_id.is_none() {
        let rows = catalogue::public(&mut writer).await?;
        let mut row = rows
            .into_iter()
            .find(|row| row.id == id)
            .ok_or_else(unknown)?;
        row.runtime_pinned = wish.is_some();
        if let Some(runtime) = &wish {
            row.runtime = serde_json::to_string(runtime).map_err(Error::internal)?;
        }
        let row = settled(row, &preference)?;
        catalogue::update(&mut writer, &row, now).await?;
        definition(row)?.runtime
    } else {
        let pinned = wish.is_some();
        let runtime = match wish {
            Some(runtime) => runtime,
            None => {
                let (repository, tag) = (&found.repository, &found.tag);
                runtime_for(&mut writer, &preference, found.kind, repository, tag).await?
            }
        };
        catalogue::set_runtime(&mut writer, id, &runtime, pinned, now).await?;
        runtime
    };
    writer.commit().await?;
    Ok(runtime)
}

fn fits(definition: &Definition, wish: Option<&Runtime>) -> Result<()> {
    let why = match wish {
        _ if definition.manifest_version.is_some() => {
            "a low-code definition is run by its manifest, there is nothing to choose".to_owned()
        }
        Some(Runtime::Native { connector })
            if native::find(definition.kind, connector).is_none() =>
        {
            let kind: Kind = definition.kind;
            format!("this program has no {} {connector:?}", kind.as_str())
        }
        Some(Runtime::Image) if definition.repository.starts_with("pypi:") => {
            "this definition is a Python package and has no image".to_owned()
        }
        _ => return Ok(()),
    };
    Err(Error::Unprocessable(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connector_of_this_program_is_in_the_snapshot() {
        let parsed = registry::parse(registry::SNAPSHOT.as_bytes());
        let entries = parsed.expect("the registry's format").entries;
        for connector in &native::CONNECTORS {
            let there = |entry: &Entry| {
                entry.kind == connector.kind
                    && entry.repository == connector.repository
                    && entry.id == connector.definition_id.into()
            };
            assert!(entries.iter().any(there), "{}", connector.repository);
        }
    }
}
