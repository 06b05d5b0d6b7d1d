//! What a source offers: from what an earlier discovery found, or by a discovery that goes on beside the
//! requests that wait for it.

use std::sync::Arc;

use super::actors::definition_of;
use super::definitions;
use super::probes::{ask_stored, broken, no_outcome, ours};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::Read;
use crate::app::App;
use crate::connector::{Cause, Failure, Said};
use crate::domain::actor::Actor;
use crate::domain::definition::{Definition, Kind};
use crate::domain::ids::ActorId;
use crate::domain::offer::{ConnectionSyncMode, Offer};
use crate::engine::offers::{offers, sync_modes, written_by};
use crate::engine::probes::{Asked, Errand, Finding, Outcome, Subject};
use crate::error::{Error, Result};
use crate::protocol::catalog::{Catalog, DestinationSyncMode};
use crate::store::catalogs::{self, NewCatalog};

/// A stream, and how it can be moved to the destination that was asked about.
#[derive(Debug)]
pub struct Stream {
    pub offer: Offer,
    pub sync_modes: Option<Vec<ConnectionSyncMode>>,
}

/// Which streams are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub source: ActorId,
    pub destination: Option<ActorId>,
    /// Whether to discover anew.
    pub afresh: bool,
}

/// The streams of a source.
///
/// # Errors
/// [`Error::NotYet`] when discovery takes longer than a caller waits, [`Error::Unprocessable`] when the
/// connector refuses the configuration, [`Error::Connector`] when it breaks, [`Error::Conflict`] when this
/// machine cannot run it.
pub async fn streams(app: &Arc<App>, caller: &Caller, wanted: Wanted) -> Result<Vec<Stream>> {
    let mut db = app.db.read().await?;
    let source = doors::actor::<Read>(&mut db, caller, Kind::Source, wanted.source).await?;
    let definition = definition_of(&mut db, &source).await?;
    let sink = match wanted.destination {
        Some(id) => {
            let sink = doors::actor::<Read>(&mut db, caller, Kind::Destination, id).await?;
            Some(definition_of(&mut db, &sink).await?)
        }
        None => None,
    };
    let known = if wanted.afresh {
        None
    } else {
        catalogs::streams(&mut db, &definition.edition(), &source.fingerprint).await?
    };
    drop(db);
    let written = match &sink {
        Some(sink) => Some(written_by(&definitions::specification(app, sink).await?)),
        None => None,
    };
    let offers = match known {
        Some(text) => serde_json::from_str(&text).map_err(Error::internal)?,
        None => discover(app, source, definition, wanted.afresh).await?,
    };
    let stream = |offer: Offer| Stream {
        sync_modes: written.as_ref().map(|written| sync_modes(&offer, written)),
        offer,
    };
    Ok(offers.into_iter().map(stream).collect())
}

/// The whole catalog of a source: what an earlier discovery found, or a new one.
///
/// # Errors
/// As [`streams`].
pub(super) async fn catalog(app: &Arc<App>, caller: &Caller, source: ActorId) -> Result<Catalog> {
    let mut afresh = false;
    loop {
        let mut db = app.db.read().await?;
        let source = doors::actor::<Read>(&mut db, caller, Kind::Source, source).await?;
        let definition = definition_of(&mut db, &source).await?;
        let edition = definition.edition();
        let known = catalogs::catalog(&mut db, &edition, &source.fingerprint).await?;
        drop(db);
        match known {
            Some(text) => return serde_json::from_str(&text).map_err(Error::internal),
            // Somebody changes the configuration faster than it can be discovered.
            None if afresh => {
                return Err(Error::conflict(
                    "the source was changed while its streams were discovered; try again",
                ));
            }
            None => drop(discover(app, source, definition, false).await?),
        }
        afresh = true;
    }
}

/// The whole catalog of a source, as a new discovery finds it, and the fingerprint of the configuration with
/// which it was found.
///
/// # Errors
/// As [`streams`].
pub(super) async fn catalog_afresh(
    app: &Arc<App>,
    caller: &Caller,
    id: ActorId,
) -> Result<(Catalog, Vec<u8>)> {
    let mut db = app.db.read().await?;
    let source = doors::actor::<Read>(&mut db, caller, Kind::Source, id).await?;
    let definition = definition_of(&mut db, &source).await?;
    drop(db);
    discover(app, source, definition.clone(), true).await?;
    let mut db = app.db.read().await?;
    let source = doors::actor::<Read>(&mut db, caller, Kind::Source, id).await?;
    let edition = definition.edition();
    let found = catalogs::catalog(&mut db, &edition, &source.fingerprint).await?;
    let text = found.ok_or_else(|| {
        Error::conflict("the source was changed while its streams were discovered; try again")
    })?;
    let catalog = serde_json::from_str(&text).map_err(Error::internal)?;
    Ok((catalog, source.into_inner().fingerprint))
}

/// How a destination can write.
pub(super) async fn ways_to_write(
    app: &Arc<App>,
    caller: &Caller,
    destination: ActorId,
) -> Result<Vec<DestinationSyncMode>> {
    let mut db = app.db.read().await?;
    let sink = doors::actor::<Read>(&mut db, caller, Kind::Destination, destination).await?;
    let definition = definition_of(&mut db, &sink).await?;
    drop(db);
    Ok(written_by(
        &definitions::specification(app, &definition).await?,
    ))
}

/// Waits for a discovery, as long as clients do.
async fn discover(
    app: &Arc<App>,
    source: Granted<Actor, Read>,
    definition: Definition,
    afresh: bool,
) -> Result<Vec<Offer>> {
    let id = source.id;
    let errand = Errand {
        subject: Subject {
            asked: Asked::Discover,
            edition: definition.edition(),
            fingerprint: source.fingerprint.clone(),
        },
        tenant: source.workspace_id,
        deadline: app.config.connectors.discovery_deadline,
        afresh,
    };
    let own = Arc::clone(app);
    let work = move || async move { discovery(&own, &source, &definition).await };
    let patience = app.config.connectors.discovery_patience;
    match app.probes.ask(errand, patience, work).await {
        Ok(Ok(Finding::Offers(offers))) => Ok(offers.to_vec()),
        Ok(Ok(Finding::Status(_))) => Err(Error::internal("a discovery found a status")),
        Ok(Err(failure)) => Err(failed(failure)),
        Err(why) => Err(no_outcome(
            why,
            format!(
                "the discovery of this source goes on; ask GET /api/public/v1/streams?sourceId={id} \
                 again in 5 seconds for what it finds"
            ),
        )),
    }
}

/// A discovery from asking to storing.
async fn discovery(
    app: &Arc<App>,
    source: &Granted<Actor, Read>,
    definition: &Definition,
) -> Outcome {
    let (answer, fingerprint) = ask_stored(app, source, definition, Asked::Discover).await?;
    let Said::Catalog(catalog) = answer.said else {
        return Err(broken(
            "the connector answered something else to a discovery",
        ));
    };
    let offers = offers(&catalog);
    store(app, definition, &fingerprint, &catalog, &offers)
        .await
        .map_err(ours)?;
    Ok(Finding::Offers(offers.into()))
}

pub(super) async fn store(
    app: &App,
    definition: &Definition,
    fingerprint: &[u8],
    catalog: &Catalog,
    offers: &[Offer],
) -> Result<()> {
    let new = NewCatalog {
        edition: &definition.edition(),
        fingerprint,
        catalog: &serde_json::to_string(catalog).map_err(Error::internal)?,
        streams: &serde_json::to_string(offers).map_err(Error::internal)?,
    };
    let mut db = app.db.write().await?;
    catalogs::store(&mut db, &new, app.clock.now()).await?;
    db.commit().await
}

/// What a failed discovery means to whoever asked.
fn failed(failure: Failure) -> Error {
    let Failure {
        cause,
        message,
        mut story,
        log,
    } = failure;
    match cause {
        Cause::Configuration => Error::Unprocessable(message),
        Cause::Missing => Error::Conflict(message),
        Cause::Transient | Cause::Connector | Cause::Deadline => {
            for line in log {
                story.push('\n');
                story.push_str(&line);
            }
            if story.is_empty() {
                story.clone_from(&message);
            }
            Error::Connector {
                late: cause == Cause::Deadline,
                message,
                story: story.into(),
            }
        }
    }
}
