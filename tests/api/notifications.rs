//! Webhooks: what workspaces are told, how it is signed, and what becomes of it on its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrobyte::connector::Exit;
use ferrobyte::domain::job::{JobStatus, JobType};
use ferrobyte::engine::Engine;
use ferrobyte::ops::{deliveries, work};
use ferrobyte::store::deliveries::{Claimed, Settled, Status, claim, settle};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::TestServer;
use crate::support::host::{Asked, Host};
use crate::support::people::Person;
use crate::support::scripted::{Stage, Table, Theatre, exit};
use crate::support::syncs::{Sync, stream};

/// A server that may call this machine.
async fn server() -> TestServer {
    let settings = [
        ("net.allow", "localhost"),
        ("server.external_url", "https://data.example.org"),
    ];
    TestServer::with(&settings).await
}

/// A receiver that answers with this status, which may change.
async fn receiver(status: u16) -> (Host, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(status));
    let answer = Arc::clone(&status);
    let host =
        Host::start(move |_| (answer.load(Ordering::SeqCst), String::new(), String::new())).await;
    (host, status)
}

/// Wants these kinds of news at this address.
pub async fn subscribe(person: &Person<'_>, workspace: &str, kinds: &[&str], url: &str) {
    let wanted: serde_json::Map<_, _> = kinds
        .iter()
        .map(|kind| {
            (
                (*kind).to_owned(),
                json!({ "webhook": { "enabled": true, "url": url } }),
            )
        })
        .collect();
    let body = json!({ "notifications": wanted });
    person
        .patch(&format!("/workspaces/{workspace}"), body)
        .await
        .ok(200);
}

fn begin(
    server: &TestServer,
    source: impl Fn(&mut Stage) -> Exit + Send + std::marker::Sync + 'static,
) {
    let mut engine: Engine = work::engine(&server.app);
    engine.launcher = Arc::new(Theatre::new(source, &Table::default()));
    Arc::new(engine).begin(true);
}

fn works(stage: &mut Stage) -> Exit {
    stage.record("users", 1);
    stage.state("users", &json!({ "at": 1 }));
    stage.status("users", "COMPLETE");
    exit(0)
}

fn fails(stage: &mut Stage) -> Exit {
    stage.record("users", 1);
    stage.state("users", &json!({ "at": 1 }));
    stage.error("config_error", "the password is <wrong>");
    exit(1)
}

fn users() -> Vec<Value> {
    vec![stream("users", "incremental", "append")]
}

fn header<'a>(asked: &'a Asked, name: &str) -> &'a str {
    let mut lines = asked.headers.lines();
    let found = lines.find_map(|line| line.strip_prefix(&format!("{name}: ")));
    found.unwrap_or_else(|| panic!("{name}: {}", asked.headers))
}

/// The signature as a receiver computes it. Header values come in lower case here.
fn expected(secret: &str, asked: &Asked) -> String {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").expect("a secret"))
        .expect("base64");
    let (id, at) = (
        header(asked, "webhook-id"),
        header(asked, "webhook-timestamp"),
    );
    let text = format!("{id}.{at}.{}", asked.body);
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    let tag = mac.chain_update(text).finalize().into_bytes();
    format!("v1,{}", STANDARD.encode(tag)).to_lowercase()
}

async fn secret(person: &Person<'_>, workspace: &str) -> String {
    let path = format!("/workspaces/{workspace}/webhookSecret");
    let answer = person.get(&path).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.ok(200)["secret"]
        .as_str()
        .expect("a secret")
        .to_owned()
}

async fn listed(person: &Person<'_>, workspace: &str) -> Vec<Value> {
    let path = format!("/workspaces/{workspace}/deliveries");
    let page = person.get(&path).await.ok(200);
    page["data"].as_array().expect("a page").clone()
}

async fn round(server: &TestServer) -> usize {
    deliveries::round(&server.app).await.expect("a round")
}

#[tokio::test]
async fn a_failed_sync_is_told_once_signed_and_with_its_figures() {
    let server = server().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (host, _) = receiver(204).await;
    subscribe(
        &admin,
        &home,
        &["failure"],
        &host.url("/hook/hush?token=hush"),
    )
    .await;
    let sync = Sync::scripted(&admin, &users()).await;
    begin(&server, fails);
    let job = sync.start(JobType::Sync).await;
    assert_eq!(sync.ended(job).await.status, JobStatus::Failed);
    assert_eq!(round(&server).await, 1);
    assert_eq!(round(&server).await, 0);

    let [asked] = host.asked().try_into().expect("one call");
    assert_eq!(asked.line, "POST /hook/hush?token=hush");
    assert_eq!(header(&asked, "content-type"), "application/json");
    let secret = secret(&admin, &home).await;
    assert_eq!(
        header(&asked, "webhook-signature"),
        expected(&secret, &asked)
    );
    let at = server.app.clock.now().timestamp().to_string();
    assert_eq!(header(&asked, "webhook-timestamp"), at);

    let body: Value = serde_json::from_str(&asked.body).expect("JSON");
    assert_eq!(body["text"], format!("Sync failed: pets (job {job})"));
    let blocks = body["blocks"].to_string();
    assert!(blocks.contains("the password is &lt;wrong&gt;"), "{blocks}");
    let data = &body["data"];
    let base = format!("https://data.example.org/workspaces/{home}");
    let id = sync.connection.id;
    assert_eq!(
        data["workspace"],
        json!({ "id": home, "name": "Default Workspace", "url": base })
    );
    assert_eq!(
        data["connection"],
        json!({ "id": id, "name": "pets", "url": format!("{base}/connections/{id}") })
    );
    for (name, value) in [
        ("jobId", json!(job)),
        ("success", json!(false)),
        ("startedAt", json!("2030-01-01T00:00:00Z")),
        ("finishedAt", json!("2030-01-01T00:00:00Z")),
        ("recordsEmitted", json!(1)),
        ("recordsCommitted", json!(1)),
        ("errorMessage", json!("the password is <wrong>")),
        ("errorType", json!("config_error")),
        ("errorOrigin", json!("source")),
        ("durationFormatted", json!("0 sec")),
    ] {
        assert_eq!(data[name], value, "{name}");
    }

    let [delivery] = listed(&admin, &home).await.try_into().expect("one");
    assert_eq!(delivery["notificationType"], "failure");
    assert_eq!(delivery["status"], "delivered");
    assert_eq!(delivery["attempts"], 1);
    assert_eq!(delivery["outcome"], "the receiver answered 204");
    assert_eq!(delivery["deliveryId"], header(&asked, "webhook-id"));
    assert_eq!(delivery["url"], format!("http://localhost:{}/…", host.port));
    assert!(!delivery.to_string().contains("hush"), "{delivery}");
}

#[tokio::test]
async fn only_syncs_that_have_ended_by_themselves_are_told() {
    let server = server().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (host, _) = receiver(200).await;
    subscribe(&admin, &home, &["failure", "success"], &host.url("/")).await;
    let sync = Sync::scripted(&admin, &users()).await;
    let waiting = sync.start(JobType::Sync).await;
    sync.cancel(waiting).await;
    begin(&server, works);
    for kind in [JobType::Clear, JobType::Refresh, JobType::Sync] {
        let job = sync.start(kind).await;
        assert_eq!(sync.ended(job).await.status, JobStatus::Succeeded);
    }
    assert_eq!(round(&server).await, 1);
    let body: Value = serde_json::from_str(&host.asked()[0].body).expect("JSON");
    assert_eq!(body["data"]["success"], true);
    assert_eq!(body["data"]["errorMessage"], Value::Null);

    // Switched off, it is told no more.
    let off = json!({ "notifications": { "success": { "webhook": { "enabled": false } } } });
    admin
        .patch(&format!("/workspaces/{home}"), off)
        .await
        .ok(200);
    let job = sync.start(JobType::Sync).await;
    sync.ended(job).await;
    assert_eq!(round(&server).await, 0);
}

#[tokio::test]
async fn what_is_not_accepted_is_sent_again_less_and_less_often_and_given_up() {
    let server = server().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (host, status) = receiver(503).await;
    subscribe(&admin, &home, &["success"], &host.url("/")).await;
    let sync = Sync::scripted(&admin, &users()).await;
    begin(&server, works);
    let job = sync.start(JobType::Sync).await;
    sync.ended(job).await;
    assert_eq!(round(&server).await, 1);
    let [waiting] = listed(&admin, &home).await.try_into().expect("one");
    assert_eq!(waiting["status"], "waiting");
    assert_eq!(waiting["outcome"], "the receiver answered 503");
    assert_eq!(waiting["nextAttemptAt"], "2030-01-01T00:00:10Z");
    for wait in [10, 60, 300, 1800, 7200] {
        server.wait(wait - 1);
        assert_eq!(round(&server).await, 0, "{wait}");
        server.wait(1);
        assert_eq!(round(&server).await, 1, "{wait}");
    }
    server.wait(21_600);
    assert_eq!(round(&server).await, 1);
    let admin = server.admin().await;
    let [failed] = listed(&admin, &home).await.try_into().expect("one");
    assert_eq!(
        (&failed["status"], &failed["attempts"]),
        (&json!("failed"), &json!(7))
    );
    assert_eq!(failed.get("nextAttemptAt"), None);
    server.wait(1_000_000);
    assert_eq!(round(&server).await, 0);
    let ids: std::collections::BTreeSet<_> = host
        .asked()
        .iter()
        .map(|asked| header(asked, "webhook-id").to_owned())
        .collect();
    assert_eq!(
        (host.asked().len(), ids.len()),
        (7, 1),
        "every attempt has one id"
    );

    // One that is gone for good is not asked again.
    status.store(410, Ordering::SeqCst);
    let job = sync.start(JobType::Sync).await;
    sync.ended(job).await;
    assert_eq!(round(&server).await, 1);
    let admin = server.admin().await;
    assert_eq!(listed(&admin, &home).await[0]["status"], "failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_send_every_message_once() {
    let server = server().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (host, _) = receiver(200).await;
    subscribe(&admin, &home, &["success"], &host.url("/")).await;
    let sync = Sync::scripted(&admin, &users()).await;
    begin(&server, works);
    for _ in 0..10 {
        let job = sync.start(JobType::Sync).await;
        sync.ended(job).await;
    }
    let other = server.replica_with(&[("net.allow", "localhost")]).await;
    let (one, two) = tokio::join!(round(&server), round(&other));
    assert_eq!(one + two, 10);
    assert_eq!(host.asked().len(), 10);
    let secret = secret(&admin, &home).await;
    for asked in host.asked() {
        assert_eq!(
            header(&asked, "webhook-signature"),
            expected(&secret, &asked)
        );
    }
}

#[tokio::test]
async fn a_message_is_taken_over_when_its_sender_is_lost() {
    let server = server().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (host, _) = receiver(200).await;
    subscribe(&admin, &home, &["success"], &host.url("/")).await;
    let sync = Sync::scripted(&admin, &users()).await;
    begin(&server, works);
    let job = sync.start(JobType::Sync).await;
    sync.ended(job).await;
    let (now, app) = (server.app.clock.now(), &server.app);
    let mut db = app.db.write().await.expect("a writer");
    let until = now + chrono::TimeDelta::minutes(1);
    let Claimed::Delivery(lost) = claim(&mut db, now, until).await.expect("a claim") else {
        panic!("nothing to send");
    };
    db.commit().await.expect("a commit");
    assert_eq!(round(&server).await, 0, "somebody has it");
    server.wait(61);
    assert_eq!(round(&server).await, 1);
    // The one who was lost comes back, and changes nothing.
    let mut db = app.db.write().await.expect("a writer");
    let late = Settled {
        status: Status::Failed,
        next_at: now,
        outcome: "late",
    };
    settle(&mut db, &lost, &late, now).await.expect("an answer");
    db.commit().await.expect("a commit");
    let [delivery] = listed(&admin, &home).await.try_into().expect("one");
    assert_eq!(
        (&delivery["status"], &delivery["attempts"]),
        (&json!("delivered"), &json!(2))
    );
}

#[tokio::test]
async fn an_address_can_be_tried_out() {
    let server = server().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let path = format!("/workspaces/{home}/deliveries/test");
    assert_eq!(admin.post(&path, json!({})).await.faults(), ["body /url"]);
    let (host, status) = receiver(200).await;
    subscribe(&admin, &home, &["syncDisabled"], &host.url("/stored")).await;
    let tried = admin
        .post(&path, json!({ "notificationType": "syncDisabled" }))
        .await
        .ok(200);
    assert_eq!(tried["status"], "delivered", "{tried}");
    assert_eq!(host.asked()[0].line, "POST /stored");
    let secret = secret(&admin, &home).await;
    assert_eq!(
        header(&host.asked()[0], "webhook-signature"),
        expected(&secret, &host.asked()[0])
    );
    status.store(500, Ordering::SeqCst);
    let tried = admin
        .post(&path, json!({ "url": host.url("/other") }))
        .await
        .ok(200);
    assert_eq!(
        (&tried["status"], &tried["outcome"]),
        (&json!("failed"), &json!("the receiver answered 500"))
    );
    assert_eq!(host.asked()[1].line, "POST /other");
    assert_eq!(round(&server).await, 0, "a trial is not repeated");
    assert_eq!(listed(&admin, &home).await.len(), 2);
    // Nobody reaches inside by it.
    let tried = admin
        .post(&path, json!({ "url": "http://169.254.169.254/latest" }))
        .await
        .ok(200);
    assert_eq!(tried["status"], "failed");
    assert!(
        tried["outcome"]
            .as_str()
            .is_some_and(|text| text.contains("net.allow")),
        "{tried}"
    );
}

#[tokio::test]
async fn a_rotated_secret_is_good_for_another_day() {
    let server = server().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (host, _) = receiver(200).await;
    let path = format!("/workspaces/{home}/deliveries/test");
    let former = secret(&admin, &home).await;
    let rotate = format!("/workspaces/{home}/webhookSecret/rotate");
    let rotated = admin.post(&rotate, json!({})).await.ok(200);
    assert_eq!(rotated["formerUntil"], "2030-01-02T00:00:00Z");
    let new = secret(&admin, &home).await;
    assert_eq!(rotated["secret"], new);
    assert_ne!(former, new);
    admin
        .post(&path, json!({ "url": host.url("/") }))
        .await
        .ok(200);
    let asked = &host.asked()[0];
    let both = format!("{} {}", expected(&new, asked), expected(&former, asked));
    assert_eq!(header(asked, "webhook-signature"), both);
    server.wait(86_400);
    let admin = server.admin().await;
    admin
        .post(&path, json!({ "url": host.url("/") }))
        .await
        .ok(200);
    let asked = &host.asked()[1];
    assert_eq!(header(asked, "webhook-signature"), expected(&new, asked));
}
