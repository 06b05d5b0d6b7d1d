//! Several workers: who has a job, and what becomes of it when one goes.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use ferrobyte::domain::job::{JobStatus, JobType};
use ferrobyte::domain::schedule::{Schedule, Unit};
use ferrobyte::engine::{schedule, sweeper};
use ferrobyte::ops::work;
use serde_json::json;

use super::{begin, begin_with, users, users_up_to};
use crate::support::TestServer;
use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::Sync;

#[tokio::test]
async fn a_worker_that_is_shut_down_gives_its_job_back_and_another_goes_on() {
    let one = TestServer::start().await;
    let two = one.replica().await;
    let sync = Sync::scripted(&one.admin().await, &users()).await;
    let table = Table::default();
    let source = |stage: &mut Stage| {
        if stage.run == 0 {
            users_up_to(10)(stage);
            return stage.hang();
        }
        users_up_to(30)(stage)
    };
    let theatre = Theatre::new(source, &table);
    begin(&one, &theatre);
    let id = sync.start(JobType::Sync).await;
    sync.until(id, |job| job.rows_committed == 10).await;
    let never = std::future::pending();
    let drained = one
        .app
        .shutdown
        .finish(Duration::from_secs(15), never)
        .await;
    assert!(drained, "it stopped by itself");
    let job = sync.job(id).await;
    assert_eq!(job.status, JobStatus::Incomplete);
    assert_eq!((job.failures.complete, job.failures.partial), (0, 0));
    begin(&two, &theatre);
    let job = sync.ended(id).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Succeeded, 2));
    assert_eq!(table.rows("users"), (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_worker_that_has_lost_its_lease_stops_and_writes_nothing_more() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let table = Table::default();
    let source = |stage: &mut Stage| {
        if stage.run > 0 {
            return users_up_to(50)(stage);
        }
        users_up_to(10)(stage);
        stage.hang();
        // Too late: somebody else has the job.
        stage.record("users", 10);
        stage.state("users", &json!({ "at": 999 }));
        exit(0)
    };
    let theatre = Theatre::new(source, &table);
    let engine = begin_with(&server, &theatre, |engine| {
        engine.settings.lease = Duration::from_secs(6);
        engine.settings.patience.first_wait = TimeDelta::zero();
    });
    let id = sync.start(JobType::Sync).await;
    sync.until(id, |job| job.rows_committed == 10).await;
    // The clock jumps over the end of the lease: whoever sweeps takes the job away.
    server.wait(10);
    sweeper::round(&engine).await.expect("swept");
    let job = sync.ended(id).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Succeeded, 2));
    assert_eq!(sync.failures(id).await[0]["message"], "the worker was lost");
    assert_eq!(table.rows("users")[..], (0..50).collect::<Vec<_>>());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(sync.states().await[0].state, r#"{"at":50}"#);
    assert_eq!(sync.attempts(id).await.len(), 2);
}

#[tokio::test]
async fn two_workers_share_the_work() {
    let one = TestServer::start().await;
    let two = one.replica().await;
    let admin = one.admin().await;
    let slow = |stage: &mut Stage| {
        std::thread::sleep(Duration::from_millis(300));
        users_up_to(1)(stage)
    };
    let theatre = Theatre::new(slow, &Table::default());
    let mut syncs = Vec::new();
    for _ in 0..6 {
        syncs.push(Sync::scripted(&admin, &users()).await);
    }
    let engines =
        [&one, &two].map(|server| begin_with(server, &theatre, |engine| engine.settings.slots = 2));
    let mut jobs = Vec::new();
    for sync in &syncs {
        jobs.push(sync.start(JobType::Sync).await);
        // On SQLite there is one process in truth, and only that one is rung.
        two.app.bell.ring(ferrobyte::store::bell::Ring::Work).await;
    }
    let mut workers = BTreeMap::<_, usize>::new();
    for (sync, job) in syncs.iter().zip(jobs) {
        assert_eq!(sync.ended(job).await.status, JobStatus::Succeeded);
        let worker = sync.attempts(job).await.remove(0).worker;
        *workers.entry(worker).or_default() += 1;
    }
    let names = engines.map(|engine| engine.worker.clone());
    assert!(
        names.iter().all(|name| workers.contains_key(name)),
        "{workers:?}"
    );
}

#[tokio::test]
async fn of_two_servers_that_see_a_connection_due_one_starts_it() {
    let one = TestServer::start().await;
    let two = one.replica().await;
    let sync = Sync::scripted(&one.admin().await, &users()).await;
    let engines = [&one, &two].map(|server| work::engine(&server.app));
    let now = one.app.clock.now();
    let minutely = Schedule::Cron("0 * * * * ?".parse().expect("an expression"));
    sync.set_schedule(&minutely, now).await;
    let (a, b) = tokio::join!(schedule::round(&engines[0]), schedule::round(&engines[1]));
    a.and(b).expect("both looked");
    let job = sync.job(1).await;
    assert_eq!(
        (job.status, job.job_type),
        (JobStatus::Pending, JobType::Sync)
    );
    let mut reader = one.app.db.read().await.expect("a reader");
    let second = ferrobyte::store::jobs::fetch(&mut reader, 2)
        .await
        .expect("an answer");
    assert!(second.is_none(), "{second:?}");
    assert_eq!(sync.next_run_at().await, Some(now + TimeDelta::minutes(1)));

    // The job still waits at the next tick, which passes.
    one.wait(60);
    schedule::round(&engines[0]).await.expect("a look");
    assert_eq!(sync.next_run_at().await, Some(now + TimeDelta::minutes(2)));
    assert_eq!(sync.job(1).await.status, JobStatus::Pending);

    // What counts from the start of the run before begins as soon as that is over.
    let hourly = Schedule::Basic {
        every: 1,
        unit: Unit::Hours,
    };
    sync.set_schedule(&hourly, one.app.clock.now()).await;
    schedule::round(&engines[0]).await.expect("a look");
    sync.cancel(1).await;
    one.wait(10);
    schedule::round(&engines[0]).await.expect("a look");
    assert_eq!(sync.job(2).await.status, JobStatus::Pending);
    let next = one.app.clock.now() + TimeDelta::hours(1);
    assert_eq!(sync.next_run_at().await, Some(next));
}
