//! Bringing connections up to date with what their sources offer: before a sync when the last look is too
//! old, and on request. The source is asked while nothing of the database is held; what follows is written
//! in one short transaction, for a sync under the lease of its job.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::connections::{removed, text};
use super::probes::{ask, broken, ours};
use super::schema_changes::{Changes, Following, compare, follow};
use super::work::Announced;
use super::{configurations, definitions, mapper_keys, secrets, streams, work};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::EditSomething;
use crate::app::App;
use crate::clock::Timestamp;
use crate::connector::Said;
use crate::domain::connection::{NonBreakingChanges, Status};
use crate::domain::definition::Definition;
use crate::domain::ids::{ActorId, ConnectionId};
use crate::domain::stream::StreamChoice;
use crate::engine::news::{Event, Teller};
use crate::engine::offers::{offers, written_by};
use crate::engine::probes::{Asked, Errand, Finding, Outcome as Probed, Subject};
use crate::error::{Error, Result};
use crate::protocol::catalog::{
    Catalog, ConfiguredCatalog, DestinationSyncMode, Stream, StreamDescriptor,
};
use crate::store::bell::Ring;
use crate::store::db::Writer;
use crate::store::leases::Lease;
use crate::store::runs::{self, End};
use crate::store::schemas::{self, Comparable, Schema};
use crate::store::{catalogs, definitions as stored_definitions};

/// How long to wait after a source could not be asked.
const TRY_AGAIN: TimeDelta = TimeDelta::hours(1);

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What has changed, a sentence each.
    pub changes: Vec<String>,
    /// What the connection cannot go on with.
    pub breaking: Vec<String>,
    /// The connection has followed.
    pub applied: bool,
    /// Why it was switched off.
    pub off: Option<String>,
}

/// What a source offers now, and what its destination can do with it.
struct Offer {
    catalog: Catalog,
    written: Vec<DestinationSyncMode>,
    /// Of the source's configuration.
    fingerprint: Vec<u8>,
}

/// Brings the connection of a job up to date, if that is due; gives lines for its log.
///
/// # Errors
/// When the database does not answer. That the source does not is no error.
pub(super) async fn before_a_sync(app: &Arc<App>, lease: &Lease) -> Result<Vec<String>> {
    let (of, now) = (Comparable::from(lease), app.clock.now());
    let age = schemas::age(&mut app.db.read().await?, of).await?;
    let Some(age) = age.filter(|age| age.status == Status::Active) else {
        return Ok(Vec::new());
    };
    let oldest = now - TimeDelta::from_std(app.config.syncs.schema_age).unwrap_or(TimeDelta::MAX);
    let same = age.refreshed_with.as_ref() == Some(&age.fingerprint);
    let fresh = same && age.refreshed_at.is_some_and(|at| at >= oldest);
    if fresh || age.refresh_tried_at.is_some_and(|at| now - at < TRY_AGAIN) {
        return Ok(Vec::new());
    }
    let offer = match offer(app, lease, age.source_id, age.destination_id, oldest).await? {
        Ok(offer) => offer,
        Err(why) => {
            let mut db = app.db.write().await?;
            schemas::tried(&mut db, of, now).await?;
            db.commit().await?;
            return Ok(vec![format!(
                "the streams of the source are not known: {why}"
            )]);
        }
    };
    let until = now + TimeDelta::from_std(app.config.worker.lease).unwrap_or(TimeDelta::MAX);
    let Some(mut db) = lease.fence_with_connection(&app.db, until).await? else {
        // Whoever has the job now does it.
        return Ok(Vec::new());
    };
    let settled = settle(app, db.writer(), of, &offer).await?;
    db.commit().await?;
    let Some((outcome, news)) = settled else {
        return Ok(Vec::new());
    };
    if news {
        app.bell.ring(Ring::News).await;
    }
    Ok(outcome.lines())
}

/// Discovers what the source of a connection offers and brings the connection up to date.
///
/// # Errors
/// As `streams::streams`; [`Error::Conflict`] when the connection was removed.
pub async fn on_request(app: &Arc<App>, caller: &Caller, id: ConnectionId) -> Result<Outcome> {
    let mut db = app.db.read().await?;
    let connection: Granted<_, EditSomething> = doors::connection(&mut db, caller, id).await?;
    drop(db);
    if connection.deleted_at.is_some() {
        return Err(removed());
    }
    let (catalog, fingerprint) = streams::catalog_afresh(app, caller, connection.source_id).await?;
    let offer = Offer {
        catalog,
        written: streams::ways_to_write(app, caller, connection.destination_id).await?,
        fingerprint,
    };
    let mut db = app.db.write().await?;
    let settled = settle(app, &mut db, Comparable::from(&connection), &offer).await?;
    db.commit().await?;
    let (outcome, news) = settled.ok_or_else(removed)?;
    if news {
        app.bell.ring(Ring::News).await;
    }
    Ok(outcome)
}

impl Outcome {
    fn lines(&self) -> Vec<String> {
        let all = self.breaking.iter().chain(&self.changes);
        let mut lines: Vec<_> = all
            .map(|change| format!("the source has changed: {change}"))
            .collect();
        if self.applied {
            lines.push("the connection follows its source".to_owned());
        }
        lines.extend(
            self.off
                .iter()
                .map(|why| format!("the connection is switched off: {why}")),
        );
        lines
    }
}

/// What the source offers, from what somebody has found since `oldest` or by a new discovery. The inner
/// error says why that is not known.
async fn offer(
    app: &Arc<App>,
    lease: &Lease,
    source: ActorId,
    destination: ActorId,
    oldest: Timestamp,
) -> Result<Result<Offer, String>> {
    let mut db = app.db.read().await?;
    let (Some(row), Some(sink)) = (
        runs::end(&mut db, lease, source).await?,
        runs::end(&mut db, lease, destination).await?,
    ) else {
        return Ok(Err("the source or the destination was deleted".to_owned()));
    };
    let (Some(definition), Some(sink)) = (
        stored_definitions::referred(&mut db, row.definition_id).await?,
        stored_definitions::referred(&mut db, sink.definition_id).await?,
    ) else {
        return Ok(Err("a connector is gone".to_owned()));
    };
    let edition = definition.edition();
    let found_at = catalogs::found_at(&mut db, &edition, &row.fingerprint).await?;
    drop(db);
    if found_at.is_none_or(|at| at < oldest)
        && let Err(why) = discover(app, lease, &row, &definition).await
    {
        return Ok(Err(why));
    }
    let mut db = app.db.read().await?;
    let row = runs::end(&mut db, lease, source).await?;
    let fingerprint = row.map(|row| row.fingerprint).unwrap_or_default();
    let found = catalogs::catalog(&mut db, &edition, &fingerprint).await?;
    drop(db);
    let Some(found) = found else {
        return Ok(Err("somebody changed the source meanwhile".to_owned()));
    };
    let specification = match definitions::specification(app, &sink).await {
        Ok(specification) => specification,
        Err(error) => return Ok(Err(error.to_string())),
    };
    Ok(Ok(Offer {
        catalog: serde_json::from_str(&found).map_err(Error::internal)?,
        written: written_by(&specification),
        fingerprint,
    }))
}

/// Asks the source of a job, in a lane as everybody does.
async fn discover(
    app: &Arc<App>,
    lease: &Lease,
    row: &End,
    definition: &Definition,
) -> Result<(), String> {
    let deadline = app.config.connectors.discovery_deadline;
    let errand = Errand {
        subject: Subject {
            asked: Asked::Discover,
            edition: definition.edition(),
            fingerprint: row.fingerprint.clone(),
        },
        tenant: row.workspace_id,
        deadline,
        afresh: true,
    };
    let (own, held, id) = (Arc::clone(app), lease.clone(), row.id);
    let definition = definition.clone();
    let probe = move || async move { discovery(&own, &held, id, definition).await };
    // There may be others before us.
    match app.probes.ask(errand, deadline * 2, probe).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(failure)) => Err(failure.message),
        Err(_) => Err("it takes too long, or too many connectors wait for their turn".to_owned()),
    }
}

async fn discovery(app: &Arc<App>, lease: &Lease, id: ActorId, definition: Definition) -> Probed {
    let held = async {
        let mut db = app.db.write().await?;
        let gone = || Error::conflict("the source was deleted");
        let row = runs::hold(&mut db, lease, id).await?.ok_or_else(gone)?;
        let opened = configurations::open(app, &mut db, &row).await?;
        Ok((row, opened))
    };
    let (row, opened) = held.await.map_err(ours)?;
    let resources = row.resource_allocation.as_deref();
    let (answer, used) = ask(app, &definition, resources, &opened, Asked::Discover).await?;
    let announced = Announced::new(app, lease, &row, definition.clone(), used);
    if let Some(configuration) = answer.new_configuration {
        announced.keep(configuration).await.map_err(ours)?;
    }
    let Said::Catalog(catalog) = answer.said else {
        return Err(broken(
            "the connector answered something else to a discovery",
        ));
    };
    let offers = offers(&catalog);
    let stored = streams::store(
        app,
        &definition,
        &announced.fingerprint(),
        &catalog,
        &offers,
    )
    .await;
    stored.map_err(ours)?;
    Ok(Finding::Offers(offers.into()))
}

/// Compares and does what the connection wants; says what came of it, and whether there is a message to
/// send. `None` when the connection was deleted.
async fn settle(
    app: &App,
    db: &mut Writer,
    of: Comparable,
    offer: &Offer,
) -> Result<Option<(Outcome, bool)>> {
    let Some(held) = schemas::hold(db, of).await? else {
        return Ok(None);
    };
    let configured: ConfiguredCatalog =
        serde_json::from_str(&held.catalog).map_err(Error::internal)?;
    let choices: Vec<StreamChoice> =
        serde_json::from_str(&held.streams).map_err(Error::internal)?;
    let before: Option<Vec<StreamDescriptor>> = held
        .offered
        .as_deref()
        .map(serde_json::from_str)
        .transpose()
        .map_err(Error::internal)?;
    let changes = compare(&configured, &choices, &offer.catalog, before.as_deref());
    let deed = decide(&held, &configured, &choices, &changes, offer);

    let names: Vec<_> = offer
        .catalog
        .streams
        .iter()
        .map(Stream::descriptor)
        .collect();
    let mut row = Schema {
        offered: Some(text(&names)?),
        ..held.clone()
    };
    let mut outcome = Outcome {
        changes: changes.sentences(),
        breaking: changes.breaking.clone(),
        ..Outcome::default()
    };
    match deed {
        Deed::Nothing if changes.is_empty() => row.told_change = None,
        Deed::Nothing => {}
        Deed::Tell => row.told_change = Some(digest(&outcome)),
        Deed::Follow(mut choices, catalog) => {
            let stored = mapper_keys::open(app, db, of.id(), &held.streams).await?;
            let keys = mapper_keys::take(&mut choices, Some(&stored), || app.clock.new_id());
            secrets::put(app, db, of.id().into(), &keys.map_err(Error::faults)?).await?;
            row.streams = text(&choices)?;
            row.catalog = text(&catalog)?;
            row.told_change = None;
            outcome.applied = true;
            if held.non_breaking_changes == NonBreakingChanges::PropagateColumns {
                outcome.changes = changes.of_fields();
            }
        }
        Deed::Disable(reason) => {
            row.told_change = Some(digest(&outcome));
            if held.status == Status::Active {
                row.status = Status::Inactive;
                row.status_reason.clone_from(&reason);
                outcome.off = Some(reason);
            }
        }
    }
    // What is still on offer to be followed stays new.
    if !outcome.applied && !changes.added.is_empty() {
        row.offered.clone_from(&held.offered);
    }
    schemas::keep(db, of, &row, &offer.fingerprint, app.clock.now()).await?;
    let all: Vec<_> = outcome
        .breaking
        .iter()
        .chain(&outcome.changes)
        .cloned()
        .collect();
    let told = row.told_change != held.told_change && row.told_change.is_some();
    let event = if outcome.applied {
        Some(Event::Propagated(&all))
    } else if told || outcome.off.is_some() {
        Some(Event::ActionRequired {
            changes: &all,
            off: outcome.off.as_deref(),
        })
    } else {
        None
    };
    let address = work::address(&app.config.server);
    let teller = Teller {
        clock: &app.clock,
        address: &address,
    };
    let news = match event {
        Some(event) => teller.tell(db, of.id(), event).await?,
        None => false,
    };
    Ok(Some((outcome, news)))
}

/// What follows from changes.
enum Deed {
    Nothing,
    /// Somebody should look.
    Tell,
    Follow(Vec<StreamChoice>, ConfiguredCatalog),
    Disable(String),
}

fn decide(
    held: &Schema,
    configured: &ConfiguredCatalog,
    choices: &[StreamChoice],
    changes: &Changes,
    offer: &Offer,
) -> Deed {
    use NonBreakingChanges::{DisableConnection, Ignore, PropagateColumns, PropagateFully};
    if changes.is_empty() {
        return Deed::Nothing;
    }
    if !changes.breaking.is_empty() {
        let why = changes.breaking.join("; ");
        return Deed::Disable(format!("the schema of the source has changed: {why}"));
    }
    let following = match held.non_breaking_changes {
        Ignore => return Deed::Tell,
        DisableConnection => {
            let outcome = Outcome {
                changes: changes.sentences(),
                ..Outcome::default()
            };
            // Whoever has switched it on again knows.
            if held.told_change == Some(digest(&outcome)) {
                return Deed::Nothing;
            }
            return Deed::Disable("the schema of the source has changed".to_owned());
        }
        PropagateColumns if changes.fields.is_empty() => return Deed::Nothing,
        PropagateColumns => Following::Fields,
        PropagateFully => Following::Everything,
    };
    match follow(
        configured,
        choices,
        &offer.catalog,
        &offer.written,
        changes,
        following,
    ) {
        Ok((choices, catalog)) => Deed::Follow(choices, catalog),
        Err(why) => Deed::Disable(format!("the schema of the source has changed: {why}")),
    }
}

/// Names a change.
fn digest(outcome: &Outcome) -> String {
    let text = [outcome.breaking.join("\n"), outcome.changes.join("\n")].join("\n\n");
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}
