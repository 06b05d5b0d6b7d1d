//! Who waits for whom, and since when: the source is silent while we wait for it in a read, the
//! destination is stuck while we wait for it in a write. Time in a write never counts as silence.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::protocol::parcel::{Outlet, Parcel};

/// Since when the thread that moves records waits, and for which side.
#[derive(Debug)]
pub(super) struct Pulse {
    begun: Instant,
    /// Milliseconds after the beginning, and one; 0 for not at all.
    reading: AtomicU64,
    writing: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            reading: AtomicU64::new(0),
            writing: AtomicU64::new(0),
        }
    }

    /// How long the source has said nothing while it was listened to.
    pub(super) fn source_silent(&self) -> Duration {
        self.since(&self.reading)
    }

    /// How long the destination has taken nothing of what waits for it.
    pub(super) fn destination_stuck(&self) -> Duration {
        self.since(&self.writing)
    }

    fn since(&self, mark: &AtomicU64) -> Duration {
        match mark.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            mark => self
                .begun
                .elapsed()
                .saturating_sub(Duration::from_millis(mark - 1)),
        }
    }

    fn during<T>(&self, mark: &AtomicU64, wait: impl FnOnce() -> T) -> T {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        mark.store(now + 1, Ordering::Relaxed);
        let outcome = wait();
        mark.store(0, Ordering::Relaxed);
        outcome
    }
}

/// An end of a pipe whose waits are noted.
#[derive(Debug)]
pub(super) struct Watched<P> {
    pub(super) pipe: P,
    pub(super) pulse: Arc<Pulse>,
}

impl<P: Read> Read for Watched<P> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Self { pipe, pulse } = self;
        pulse.during(&pulse.reading, || pipe.read(into))
    }
}

impl<P: Outlet> Outlet for Watched<P> {
    fn take(&mut self, parcel: &mut Parcel) -> io::Result<()> {
        let Self { pipe, pulse } = self;
        pulse.during(&pulse.writing, || pipe.take(parcel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_side_that_is_waited_for_is_late() {
        let pulse = Arc::new(Pulse::new());
        let wait = Duration::from_millis(30);
        pulse.during(&pulse.writing, || {
            std::thread::sleep(wait);
            assert_eq!(pulse.source_silent(), Duration::ZERO);
            assert!(pulse.destination_stuck() >= wait / 2);
        });
        assert_eq!(pulse.destination_stuck(), Duration::ZERO);
    }
}
