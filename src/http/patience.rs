//! How long a connection may keep a request's head waiting. hyper asks for a timer for each head; one of the
//! runtime's would have to be entered and taken out for every request. This one only knows its time: it is looked at
//! whenever its connection is, and [`Patience::ticks`] make sure that it is looked at often enough.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time::{Interval, MissedTickBehavior};

/// How much longer than asked for it may take, as a part of the time.
const LATE: u32 = 8;

/// The timer of one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience;

impl Patience {
    /// When a connection is to be looked at though nothing came on it.
    pub(super) fn ticks(limit: Duration) -> Interval {
        let mut ticks = tokio::time::interval((limit / LATE).max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }
}

impl Timer for Patience {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Until(deadline))
    }
}

/// Ready from a time on, for whoever asks. It wakes nobody.
struct Until(Instant);

impl Sleep for Until {}

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if Instant::now() < self.0 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}
