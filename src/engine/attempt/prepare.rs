//! Before the connectors start: which streams begin anew, in which generation, and from which state the
//! others go on. Raising a generation and forgetting a state are one transaction, and a job does them
//! once, however often it is attempted; only what cannot be resumed begins anew with every attempt.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::domain::job::{FailureReason, FailureType, Job, JobType, Origin};
use crate::engine::relay::ledger::{Counts, Safe};
use crate::engine::states::{States, to_store};
use crate::error::{Error, Result};
use crate::protocol::catalog::{
    ConfiguredCatalog, ConfiguredStream, DestinationSyncMode, StreamDescriptor, SyncMode,
};
use crate::protocol::raw::Raw;
use crate::store::leases::Fenced;
use crate::store::{attempts, generations, states};

/// What the connectors are given.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) catalog: ConfiguredCatalog,
    /// As `--state` wants it.
    pub(super) state: Option<Raw>,
    /// What is stored, for a clear to tell.
    pub(super) left: States,
    /// What earlier attempts of this job committed of streams that went on.
    pub(super) before: Counts,
}

/// Makes everything ready. The inner error is a reason not to begin at all.
pub(super) async fn prepare(
    db: &mut Fenced,
    job: &Job,
    whole: &ConfiguredCatalog,
    now: Timestamp,
) -> Result<Result<Prepared, FailureReason>> {
    let chosen = chosen(job)?;
    let listed =
        |stream: &StreamDescriptor| chosen.as_ref().is_none_or(|chosen| chosen.contains(stream));
    let mut catalog = whole.clone();
    if job.job_type.empties() {
        catalog
            .streams
            .retain(|one| listed(&one.stream.descriptor()));
        catalog.streams.iter_mut().for_each(empty);
    }
    let known = generations::list(db, job.connection_id).await?;
    let known: HashMap<_, _> = known
        .iter()
        .map(|one| ((one.namespace.as_str(), one.name.as_str()), one))
        .collect();
    let mut anew = Vec::new();
    for one in &mut catalog.streams {
        let stream = one.stream.descriptor();
        let (namespace, name) = (stream.space().unwrap_or_default(), stream.name.as_str());
        let stored = known.get(&(namespace, name));
        let asked = job.job_type == JobType::Refresh && listed(&stream) || job.job_type.empties();
        let raised = stored.is_some_and(|stored| stored.job_id == job.id);
        let begins = if asked || one.sync_mode == SyncMode::FullRefresh {
            !raised || cannot_resume(job, one)
        } else {
            false
        };
        let generation = if begins {
            generations::raise(db, namespace, name).await?
        } else {
            stored.map_or(0, |stored| stored.generation)
        };
        one.generation_id = Some(generation);
        one.minimum_generation_id = Some(if asked || overwrites(one) {
            generation
        } else {
            0
        });
        one.sync_id = Some(job.id);
        if begins {
            anew.push(stream);
        }
    }
    let rows = states::list(db, job.connection_id).await?;
    let mut left = States::read(&rows)?;
    let all = !anew.is_empty() && anew.len() == whole.streams.len();
    let before = before(db, job, &anew).await?;
    if job.job_type.empties() {
        // A stream that is not in the catalog any more may still have a state.
        anew.extend(chosen.into_iter().flatten());
    }
    if all && !matches!(left, States::Streams(_)) || job.job_type.empties() && job.streams.is_none()
    {
        states::remove_all(db).await?;
        left = States::Streams(Vec::new());
    } else if left.forget(&anew) {
        forget(db, &left, &anew, now).await?;
    } else if job.streams.is_some() && !anew.is_empty() {
        return Ok(Err(in_one_blob()));
    }
    let in_catalog = |stream: &StreamDescriptor| {
        catalog
            .streams
            .iter()
            .any(|one| one.stream.descriptor() == *stream)
    };
    Ok(Ok(Prepared {
        state: left.to_argument(in_catalog),
        left,
        before,
        catalog,
    }))
}

/// The streams that the job is limited to.
fn chosen(job: &Job) -> Result<Option<Vec<StreamDescriptor>>> {
    let text = job.streams.as_deref();
    text.map(serde_json::from_str)
        .transpose()
        .map_err(Error::internal)
}

/// A stream as a clear wants it: nothing comes, and what was there goes.
fn empty(one: &mut ConfiguredStream) {
    one.sync_mode = SyncMode::FullRefresh;
    one.destination_sync_mode = DestinationSyncMode::Overwrite;
}

fn overwrites(one: &ConfiguredStream) -> bool {
    let replaces = matches!(
        one.destination_sync_mode,
        DestinationSyncMode::Overwrite | DestinationSyncMode::OverwriteDedup
    );
    one.sync_mode == SyncMode::FullRefresh && replaces
}

/// Whether what an attempt has read is of no use to the next one.
fn cannot_resume(job: &Job, one: &ConfiguredStream) -> bool {
    !job.job_type.empties()
        && one.sync_mode == SyncMode::FullRefresh
        && !one.stream.is_resumable.unwrap_or(false)
}

async fn forget(
    db: &mut Fenced,
    left: &States,
    anew: &[StreamDescriptor],
    now: Timestamp,
) -> Result<()> {
    if let States::Global(global) = left
        && !anew.is_empty()
        && let Ok(row) = to_store(&Safe::Global(global.clone()))
    {
        return states::put(db, &row, now).await;
    }
    for stream in anew {
        states::remove(db, stream.space().unwrap_or_default(), &stream.name).await?;
    }
    Ok(())
}

async fn before(db: &mut Fenced, job: &Job, anew: &[StreamDescriptor]) -> Result<Counts> {
    let mut before = Counts::default();
    if job.attempts <= 1 {
        return Ok(before);
    }
    let counts = |number: i64| u64::try_from(number).unwrap_or(0);
    for one in attempts::statistics(db, job.id).await? {
        let stream = StreamDescriptor {
            name: one.name,
            namespace: Some(one.namespace),
        };
        if !anew.contains(&stream) {
            before += Counts {
                rows: counts(one.rows_committed),
                bytes: counts(one.bytes_committed),
            };
        }
    }
    Ok(before)
}

fn in_one_blob() -> FailureReason {
    FailureReason::new(
        Origin::Platform,
        FailureType::ConfigError,
        "the source keeps one state for all streams, which cannot be taken apart: choose all of them",
    )
}
