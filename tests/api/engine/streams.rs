//! Generations, and states of single streams and of all together.

use ferrobyte::domain::definition::Kind;
use ferrobyte::domain::job::{JobStatus, JobType};
use serde_json::{Value, json};

use super::{begin, both};
use crate::support::TestServer;
use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::{Sync, stream};

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
