//! Waking those who wait for something in the database: on PostgreSQL through NOTIFY, on SQLite, where
//! all of us are one process, through a channel. A ring says that there may be something to look at and
//! nothing more. Rings can be lost; whoever listens looks again by itself from time to time.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::db::Db;
use crate::domain::job::JobId;
use crate::error::{Error, Result};

/// The channel of the database.
const CHANNEL: &str = "ferrobyte";

/// Rings that one listener may be behind. Then it looks at everything once.
const MOST_WAITING: usize = 256;

/// What there may be to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// A job can be taken.
    Work,
    /// Somebody wants this job to end.
    Cancel(JobId),
    /// This job stands otherwise than before.
    Changed(JobId),
    /// There is a message to send.
    News,
    /// Rings were lost: anything may have happened.
    Anything,
}

/// Rings, and lets listen.
#[derive(Debug, Clone)]
pub struct Bell {
    db: Db,
    here: broadcast::Sender<Ring>,
}

/// Listens to rings since it was made.
#[derive(Debug)]
pub struct Rings(broadcast::Receiver<Ring>);

impl Bell {
    #[must_use]
    pub fn new(db: &Db) -> Self {
        Self {
            db: db.clone(),
            here: broadcast::Sender::new(MOST_WAITING),
        }
    }

    /// Listens from now on. Do this first and look then: what happens in between rings.
    #[must_use]
    pub fn listen(&self) -> Rings {
        Rings(self.here.subscribe())
    }

    /// Rings, after what is to be looked at was committed. That others do not hear it is no failure:
    /// they will look by themselves.
    pub async fn ring(&self, ring: Ring) {
        let _ = self.here.send(ring);
        if let Db::Postgres { pool, .. } = &self.db {
            let sent = sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(ring.spelled())
                .execute(pool)
                .await;
            if let Err(error) = sent {
                tracing::debug!("the bell was not heard elsewhere: {error}");
            }
        }
    }

    /// Passes on here what other processes ring, on a connection of its own, until that breaks.
    ///
    /// # Errors
    /// When the database cannot be reached any more.
    pub async fn pass_on(&self) -> Result<()> {
        let Db::Postgres { pool, .. } = &self.db else {
            return std::future::pending().await;
        };
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(pool.connect_options().as_ref().clone());
        let mut listener = PgListener::connect_with(&own).await.map_err(Error::store)?;
        listener.listen(CHANNEL).await.map_err(Error::store)?;
        // What was rung before is lost.
        let _ = self.here.send(Ring::Anything);
        while let Some(heard) = listener.try_recv().await.map_err(Error::store)? {
            let _ = self.here.send(Ring::read(heard.payload()));
        }
        Ok(())
    }
}

impl Rings {
    /// Forgets what was rung so far: whoever looks now sees all of it.
    pub fn drain(&mut self) {
        while !matches!(
            self.0.try_recv(),
            Err(TryRecvError::Empty | TryRecvError::Closed)
        ) {}
    }

    /// Waits for the next ring.
    pub async fn next(&mut self) -> Ring {
        match self.0.recv().await {
            Ok(ring) => ring,
            Err(RecvError::Lagged(_)) => Ring::Anything,
            // The bell is gone, and with it everybody who could ring.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Ring {
    fn spelled(self) -> String {
        match self {
            Self::Work => "work".to_owned(),
            Self::Cancel(job) => format!("cancel {job}"),
            Self::Changed(job) => format!("changed {job}"),
            Self::News => "news".to_owned(),
            Self::Anything => "anything".to_owned(),
        }
    }

    fn read(text: &str) -> Self {
        let (word, number) = text.split_once(' ').unwrap_or((text, ""));
        match (word, number.parse()) {
            ("work", _) => Self::Work,
            ("news", _) => Self::News,
            ("cancel", Ok(job)) => Self::Cancel(job),
            ("changed", Ok(job)) => Self::Changed(job),
            // Of a newer server.
            _ => Self::Anything,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_survives_its_way_through_the_database() {
        for ring in [
            Ring::Work,
            Ring::Cancel(7),
            Ring::Changed(i64::MAX),
            Ring::News,
            Ring::Anything,
        ] {
            assert_eq!(Ring::read(&ring.spelled()), ring);
        }
        assert_eq!(Ring::read("cancel x"), Ring::Anything);
    }
}
