//! What runs may use: limits reach the connectors, want of memory is called by its name, and a connector
//! runs only so often at once.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use ferrobyte::connector::process::child;
use ferrobyte::connector::process::directory::RunDirectory;
use ferrobyte::connector::process::environment::Environment;
use ferrobyte::connector::process::{Input, Order};
use ferrobyte::connector::{Failure, Limits, Running, Target, Task};
use ferrobyte::domain::definition::Kind;
use ferrobyte::domain::job::{JobStatus, JobType};
use ferrobyte::engine::assignment::{Eventually, Launch};
use ferrobyte::ops::work;
use ferrobyte::store::db::{Exec as _, Link};
use ferrobyte::store::jobs::{self, Claimed, Claimer};
use serde_json::{Value, json};

use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::{Sync, stream};
use crate::support::{PROGRAM, TestServer};

fn users() -> Vec<Value> {
    vec![stream("users", "incremental", "append")]
}

/// Remembers what each side was limited to.
#[derive(Debug)]
struct Gauge {
    theatre: Theatre,
    seen: Mutex<Vec<(Kind, Limits)>>,
}

impl Launch for Gauge {
    fn launch<'a>(
        &'a self,
        target: &'a Target,
        task: Task,
    ) -> Eventually<'a, Result<Running, Failure>> {
        self.seen
            .lock()
            .expect("a lock")
            .push((target.kind, target.limits));
        self.theatre.launch(target, task)
    }
}

#[tokio::test]
async fn a_sync_is_limited_by_what_its_ends_are_given_and_by_their_definitions() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let sync = Sync::scripted(&admin, &users()).await;
    let allocation = json!({ "default": { "cpu_limit": "500m" } });
    let path = format!("/sources/{}", sync.connection.source_id);
    admin
        .patch(&path, json!({ "resourceAllocation": allocation }))
        .await
        .ok(200);
    let facts = json!({ "resourceRequirements": { "jobSpecific": [
        { "jobType": "sync", "resourceRequirements": { "memory_limit": "2Gi", "cpu_limit": "4" } }] } });
    let text = "UPDATE definitions SET facts = $1";
    let mut db = server.app.db.write().await.expect("a writer");
    match db.link() {
        Link::Postgres(link) => sqlx::query(text)
            .bind(facts.to_string())
            .execute(link)
            .await
            .map(drop),
        Link::Sqlite(link) => sqlx::query(text)
            .bind(facts.to_string())
            .execute(link)
            .await
            .map(drop),
    }
    .expect("a change");
    db.commit().await.expect("a commit");
    let source = |stage: &mut Stage| {
        stage.status("users", "COMPLETE");
        exit(0)
    };
    let gauge = Arc::new(Gauge {
        theatre: Theatre::new(source, &Table::default()),
        seen: Mutex::default(),
    });
    let mut engine = work::engine(&server.app);
    engine.launcher = Arc::clone(&gauge) as Arc<dyn Launch>;
    Arc::new(engine).begin(true);
    let job = sync.start(JobType::Sync).await;
    assert_eq!(sync.ended(job).await.status, JobStatus::Succeeded);
    let seen = gauge.seen.lock().expect("a lock").clone();
    let of = |kind| seen.iter().find(|(one, _)| *one == kind).expect("it ran").1;
    let limits = |cpu| Limits {
        cpu: Some(cpu),
        memory: Some(2 << 30),
    };
    assert_eq!(of(Kind::Source), limits(0.5));
    assert_eq!(of(Kind::Destination), limits(4.0));
}

#[tokio::test]
async fn a_source_that_gets_no_memory_ran_out_of_it() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let source = |stage: &mut Stage| {
        stage.complain("Traceback (most recent call last):");
        stage.complain("MemoryError");
        exit(1)
    };
    let mut engine = work::engine(&server.app);
    engine.launcher = Arc::new(Theatre::new(source, &Table::default()));
    engine.settings.patience.complete = 1;
    Arc::new(engine).begin(true);
    let job = sync.start(JobType::Sync).await;
    assert_eq!(sync.ended(job).await.status, JobStatus::Failed);
    let reason = &sync.failures(job).await[0];
    assert_eq!(
        (&reason["origin"], &reason["message"]),
        (&json!("source"), &json!("the source ran out of memory"))
    );
    assert!(
        reason["internalMessage"]
            .as_str()
            .is_some_and(|text| text.contains("MemoryError"))
    );
}

#[tokio::test]
async fn a_connector_runs_so_often_at_once_and_no_more() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    // The same source, other destinations: what counts is either end.
    let mut connections = Vec::new();
    let source = json!({ "sourceType": "faker", "count": 10 });
    for destination in [
        json!({ "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } }),
        json!({ "destinationType": "local-json", "destination_path": "/local/pets" }),
        json!({ "destinationType": "local-json", "destination_path": "/local/toys" }),
    ] {
        connections.push(Sync::create(&admin, source.clone(), destination, &users()).await);
    }
    for sync in &connections {
        assert_eq!(sync.connection.workspace_id.to_string(), home);
        sync.start(JobType::Sync).await;
    }
    let now = server.app.clock.now();
    let claim = async |by_connector| {
        let by = Claimer {
            worker: "a test",
            token: server.app.clock.new_id(),
            now,
            until: now + TimeDelta::minutes(1),
            by_workspace: 0,
            by_connector,
        };
        match jobs::claim(&server.app.db, &by).await.expect("an answer") {
            Claimed::Job(job, _) => Some(job.id),
            Claimed::Nothing => None,
            Claimed::TooLate => panic!("nobody else is here"),
        }
    };
    assert_eq!(claim(1).await, Some(1));
    assert_eq!(claim(1).await, None, "the source runs");
    assert_eq!(claim(2).await, Some(2));
    assert_eq!(claim(2).await, None);
    assert_eq!(claim(3).await, Some(3));
}

#[tokio::test]
async fn a_connector_enters_its_control_group_before_it_begins() {
    let (place, group) = (
        tempfile::tempdir().expect("a directory"),
        tempfile::tempdir().expect("a directory"),
    );
    let directory = RunDirectory::create(place.path()).expect("a directory");
    let mut environment = Environment::default();
    environment.set("PATH", "/usr/local/bin:/usr/bin:/bin");
    let order = Order {
        command: vec![OsString::from("true")],
        environment: environment.inside(&directory),
        directory,
        memory: None,
        group: Some(group.path().to_owned()),
        input: Input::Nothing,
    };
    let mut child = child::start(order, Path::new(PROGRAM))
        .await
        .expect("a child");
    assert_eq!(child.life.wait().await.code, Some(0));
    let entered = std::fs::read_to_string(group.path().join("cgroup.procs")).expect("a list");
    assert!(entered.parse::<u32>().is_ok(), "{entered}");
}
