//! The engine of this server: what jobs need is put together here, out of connections, sources,
//! destinations and their secrets.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;

use super::configurations;
use super::definitions;
use super::mapper_keys;
use super::probes::{announced_row, limits, unresolved};
use super::schema_refresh;
use super::secrets::{self, Runnable};
use crate::app::App;
use crate::config::{self, Config, Server, Syncs};
use crate::connector::{Failure, Running, Target, Task};
use crate::domain::actor::{self, Actor};
use crate::domain::connection::Status;
use crate::domain::definition::{Definition, Kind};
use crate::domain::disabling::{Limit, Limits};
use crate::domain::ids::ActorId;
use crate::domain::job::{FailureReason, FailureType, Origin, Patience};
use crate::domain::resources::{JobType, ScopedResourceRequirements};
use crate::domain::stream::StreamChoice;
use crate::engine::assignment::{
    Assigned, Assignment, Eventually, Hide, Keep, Launch, Side, Supply,
};
use crate::engine::relay::plan::{Naming, Wishes};
use crate::engine::retention::Retention;
use crate::engine::{Engine, Settings};
use crate::error::{Error, Result};
use crate::protocol::catalog::{ConfiguredCatalog, StreamDescriptor};
use crate::store::db::Writer;
use crate::store::definitions as stored_definitions;
use crate::store::leases::Lease;
use crate::store::runs;
use crate::store::schemas;
use crate::vault::configuration::Secrets;
use crate::vault::hiding::Veil;

/// What the launcher puts into the configurations of low-code sources, and what comes back with them.
const INJECTED: &str = "__injected_";

/// Wires an engine; nothing runs yet.
#[must_use]
pub fn engine(app: &Arc<App>) -> Engine {
    let office = Arc::new(Office(Arc::clone(app)));
    let host = host();
    Engine {
        db: app.db.clone(),
        clock: app.clock.clone(),
        bell: app.bell.clone(),
        launcher: Arc::clone(&office) as Arc<dyn Launch>,
        supply: office,
        shutdown: app.shutdown.clone(),
        worker: format!(
            "{host}/{}/{}",
            std::process::id(),
            app.clock.new_id().simple()
        ),
        host,
        settings: settings(&app.config),
    }
}

fn settings(config: &Config) -> Settings {
    let worker = &config.worker;
    Settings {
        slots: worker.slots,
        by_workspace: worker.jobs_by_workspace.into(),
        by_connector: worker.jobs_by_connector.into(),
        lease: worker.lease,
        poll: worker.poll,
        source_silence: worker.source_silence,
        destination_timeout: worker.destination_timeout,
        attempt_limit: worker.attempt_limit,
        log_limit: worker.log_limit,
        grace: worker.stop_grace,
        rescue: worker.cancel_grace,
        patience: Patience {
            first_wait: TimeDelta::from_std(worker.retry_wait).unwrap_or(TimeDelta::MAX),
            ..Patience::default()
        },
        disabling: disabling(&config.syncs),
        retention: retention(&config.retention),
        address: address(&config.server),
    }
}

fn disabling(syncs: &Syncs) -> Limits {
    let limit = |failures: u32, after| Limit {
        failures: failures.into(),
        after: delta(after),
    };
    Limits {
        disable: limit(syncs.disable_failures, syncs.disable_after),
        warn: limit(syncs.warn_failures, syncs.warn_after),
    }
}

fn retention(keep: &config::Retention) -> Retention {
    let bytes = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    Retention {
        logs: delta(keep.logs),
        logs_size: keep.logs_size.map_or(0, bytes),
        jobs: delta(keep.jobs),
        messages: delta(keep.messages),
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// Where people reach this server, as far as it knows.
pub(super) fn address(server: &Server) -> String {
    let given = server.external_url.clone();
    given.unwrap_or_else(|| format!("http://localhost:{}", server.listen.port()))
}

/// The name of this machine, for people.
fn host() -> String {
    let name = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

/// Gives the engine what it needs from the rest of the server.
struct Office(Arc<App>);

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Office")
    }
}

impl Launch for Office {
    fn launch<'a>(
        &'a self,
        target: &'a Target,
        task: Task,
    ) -> Eventually<'a, std::result::Result<Running, Failure>> {
        Box::pin(self.0.launcher.launch(target, task))
    }
}

impl Supply for Office {
    fn assignment<'a>(&'a self, lease: &'a Lease) -> Eventually<'a, Result<Assigned>> {
        Box::pin(assignment(&self.0, lease))
    }

    fn refresh<'a>(&'a self, lease: &'a Lease) -> Eventually<'a, Result<Vec<String>>> {
        Box::pin(schema_refresh::before_a_sync(&self.0, lease))
    }
}

async fn assignment(app: &Arc<App>, lease: &Lease) -> Result<Assigned> {
    // Rows and their secrets belong together only while the rows are held; nothing is written.
    let mut db = app.db.write().await?;
    let Some(connection) = runs::connection(&mut db, lease).await? else {
        return Ok(Assigned::Off);
    };
    if connection.status != Status::Active {
        return Ok(Assigned::Off);
    }
    let source = opened(app, &mut db, lease, connection.source_id).await?;
    let destination = opened(app, &mut db, lease, connection.destination_id).await?;
    let streams = mapper_keys::open(app, &mut db, lease.connection(), &connection.streams).await?;
    drop(db);
    let (Some(source), Some(destination)) = (source, destination) else {
        return Ok(refused("the source or the destination was deleted"));
    };
    let (source, destination) = match (
        source.side(app, lease).await,
        destination.side(app, lease).await,
    ) {
        (Ok(source), Ok(destination)) => (source, destination),
        (Err(reason), _) | (_, Err(reason)) => return Ok(Assigned::Refused(reason)),
    };
    let (source, hidden_source) = source;
    let (destination, hidden_destination) = destination;
    let (streams, keys) = match mapper_keys::for_run(app, streams).await {
        Ok(found) => found,
        Err(all) => return Ok(refused(&unresolved(all).message)),
    };
    let hidden = hidden_source.values().chain(hidden_destination.values());
    let veil = Veil::new(hidden.chain(keys.values()));
    let catalog: ConfiguredCatalog =
        serde_json::from_str(&connection.catalog).map_err(Error::internal)?;
    Ok(Assigned::Ready(Box::new(Assignment {
        wishes: wishes(&streams, &catalog),
        catalog,
        naming: Naming {
            namespace: connection.namespace,
            format: connection.namespace_format,
            prefix: connection.prefix,
        },
        source,
        destination,
        hide: Hide::new(move |text| veil.hide(text)),
    })))
}

fn refused(why: &str) -> Assigned {
    Assigned::Refused(FailureReason::new(
        Origin::Platform,
        FailureType::ConfigError,
        why,
    ))
}

/// What is asked of each stream of the catalog besides.
fn wishes(choices: &[StreamChoice], catalog: &ConfiguredCatalog) -> Vec<Wishes> {
    let of_stream = |stream: StreamDescriptor| {
        let named = || choices.iter().filter(|choice| choice.name == stream.name);
        let own = named().find(|choice| choice.namespace.as_deref() == stream.space());
        // A name that occurs once needs no namespace.
        let choice = own.or_else(|| named().next());
        choice.map_or_else(Wishes::default, |choice| Wishes {
            columns: choice
                .selected_fields
                .iter()
                .filter_map(|field| field.field_path.first().cloned())
                .collect(),
            mappers: choice.mappers.clone(),
        })
    };
    let streams = catalog.streams.iter();
    streams
        .map(|one| of_stream(one.stream.descriptor()))
        .collect()
}

/// A source or destination as it is stored, opened, with its connector.
struct Opened {
    row: Actor,
    definition: Definition,
    requirements: ScopedResourceRequirements,
    target: Target,
    shown: Value,
    secrets: Secrets,
}

async fn opened(app: &App, db: &mut Writer, lease: &Lease, id: ActorId) -> Result<Option<Opened>> {
    let Some(row) = runs::hold(db, lease, id).await? else {
        return Ok(None);
    };
    let Some(definition) = stored_definitions::referred(db, row.definition_id).await? else {
        return Ok(None);
    };
    let configurations::Opened { shown, secrets } = configurations::open(app, db, &row).await?;
    Ok(Some(Opened {
        target: definitions::target(db, &definition).await?,
        requirements: stored_definitions::requirements(db, definition.id).await?,
        row,
        definition,
        shown,
        secrets,
    }))
}

impl Opened {
    /// Makes it ready for a run: with every reference looked up. Also gives the secrets of the run.
    async fn side(
        self,
        app: &Arc<App>,
        lease: &Lease,
    ) -> std::result::Result<(Side, Secrets), FailureReason> {
        let Self {
            row,
            definition,
            requirements,
            mut target,
            shown,
            secrets,
        } = self;
        let run = secrets::for_run(app, &shown, secrets).await;
        let Runnable {
            configuration,
            used,
            ..
        } = run.map_err(|all| {
            let origin = match row.kind {
                Kind::Source => Origin::Source,
                Kind::Destination => Origin::Destination,
            };
            FailureReason::new(origin, FailureType::ConfigError, unresolved(all).message)
        })?;
        let given = row.resource_allocation.as_deref();
        target.limits = limits(&requirements, given, JobType::Sync);
        let configuration = actor::without_tag(row.kind, configuration.0);
        let secrets = used.clone();
        let announced = Announced::new(app, lease, &row, definition, used);
        let side = Side {
            target,
            configuration,
            keep: announced.into_keep(),
        };
        Ok((side, secrets))
    }
}

/// Where a configuration goes that a connector announces.
pub(super) struct Announced {
    app: Arc<App>,
    lease: Lease,
    actor: ActorId,
    definition: Definition,
    /// The secrets as the connector got them.
    used: Secrets,
    /// Of what is stored, as far as this run knows.
    fingerprint: Mutex<Vec<u8>>,
}

impl Announced {
    /// `used` are the secrets with which the connector runs.
    pub(super) fn new(
        app: &Arc<App>,
        lease: &Lease,
        row: &Actor,
        definition: Definition,
        used: Secrets,
    ) -> Self {
        Self {
            app: Arc::clone(app),
            lease: lease.clone(),
            actor: row.id,
            definition,
            used,
            fingerprint: Mutex::new(row.fingerprint.clone()),
        }
    }

    /// Of what is stored now, as far as this run knows.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        lock(&self.fingerprint).clone()
    }

    fn into_keep(self) -> Keep {
        let this = Arc::new(self);
        Box::new(move |configuration| {
            let this = Arc::clone(&this);
            Box::pin(async move { this.keep(configuration).await })
        })
    }

    /// Stores it, unless somebody has changed the stored one since the run knew it.
    pub(super) async fn keep(&self, mut configuration: Value) -> Result<()> {
        if let Some(members) = configuration.as_object_mut() {
            members.retain(|name, _| !name.starts_with(INJECTED));
        }
        let app = &self.app;
        let specification = definitions::specification(app, &self.definition).await?;
        let mut db = app.db.write().await?;
        let Some(held) = runs::hold(&mut db, &self.lease, self.actor).await? else {
            return Err(Error::conflict("it was deleted while it ran"));
        };
        if held.fingerprint != *lock(&self.fingerprint) {
            return Err(Error::conflict("somebody else changed it while it ran"));
        }
        let row = announced_row(
            app,
            &mut db,
            &specification,
            &held,
            &configuration,
            &self.used,
        )
        .await?;
        runs::update(&mut db, &self.lease, &held, &row, app.clock.now()).await?;
        schemas::follow(&mut db, &self.lease, &held, &row).await?;
        db.commit().await?;
        *lock(&self.fingerprint) = row.fingerprint;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
