//! A connector at work, as the attempt sees it: its end may come by itself or be brought about.

use std::time::Duration;

use crate::connector::{Exit, Handle};

/// How long a connector may take to end after its output has.
const LINGER: Duration = Duration::from_secs(30);

/// A connector that was started. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    handle: Box<dyn Handle>,
    grace: Duration,
    exit: Option<Exit>,
    /// We ended it.
    stopped: bool,
}

/// How a connector ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Ended {
    pub(super) exit: Exit,
    /// It did not end by itself.
    pub(super) stopped: bool,
}

impl Process {
    pub(super) fn new(handle: Box<dyn Handle>, grace: Duration) -> Self {
        Self {
            handle,
            grace,
            exit: None,
            stopped: false,
        }
    }

    /// It gets no more than this to end by itself once it is stopped.
    pub(super) fn hurry(&mut self, grace: Duration) {
        self.grace = self.grace.min(grace);
    }

    /// Asks it to end, then insists.
    pub(super) async fn stop(&mut self) {
        if self.exit.is_none() {
            self.stopped = true;
            // An answer that does not come must not hold up the attempt.
            let stopping = self.handle.stop(self.grace);
            let stopped = tokio::time::timeout(self.grace + LINGER, stopping).await;
            self.exit = Some(stopped.unwrap_or_default());
        }
    }

    /// Waits for its end, which should come soon.
    pub(super) async fn end(&mut self) -> Ended {
        if self.exit.is_none() {
            match tokio::time::timeout(LINGER, self.handle.wait()).await {
                Ok(exit) => self.exit = Some(exit),
                Err(_) => self.stop().await,
            }
        }
        Ended {
            exit: self.exit.clone().unwrap_or_default(),
            stopped: self.stopped,
        }
    }
}

impl Ended {
    /// By itself, and without a complaint.
    pub(super) fn well() -> Self {
        Self {
            exit: Exit {
                code: Some(0),
                ..Exit::default()
            },
            stopped: false,
        }
    }
}
