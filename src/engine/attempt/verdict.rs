//! How an attempt went. It has succeeded only if both sides ended by themselves and without a complaint,
//! every stream was complete, and the destination has given back every state. Otherwise there is a
//! reason, and the first one is the one that happened first.

use super::desk::{Cut, Desk};
use super::pump::{Ends, Side};
use crate::connector::{Cause, Exit, Failure};
use crate::domain::job::{FailureReason, FailureType, Origin};
use crate::engine::relay::ledger::{Ledger, StreamFigures};
use crate::engine::settle::Outcome;
use crate::protocol::trace::Status;

/// Whether the source has read everything that it was to read, as far as it says.
pub(super) fn source_is_well(source: &Side, figures: &[StreamFigures]) -> bool {
    let Some(remains) = &source.remains else {
        return false;
    };
    let excused = |reason: &FailureReason| {
        let complete = |stream: &String| {
            figures.iter().any(|figures| {
                figures.stream.to_string() == *stream && figures.status == Some(Status::Complete)
            })
        };
        // It happened to one stream, which came through all the same.
        reason.stream.as_ref().is_some_and(complete)
    };
    !source.ended.stopped
        && source.ended.exit.code == Some(0)
        && !remains.cut_off
        && remains.failures.iter().all(excused)
}

/// Judges an attempt whose two sides have ended.
pub(super) fn judge(desk: &Desk<'_>, ends: &Ends, ledger: &Ledger) -> Outcome {
    let figures = ledger.figures();
    let incomplete = incomplete(&figures);
    let waiting = ledger.waiting();
    let source_well = source_is_well(&ends.source, &figures);
    let destination_well = destination_is_well(&ends.destination);
    if source_well && destination_well && ends.told && incomplete.is_empty() && waiting == 0 {
        return Outcome::Succeeded;
    }
    match desk.is_cut() {
        Some(Cut::Cancelled) => return Outcome::Cancelled,
        Some(Cut::Shutdown) => return Outcome::GivenBack,
        Some(cut) => return Outcome::Failed(vec![cut_short(cut)]),
        None => {}
    }
    let destination = if destination_well {
        Vec::new()
    } else {
        reasons(desk, Origin::Destination, &ends.destination)
    };
    let mut all = if ends.destination_first {
        let mut all = destination;
        if all.is_empty() {
            all.push(of_destination(
                "the destination ended before the source did",
            ));
        }
        // The source was stopped for it: how it ended says nothing.
        all.extend(
            ends.source
                .remains
                .iter()
                .flat_map(|remains| remains.failures.clone()),
        );
        all
    } else {
        let mut all = reasons_of_source(desk, &ends.source, source_well, incomplete);
        all.extend(destination);
        all
    };
    if all.is_empty() {
        all.push(of_destination(if waiting > 0 {
            format!("the destination ended without giving back {waiting} states")
        } else {
            "the destination ended before it was told everything".to_owned()
        }));
    }
    Outcome::Failed(all)
}

fn of_destination(message: impl Into<String>) -> FailureReason {
    FailureReason::new(Origin::Destination, FailureType::SystemError, message)
}

/// Why the source did not do all that it was to do, down to single streams.
fn reasons_of_source(
    desk: &Desk<'_>,
    source: &Side,
    well: bool,
    incomplete: Vec<FailureReason>,
) -> Vec<FailureReason> {
    let mut all = if well {
        Vec::new()
    } else {
        reasons(desk, Origin::Source, source)
    };
    // A reason for the whole explains what it did to each stream.
    if all.iter().all(|reason| reason.stream.is_some()) {
        let is_new = |one: &FailureReason| all.iter().all(|reason| reason.stream != one.stream);
        let new: Vec<_> = incomplete.into_iter().filter(is_new).collect();
        all.extend(new);
    }
    all
}

fn destination_is_well(destination: &Side) -> bool {
    !destination.ended.stopped
        && destination.ended.exit.code == Some(0)
        && destination
            .remains
            .as_ref()
            .is_some_and(|remains| remains.failures.is_empty())
}

/// The streams that were not read to their end. A source that says nothing of any stream means, by
/// ending well, that it has read all of them.
fn incomplete(figures: &[StreamFigures]) -> Vec<FailureReason> {
    if figures.iter().all(|figures| figures.status.is_none()) {
        return Vec::new();
    }
    figures
        .iter()
        .filter(|figures| figures.status != Some(Status::Complete))
        .map(|figures| FailureReason {
            stream: Some(figures.stream.to_string()),
            ..FailureReason::new(
                Origin::Source,
                FailureType::SystemError,
                format!("the source did not read all of {}", figures.stream),
            )
        })
        .collect()
}

/// Why one side did not end well.
fn reasons(desk: &Desk<'_>, origin: Origin, side: &Side) -> Vec<FailureReason> {
    let who = match origin {
        Origin::Destination => "destination",
        _ => "source",
    };
    let Exit {
        code,
        signal,
        out_of_memory,
        ..
    } = side.ended.exit;
    let mut reasons = side
        .remains
        .as_ref()
        .map_or_else(Vec::new, |remains| remains.failures.clone());
    // Where a limit only refuses memory, the connector itself says that it had none.
    let starved = || {
        let words = desk.last_words(origin);
        let told = reasons
            .iter()
            .flat_map(|reason| [Some(&reason.message), reason.internal_message.as_ref()]);
        told.flatten()
            .chain(words.as_ref())
            .any(|text| complains_of_memory(text))
    };
    let end = if out_of_memory || code != Some(0) && starved() {
        Some(format!("the {who} ran out of memory"))
    } else if !reasons.is_empty() {
        None
    } else if side.ended.stopped {
        // Nobody else ended it: it did not end when it should have.
        side.remains
            .is_some()
            .then(|| format!("the {who} did not end after its output had"))
    } else {
        match (code, signal) {
            (Some(0), _) => None,
            (Some(code), _) => Some(format!("the {who} ended with exit code {code}")),
            (None, Some(signal)) => Some(format!("the {who} was ended by signal {signal}")),
            (None, None) => Some(format!("nobody knows how the {who} ended")),
        }
    };
    if let Some(message) = end {
        let reason = FailureReason {
            internal_message: desk.last_words(origin),
            ..FailureReason::new(origin, FailureType::SystemError, message)
        };
        // What the kernel did explains everything that came after it.
        reasons.insert(0, reason);
    }
    reasons
}

/// Whether these are the words of a program that got no memory.
fn complains_of_memory(text: &str) -> bool {
    [
        "MemoryError",
        "OutOfMemoryError",
        "Cannot allocate memory",
        "std::bad_alloc",
        "memory allocation of",
        "heap out of memory",
    ]
    .iter()
    .any(|words| text.contains(words))
}

fn cut_short(cut: Cut) -> FailureReason {
    let (origin, kind, message) = match cut {
        Cut::SourceSilent => (
            Origin::Source,
            FailureType::HeartbeatTimeout,
            "the source said nothing for too long",
        ),
        Cut::DestinationStuck => (
            Origin::Destination,
            FailureType::DestinationTimeout,
            "the destination took too long",
        ),
        Cut::TooLong => (
            Origin::Platform,
            FailureType::SystemError,
            "the attempt took longer than an attempt may take",
        ),
        Cut::Cancelled | Cut::Shutdown => (
            Origin::Platform,
            FailureType::ManualCancellation,
            "the run was cut short",
        ),
    };
    FailureReason::new(origin, kind, message)
}

/// A connector could not be started.
pub(super) fn not_started(origin: Origin, failure: Failure) -> FailureReason {
    let kind = match failure.cause {
        Cause::Configuration => FailureType::ConfigError,
        Cause::Transient | Cause::Deadline => FailureType::TransientError,
        Cause::Connector | Cause::Missing => FailureType::SystemError,
    };
    let story: Vec<_> = [failure.story]
        .into_iter()
        .chain(failure.log)
        .filter(|line| !line.is_empty())
        .collect();
    FailureReason {
        internal_message: (!story.is_empty()).then(|| story.join("\n")),
        ..FailureReason::new(origin, kind, failure.message)
    }
}
