//! SQLite's readers. A pool would try each connection when it comes back, by a question to the connection's
//! thread, which costs as much as reading a row; so those that have been used wait here instead.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that only read, as many at once as there are places.
#[derive(Debug, Clone)]
pub struct Readers {
    pool: SqlitePool,
    places: Arc<Semaphore>,
    patience: Duration,
    waiting: Arc<Mutex<Vec<PoolConnection<Sqlite>>>>,
}

impl Readers {
    /// Whoever waits longer than `patience` for a reader goes away without one.
    pub(super) fn new(pool: SqlitePool, places: u32, patience: Duration) -> Self {
        Self {
            pool,
            places: Arc::new(Semaphore::new(places as usize)),
            patience,
            waiting: Arc::default(),
        }
    }

    pub(super) async fn lend(&self) -> sqlx::Result<Loan> {
        let place = Arc::clone(&self.places).acquire_owned();
        let place = match tokio::time::timeout(self.patience, place).await {
            Ok(Ok(place)) => place,
            Ok(Err(_closed)) => return Err(sqlx::Error::PoolClosed),
            Err(_elapsed) => return Err(sqlx::Error::PoolTimedOut),
        };
        let waiting = self.waiting().pop();
        let connection = match waiting {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        Ok(Loan {
            connection: Some(connection),
            readers: self.clone(),
            _place: place,
        })
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

    fn waiting(&self) -> MutexGuard<'_, Vec<PoolConnection<Sqlite>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader, until this is dropped. What is left of a question that nobody waits for any more, the connection's
/// thread ends before it takes the next one.
#[derive(Debug)]
pub struct Loan {
    connection: Option<PoolConnection<Sqlite>>,
    readers: Readers,
    _place: OwnedSemaphorePermit,
}

impl Drop for Loan {
    fn drop(&mut self) {
        let mut waiting = self.readers.waiting();
        if !self.readers.pool.is_closed() {
            waiting.extend(self.connection.take());
        }
    }
}

impl Deref for Loan {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection
            .as_deref()
            .expect("there until it is dropped")
    }
}

impl DerefMut for Loan {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection
            .as_deref_mut()
            .expect("there until it is dropped")
    }
}
