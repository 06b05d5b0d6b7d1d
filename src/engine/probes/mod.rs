//! Probes: short questions to connectors, asked apart from the requests that wait for the answer.
//!
//! A probe waits for one of few lanes, and one tenant never holds more than half of them. Whoever wants
//! to know the same thing at the same time shares one probe, and it goes on when they leave. What
//! nobody stayed to hear is kept for a while and told to the next who asks. A waiting caller holds nothing
//! but a place to be woken at.

mod board;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use board::{Desk, Joined, Teller};

use crate::clock::Clock;
use crate::connector::{Cause, Failure};
use crate::domain::ids::WorkspaceId;
use crate::domain::offer::Offer;
use crate::protocol::message::ConnectionStatus;
use crate::shutdown::Shutdown;

/// How long a probe that has no lane yet goes on waiting for one after everybody left.
const ABANDONED: Duration = Duration::from_mins(1);

/// What a probe is about: two with one subject give one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    pub asked: Asked,
    pub edition: String,
    pub fingerprint: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    Check,
    Discover,
}

/// What came of a probe.
pub type Outcome = Result<Finding, Failure>;

#[derive(Debug, Clone)]
pub enum Finding {
    Status(ConnectionStatus),
    Offers(Arc<[Offer]>),
}

/// Who wants a probe, and how.
#[derive(Debug)]
pub struct Errand {
    pub subject: Subject,
    pub tenant: WorkspaceId,
    /// How long the connector may take, once it has a lane.
    pub deadline: Duration,
    /// Whether a failure that somebody has heard already does not count.
    pub afresh: bool,
}

/// Why a caller has no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoOutcome {
    /// The probe goes on.
    Yet,
    /// Too many probes of this tenant are waiting.
    Crowded,
}

/// How much may go on at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub lanes: usize,
    /// Running and waiting, of one tenant.
    pub of_one_tenant: usize,
}

/// All probes of this server.
#[derive(Debug, Clone)]
pub struct Probes {
    desk: Arc<Desk>,
    lanes: Arc<Semaphore>,
    shutdown: Shutdown,
    abandoned: Duration,
}

impl Probes {
    #[must_use]
    pub fn new(clock: Clock, shutdown: Shutdown, limits: Limits) -> Self {
        Self {
            desk: Arc::new(Desk::new(clock, limits)),
            lanes: Arc::new(Semaphore::new(limits.lanes.max(1))),
            shutdown,
            abandoned: ABANDONED,
        }
    }

    /// What came of the probe, unless it takes longer than `patience`. The work is begun only when nobody
    /// is at the same already and no outcome is kept.
    ///
    /// # Errors
    /// [`NoOutcome`].
    pub async fn ask<F>(
        &self,
        errand: Errand,
        patience: Duration,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Outcome, NoOutcome>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let deadline = errand.deadline;
        let mut told = match self.desk.join(errand)? {
            Joined::Heard(outcome) => return Ok(outcome),
            Joined::Waits(told) => told,
            Joined::Begins(told, place) => {
                let lanes = Arc::clone(&self.lanes);
                let (stop, abandoned) = (self.shutdown.clone(), self.abandoned);
                self.shutdown.spawn(async move {
                    let teller = Arc::clone(&place.teller);
                    let run = async {
                        let _lanes = tokio::select! {
                            lanes = both(&place.lanes, &lanes) => lanes,
                            () = nobody_for(abandoned, &teller) => return None,
                        };
                        let outcome = tokio::time::timeout(deadline, work()).await;
                        Some(outcome.unwrap_or_else(|_| Err(late(deadline))))
                    };
                    let outcome = tokio::select! {
                        outcome = run => outcome,
                        () = unwanted(&stop, &teller) => None,
                    };
                    if let Some(outcome) = outcome {
                        place.land(outcome);
                    }
                });
                told
            }
        };
        let answer = async {
            told.wait_for(Option::is_some)
                .await
                .map(|told| told.clone())
        };
        let outcome = match tokio::time::timeout(patience, answer).await {
            // It ends without an outcome when the server is stopping.
            Ok(answer) => answer.ok().flatten(),
            Err(_) => self.desk.leave(told),
        };
        outcome.ok_or(NoOutcome::Yet)
    }
}

/// A lane of the tenant's and one of all.
async fn both<'a>(
    own: &'a Semaphore,
    all: &'a Semaphore,
) -> [Result<SemaphorePermit<'a>, AcquireError>; 2] {
    [own.acquire().await, all.acquire().await]
}

/// Resolves when nobody has been waiting for so long.
async fn nobody_for(long: Duration, teller: &Teller) {
    loop {
        teller.closed().await;
        tokio::time::sleep(long).await;
        if teller.is_closed() {
            return;
        }
    }
}

/// Resolves when the server is stopping and nobody is waiting.
async fn unwanted(shutdown: &Shutdown, teller: &Teller) {
    shutdown.begun().await;
    teller.closed().await;
}

fn late(deadline: Duration) -> Failure {
    Failure {
        cause: Cause::Deadline,
        message: format!(
            "the connector did not finish within {} seconds",
            deadline.as_secs()
        ),
        story: String::new(),
        log: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
