//! The two threads of a run, and how the attempt hears of their ends. They block in pipes, so they are
//! threads of their own: nobody waits for one that hangs, and a server that stops leaves it behind.

use std::io::{PipeReader, Read};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::pulse::{Pulse, Watched};
use crate::connector::feed::Feed;
use crate::domain::job::{FailureReason, FailureType, Origin};
use crate::engine::relay::acknowledge::acknowledge;
use crate::engine::relay::forward::Forward;
use crate::engine::relay::ledger::Ledger;
use crate::engine::relay::plan::Plan;
use crate::engine::relay::{Events, Remains};

/// What both threads share.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) plan: Arc<Plan>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) events: Events,
}

/// The way there.
#[derive(Debug)]
pub(super) struct Way {
    /// The source's output has ended, or the destination takes nothing more.
    pub(super) read: oneshot::Receiver<Remains>,
    /// Whether to tell the destination how each stream ended, or nothing. Without a word its input
    /// just ends.
    pub(super) go_on: oneshot::Sender<i64>,
    /// Everything was told; `false` when the destination did not take it.
    pub(super) told: oneshot::Receiver<bool>,
}

/// Starts the thread that hands on what the source prints.
pub(super) fn forward(
    shared: &Shared,
    from: impl Read + Send + 'static,
    to: Feed,
) -> std::io::Result<Way> {
    let (ended, read) = oneshot::channel();
    let (go_on, word) = oneshot::channel();
    let (done, told) = oneshot::channel();
    let shared = shared.clone();
    let thread = move || {
        let pulse = || Arc::clone(&shared.pulse);
        let from = Watched {
            pipe: from,
            pulse: pulse(),
        };
        let to = Watched {
            pipe: to,
            pulse: pulse(),
        };
        let Shared {
            plan,
            ledger,
            events,
            ..
        } = &shared;
        match Forward::new(plan, ledger, events, to).run(from) {
            Ok((remains, end)) => {
                let _ = ended.send(remains);
                if let Ok(now_ms) = word.blocking_recv() {
                    let _ = done.send(end.tell(plan, ledger, now_ms).is_ok());
                }
            }
            Err(error) => {
                let _ = ended.send(unreadable(Origin::Source, &error));
            }
        }
    };
    std::thread::Builder::new()
        .name("forward".to_owned())
        .spawn(thread)?;
    Ok(Way { read, go_on, told })
}

/// Starts the thread that reads what the destination prints.
pub(super) fn back(
    shared: &Shared,
    from: PipeReader,
) -> std::io::Result<oneshot::Receiver<Remains>> {
    let (ended, read) = oneshot::channel();
    let (ledger, events) = (Arc::clone(&shared.ledger), shared.events.clone());
    std::thread::Builder::new()
        .name("acknowledge".to_owned())
        .spawn(move || {
            let remains = acknowledge(from, &ledger, &events);
            let _ =
                ended.send(remains.unwrap_or_else(|error| unreadable(Origin::Destination, &error)));
        })?;
    Ok(read)
}

fn unreadable(origin: Origin, error: &std::io::Error) -> Remains {
    let mut reason = FailureReason::new(
        origin,
        FailureType::SystemError,
        "the output of the connector cannot be read",
    );
    reason.internal_message = Some(error.to_string());
    Remains {
        failures: vec![reason],
        ..Remains::default()
    }
}
