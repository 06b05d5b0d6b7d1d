//! Slows down guessing. Only failed attempts count, per source and per identity, each with a bucket
//! that refills steadily. Right credentials of an application are never refused for somebody else's
//! failures: 256 random bits cannot be guessed, so the throttle only has to make guessing dull.
//! Passwords can be guessed, so an empty bucket refuses before the password is looked at.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The most identities or sources that are remembered; past that, those that have refilled are dropped.
const REMEMBERED: usize = 50_000;

/// How many failures are let through.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// So many at once.
    pub burst: u32,
    /// And the bucket is full again after this long.
    pub refill: Duration,
}

/// What is left of an allowance, for the `RateLimit` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    pub limit: u32,
    pub remaining: u32,
    /// Until one more attempt is possible, or until the bucket is full again.
    pub reset: Duration,
}

/// Failed attempts of one kind, such as log-ins.
#[derive(Debug)]
pub struct Throttle {
    by_source: Option<Buckets<IpAddr>>,
    by_identity: Option<Buckets<String>>,
}

impl Throttle {
    /// Without allowances nothing is ever refused.
    #[must_use]
    pub fn new(by_source: Option<Allowance>, by_identity: Option<Allowance>) -> Self {
        Self {
            by_source: by_source.map(Buckets::new),
            by_identity: by_identity.map(Buckets::new),
        }
    }

    /// What is left for this source and identity: the smaller of the two.
    pub fn left(&self, now: Timestamp, source: IpAddr, identity: &str) -> Option<Left> {
        let by_source = self
            .by_source
            .as_ref()
            .map(|buckets| buckets.left(now, &neighbourhood(source)));
        let by_identity = self
            .by_identity
            .as_ref()
            .map(|buckets| buckets.left(now, &shortened(identity)));
        by_source
            .into_iter()
            .chain(by_identity)
            .min_by_key(|left| left.remaining)
    }

    /// Refuses when nothing is left.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn admit(&self, now: Timestamp, source: IpAddr, identity: &str) -> Result<()> {
        match self.left(now, source, identity) {
            Some(Left {
                remaining: 0,
                reset,
                ..
            }) => Err(Error::TooMany { retry_after: reset }),
            _ => Ok(()),
        }
    }

    /// Counts a failure.
    pub fn count(&self, now: Timestamp, source: IpAddr, identity: &str) {
        if let Some(buckets) = &self.by_source {
            buckets.take(now, neighbourhood(source));
        }
        if let Some(buckets) = &self.by_identity {
            buckets.take(now, shortened(identity));
        }
    }
}

/// Who owns one IPv6 address owns the 2^64 beside it, so these count as one source.
fn neighbourhood(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

/// Whatever was sent as an identity is remembered only up to a length that real ones have.
fn shortened(identity: &str) -> String {
    identity.chars().take(128).collect()
}

/// Buckets that hold failures: each is described by the moment at which it will be full again.
#[derive(Debug)]
struct Buckets<K> {
    allowance: Allowance,
    full_at: Mutex<HashMap<K, Timestamp>>,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            full_at: Mutex::default(),
        }
    }

    /// The time in which one attempt comes back.
    fn step(&self) -> TimeDelta {
        let step = self.allowance.refill / self.allowance.burst.max(1);
        TimeDelta::from_std(step)
            .unwrap_or(TimeDelta::seconds(1))
            .max(TimeDelta::microseconds(1))
    }

    fn left(&self, now: Timestamp, key: &K) -> Left {
        let full_at = self
            .full_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .copied()
            .unwrap_or(now);
        let owed = (full_at - now).max(TimeDelta::zero());
        let step = self.step().num_microseconds().unwrap_or(1);
        let owed = owed.num_microseconds().unwrap_or(i64::MAX);
        let taken = u32::try_from((owed + step - 1) / step).unwrap_or(u32::MAX);
        let remaining = self.allowance.burst.saturating_sub(taken);
        let wait = if remaining == 0 {
            owed - step * i64::from(self.allowance.burst - 1)
        } else {
            owed
        };
        let reset = Duration::from_micros(u64::try_from(wait).unwrap_or(0));
        Left {
            limit: self.allowance.burst,
            remaining,
            reset,
        }
    }

    fn take(&self, now: Timestamp, key: K) {
        let step = self.step();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= REMEMBERED {
            full_at.retain(|_, full_at| *full_at > now);
        }
        let most = now + step * i32::try_from(self.allowance.burst).unwrap_or(i32::MAX);
        let entry = full_at.entry(key).or_insert(now);
        *entry = ((*entry).max(now) + step).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_ipv6_are_one_source() {
        let allowance = Allowance {
            burst: 1,
            refill: Duration::from_mins(1),
        };
        let throttle = Throttle::new(Some(allowance), None);
        let now = Timestamp::UNIX_EPOCH;
        let from = |text: &str| text.parse().expect("an address");
        throttle.count(now, from("2001:db8::1"), "ada");
        assert!(
            throttle
                .admit(now, from("2001:db8::ffff:2"), "ada")
                .is_err()
        );
        assert!(throttle.admit(now, from("2001:db8:0:1::1"), "ada").is_ok());
    }

    #[test]
    fn failures_are_counted_and_forgiven() {
        let allowance = Allowance {
            burst: 3,
            refill: Duration::from_secs(30),
        };
        let throttle = Throttle::new(None, Some(allowance));
        let source = IpAddr::from([127, 0, 0, 1]);
        let mut now = Timestamp::UNIX_EPOCH;
        for left in [3, 2, 1] {
            assert_eq!(
                throttle.left(now, source, "ada").map(|left| left.remaining),
                Some(left)
            );
            throttle
                .admit(now, source, "ada")
                .expect("something is left");
            throttle.count(now, source, "ada");
        }
        let refused = throttle.admit(now, source, "ada");
        assert!(
            matches!(refused, Err(Error::TooMany { retry_after }) if retry_after == Duration::from_secs(10))
        );
        assert!(throttle.admit(now, source, "eve").is_ok());
        now += TimeDelta::seconds(10);
        assert!(throttle.admit(now, source, "ada").is_ok());
        assert_eq!(
            throttle.left(now, source, "ada").map(|left| left.remaining),
            Some(1)
        );
        now += TimeDelta::seconds(20);
        assert_eq!(
            throttle.left(now, source, "ada").map(|left| left.remaining),
            Some(3)
        );
    }
}
