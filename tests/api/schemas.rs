//! Sources whose schema changes: connections follow, are switched off, or are left alone, and their
//! workspace is told.

use std::sync::Arc;

use ferrobyte::clock::Timestamp;
use ferrobyte::domain::definition::Kind;
use ferrobyte::ops::{deliveries, work};
use ferrobyte::store::db::{Exec as _, Link};
use serde_json::{Value, json};

use crate::notifications::subscribe;
use crate::support::TestServer;
use crate::support::host::Host;
use crate::support::people::Person;
use crate::support::scripted::{Stage, Table, Theatre, exit};

const DAY: i64 = 86_400;

/// A server with scripted connectors, a receiver of its news, and a connection from sample data.
struct World {
    server: TestServer,
    theatre: Theatre,
    host: Host,
    connection: String,
}

impl World {
    async fn new(behaviour: &str) -> Self {
        let server = TestServer::with(&[("net.allow", "localhost")]).await;
        let admin = server.admin().await;
        let home = admin.first_workspace().await;
        let host = Host::start(|_| (200, String::new(), String::new())).await;
        let kinds = [
            "connectionUpdate",
            "connectionUpdateActionRequired",
            "failure",
        ];
        subscribe(&admin, &home, &kinds, &host.url("/")).await;
        let source = admin.creates_actor("source", &home).await;
        // One that can deduplicate.
        let body = json!({ "name": "pets", "workspaceId": home, "configuration":
            { "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } } });
        let made = admin.post("/destinations", body).await.ok(200);
        let body = json!({ "sourceId": source, "destinationId": made["destinationId"], "name": "pets",
            "nonBreakingSchemaUpdatesBehavior": behaviour,
            "configurations": { "streams": [{ "name": "users", "syncMode": "incremental_append" }] } });
        let made = admin.post("/connections", body).await.ok(200);
        let connection = made["connectionId"].as_str().expect("an id").to_owned();
        let source = |stage: &mut Stage| {
            let streams = stage.catalog["streams"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            for one in streams {
                stage.status(one["stream"]["name"].as_str().expect("a name"), "COMPLETE");
            }
            exit(0)
        };
        let theatre = Theatre::new(source, &Table::default());
        let mut engine = work::engine(&server.app);
        engine.launcher = Arc::new(theatre.clone());
        Arc::new(engine).begin(true);
        Self {
            server,
            theatre,
            host,
            connection,
        }
    }

    async fn admin(&self) -> Person<'_> {
        self.server.admin().await
    }

    /// What the source is known to offer from now on.
    async fn offers(&self, change: impl FnOnce(&mut Vec<Value>)) {
        let text = self.fetch("SELECT catalog FROM catalogs").await;
        let mut catalog: Value = serde_json::from_str(&text).expect("JSON");
        change(catalog["streams"].as_array_mut().expect("streams"));
        let text = "UPDATE catalogs SET catalog = $1, created_at = $2";
        self.execute(text, &catalog.to_string()).await;
    }

    async fn fetch(&self, text: &'static str) -> String {
        let mut db = self.server.app.db.read().await.expect("a reader");
        match db.link() {
            Link::Postgres(link) => sqlx::query_scalar(text).fetch_one(link).await,
            Link::Sqlite(link) => sqlx::query_scalar(text).fetch_one(link).await,
        }
        .expect("a row")
    }

    async fn execute(&self, text: &'static str, value: &str) {
        let now: Timestamp = self.server.app.clock.now();
        let mut db = self.server.app.db.write().await.expect("a writer");
        match db.link() {
            Link::Postgres(link) => sqlx::query(text)
                .bind(value)
                .bind(now)
                .execute(link)
                .await
                .map(drop),
            Link::Sqlite(link) => sqlx::query(text)
                .bind(value)
                .bind(now)
                .execute(link)
                .await
                .map(drop),
        }
        .expect("a change");
        db.commit().await.expect("a commit");
    }

    /// Runs a sync; gives how it ended.
    async fn syncs(&self) -> String {
        let admin = self.admin().await;
        let body = json!({ "connectionId": self.connection, "jobType": "sync" });
        let job = admin.post("/jobs", body).await.ok(200)["jobId"].to_string();
        for _ in 0..3000 {
            let found = admin.get(&format!("/jobs/{job}")).await.ok(200);
            let status = found["status"].as_str().expect("a status");
            if !matches!(status, "pending" | "running") {
                return status.to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("job {job} does not end");
    }

    async fn shown(&self) -> Value {
        let path = format!("/connections/{}", self.connection);
        self.admin().await.get(&path).await.ok(200)
    }

    /// The streams that the source was last told to read, with how many columns they have.
    fn read(&self) -> Vec<(String, usize)> {
        let seen = self.theatre.seen(Kind::Source);
        let streams = seen.last().expect("a run").catalog["streams"].clone();
        let one = |one: &Value| {
            let properties = one["stream"]["json_schema"]["properties"].as_object();
            let name = one["stream"]["name"].as_str().expect("a name");
            (name.to_owned(), properties.map_or(0, serde_json::Map::len))
        };
        streams
            .as_array()
            .expect("streams")
            .iter()
            .map(one)
            .collect()
    }

    /// What was told so far: kind and text.
    async fn told(&self) -> Vec<String> {
        deliveries::round(&self.server.app).await.expect("a round");
        let asked = self.host.asked();
        let text = |body: &str| -> String {
            let body: Value = serde_json::from_str(body).expect("JSON");
            body["text"].as_str().expect("text").to_owned()
        };
        asked.iter().map(|asked| text(&asked.body)).collect()
    }
}

fn users(streams: &mut [Value]) -> &mut Value {
    let found = streams.iter_mut().find(|stream| stream["name"] == "users");
    &mut found.expect("users")["json_schema"]["properties"]
}

fn add_field(streams: &mut [Value], name: &str) {
    users(streams)[name] = json!({ "type": "integer" });
}

#[tokio::test]
async fn a_connection_follows_new_fields_and_streams_a_day_later() {
    let world = World::new("propagate_fully").await;
    assert_eq!(world.syncs().await, "succeeded");
    let before = world.read();
    world
        .offers(|streams| {
            add_field(streams, "shoe_size");
            streams.push(
                json!({ "name": "shoes", "json_schema": { "type": "object" },
                             "supported_sync_modes": ["full_refresh"] }),
            );
        })
        .await;
    assert_eq!(world.syncs().await, "succeeded");
    assert_eq!(world.read(), before, "it was compared a moment ago");
    world.server.wait(DAY + 1);
    world.offers(|_| {}).await;
    assert_eq!(world.syncs().await, "succeeded");
    assert_eq!(
        world.read(),
        [
            ("users".to_owned(), before[0].1 + 1),
            ("shoes".to_owned(), 0)
        ]
    );
    let streams = world.shown().await["configurations"]["streams"].clone();
    let names: Vec<_> = streams
        .as_array()
        .expect("streams")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["users", "shoes"]);
    assert_eq!(streams[1]["syncMode"], "full_refresh_overwrite");
    assert_eq!(
        world.told().await,
        ["Schema changes applied: pets (2 changes)"]
    );
    // What is gone is dropped.
    world.server.wait(DAY + 1);
    world
        .offers(|streams| streams.retain(|stream| stream["name"] != "shoes"))
        .await;
    assert_eq!(world.syncs().await, "succeeded");
    assert_eq!(world.read().len(), 1);
    assert_eq!(world.told().await.len(), 2);
}

#[tokio::test]
async fn a_connection_may_follow_fields_only() {
    let world = World::new("propagate_columns").await;
    assert_eq!(world.syncs().await, "succeeded");
    let before = world.read();
    world.server.wait(DAY + 1);
    world.offers(|streams| {
        add_field(streams, "shoe_size");
        streams.push(json!({ "name": "shoes", "json_schema": {}, "supported_sync_modes": ["full_refresh"] }));
    })
    .await;
    assert_eq!(world.syncs().await, "succeeded");
    assert_eq!(world.read(), [("users".to_owned(), before[0].1 + 1)]);
    assert_eq!(
        world.told().await,
        ["Schema changes applied: pets (1 change)"]
    );
}

#[tokio::test]
async fn a_change_that_is_ignored_is_told_once() {
    let world = World::new("ignore").await;
    assert_eq!(world.syncs().await, "succeeded");
    let before = world.read();
    for _ in 0..3 {
        world.server.wait(DAY + 1);
        world
            .offers(|streams| add_field(streams, "shoe_size"))
            .await;
        assert_eq!(world.syncs().await, "succeeded");
        assert_eq!(world.read(), before);
    }
    assert_eq!(
        world.told().await,
        ["The source has changed: pets (1 change)"]
    );
}

#[tokio::test]
async fn a_connection_may_be_switched_off_by_any_change() {
    let world = World::new("disable_connection").await;
    assert_eq!(world.syncs().await, "succeeded");
    world.server.wait(DAY + 1);
    world
        .offers(|streams| add_field(streams, "shoe_size"))
        .await;
    assert_eq!(world.syncs().await, "cancelled");
    let connection = world.shown().await;
    assert_eq!(connection["status"], "inactive");
    assert_eq!(
        connection["statusReason"],
        "the schema of the source has changed"
    );
    let text = "Connection disabled: its source has changed: pets (1 change)";
    assert_eq!(world.told().await, [text]);
    // Whoever switches it on again knows of this change, and not of the next one.
    let path = format!("/connections/{}", world.connection);
    world
        .admin()
        .await
        .patch(&path, json!({ "status": "active" }))
        .await
        .ok(200);
    world.server.wait(DAY + 1);
    world.offers(|_| {}).await;
    assert_eq!(world.syncs().await, "succeeded");
    world.server.wait(DAY + 1);
    world.offers(|streams| add_field(streams, "hat_size")).await;
    assert_eq!(world.syncs().await, "cancelled");
}

#[tokio::test]
async fn a_cursor_that_is_gone_switches_any_connection_off() {
    let world = World::new("propagate_fully").await;
    assert_eq!(world.syncs().await, "succeeded");
    world.server.wait(DAY + 1);
    world
        .offers(|streams| {
            let properties = users(streams).as_object_mut();
            properties.expect("properties").remove("updated_at");
        })
        .await;
    assert_eq!(world.syncs().await, "cancelled");
    let connection = world.shown().await;
    assert_eq!(connection["status"], "inactive");
    let reason = connection["statusReason"].as_str().expect("a reason");
    assert_eq!(
        reason,
        "the schema of the source has changed: users: its cursor updated_at is gone"
    );
    assert_eq!(world.told().await.len(), 1);
}

#[tokio::test]
async fn a_connection_is_compared_on_request_with_what_a_discovery_finds() {
    let world = World::new("propagate_columns").await;
    // As if the source had had fewer columns when the connection was made.
    let text = world.fetch("SELECT catalog FROM connections").await;
    let mut catalog: Value = serde_json::from_str(&text).expect("JSON");
    let properties = &mut catalog["streams"][0]["stream"]["json_schema"]["properties"];
    let removed = properties
        .as_object_mut()
        .expect("properties")
        .remove("title");
    assert!(removed.is_some());
    let text = "UPDATE connections SET catalog = $1, updated_at = $2";
    world.execute(text, &catalog.to_string()).await;
    let path = format!("/connections/{}/schema/refresh", world.connection);
    let admin = world.admin().await;
    let answer = admin.post(&path, json!({})).await.ok(200);
    let expected =
        json!({ "changes": ["users: field title added"], "breakingChanges": [], "applied": true });
    assert_eq!(answer, expected);
    let answer = admin.post(&path, json!({})).await.ok(200);
    assert_eq!(
        answer,
        json!({ "changes": [], "breakingChanges": [], "applied": false })
    );
    assert_eq!(world.told().await.len(), 1);
    admin
        .delete(&format!("/connections/{}", world.connection))
        .await
        .ok(204);
    admin.post(&path, json!({})).await.problem(409);
}
