//! History within bounds: what is old goes, with everything about it; what is not over stays.

use std::sync::Arc;

use ferrobyte::domain::job::{JobStatus, JobType};
use ferrobyte::engine::retention::{self, Removed};
use ferrobyte::ops::work;

use crate::support::TestServer;
use crate::support::syncs::{Sync, stream};
use crate::support::worker::Worker;

const DAY: i64 = 86_400;

/// A job with a log of `pieces` pieces; unless it ends it runs on.
async fn job(server: &TestServer, sync: &Sync, pieces: usize, ends: bool) -> i64 {
    let id = sync.start(JobType::Sync).await;
    let mut worker = Worker::takes(server).await;
    for _ in 0..pieces {
        worker
            .logs(&[("INFO", "a line"), ("INFO", "another one")])
            .await;
    }
    worker.commits("users", 1, "{}").await;
    if ends {
        worker.ends(JobStatus::Succeeded).await;
    }
    id
}

async fn round(server: &TestServer) -> Removed {
    let engine = work::engine(&server.app);
    retention::round(&engine).await.expect("a round")
}

#[tokio::test]
async fn logs_and_then_jobs_go_when_they_are_old() {
    let server = TestServer::with(&[("retention.logs", "10d"), ("retention.jobs", "20d")]).await;
    let admin = server.admin().await;
    let users = [stream("users", "incremental", "append")];
    let (sync, other) = (
        Sync::scripted(&admin, &users).await,
        Sync::scripted(&admin, &users).await,
    );
    // More than one transaction removes.
    let old = job(&server, &sync, 450, true).await;
    let alive = job(&server, &other, 3, false).await;
    server.wait(11 * DAY);
    let new = job(&server, &sync, 2, true).await;
    let removed = round(&server).await;
    assert_eq!((removed.pieces, removed.jobs), (450, 0));
    assert!(sync.log(old).await.is_empty());
    assert_eq!(other.log(alive).await.len(), 6, "it has not ended");
    assert_eq!(sync.log(new).await.len(), 4);
    assert_eq!(sync.job(old).await.status, JobStatus::Succeeded);

    server.wait(10 * DAY);
    let removed = round(&server).await;
    assert_eq!((removed.pieces, removed.jobs), (0, 1));
    let admin = server.admin().await;
    admin.get(&format!("/jobs/{old}")).await.problem(404);
    assert!(sync.attempts(old).await.is_empty());
    assert!(sync.statistics(old).await.is_empty());
    assert_eq!(other.job(alive).await.status, JobStatus::Running);
    assert_eq!(sync.log(new).await.len(), 4);
    assert_eq!(round(&server).await, Removed::default());
}

#[tokio::test]
async fn the_oldest_logs_go_when_all_together_are_too_large() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(
        &server.admin().await,
        &[stream("users", "incremental", "append")],
    )
    .await;
    let mut jobs = Vec::new();
    for _ in 0..5 {
        jobs.push(job(&server, &sync, 10, true).await);
    }
    let mut engine = work::engine(&server.app);
    // About the two lines of a piece.
    let piece = 150;
    // Room for two jobs, and not for a third.
    engine.settings.retention.logs_size = 10 * piece * 5 / 2;
    let engine = Arc::new(engine);
    let removed = retention::round(&engine).await.expect("a round");
    let mut left = Vec::new();
    for job in &jobs {
        left.push(sync.log(*job).await.len());
    }
    assert_eq!((left, removed.pieces), (vec![0, 0, 0, 20, 20], 30));
    assert_eq!(
        retention::round(&engine).await.expect("a round"),
        Removed::default()
    );
}
