//! Stopping in two stages: first no new work and time to finish, then the end. The only place that
//! spawns tasks, so that stopping can wait for all of them.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The two stages, shared by everything that runs.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Starts a task that stopping waits for, until the hard stop drops it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let hard = self.hard.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = hard.cancelled() => {}
            }
        });
    }

    /// Resolves when no new work should be taken.
    pub async fn begun(&self) {
        self.soft.cancelled().await;
    }

    pub fn begin(&self) {
        self.soft.cancel();
    }

    /// Waits for all tasks, at most this long or until `insist` resolves; then drops what is left.
    /// Says whether everything finished by itself.
    pub async fn finish(&self, limit: Duration, insist: impl Future<Output = ()>) -> bool {
        self.begin();
        self.tasks.close();
        let finished = tokio::select! {
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(limit) => false,
            () = insist => false,
        };
        self.hard.cancel();
        self.tasks.wait().await;
        finished
    }
}
