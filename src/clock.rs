//! Time and chance, handed in. Every other room asks this one for the time, for new ids and for
//! random bytes, so that a test can hold the clock still and count the ids.
//!
//! Times are whole microseconds, the finest that both database engines keep.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A moment in UTC, in whole microseconds.
pub type Timestamp = DateTime<Utc>;

/// Where the time comes from: the machine, or a hand that a test moves.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock and random ids.
    System,
    /// A clock that stands still until it is moved, and ids that count up.
    Hand(Arc<Hand>),
}

/// The state behind a hand-set clock.
#[derive(Debug)]
pub struct Hand {
    microseconds: AtomicI64,
    ids: AtomicU64,
}

impl Clock {
    /// A clock that shows `start` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn by_hand(start: Timestamp) -> Self {
        Self::Hand(Arc::new(Hand {
            microseconds: AtomicI64::new(start.timestamp_micros()),
            ids: AtomicU64::new(1),
        }))
    }

    /// Moves a hand-set clock; the machine's clock goes its own way.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Hand(hand) = self {
            let step = by.num_microseconds().unwrap_or(i64::MAX);
            hand.microseconds.fetch_add(step, Ordering::SeqCst);
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let microseconds = match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
            Self::System => Utc::now().timestamp_micros(),
            Self::Hand(hand) => hand.microseconds.load(Ordering::SeqCst),
        };
        DateTime::from_timestamp_micros(microseconds).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// A new id. Ids grow with time, so that rows lie on disk in the order in which they are listed.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
            Self::System => Uuid::now_v7(),
            Self::Hand(hand) => {
                let count = hand.ids.fetch_add(1, Ordering::SeqCst);
                Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + u128::from(count))
            }
        }
    }

    /// Random bytes from the operating system, also under a hand-set clock: secrets are never counted.
    ///
    /// # Panics
    /// When the operating system has no randomness to give; nothing secure can be done then.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system always gives random bytes");
        bytes
    }
}
