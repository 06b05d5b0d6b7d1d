//! What counts as a failure, and the reason that is given for it.

use ferrobyte::connector::Exit;
use ferrobyte::domain::job::{JobStatus, JobType};
use serde_json::Value;

use super::{begin, begin_with, both, first, users};
use crate::support::TestServer;
use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::{Sync, stream};

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

fn table() -> impl Fn(&mut Stage) -> Exit {
    let table = Table::default();
    move |stage| table.take(stage)
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
