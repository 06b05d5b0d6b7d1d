//! Connections that only read. A pool tries each connection when it comes back, by a question that costs as much
//! as reading a row; so those that have been used, and owe no answer, wait here for the next reader instead.

use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Database, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::db::TRUSTED_IDLE;

/// For so long a connection is kept here at most; the pool looks after its age.
const KEPT: Duration = Duration::from_mins(1);

/// Connections of a pool to read with, as many at once as there are places.
#[derive(Debug)]
pub struct Readers<D: Database> {
    pool: Pool<D>,
    places: Arc<Semaphore>,
    patience: Duration,
    waiting: Mutex<Vec<Kept<D>>>,
}

#[derive(Debug)]
struct Kept<D: Database> {
    connection: PoolConnection<D>,
    /// When it came out of the pool.
    since: Instant,
    /// When it was last used.
    used: Instant,
}

impl<D: Database> Readers<D> {
    /// Whoever waits longer than `patience` for a reader goes away without one.
    pub(super) fn new(pool: Pool<D>, places: u32, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            pool,
            places: Arc::new(Semaphore::new(places as usize)),
            patience,
            waiting: Mutex::default(),
        })
    }

    pub(super) async fn lend(self: &Arc<Self>) -> sqlx::Result<Loan<D>> {
        let place = Arc::clone(&self.places).acquire_owned();
        let place = match tokio::time::timeout(self.patience, place).await {
            Ok(Ok(place)) => place,
            Ok(Err(_closed)) => return Err(sqlx::Error::PoolClosed),
            Err(_elapsed) => return Err(sqlx::Error::PoolTimedOut),
        };
        let kept = match self.trusted() {
            Some(kept) => kept,
            None => {
                let connection = self.pool.acquire().await?;
                let since = Instant::now();
                Kept {
                    connection,
                    since,
                    used: since,
                }
            }
        };
        Ok(Loan {
            kept: Some(kept),
            readers: Arc::clone(self),
            _place: place,
        })
    }

    /// The connection that was used last, if that is not long ago. Otherwise the pool gets all of them back.
    fn trusted(&self) -> Option<Kept<D>> {
        let mut waiting = self.waiting();
        let last = waiting.pop()?;
        if last.used.elapsed() > TRUSTED_IDLE {
            waiting.clear();
            return None;
        }
        Some(last)
    }

    /// Gives a connection back to the pool for somebody who would find none there.
    pub(super) fn make_room(&self) {
        let exhausted = self.pool.size() >= self.pool.options().get_max_connections();
        if exhausted && self.pool.num_idle() == 0 {
            self.waiting().pop();
        }
    }

    /// Lends nothing more, and waits for what is lent.
    pub(super) async fn close(&self) {
        self.places.close();
        let closing = {
            let mut waiting = self.waiting();
            let closing = self.pool.close();
            waiting.clear();
            closing
        };
        closing.await;
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Kept<D>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader, until this is dropped.
#[derive(Debug)]
pub struct Loan<D: Database> {
    kept: Option<Kept<D>>,
    readers: Arc<Readers<D>>,
    _place: OwnedSemaphorePermit,
}

impl<D: Database> Drop for Loan<D> {
    fn drop(&mut self) {
        let Some(mut kept) = self.kept.take() else {
            return;
        };
        kept.used = Instant::now();
        if kept.used - kept.since > KEPT || !owes_nothing(&mut kept.connection) {
            return;
        }
        let mut waiting = self.readers.waiting();
        if !self.readers.pool.is_closed() {
            waiting.push(kept);
        }
    }
}

/// Whether all questions have been answered to the end: not so after a reader that nobody waited for any more, and
/// not when the connection broke. PostgreSQL's driver knows without asking; SQLite's has a thread that ends what is
/// left before it takes the next question.
fn owes_nothing<D: Database>(connection: &mut PoolConnection<D>) -> bool {
    let rest = pin!(connection.flush());
    matches!(
        rest.poll(&mut Context::from_waker(Waker::noop())),
        Poll::Ready(Ok(()))
    )
}

impl<D: Database> Deref for Loan<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        let kept = self.kept.as_ref();
        &kept.expect("there until it is dropped").connection
    }
}

impl<D: Database> DerefMut for Loan<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        let kept = self.kept.as_mut();
        &mut kept.expect("there until it is dropped").connection
    }
}
