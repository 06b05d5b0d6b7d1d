//! Workers as processes: `serve --role worker`, killed and stopped in the middle of their work. What
//! arrives is compared with an independent reading of what the source has.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ferrobyte::domain::job::{AttemptStatus, JobId, JobStatus, JobType};
use serde_json::{Value, json};

use crate::support::syncs::{Sync, stream};
use crate::support::{TestServer, VAULT_KEY};

/// People whom the source has. Enough that a sync takes a while, however fast this build is.
const USERS: u64 = if cfg!(debug_assertions) {
    60_000
} else {
    3_000_000
};

/// A worker, killed when dropped.
pub struct Worker(Child);

impl Worker {
    /// Starts one beside a server, on its database.
    pub fn start(server: &TestServer, directory: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ferrobyte"))
            .env_clear()
            .env("FERROBYTE_DATA_DIR", directory)
            .env("FERROBYTE_VAULT_KEY", VAULT_KEY)
            .env("FERROBYTE_WORKER_LEASE", "2s")
            .env("FERROBYTE_WORKER_POLL", "1s")
            .envs(postgres(server))
            .args(["serve", "--role", "worker"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let mut first = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut first)
            .expect("a line");
        assert!(first.contains("jobs at once"), "{first}");
        Self(child)
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.0.id().to_string())
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn postgres(server: &TestServer) -> Option<(&'static str, String)> {
    let url = &server.database().url;
    (!url.starts_with("sqlite:")).then(|| ("DATABASE_URL", url.clone()))
}

/// Where a worker finds the same database, and where it writes files.
pub fn home(server: &TestServer, other: &Path) -> PathBuf {
    match server.database().url.strip_prefix("sqlite:") {
        Some(file) => Path::new(file).parent().expect("a directory").to_owned(),
        None => other.to_owned(),
    }
}

async fn users_into_files(server: &TestServer) -> Sync {
    let source =
        json!({ "sourceType": "faker", "count": USERS, "seed": 7, "always_updated": false });
    let destination = json!({ "destinationType": "local-json", "destination_path": "/local/pets" });
    let streams = [stream("users", "incremental", "append")];
    Sync::create(&server.admin().await, source, destination, &streams).await
}

/// Waits until a job has committed more rows than that, or has ended.
async fn more_than(sync: &Sync, job: JobId, rows: i64) -> i64 {
    let more =
        |job: &ferrobyte::domain::job::Job| job.rows_committed > rows || job.status.is_final();
    sync.until(job, more).await.rows_committed
}

/// How far users had come when their last state was stored.
async fn offset(sync: &Sync) -> u64 {
    let states = sync.states().await;
    let state: Value = serde_json::from_str(&states[0].state).expect("JSON");
    state["loop_offset"].as_u64().expect("an offset")
}

/// How often each id is in a file of JSON lines.
fn counts(file: &Path) -> HashMap<u64, usize> {
    let text = std::fs::read_to_string(file).expect("a file");
    let mut counts = HashMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a whole row");
        let id = row["_airbyte_data"]["id"].as_u64().expect("an id");
        *counts.entry(id).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn workers_that_are_killed_lose_no_row() {
    let server = TestServer::in_real_time().await;
    let other = tempfile::tempdir().expect("a directory");
    let home = home(&server, other.path());
    let sync = users_into_files(&server).await;
    let job = sync.start(JobType::Sync).await;
    let mut committed = 0;
    // Up to where it was safe when each worker was killed.
    let mut safe = Vec::new();
    for _ in 0..3 {
        let worker = Worker::start(&server, &home);
        committed = more_than(&sync, job, committed).await;
        drop(worker);
        safe.push(offset(&sync).await);
    }
    assert_eq!(
        sync.job(job).await.status,
        JobStatus::Running,
        "nobody knows yet"
    );
    assert!(
        committed < USERS.cast_signed(),
        "it was killed in the middle"
    );
    let killed = Instant::now();
    let _worker = Worker::start(&server, &home);
    let taken_over = |job: &ferrobyte::domain::job::Job| job.attempts == 4;
    sync.until(job, taken_over).await;
    assert!(
        killed.elapsed() < Duration::from_secs(10),
        "{:?}",
        killed.elapsed()
    );
    let job = sync.ended(job).await;
    assert_eq!(
        job.status,
        JobStatus::Succeeded,
        "{:?}",
        sync.log(job.id).await
    );
    assert_eq!(job.rows_committed, USERS.cast_signed());
    for attempt in &sync.attempts(job.id).await[..3] {
        assert!(
            attempt.failures.contains("the worker was lost"),
            "{attempt:?}"
        );
    }
    let counts = counts(&home.join("local/pets/users.jsonl"));
    let mut missing = (1..=USERS).filter(|id| !counts.contains_key(id));
    assert_eq!(missing.next(), None, "no row is lost");
    assert_eq!(counts.len() as u64, USERS, "and none is made up");
    // A row may be there again for each worker that was killed before its state was stored.
    for (id, count) in counts {
        let before = safe.iter().filter(|safe| **safe < id).count();
        assert!(count <= 1 + before, "{id} is there {count} times: {safe:?}");
    }
}

#[tokio::test]
async fn a_worker_that_is_asked_to_stop_gives_its_job_back_at_once() {
    let server = TestServer::in_real_time().await;
    let other = tempfile::tempdir().expect("a directory");
    let home = home(&server, other.path());
    let sync = users_into_files(&server).await;
    let job = sync.start(JobType::Sync).await;
    let mut first = Worker::start(&server, &home);
    more_than(&sync, job, 0).await;
    first.signal("TERM");
    let ended = tokio::task::spawn_blocking(move || first.0.wait().expect("an end"));
    let ended = tokio::time::timeout(Duration::from_secs(15), ended).await;
    assert!(ended.expect("in time").expect("a thread").success());
    let given_back = sync.job(job).await;
    assert_eq!(given_back.status, JobStatus::Incomplete);
    assert_eq!(
        (given_back.failures.complete, given_back.failures.partial),
        (0, 0)
    );
    let _second = Worker::start(&server, &home);
    let job = sync.ended(job).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Succeeded, 2));
    assert_eq!(
        counts(&home.join("local/pets/users.jsonl")).len() as u64,
        USERS
    );
}

#[tokio::test]
async fn a_worker_that_slept_beyond_its_lease_changes_nothing_when_it_wakes() {
    if !crate::support::engine::is_postgres() {
        return; // a process that sleeps in the middle of a transaction keeps all of SQLite
    }
    let server = TestServer::in_real_time().await;
    let (one, two) = [(); 2]
        .map(|()| tempfile::tempdir().expect("a directory"))
        .into();
    let sync = users_into_files(&server).await;
    let job = sync.start(JobType::Sync).await;
    let sleeper = Worker::start(&server, one.path());
    more_than(&sync, job, 0).await;
    sleeper.signal("STOP");
    let _other = Worker::start(&server, two.path());
    let job = sync.ended(job).await;
    assert_eq!((job.status, job.attempts), (JobStatus::Succeeded, 2));
    let (states, statistics) = (sync.states().await, sync.statistics(job.id).await);
    sleeper.signal("CONT");
    // Long enough for a few checkpoints.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let later = sync.job(job.id).await;
    assert_eq!(
        (later.status, later.updated_at),
        (job.status, job.updated_at)
    );
    assert_eq!(later.rows_committed, job.rows_committed);
    assert_eq!(sync.states().await, states);
    assert_eq!(sync.statistics(job.id).await, statistics);
    assert_eq!(sync.attempts(job.id).await[0].status, AttemptStatus::Failed);
}

/// Run it by hand: `cargo test --test api -- --ignored --nocapture how_long`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn how_long_an_empty_sync_takes_from_the_request_to_the_outcome() {
    const TIMES: usize = 100;
    let server = TestServer::in_real_time().await;
    let source = json!({ "sourceType": "faker", "count": 1 });
    let destination = json!({ "destinationType": "dev-null",
                              "test_destination": { "test_destination_type": "SILENT" } });
    let streams = [stream("users", "incremental", "append")];
    let admin = server.admin().await;
    let sync = Sync::create(&admin, source, destination, &streams).await;
    std::sync::Arc::new(ferrobyte::ops::work::engine(&server.app)).begin(true);
    let (mut claimed, mut ended) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let accepted = server.app.clock.now();
        let job = sync.start(JobType::Sync).await;
        let bell = &server.app.bell;
        let wait = Duration::from_secs(20);
        let job = ferrobyte::engine::queue::ended(&server.app.db, bell, job, wait).await;
        let job = job.expect("an end");
        assert_eq!(job.status, JobStatus::Succeeded);
        let attempt = sync.attempts(job.id).await.remove(0);
        claimed.push((attempt.created_at - accepted).num_microseconds());
        ended.push((job.updated_at - accepted).num_microseconds());
    }
    for (what, mut times) in [
        ("accepted → claimed", claimed),
        ("accepted → succeeded", ended),
    ] {
        times.sort_unstable();
        let at = |index: usize| {
            Duration::from_micros(times[index].unwrap_or_default().try_into().expect("a span"))
        };
        println!(
            "{what}: p50 {:.1?}, p99 {:.1?}",
            at(TIMES / 2),
            at(TIMES - 1)
        );
    }
    let begun = Instant::now();
    let sync = users_into_files(&server).await;
    let job = sync.start(JobType::Sync).await;
    sync.ended(job).await;
    println!("{USERS} users into a file: {:?}", begun.elapsed());
}
