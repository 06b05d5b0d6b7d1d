//! What follows a failed attempt, and when no other does.

use chrono::TimeDelta;
use ferrobyte::domain::job::{AttemptStatus, JobStatus, JobType};

use super::{begin, users, users_up_to};
use crate::support::TestServer;
use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::Sync;

#[tokio::test]
async fn a_failed_attempt_is_followed_by_another_from_the_last_state() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let table = Table::default();
    let source = |stage: &mut Stage| {
        if stage.run < 2 {
            users_up_to(20 * (stage.run as u64 + 1))(stage);
            stage.record("users", 99);
            stage.error("transient_error", "the other side hung up");
            return exit(1);
        }
        users_up_to(60)(stage)
    };
    let theatre = Theatre::new(source, &table);
    begin(&server, &theatre);
    let id = sync.start(JobType::Sync).await;
    // Attempts that make progress are followed by others at once.
    let job = sync.ended(id).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Succeeded, 3));
    assert_eq!(table.rows("users"), (0..60).collect::<Vec<_>>());
    assert_eq!(job.rows_committed, 60, "of all attempts together");
    assert_eq!((job.failures.partial, job.failures.complete), (2, 0));
    let reasons = sync.failures(id).await;
    assert_eq!(reasons[0]["message"], "the other side hung up");
    assert_eq!(reasons[0]["origin"], "source");
    assert_eq!(reasons[0]["type"], "transient_error");
    let attempts = sync.attempts(id).await;
    let statuses: Vec<_> = attempts.iter().map(|attempt| attempt.status).collect();
    let (failed, succeeded) = (AttemptStatus::Failed, AttemptStatus::Succeeded);
    assert_eq!(statuses, [failed, failed, succeeded]);
}

#[tokio::test]
async fn attempts_without_progress_wait_and_then_there_are_no_more() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let source = |stage: &mut Stage| {
        stage.complain("Traceback: no route to host");
        exit(7)
    };
    begin(&server, &Theatre::new(source, &Table::default()));
    let id = sync.start(JobType::Sync).await;
    for (attempts, wait) in [(1, 10), (2, 30), (3, 90), (4, 270)] {
        let waits = |job: &ferrobyte::domain::job::Job| {
            job.attempts == attempts && job.status == JobStatus::Incomplete
        };
        let job = sync.until(id, waits).await;
        let now = server.app.clock.now();
        assert_eq!(job.run_at, now + TimeDelta::seconds(wait));
        server.wait(wait);
        server
            .app
            .bell
            .ring(ferrobyte::store::bell::Ring::Work)
            .await;
    }
    let job = sync.ended(id).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Failed, 5));
    let reason = &sync.failures(id).await[0];
    assert_eq!(reason["message"], "the source ended with exit code 7");
    assert_eq!(reason["internalMessage"], "Traceback: no route to host");
    assert!(job.failure.expect("a reason").contains("exit code 7"));
}

#[tokio::test]
async fn a_wrong_configuration_is_not_tried_again_and_the_first_reason_counts() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let source = |stage: &mut Stage| {
        stage.error("config_error", "the password is wrong");
        stage.error("system_error", "everything fell over");
        exit(1)
    };
    begin(&server, &Theatre::new(source, &Table::default()));
    let id = sync.start(JobType::Sync).await;
    let job = sync.ended(id).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Failed, 1));
    let reasons = sync.failures(id).await;
    let messages: Vec<_> = reasons.iter().map(|one| one["message"].as_str()).collect();
    assert_eq!(
        messages[..2],
        [Some("the password is wrong"), Some("everything fell over")]
    );
    assert_eq!(reasons[0]["type"], "config_error");
}
