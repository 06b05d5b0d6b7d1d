//! What a request's change hangs on, asked at the last moment: when its transaction is about to be committed.
//! By then the rows that it changes are its own, while everybody else, and so whoever checks the condition,
//! still sees them as they were. So nothing can slip in between the question and the commit, and no function
//! that changes something has to know that there is a condition.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Result;

tokio::task_local! {
    static CONDITION: Arc<Condition>;
}

/// Asked before the first commit of the work that is done under it; when it does not hold, nothing is
/// committed.
pub struct Condition {
    check: Check,
    asked: AtomicBool,
}

/// Finds out whether it holds.
pub type Check = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + Sync>;

impl Condition {
    /// The check must not write, and finds the database as everybody else does.
    #[must_use]
    pub fn new(check: Check) -> Arc<Self> {
        Arc::new(Self {
            check,
            asked: AtomicBool::new(false),
        })
    }

    /// Does the work, none of whose transactions is committed unless the condition holds. Tasks that it
    /// spawns are on their own.
    pub async fn guard<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        CONDITION.scope(Arc::clone(self), work).await
    }

    /// Asks, unless that was done.
    ///
    /// # Errors
    /// What the check says when the condition does not hold.
    pub async fn hold(&self) -> Result<()> {
        if self.asked.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        (self.check)().await
    }
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Condition")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

/// Asks the condition of this task, if it has one.
pub(super) async fn hold() -> Result<()> {
    match CONDITION.try_with(Arc::clone) {
        Ok(condition) => condition.hold().await,
        Err(_) => Ok(()),
    }
}
