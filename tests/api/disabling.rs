//! Connections that only ever fail: announced, switched off, and counted anew once they are switched on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ferrobyte::domain::job::{JobStatus, JobType};
use ferrobyte::ops::{deliveries, work};
use serde_json::{Value, json};

use crate::notifications::subscribe;
use crate::support::TestServer;
use crate::support::host::Host;
use crate::support::people::Person;
use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::{Sync, stream};

const DAY: i64 = 86_400;

async fn shown(person: &Person<'_>, sync: &Sync) -> Value {
    let path = format!("/connections/{}", sync.connection.id);
    person.get(&path).await.ok(200)
}

async fn runs(sync: &Sync, times: usize, status: JobStatus) {
    for _ in 0..times {
        let job = sync.start(JobType::Sync).await;
        assert_eq!(sync.ended(job).await.status, status);
    }
}

#[tokio::test]
async fn a_connection_that_only_fails_is_announced_then_switched_off_and_counted_anew() {
    let settings = [
        ("net.allow", "localhost"),
        ("syncs.warn_failures", "3"),
        ("syncs.disable_failures", "5"),
    ];
    let server = TestServer::with(&settings).await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let host = Host::start(|_| (200, String::new(), String::new())).await;
    let kinds = ["syncDisabled", "syncDisabledWarning"];
    subscribe(&admin, &home, &kinds, &host.url("/")).await;
    let sync = Sync::scripted(&admin, &[stream("users", "incremental", "append")]).await;
    let broken = Arc::new(AtomicBool::new(true));
    let fails = Arc::clone(&broken);
    let source = move |stage: &mut Stage| {
        if fails.load(Ordering::SeqCst) {
            stage.error("config_error", "no");
            return exit(1);
        }
        stage.status("users", "COMPLETE");
        exit(0)
    };
    let mut engine = work::engine(&server.app);
    engine.launcher = Arc::new(Theatre::new(source, &Table::default()));
    Arc::new(engine).begin(true);
    let told = async || {
        deliveries::round(&server.app).await.expect("a round");
        let bodies = host.asked().into_iter().map(|asked| asked.body);
        let text = |body: String| {
            let body: Value = serde_json::from_str(&body).expect("JSON");
            assert_eq!(body.get("data"), None);
            body["text"].as_str().expect("text").to_owned()
        };
        bodies.map(text).collect::<Vec<_>>()
    };

    // Many failures, but not for long enough.
    runs(&sync, 6, JobStatus::Failed).await;
    assert!(told().await.is_empty());
    assert_eq!(shown(&admin, &sync).await["status"], "active");
    server.wait(4 * DAY);
    runs(&sync, 2, JobStatus::Failed).await;
    let warning = "Connection keeps failing: pets (7 failed jobs in a row, none succeeded for 4 days 0 hours)";
    assert_eq!(told().await, [warning], "once");
    server.wait(3 * DAY);
    runs(&sync, 1, JobStatus::Failed).await;
    let disabled =
        "Connection disabled: pets (9 failed jobs in a row, none succeeded for 7 days 0 hours)";
    assert_eq!(told().await, [warning, disabled]);
    let admin = server.admin().await;
    let connection = shown(&admin, &sync).await;
    assert_eq!(connection["status"], "inactive");
    let reason = connection["statusReason"].as_str().expect("a reason");
    assert_eq!(
        reason,
        "9 jobs in a row have failed, and none has succeeded since 2030-01-01 00:00 UTC"
    );
    let body = json!({ "connectionId": sync.connection.id, "jobType": "sync" });
    admin.post("/jobs", body).await.problem(409);

    // Switched on again, it has all its chances again.
    let path = format!("/connections/{}", sync.connection.id);
    let on = admin
        .patch(&path, json!({ "status": "active" }))
        .await
        .ok(200);
    assert_eq!(
        (&on["status"], on.get("statusReason")),
        (&json!("active"), None)
    );
    runs(&sync, 4, JobStatus::Failed).await;
    server.wait(8 * DAY);
    runs(&sync, 1, JobStatus::Failed).await;
    assert_eq!(told().await.len(), 3, "five failures for eight days");
    let admin = server.admin().await;
    assert_eq!(shown(&admin, &sync).await["status"], "inactive");

    // A success between starts the count anew.
    admin
        .patch(&path, json!({ "status": "active" }))
        .await
        .ok(200);
    runs(&sync, 4, JobStatus::Failed).await;
    server.wait(8 * DAY);
    broken.store(false, Ordering::SeqCst);
    runs(&sync, 1, JobStatus::Succeeded).await;
    broken.store(true, Ordering::SeqCst);
    runs(&sync, 4, JobStatus::Failed).await;
    assert_eq!(told().await.len(), 3);
    let admin = server.admin().await;
    assert_eq!(shown(&admin, &sync).await["status"], "active");
}
