//! Jobs from the request to their end, with connectors that are compiled in and with scripted ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use ferrobyte::connector::Exit;
use ferrobyte::domain::definition::Kind;
use ferrobyte::domain::job::{AttemptStatus, JobStatus, JobType};
use ferrobyte::domain::schedule::{Schedule, Unit};
use ferrobyte::engine::{Engine, schedule, sweeper};
use ferrobyte::ops::work;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::{Sync, stream};

/// The engine of a server, at work with scripted connectors.
fn begin(server: &TestServer, theatre: &Theatre) -> Arc<Engine> {
    begin_with(server, theatre, |_| {})
}

fn begin_with(
    server: &TestServer,
    theatre: &Theatre,
    change: impl FnOnce(&mut Engine),
) -> Arc<Engine> {
    let mut engine = work::engine(&server.app);
    engine.launcher = Arc::new(theatre.clone());
    // Enough for a thread that looks whether it is to stop.
    engine.settings.grace = Duration::from_secs(2);
    change(&mut engine);
    let engine = Arc::new(engine);
    engine.begin(true);
    engine
}

fn users() -> Vec<Value> {
    vec![stream("users", "incremental", "append")]
}

/// Reads users from the cursor up to here, a state after every ten, and says that this is all.
fn users_up_to(end: u64) -> impl Fn(&mut Stage) -> Exit {
    move |stage| {
        let start = stage.cursor("users");
        for id in start..end {
            stage.record("users", id);
            if (id + 1) % 10 == 0 || id + 1 == end {
                stage.state("users", &json!({ "at": id + 1 }));
            }
        }
        stage.status("users", "COMPLETE");
        exit(0)
    }
}

#[tokio::test]
async fn sample_data_arrives_in_files_and_every_row_is_there_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a path");
    let server = TestServer::with(&[("database.data_dir", path)]).await;
    let source = json!({ "sourceType": "faker", "count": 500, "seed": 7, "always_updated": false,
                         "records_per_slice": 100 });
    let destination = json!({ "destinationType": "local-json", "destination_path": "/local/pets" });
    let streams = [
        stream("users", "incremental", "append"),
        stream("products", "full_refresh", "overwrite"),
    ];
    let sync = Sync::create(&server.admin().await, source, destination, &streams).await;
    let engine = Arc::new(work::engine(&server.app));
    engine.begin(true);
    let first = sync.start(JobType::Sync).await;
    let job = sync.ended(first).await;
    assert_eq!(
        job.status,
        JobStatus::Succeeded,
        "{:?}",
        sync.log(first).await
    );
    let files = directory.path().join("local").join("pets");
    assert_eq!(
        ids(&files.join("users.jsonl")),
        (1..=500).collect::<Vec<_>>()
    );
    let products = ids(&files.join("products.jsonl"));
    assert_eq!(products.len(), 100);
    assert_eq!(job.rows_committed, 600);
    let statistics = sync.statistics(first).await;
    let by_stream: BTreeMap<_, _> = statistics
        .iter()
        .map(|one| (one.name.as_str(), (one.rows_emitted, one.rows_committed)))
        .collect();
    assert_eq!(by_stream["users"], (500, 500));
    assert_eq!(by_stream["products"], (100, 100));
    assert!(statistics.iter().all(|one| one.status == "complete"));

    // Nothing new at the source: users go on where they were, products are replaced.
    let second = sync.start(JobType::Sync).await;
    let job = sync.ended(second).await;
    assert_eq!(
        job.status,
        JobStatus::Succeeded,
        "{:?}",
        sync.log(second).await
    );
    assert_eq!(ids(&files.join("users.jsonl")).len(), 500);
    assert_eq!(ids(&files.join("products.jsonl")), products);
    assert_eq!(job.rows_committed, 100);

    // A clear empties both, and forgets how far users had come.
    let third = sync.start(JobType::Clear).await;
    let job = sync.ended(third).await;
    assert_eq!(
        job.status,
        JobStatus::Succeeded,
        "{:?}",
        sync.log(third).await
    );
    assert_eq!(ids(&files.join("users.jsonl")), [0_u64; 0]);
    assert_eq!(ids(&files.join("products.jsonl")), [0_u64; 0]);
    assert!(sync.states().await.is_empty());
    let fourth = sync.start(JobType::Sync).await;
    assert_eq!(sync.ended(fourth).await.status, JobStatus::Succeeded);
    assert_eq!(ids(&files.join("users.jsonl")).len(), 500);
}

/// The ids in a file of JSON lines, sorted. Each line must be whole.
fn ids(file: &Path) -> Vec<u64> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let id = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("a row");
        row["_airbyte_data"]["id"].as_u64().expect("an id")
    };
    let mut ids: Vec<_> = text.lines().map(id).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_sync_goes_on_from_the_state_that_was_acknowledged() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let (table, end) = (Table::default(), Arc::new(AtomicU64::new(25)));
    let upto = Arc::clone(&end);
    let theatre = Theatre::new(
        move |stage| users_up_to(upto.load(Ordering::SeqCst))(stage),
        &table,
    );
    begin(&server, &theatre);
    let job = sync.start(JobType::Sync).await;
    assert_eq!(sync.ended(job).await.status, JobStatus::Succeeded);
    assert_eq!(sync.states().await[0].state, r#"{"at":25}"#);
    end.store(40, Ordering::SeqCst);
    let job = sync.start(JobType::Sync).await;
    let job = sync.ended(job).await;
    assert_eq!((job.status, job.rows_committed), (JobStatus::Succeeded, 15));
    assert_eq!(table.rows("users"), (0..40).collect::<Vec<_>>());
    let given = &theatre.seen(Kind::Source)[1];
    let expected = json!([{"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {"at": 25}}}]);
    assert_eq!(given.state.as_ref(), Some(&expected));
    let configured = &given.catalog["streams"][0];
    assert_eq!(configured["generation_id"], 0);
    assert_eq!(configured["minimum_generation_id"], 0);
    assert_eq!(configured["sync_id"], job.id);
}

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

/// What a job looks like whose first attempt is its last one because it failed like this.
async fn fails(
    source: impl Fn(&mut Stage) -> Exit + Send + std::marker::Sync + 'static,
    destination: impl Fn(&mut Stage) -> Exit + Send + std::marker::Sync + 'static,
) -> (Vec<Value>, Vec<String>) {
    let server = TestServer::start().await;
    let streams = [
        stream("users", "incremental", "append"),
        stream("orders", "incremental", "append"),
    ];
    let sync = Sync::scripted(&server.admin().await, &streams).await;
    begin_with(&server, &Theatre::of(source, destination), |engine| {
        engine.settings.patience.complete = 1;
        engine.settings.patience.partial = 1;
    });
    let id = sync.start(JobType::Sync).await;
    let job = sync.ended(id).await;
    assert_eq!(job.status, JobStatus::Failed, "{:?}", sync.log(id).await);
    (sync.failures(id).await, sync.log(id).await)
}

fn both(stage: &mut Stage) -> Exit {
    for stream in ["users", "orders"] {
        stage.record(stream, 1);
        stage.state(stream, &json!({ "at": 1 }));
        stage.status(stream, "COMPLETE");
    }
    exit(0)
}

fn table() -> impl Fn(&mut Stage) -> Exit {
    let table = Table::default();
    move |stage| table.take(stage)
}

fn first(reasons: &[Value]) -> (&str, &str, &str) {
    let text = |name: &str| reasons[0][name].as_str().expect("text");
    (text("origin"), text("type"), text("message"))
}

#[tokio::test]
async fn exit_code_0_with_an_incomplete_stream_is_a_failure() {
    let source = |stage: &mut Stage| {
        stage.status("users", "COMPLETE");
        stage.status("orders", "INCOMPLETE");
        exit(0)
    };
    let (reasons, _) = fails(source, table()).await;
    let message = "the source did not read all of orders";
    assert_eq!(first(&reasons), ("source", "system_error", message));
    assert_eq!(reasons[0]["stream"], "orders");
}

#[tokio::test]
async fn a_source_that_speaks_of_its_streams_has_to_complete_each() {
    let source = |stage: &mut Stage| {
        stage.status("users", "COMPLETE");
        exit(0)
    };
    let (reasons, _) = fails(source, table()).await;
    assert_eq!(first(&reasons).2, "the source did not read all of orders");
}

#[tokio::test]
async fn a_source_that_says_nothing_of_its_streams_has_read_them_all() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let table = Table::default();
    let source = |stage: &mut Stage| {
        stage.record("users", 1);
        exit(0)
    };
    begin(&server, &Theatre::new(source, &table));
    let id = sync.start(JobType::Sync).await;
    let job = sync.ended(id).await;
    assert_eq!((job.status, job.rows_committed), (JobStatus::Succeeded, 1));
    assert_eq!(table.rows("users"), [1]);
    assert!(
        sync.states().await.is_empty(),
        "what we made up is not stored"
    );
}

#[tokio::test]
async fn a_source_without_memory_is_named_so() {
    let source = |stage: &mut Stage| {
        stage.record("users", 1);
        Exit {
            signal: Some(9),
            out_of_memory: true,
            ..Exit::default()
        }
    };
    let (reasons, _) = fails(source, table()).await;
    assert_eq!(
        first(&reasons),
        ("source", "system_error", "the source ran out of memory")
    );
}

#[tokio::test]
async fn garbage_is_logged_and_a_cut_line_fails() {
    let source = |stage: &mut Stage| {
        stage.print("hello\n{\"type\":\"UNKNOWN\"}\n");
        stage.print("{\"type\":\"RECORD\",\"record\":{\"stream\":\"users\",\"da");
        exit(0)
    };
    let (reasons, log) = fails(source, table()).await;
    assert_eq!(first(&reasons).2, "the source's output ended within a line");
    assert!(log.contains(&"source INFO hello".to_owned()), "{log:?}");
}

#[tokio::test]
async fn a_record_of_a_stream_that_nobody_asked_for_fails() {
    let source = |stage: &mut Stage| {
        stage.record("pets", 1);
        both(stage)
    };
    let (reasons, _) = fails(source, table()).await;
    assert!(first(&reasons).2.contains("pets"), "{reasons:?}");
}

#[tokio::test]
async fn a_destination_that_fails_is_the_first_reason() {
    let destination = |stage: &mut Stage| {
        stage.error("config_error", "the disk is read-only");
        exit(1)
    };
    let endless = |stage: &mut Stage| {
        while stage.record("users", 1) && !stage.should_stop() {}
        exit(120)
    };
    let (reasons, _) = fails(endless, destination).await;
    assert_eq!(
        first(&reasons),
        ("destination", "config_error", "the disk is read-only")
    );
}

#[tokio::test]
async fn a_destination_that_ends_well_without_giving_back_every_state_has_failed() {
    let destination = |stage: &mut Stage| {
        let mut all = String::new();
        let input = stage.input.as_mut().expect("an input");
        std::io::Read::read_to_string(input, &mut all).expect("its input");
        exit(0)
    };
    let (reasons, _) = fails(both, destination).await;
    let (origin, _, message) = first(&reasons);
    assert_eq!(origin, "destination");
    assert_eq!(
        message,
        "the destination ended without giving back 2 states"
    );
}

#[tokio::test]
async fn a_destination_that_ends_early_and_well_has_failed() {
    let silent = |stage: &mut Stage| stage.hang();
    let (reasons, _) = fails(silent, |_: &mut Stage| exit(0)).await;
    assert_eq!(first(&reasons).0, "destination");
}

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
async fn a_new_configuration_is_stored_while_the_connector_still_runs() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let sync = Sync::scripted(&admin, &users()).await;
    let source = |stage: &mut Stage| {
        let config = json!({ "count": 77, "__injected_declarative_manifest": {} });
        stage.say(
            &json!({"type": "CONTROL", "control": {"type": "CONNECTOR_CONFIG", "emitted_at": 1,
            "connectorConfig": {"config": config}}}),
        );
        stage.hang()
    };
    begin(&server, &Theatre::new(source, &Table::default()));
    let id = sync.start(JobType::Sync).await;
    let path = format!("/sources/{}", sync.connection.source_id);
    let begun = Instant::now();
    loop {
        let configuration = admin.get(&path).await.ok(200)["configuration"].clone();
        if configuration["count"] == 77 {
            let expected = json!({ "sourceType": "faker", "count": 77 });
            assert_eq!(configuration, expected);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{configuration}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(sync.job(id).await.status, JobStatus::Running);
    sync.cancel(id).await;
    sync.ended(id).await;
}

#[tokio::test]
async fn generations_grow_once_a_job_and_streams_that_cannot_be_resumed_begin_anew() {
    let server = TestServer::start().await;
    let mut resumable = stream("orders", "full_refresh", "overwrite");
    resumable["stream"]["is_resumable"] = true.into();
    let streams = [
        stream("users", "full_refresh", "overwrite"),
        resumable,
        stream("pets", "incremental", "append"),
    ];
    let sync = Sync::scripted(&server.admin().await, &streams).await;
    let source = |stage: &mut Stage| {
        for stream in ["users", "orders", "pets"] {
            stage.record(stream, 1);
            stage.state(stream, &json!({ "at": 1 }));
            stage.status(stream, "COMPLETE");
        }
        // The first attempt of each job fails.
        exit(i32::from(stage.run.is_multiple_of(2)))
    };
    let table = Table::default();
    let theatre = Theatre::new(source, &table);
    begin(&server, &theatre);
    for _ in 0..2 {
        let id = sync.start(JobType::Sync).await;
        assert_eq!(sync.ended(id).await.attempts, 2);
    }
    let id = sync.start_with(JobType::Refresh, Some(&["pets"])).await;
    sync.ended(id).await;
    let seen = theatre.seen(Kind::Source);
    let of = |run: usize| {
        let streams = seen[run].catalog["streams"].as_array().expect("streams");
        let one = |one: &Value| {
            let number = |name: &str| one[name].as_i64().expect("a number");
            (number("generation_id"), number("minimum_generation_id"))
        };
        streams.iter().map(one).collect::<Vec<_>>()
    };
    // users, orders, pets: generation and minimum.
    assert_eq!(of(0), [(1, 1), (1, 1), (0, 0)]);
    assert_eq!(of(1), [(2, 2), (1, 1), (0, 0)]);
    assert_eq!(of(2), [(3, 3), (2, 2), (0, 0)]);
    assert_eq!(of(3), [(4, 4), (2, 2), (0, 0)]);
    assert_eq!(of(4), [(5, 5), (3, 3), (1, 1)], "pets are read anew");
    assert_eq!(of(5), [(6, 6), (3, 3), (1, 1)], "once");
    let given = |run: usize| {
        let states = seen[run].state.as_ref().and_then(Value::as_array);
        let name = |state: &Value| state["stream"]["stream_descriptor"]["name"].to_string();
        let mut names: Vec<_> = states.into_iter().flatten().map(name).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(given(0), "");
    assert_eq!(given(1), r#""orders" "pets""#, "users begin anew");
    assert_eq!(given(2), r#""pets""#, "a new job");
    assert_eq!(given(4), "", "pets were refreshed");
    assert_eq!(given(5), r#""orders" "pets""#);
}

#[tokio::test]
async fn a_clear_of_some_streams_leaves_the_others() {
    let server = TestServer::start().await;
    let streams = [
        stream("users", "incremental", "append"),
        stream("orders", "incremental", "append"),
    ];
    let sync = Sync::scripted(&server.admin().await, &streams).await;
    let table = Table::default();
    let theatre = Theatre::new(both, &table);
    begin(&server, &theatre);
    let id = sync.start(JobType::Sync).await;
    assert_eq!(sync.ended(id).await.status, JobStatus::Succeeded);
    let id = sync.start_with(JobType::Clear, Some(&["orders"])).await;
    assert_eq!(sync.ended(id).await.status, JobStatus::Succeeded);
    assert_eq!(
        theatre.seen(Kind::Source).len(),
        1,
        "a clear asks no source"
    );
    let given = &theatre.seen(Kind::Destination)[1].catalog["streams"];
    assert_eq!(given.as_array().expect("streams").len(), 1);
    assert_eq!(given[0]["stream"]["name"], "orders");
    assert_eq!(given[0]["destination_sync_mode"], "overwrite");
    assert_eq!(given[0]["minimum_generation_id"], 1);
    assert_eq!(
        (table.rows("users"), table.rows("orders")),
        (vec![1], vec![])
    );
    let states = sync.states().await;
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].name, "users");
}

#[tokio::test]
async fn a_state_for_all_streams_is_kept_whole_and_a_legacy_one_cannot_be_taken_apart() {
    let server = TestServer::start().await;
    let streams = [
        stream("users", "incremental", "append"),
        stream("orders", "incremental", "append"),
    ];
    let sync = Sync::scripted(&server.admin().await, &streams).await;
    let source = |stage: &mut Stage| {
        let own =
            |name: &str| json!({"stream_descriptor": {"name": name}, "stream_state": {"a": 1}});
        let global = json!({"type": "GLOBAL", "global": {"shared_state": {"lsn": 7},
                            "stream_states": [own("users"), own("orders")]}});
        let legacy = json!({"data": {"cursor": 3}});
        let state = if stage.run < 2 { global } else { legacy };
        stage.say(&json!({"type": "STATE", "state": state}));
        exit(0)
    };
    let theatre = Theatre::new(source, &Table::default());
    begin(&server, &theatre);
    let run = async |job_type, streams: Option<&[&str]>| {
        let id = sync.start_with(job_type, streams).await;
        (sync.ended(id).await.status, sync.failures(id).await)
    };
    assert_eq!(run(JobType::Sync, None).await.0, JobStatus::Succeeded);
    assert_eq!(
        run(JobType::Clear, Some(&["users"])).await.0,
        JobStatus::Succeeded
    );
    assert_eq!(run(JobType::Sync, None).await.0, JobStatus::Succeeded);
    let given = theatre.seen(Kind::Source)[1]
        .state
        .clone()
        .expect("a state");
    let global = &given[0]["global"];
    assert_eq!(global["shared_state"], json!({ "lsn": 7 }));
    let left = global["stream_states"].as_array().expect("states");
    let of = |name: &str| {
        left.iter()
            .find(|one| one["stream_descriptor"]["name"] == name)
    };
    assert_eq!(
        of("orders").expect("orders")["stream_state"],
        json!({ "a": 1 })
    );
    assert!(
        of("users").is_none_or(|one| one.get("stream_state").is_none()),
        "{left:?}"
    );

    assert_eq!(run(JobType::Sync, None).await.0, JobStatus::Succeeded);
    let (status, reasons) = run(JobType::Clear, Some(&["users"])).await;
    assert_eq!(status, JobStatus::Failed);
    assert_eq!(reasons[0]["type"], "config_error");
    assert_eq!(run(JobType::Sync, None).await.0, JobStatus::Succeeded);
    let given = theatre.seen(Kind::Source)[3].state.clone();
    assert_eq!(given, Some(json!({ "cursor": 3 })));
    assert_eq!(run(JobType::Clear, None).await.0, JobStatus::Succeeded);
    assert!(sync.states().await.is_empty());
}

#[tokio::test]
async fn a_connection_that_is_switched_off_runs_nothing() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let theatre = Theatre::new(users_up_to(1), &Table::default());
    sync.set_status("inactive").await;
    begin(&server, &theatre);
    let id = sync.start(JobType::Sync).await;
    assert_eq!(sync.ended(id).await.status, JobStatus::Cancelled);
    assert!(theatre.seen(Kind::Source).is_empty());
}

#[tokio::test]
async fn a_connection_without_streams_succeeds_with_nothing() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &[]).await;
    let theatre = Theatre::new(users_up_to(1), &Table::default());
    begin(&server, &theatre);
    let id = sync.start(JobType::Sync).await;
    let job = sync.ended(id).await;
    assert_eq!((job.status, job.rows_committed), (JobStatus::Succeeded, 0));
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
