//! Whole syncs, from the source into the destination.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ferrobyte::domain::definition::Kind;
use ferrobyte::domain::job::{JobStatus, JobType};
use ferrobyte::ops::work;
use serde_json::{Value, json};

use super::{begin, users, users_up_to};
use crate::support::TestServer;
use crate::support::scripted::{Stage, Table, Theatre};
use crate::support::syncs::{Sync, stream};

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
