//! Which probes are under way, for whom, and what came of those that nobody heard.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use tokio::sync::{Semaphore, watch};

use super::{Asked, Errand, Limits, NoOutcome, Outcome, Subject};
use crate::clock::{Clock, Timestamp};
use crate::domain::ids::WorkspaceId;

/// How long an outcome is kept that nobody heard, and a failed discovery in any case.
pub(super) const KEPT: TimeDelta = TimeDelta::seconds(60);

/// Tells everybody who waits.
pub(super) type Teller = watch::Sender<Option<Outcome>>;

/// The board that everybody looks at.
#[derive(Debug)]
pub(super) struct Desk {
    clock: Clock,
    limits: Limits,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) under_way: HashMap<Subject, Arc<Teller>>,
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

/// How somebody comes to an outcome.
pub(super) enum Joined {
    Heard(Outcome),
    Waits(watch::Receiver<Option<Outcome>>),
    /// Nobody is at it: whoever joined has to begin.
    Begins(watch::Receiver<Option<Outcome>>, Place),
}

impl Desk {
    pub(super) fn new(clock: Clock, limits: Limits) -> Self {
        Self {
            clock,
            limits,
            board: Mutex::default(),
        }
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join(self: &Arc<Self>, errand: Errand) -> Result<Joined, NoOutcome> {
        let mut board = self.board();
        if let Some(outcome) = board.kept(&errand, self.clock.now()) {
            return Ok(Joined::Heard(outcome));
        }
        if let Some(teller) = board.under_way.get(&errand.subject) {
            return Ok(Joined::Waits(teller.subscribe()));
        }
        let own = (self.limits.lanes / 2).max(1);
        let tenant = board
            .tenants
            .entry(errand.tenant)
            .or_insert_with(|| Tenant {
                probes: 0,
                lanes: Arc::new(Semaphore::new(own)),
            });
        if tenant.probes >= self.limits.of_one_tenant.max(1) {
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
            desk: Arc::clone(self),
            subject: errand.subject,
            tenant: errand.tenant,
            lanes,
            teller,
            open: true,
        };
        Ok(Joined::Begins(told, place))
    }

    /// Leaves without having heard anything; nothing comes between looking a last time and leaving.
    pub(super) fn leave(&self, told: watch::Receiver<Option<Outcome>>) -> Option<Outcome> {
        let _board = self.board();
        let outcome = told.borrow().clone();
        drop(told);
        outcome
    }
}

/// The place of one probe on the board, given back however it ends.
pub(super) struct Place {
    desk: Arc<Desk>,
    subject: Subject,
    tenant: WorkspaceId,
    /// The lanes that its tenant may hold.
    pub(super) lanes: Arc<Semaphore>,
    pub(super) teller: Arc<Teller>,
    open: bool,
}

impl Place {
    /// Tells everybody who waits, or keeps it for those who will ask.
    pub(super) fn land(mut self, outcome: Outcome) {
        let desk = Arc::clone(&self.desk);
        let mut board = desk.board();
        self.close(&mut board);
        let heard = self.teller.receiver_count() > 0;
        board.kept.remove(&self.subject);
        if !heard || spares(&self.subject, &outcome) {
            let kept = Kept {
                outcome: outcome.clone(),
                heard,
                until: desk.clock.now() + KEPT,
            };
            board.kept.insert(self.subject.clone(), kept);
        }
        self.teller.send_replace(Some(outcome));
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
            let desk = Arc::clone(&self.desk);
            self.close(&mut desk.board());
        }
    }
}
