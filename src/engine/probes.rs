//! Probes: short questions to connectors, asked apart from the requests that wait for the answer.
//!
//! A probe waits for one of few lanes, and one tenant never holds more than half of them. Whoever wants
//! to know the same thing at the same time shares one probe, and it goes on when they leave. What
//! nobody stayed to hear is kept for a while and told to the next who asks. A waiting caller holds nothing
//! but a place to be woken at.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{Semaphore, watch};

use crate::clock::{Clock, Timestamp};
use crate::connector::{Cause, Failure};
use crate::domain::ids::WorkspaceId;
use crate::domain::offer::Offer;
use crate::protocol::message::ConnectionStatus;
use crate::shutdown::Shutdown;

/// How long an outcome is kept that nobody heard, and a failed discovery in any case.
const KEPT: TimeDelta = TimeDelta::seconds(60);

/// How long a probe that has no lane yet goes on waiting for one after everybody left.
const ABANDONED: Duration = Duration::from_secs(60);

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

/// Tells everybody who waits.
type Teller = watch::Sender<Option<Outcome>>;

/// All probes of this server.
#[derive(Debug, Clone)]
pub struct Probes {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    shutdown: Shutdown,
    limits: Limits,
    abandoned: Duration,
    lanes: Semaphore,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    under_way: HashMap<Subject, Arc<Teller>>,
    kept: HashMap<Subject, Kept>,
    tenants: HashMap<WorkspaceId, Tenant>,
}

#[derive(Debug)]
struct Kept {
    outcome: Outcome,
    heard: bool,
    until: Timestamp,
}

#[derive(Debug)]
struct Tenant {
    probes: usize,
    lanes: Arc<Semaphore>,
}

impl Probes {
    #[must_use]
    pub fn new(clock: Clock, shutdown: Shutdown, limits: Limits) -> Self {
        Self::abandoning(clock, shutdown, limits, ABANDONED)
    }

    fn abandoning(clock: Clock, shutdown: Shutdown, limits: Limits, abandoned: Duration) -> Self {
        let shared = Shared {
            lanes: Semaphore::new(limits.lanes.max(1)),
            board: Mutex::default(),
            clock,
            shutdown,
            limits,
            abandoned,
        };
        Self {
            shared: Arc::new(shared),
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
        let mut told = match self.join(errand, work)? {
            Joined::Heard(outcome) => return Ok(outcome),
            Joined::Waits(told) => told,
        };
        let answer = async {
            told.wait_for(Option::is_some)
                .await
                .map(|told| told.clone())
        };
        if let Ok(answer) = tokio::time::timeout(patience, answer).await {
            // It ends without an outcome when the server is stopping.
            return answer.ok().flatten().ok_or(NoOutcome::Yet);
        }
        // Nothing can come between looking a last time and leaving.
        let _board = self.shared.board();
        let outcome = told.borrow().clone();
        drop(told);
        outcome.ok_or(NoOutcome::Yet)
    }

    fn join<F>(
        &self,
        errand: Errand,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Joined, NoOutcome>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut board = self.shared.board();
        if let Some(outcome) = board.kept(&errand, self.shared.clock.now()) {
            return Ok(Joined::Heard(outcome));
        }
        if let Some(teller) = board.under_way.get(&errand.subject) {
            return Ok(Joined::Waits(teller.subscribe()));
        }
        let limits = self.shared.limits;
        let tenant = board
            .tenants
            .entry(errand.tenant)
            .or_insert_with(|| Tenant {
                probes: 0,
                lanes: Arc::new(Semaphore::new((limits.lanes / 2).max(1))),
            });
        if tenant.probes >= limits.of_one_tenant.max(1) {
            return Err(NoOutcome::Crowded);
        }
        tenant.probes += 1;
        let lanes = Arc::clone(&tenant.lanes);
        let (teller, told) = watch::channel(None);
        let teller = Arc::new(teller);
        board
            .under_way
            .insert(errand.subject.clone(), Arc::clone(&teller));
        let place = Place {
            shared: Arc::clone(&self.shared),
            subject: errand.subject,
            tenant: errand.tenant,
            open: true,
        };
        self.shared
            .shutdown
            .spawn(probe(place, teller, lanes, errand.deadline, work));
        Ok(Joined::Waits(told))
    }
}

enum Joined {
    Heard(Outcome),
    Waits(watch::Receiver<Option<Outcome>>),
}

impl Board {
    /// An outcome that nobody heard is new to everybody. A failure that was heard spares the connector
    /// those who ask again and again.
    fn kept(&mut self, errand: &Errand, now: Timestamp) -> Option<Outcome> {
        self.kept.retain(|_, kept| now < kept.until);
        let kept = self.kept.get_mut(&errand.subject)?;
        if kept.heard && errand.afresh {
            return None;
        }
        if spares(&errand.subject, &kept.outcome) {
            kept.heard = true;
            return Some(kept.outcome.clone());
        }
        self.kept.remove(&errand.subject).map(|kept| kept.outcome)
    }
}

/// Whether an outcome is kept although it was heard. Found catalogs are in the database, and somebody who
/// checks wants to know how things are now.
fn spares(subject: &Subject, outcome: &Outcome) -> bool {
    subject.asked == Asked::Discover && outcome.is_err()
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one probe on the board, given back however it ends.
struct Place {
    shared: Arc<Shared>,
    subject: Subject,
    tenant: WorkspaceId,
    open: bool,
}

impl Place {
    /// Tells everybody who waits, or keeps it for those who will ask.
    fn land(mut self, teller: &Teller, outcome: Outcome) {
        let shared = Arc::clone(&self.shared);
        let mut board = shared.board();
        self.close(&mut board);
        let heard = teller.receiver_count() > 0;
        if !heard || spares(&self.subject, &outcome) {
            let kept = Kept {
                outcome: outcome.clone(),
                heard,
                until: shared.clock.now() + KEPT,
            };
            board.kept.insert(self.subject.clone(), kept);
        }
        teller.send_replace(Some(outcome));
    }

    fn close(&mut self, board: &mut Board) {
        self.open = false;
        board.under_way.remove(&self.subject);
        if let Some(tenant) = board.tenants.get_mut(&self.tenant) {
            tenant.probes -= 1;
            if tenant.probes == 0 {
                board.tenants.remove(&self.tenant);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.open {
            let shared = Arc::clone(&self.shared);
            self.close(&mut shared.board());
        }
    }
}

/// A probe from its place in the queue to its end.
async fn probe<F: Future<Output = Outcome>>(
    place: Place,
    teller: Arc<Teller>,
    lanes_of_tenant: Arc<Semaphore>,
    deadline: Duration,
    work: impl FnOnce() -> F,
) {
    let shared = Arc::clone(&place.shared);
    let lanes = async {
        let own = lanes_of_tenant.acquire_owned().await;
        (own, shared.lanes.acquire().await)
    };
    let run = async {
        let _lanes = tokio::select! {
            lanes = lanes => lanes,
            () = abandoned(&teller, shared.abandoned) => return None,
        };
        let late = |_| Err(late(deadline));
        Some(
            tokio::time::timeout(deadline, work())
                .await
                .unwrap_or_else(late),
        )
    };
    let outcome = tokio::select! {
        outcome = run => outcome,
        () = unwanted(&shared.shutdown, &teller) => None,
    };
    if let Some(outcome) = outcome {
        place.land(&teller, outcome);
    }
}

/// Resolves when nobody has been waiting for so long.
async fn abandoned(teller: &Teller, long: Duration) {
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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;
    use uuid::Uuid;

    use super::*;
    use crate::protocol::message::CheckStatus;

    const SOON: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(20);

    fn clock() -> Clock {
        Clock::by_hand(Timestamp::UNIX_EPOCH)
    }

    fn probes(lanes: usize) -> Probes {
        let limits = Limits {
            lanes,
            of_one_tenant: 100,
        };
        Probes::abandoning(clock(), Shutdown::default(), limits, SOON)
    }

    fn errand(asked: Asked, number: u8) -> Errand {
        Errand {
            subject: Subject {
                asked,
                edition: "native:source:faker@1".to_owned(),
                fingerprint: vec![number],
            },
            tenant: Uuid::nil().into(),
            deadline: LONG,
            afresh: false,
        }
    }

    fn passed() -> Outcome {
        Ok(Finding::Status(ConnectionStatus {
            status: CheckStatus::Succeeded,
            message: None,
        }))
    }

    fn broken() -> Outcome {
        Err(Failure::missing("there is no bread"))
    }

    fn says(answer: &Result<Outcome, NoOutcome>) -> String {
        match answer {
            Ok(Ok(_)) => "passed".to_owned(),
            Ok(Err(failure)) => failure.message.clone(),
            Err(why) => format!("{why:?}"),
        }
    }

    /// Waits until nothing is under way.
    async fn settled(probes: &Probes) {
        while !probes.shared.board().under_way.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn callers_at_the_same_time_share_one_probe() {
        let (probes, runs) = (probes(4), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let runs = Arc::clone(&runs);
            probes.ask(errand(Asked::Discover, 1), LONG, move || async move {
                runs.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(SOON).await;
                passed()
            })
        };
        let (one, two, three) = tokio::join!(ask(), ask(), ask());
        for answer in [one, two, three] {
            assert_eq!(says(&answer), "passed");
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(says(&ask().await), "passed");
        assert_eq!(runs.load(Ordering::SeqCst), 2, "what was heard is not kept");
    }

    #[tokio::test]
    async fn a_probe_goes_on_when_its_callers_leave_and_the_next_one_hears_what_came_of_it() {
        for (asked, outcome) in [(Asked::Discover, "passed"), (Asked::Check, "passed")] {
            let (probes, ripe) = (probes(4), Arc::new(Notify::new()));
            let ripe_at_last = Arc::clone(&ripe);
            let work = move || async move {
                ripe_at_last.notified().await;
                passed()
            };
            let first = probes.ask(errand(asked, 1), SOON, work).await;
            assert_eq!(first.expect_err("nothing yet"), NoOutcome::Yet);
            ripe.notify_one();
            settled(&probes).await;
            let afresh = Errand {
                afresh: true,
                ..errand(asked, 1)
            };
            let next = probes.ask(afresh, SOON, || async { broken() }).await;
            assert_eq!(says(&next), outcome, "even for those who want it afresh");
            let last = probes
                .ask(errand(asked, 1), SOON, || async { broken() })
                .await;
            assert_eq!(says(&last), "there is no bread", "it was told once");
        }
    }

    #[tokio::test]
    async fn a_failed_discovery_is_remembered_for_a_minute_unless_it_is_wanted_afresh() {
        let probes = probes(4);
        let ask = |asked, afresh, outcome: fn() -> Outcome| {
            let errand = Errand {
                afresh,
                ..errand(asked, 1)
            };
            probes.ask(errand, LONG, move || async move { outcome() })
        };
        let discover = |afresh, outcome| ask(Asked::Discover, afresh, outcome);
        assert_eq!(says(&discover(false, broken).await), "there is no bread");
        assert_eq!(says(&discover(false, passed).await), "there is no bread");
        assert_eq!(says(&discover(true, passed).await), "passed");
        assert_eq!(says(&discover(true, broken).await), "there is no bread");
        probes.shared.clock.advance(KEPT);
        assert_eq!(says(&discover(false, passed).await), "passed");
        assert_eq!(
            says(&ask(Asked::Check, false, broken).await),
            "there is no bread"
        );
        assert_eq!(says(&ask(Asked::Check, false, passed).await), "passed");
    }

    #[tokio::test]
    async fn a_hundred_hanging_connectors_of_one_tenant_leave_room_for_another() {
        let probes = probes(4);
        let hanging = (0..100).map(|number| {
            probes.ask(errand(Asked::Discover, number), SOON, || {
                std::future::pending::<Outcome>()
            })
        });
        for answer in futures_util::future::join_all(hanging).await {
            assert_eq!(says(&answer), "Yet");
        }
        let crowded = probes
            .ask(errand(Asked::Check, 0), SOON, || async { passed() })
            .await;
        assert_eq!(says(&crowded), "Crowded");
        let other = Errand {
            tenant: Uuid::max().into(),
            ..errand(Asked::Check, 0)
        };
        let answer = probes.ask(other, LONG, || async { passed() }).await;
        assert_eq!(says(&answer), "passed");
    }

    #[tokio::test]
    async fn what_has_no_lane_yet_is_given_up_when_nobody_waits_for_it() {
        let probes = probes(1);
        let hang = || std::future::pending::<Outcome>();
        assert_eq!(
            says(&probes.ask(errand(Asked::Discover, 1), SOON, hang).await),
            "Yet"
        );
        assert_eq!(
            says(&probes.ask(errand(Asked::Discover, 2), SOON, hang).await),
            "Yet"
        );
        let under_way = || probes.shared.board().under_way.len();
        assert_eq!(under_way(), 2);
        while under_way() > 1 {
            tokio::time::sleep(SOON).await;
        }
        let board = probes.shared.board();
        assert!(board.under_way.keys().all(|one| one.fingerprint == [1]));
    }

    #[tokio::test]
    async fn a_probe_ends_at_its_deadline_and_a_panic_gives_its_place_back() {
        let probes = probes(1);
        let short = Errand {
            deadline: SOON,
            ..errand(Asked::Check, 1)
        };
        let answer = probes
            .ask(short, LONG, std::future::pending::<Outcome>)
            .await;
        assert!(says(&answer).contains("did not finish"), "{answer:?}");
        let answer = probes
            .ask(errand(Asked::Check, 1), LONG, || async {
                panic!("the canary died")
            })
            .await;
        assert_eq!(says(&answer), "Yet");
        let answer = probes
            .ask(errand(Asked::Check, 1), LONG, || async { passed() })
            .await;
        assert_eq!(says(&answer), "passed");
    }

    #[tokio::test]
    async fn stopping_ends_what_nobody_waits_for() {
        let shutdown = Shutdown::default();
        let limits = Limits {
            lanes: 2,
            of_one_tenant: 9,
        };
        let probes = Probes::new(clock(), shutdown.clone(), limits);
        let hang = || std::future::pending::<Outcome>();
        assert_eq!(
            says(&probes.ask(errand(Asked::Discover, 1), SOON, hang).await),
            "Yet"
        );
        assert!(shutdown.finish(LONG, std::future::pending()).await);
        assert!(probes.shared.board().under_way.is_empty());
    }
}
