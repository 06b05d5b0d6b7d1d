//! A run from the first byte to both ends: waits for the source, tells the destination how it ended, waits
//! for the destination. Whatever happens, it comes to an end: every wait has a limit, or is watched by
//! somebody who cuts it short.

use std::io::{Cursor, PipeReader};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::desk::{Cut, Desk};
use super::process::{Ended, Process};
use super::threads::{Shared, back, forward};
use super::verdict;
use crate::connector::Running;
use crate::engine::relay::Remains;

/// How long a thread may take to notice that its pipe has ended.
const NOTICE: Duration = Duration::from_secs(10);

/// How long anything may take once this process is to stop, or somebody waits for the end of a job.
const HURRY: Duration = Duration::from_secs(5);

/// Where records come from.
#[derive(Debug)]
pub(super) enum Origin {
    Connector(Process, PipeReader),
    /// A clear has no source; this is what one would say.
    Text(Vec<u8>),
}

/// How both sides ended.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) source: Side,
    pub(super) destination: Side,
    /// The destination ended while the source was still read.
    pub(super) destination_first: bool,
    /// The destination was told how each stream ended.
    pub(super) told: bool,
}

/// How one side ended.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// Absent when nobody could wait for the end of its output.
    pub(super) remains: Option<Remains>,
    pub(super) ended: Ended,
}

/// Runs both sides to their ends. An error means that there are no threads to run them.
pub(super) async fn pump(
    desk: &Desk<'_>,
    shared: Shared,
    source: Origin,
    destination: Running,
) -> std::io::Result<Ends> {
    let settings = &desk.engine.settings;
    let Running {
        input,
        output,
        handle,
        ..
    } = destination;
    let input = input.ok_or_else(|| std::io::Error::other("the destination takes no input"))?;
    let mut destination = Process::new(handle, settings.grace);
    let mut back = back(&shared, output)?;
    let (mut source, mut way) = match source {
        Origin::Connector(process, output) => (Some(process), forward(&shared, output, input)?),
        Origin::Text(text) => (None, forward(&shared, Cursor::new(text), input)?),
    };
    let ledger = shared.ledger.clone();
    // The threads hold the channel of events now, and their ends close it.
    drop(shared);

    let (mut left, mut cut_at) = (None, None);
    let read = tokio::select! {
        biased;
        read = &mut way.read => read.ok(),
        cut = desk.cut() => {
            let begun = Instant::now();
            cut_at = Some(begun);
            stop(source.as_mut(), is_hurried(cut)).await;
            // A thread that hands a record to a slow destination takes no notice of anything.
            let limit = match cut {
                Cut::Cancelled => desk.engine.settings.rescue.saturating_sub(begun.elapsed()),
                _ => NOTICE,
            };
            within(limit.min(NOTICE), &mut way.read).await
        }
        remains = &mut back => {
            left = Some(remains.unwrap_or_default());
            stop(source.as_mut(), false).await;
            within(NOTICE, &mut way.read).await
        }
    };
    let destination_first = left.is_some() || read.as_ref().is_some_and(|read| read.cut_off);
    if destination_first {
        stop(source.as_mut(), false).await;
    }
    let ended = match &mut source {
        Some(process) => process.end().await,
        None => Ended::well(),
    };
    let source = Side {
        remains: read,
        ended,
    };

    let told = if !destination_first && verdict::source_is_well(&source, &ledger.figures()) {
        let _ = way.go_on.send(desk.engine.clock.now().timestamp_millis());
        Some(way.told)
    } else {
        drop(way.go_on);
        None
    };
    let left = match left {
        Some(left) => Some(left),
        None => rest(desk, &mut back, &mut destination, cut_at).await,
    };
    let told = match told {
        Some(told) => within(NOTICE, told).await.unwrap_or(false),
        None => false,
    };
    Ok(Ends {
        source,
        destination: Side {
            remains: left,
            ended: destination.end().await,
        },
        destination_first,
        told,
    })
}

fn is_hurried(cut: Cut) -> bool {
    matches!(cut, Cut::Shutdown | Cut::Cancelled)
}

async fn stop(source: Option<&mut Process>, hurried: bool) {
    let Some(source) = source else {
        return;
    };
    if hurried {
        source.hurry(HURRY);
    }
    source.stop().await;
}

/// Waits for the end of the destination's output. It may take long to keep a lot for good; once the run is
/// cut short, it may take a moment to keep what it has, counted from when the source was cut short.
async fn rest(
    desk: &Desk<'_>,
    back: &mut oneshot::Receiver<Remains>,
    destination: &mut Process,
    cut_at: Option<Instant>,
) -> Option<Remains> {
    let settings = &desk.engine.settings;
    let cut = tokio::select! {
        biased;
        remains = &mut *back => return remains.ok(),
        cut = desk.cut() => cut,
        () = tokio::time::sleep(settings.destination_timeout) => {
            desk.cut_short(Cut::DestinationStuck);
            Cut::DestinationStuck
        }
    };
    let moment = match cut {
        Cut::Shutdown => HURRY * 2,
        Cut::DestinationStuck => Duration::ZERO,
        _ => settings
            .rescue
            .saturating_sub(cut_at.map_or(Duration::ZERO, |at| at.elapsed())),
    };
    if let Some(remains) = within(moment, &mut *back).await {
        return Some(remains);
    }
    if is_hurried(cut) {
        destination.hurry(HURRY);
    }
    destination.stop().await;
    within(NOTICE, back).await
}

async fn within<T>(
    limit: Duration,
    end: impl Future<Output = Result<T, oneshot::error::RecvError>>,
) -> Option<T> {
    tokio::time::timeout(limit, end).await.ok()?.ok()
}
