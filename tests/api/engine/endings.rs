//! Jobs that are ended from outside, and those in which nothing moves any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use ferrobyte::domain::job::{AttemptStatus, JobStatus, JobType};
use ferrobyte::ops::work;
use serde_json::{Value, json};

use super::{begin, begin_with, first, users, users_up_to};
use crate::support::TestServer;
use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::Sync;

#[tokio::test]
async fn states_and_counts_are_stored_while_a_sync_runs_and_a_cancelled_job_keeps_them() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let table = Table::default();
    let endless = |stage: &mut Stage| {
        let mut id = stage.cursor("users");
        while !stage.should_stop() {
            stage.record("users", id);
            id += 1;
            stage.state("users", &json!({ "at": id }));
            std::thread::sleep(Duration::from_millis(1));
        }
        exit(143)
    };
    begin(&server, &Theatre::new(endless, &table));
    let id = sync.start(JobType::Sync).await;
    let running = sync.until(id, |job| job.rows_committed >= 20).await;
    assert_eq!(running.status, JobStatus::Running);
    assert!(sync.statistics(id).await[0].rows_committed >= 20);
    let asked = Instant::now();
    sync.cancel(id).await;
    let job = sync.ended(id).await;
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(job.status, JobStatus::Cancelled);
    assert_eq!(sync.attempts(id).await[0].status, AttemptStatus::Cancelled);
    let rows = table.rows("users");
    let state: Value = serde_json::from_str(&sync.states().await[0].state).expect("JSON");
    assert_eq!(
        state["at"].as_u64(),
        Some(rows.len() as u64),
        "what is stored was kept"
    );
    assert_eq!(usize::try_from(job.rows_committed), Ok(rows.len()));
}

#[tokio::test]
async fn a_job_whose_destination_is_slow_is_cancelled_within_seconds() {
    let server = TestServer::in_real_time().await;
    let source = json!({ "sourceType": "faker", "count": 20_000, "seed": 7 });
    let slow = json!({ "test_destination_type": "THROTTLED", "millis_per_record": 20 });
    let destination = json!({ "destinationType": "dev-null", "test_destination": slow });
    let sync = Sync::create(&server.admin().await, source, destination, &users()).await;
    Arc::new(work::engine(&server.app)).begin(true);
    let id = sync.start(JobType::Sync).await;
    sync.until(id, |job| job.status == JobStatus::Running).await;
    // Until the pipes are full.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = Instant::now();
    sync.cancel(id).await;
    assert_eq!(sync.ended(id).await.status, JobStatus::Cancelled);
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    println!("cancelled after {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_job_that_waits_for_its_next_attempt_is_cancelled_at_once() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    begin(&server, &Theatre::new(|_| exit(1), &Table::default()));
    let id = sync.start(JobType::Sync).await;
    sync.until(id, |job| job.status == JobStatus::Incomplete)
        .await;
    assert_eq!(sync.cancel(id).await.status, JobStatus::Cancelled);
}

#[tokio::test]
async fn a_source_that_ignores_being_asked_is_stopped_and_the_job_ends() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let deaf = |stage: &mut Stage| {
        stage.record("users", 1);
        stage.state("users", &json!({ "at": 1 }));
        std::thread::sleep(Duration::from_secs(5));
        exit(0)
    };
    begin_with(&server, &Theatre::new(deaf, &Table::default()), |engine| {
        engine.settings.grace = Duration::from_millis(100);
        engine.settings.rescue = Duration::from_millis(500);
    });
    let id = sync.start(JobType::Sync).await;
    sync.until(id, |job| job.rows_committed == 1).await;
    sync.cancel(id).await;
    assert_eq!(sync.ended(id).await.status, JobStatus::Cancelled);
}

#[tokio::test]
async fn a_source_that_falls_silent_fails_but_a_slow_destination_is_no_silence() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let source = |stage: &mut Stage| {
        if stage.run == 0 {
            stage.record("users", 0);
            return stage.hang();
        }
        // More than pipes and buffers hold.
        for id in 0..40_000 {
            stage.record("users", id);
        }
        stage.state("users", &json!({ "at": 1 }));
        stage.status("users", "COMPLETE");
        exit(0)
    };
    let table = Table::default();
    let slow = move |stage: &mut Stage| {
        if stage.run == 1 {
            std::thread::sleep(Duration::from_secs(3));
        }
        table.take(stage)
    };
    begin_with(&server, &Theatre::of(source, slow), |engine| {
        engine.settings.source_silence = Duration::from_secs(1);
        engine.settings.patience.first_wait = TimeDelta::zero();
    });
    let id = sync.start(JobType::Sync).await;
    let job = sync.ended(id).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Succeeded, 2));
    let reasons = sync.failures(id).await;
    let message = "the source said nothing for too long";
    assert_eq!(first(&reasons), ("source", "heartbeat_timeout", message));
}

#[tokio::test]
async fn a_destination_that_takes_nothing_fails() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let stuck = |stage: &mut Stage| stage.hang();
    begin_with(&server, &Theatre::of(users_up_to(10), stuck), |engine| {
        engine.settings.destination_timeout = Duration::from_secs(1);
        engine.settings.patience.complete = 1;
    });
    let id = sync.start(JobType::Sync).await;
    assert_eq!(sync.ended(id).await.status, JobStatus::Failed);
    let reasons = sync.failures(id).await;
    let message = "the destination took too long";
    assert_eq!(
        first(&reasons),
        ("destination", "destination_timeout", message)
    );
}
