//! Whole syncs of sample data into PostgreSQL, asked for through the API, broken off, and gone on with. What
//! arrives is read with SQL and compared with what the source says when it is asked directly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrobyte::ops::work;
use serde_json::{Value, json};

use super::super::{Place, Way};
use super::Base;
use crate::support::TestServer;
use crate::support::people::Person;
use crate::workers::{Worker, home};

/// What a job is when it has ended.
const FINAL: &[&str] = &["succeeded", "failed", "cancelled"];

/// A connection between sample data and a database.
struct Connected<'a> {
    base: Arc<Base>,
    person: Person<'a>,
    id: String,
}

/// The rows of a stream by their ids, as the source has them.
fn wanted(sample: &Value, stream: &str) -> BTreeMap<i64, Value> {
    let configured = json!({"stream": {"name": stream, "json_schema": {}}, "sync_mode": "full_refresh",
        "destination_sync_mode": "append"});
    let run = Place::new().read(Way::Inside, sample, &json!({"streams": [configured]}), None);
    let rows = run
        .records(stream)
        .into_iter()
        .map(|row| (row["id"].as_i64().expect("an id"), row.clone()));
    rows.collect()
}

/// Time stands in rows in PostgreSQL's spelling, so only the fields without any are compared.
fn agree(row: &Value, wanted: &Value) {
    for (field, value) in wanted.as_object().expect("a record") {
        let is_time = field.ends_with("_at");
        if is_time {
            assert!(row[field].is_null() == value.is_null(), "{field}: {row}");
        } else if let (Some(one), Some(other)) = (row[field].as_f64(), value.as_f64()) {
            assert!((one - other).abs() < 1e-9, "{field}: {row} {wanted}");
        } else {
            assert_eq!(row[field], *value, "{field}: {row}");
        }
    }
}

impl<'a> Connected<'a> {
    async fn create(server: &'a TestServer, sample: &Value, streams: &Value) -> Self {
        let mut source = sample.clone();
        source["sourceType"] = "faker".into();
        Self::between(
            server,
            source,
            aside(Base::new).await,
            json!({ "configurations": { "streams": streams } }),
        )
        .await
    }

    async fn between(server: &'a TestServer, source: Value, base: Base, connection: Value) -> Self {
        let base = Arc::new(base);
        let person = server.admin().await;
        let home = person.first_workspace().await;
        let mut ends = connection;
        let mut destination = base.configuration();
        destination["destinationType"] = "postgres".into();
        for (kind, configuration) in [("source", source), ("destination", destination)] {
            let body =
                json!({ "name": "pets", "workspaceId": home, "configuration": configuration });
            let made = person.post(&format!("/{kind}s"), body).await.ok(200);
            let name = format!("{kind}Id");
            ends[&name] = made[&name].clone();
        }
        let made = person.post("/connections", ends).await.ok(200);
        let id = made["connectionId"].as_str().expect("an id").to_owned();
        Self { base, person, id }
    }

    async fn start(&self) -> i64 {
        let body = json!({ "connectionId": self.id, "jobType": "sync" });
        let job = self.person.post("/jobs", body).await.ok(200);
        job["jobId"].as_i64().expect("an id")
    }

    /// Waits until a job has one of these statuses.
    async fn until(&self, job: i64, statuses: &[&str]) -> Value {
        let begun = Instant::now();
        loop {
            let job = self.person.get(&format!("/jobs/{job}")).await.ok(200);
            let status = job["status"].as_str().expect("a status");
            if statuses.contains(&status) {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_mins(2), "{job}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn syncs(&self) -> Value {
        let job = self.start().await;
        let job = self.until(job, FINAL).await;
        assert_eq!(job["status"], "succeeded");
        job
    }

    /// Waits until this query has a row.
    async fn until_there_is(&self, query: &'static str) {
        let begun = Instant::now();
        while self.rows(query).await.is_empty() {
            assert!(begun.elapsed() < Duration::from_mins(1), "{query}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn run(&self, statements: &'static str) {
        let base = Arc::clone(&self.base);
        aside(move || base.run(statements)).await;
    }

    async fn rows(&self, query: &'static str) -> Vec<Value> {
        let base = Arc::clone(&self.base);
        aside(move || base.rows(query)).await
    }
}

/// What waits in its own way has to do so on a thread of its own.
async fn aside<T: Send + 'static>(deed: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(deed).await;
    done.expect("no panic")
}

fn deduplicated(name: &str) -> Value {
    json!({ "name": name, "syncMode": "incremental_deduped_history", "cursorField": ["updated_at"],
            "primaryKey": [["id"]] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sample_data_arrives_in_tables_row_by_row() {
    let server = TestServer::start().await;
    let sample =
        json!({ "count": 300, "seed": 11, "always_updated": false, "records_per_slice": 100 });
    let streams = json!([deduplicated("users"), deduplicated("purchases"),
        { "name": "products", "syncMode": "full_refresh_overwrite" }]);
    let connected = Connected::create(&server, &sample, &streams).await;
    Arc::new(work::engine(&server.app)).begin(true);
    let first = connected.syncs().await;
    let mut all = 0;
    let asked = sample.clone();
    let sources =
        aside(move || ["users", "purchases", "products"].map(|stream| wanted(&asked, stream)))
            .await;
    for (query, wanted) in [
        "SELECT * FROM users ORDER BY id",
        "SELECT * FROM purchases ORDER BY id",
        "SELECT * FROM products ORDER BY id",
    ]
    .into_iter()
    .zip(sources)
    {
        let rows = connected.rows(query).await;
        assert_eq!(rows.len(), wanted.len(), "{query}");
        for (row, wanted) in rows.iter().zip(wanted.values()) {
            agree(row, wanted);
            assert_eq!(row["_airbyte_meta"]["changes"], json!([]));
            assert_eq!(row["_airbyte_meta"]["sync_id"], first["jobId"]);
        }
        all += rows.len();
    }
    assert_eq!(first["rowsSynced"], all);

    // Nothing is new: users stay as they are, products are replaced.
    let before = connected
        .rows("SELECT _airbyte_raw_id FROM users ORDER BY id")
        .await;
    let second = connected.syncs().await;
    assert_eq!(
        connected
            .rows("SELECT _airbyte_raw_id FROM users ORDER BY id")
            .await,
        before
    );
    let products = connected.rows("SELECT DISTINCT _airbyte_generation_id AS g, _airbyte_meta->'sync_id' AS s FROM products").await;
    assert_eq!(products, [json!({"g": 2, "s": second["jobId"]})]);
    let left = connected
        .rows("SELECT 1 FROM pg_tables WHERE schemaname = 'airbyte_internal'")
        .await;
    assert_eq!(left, [] as [Value; 0]);
}

const USERS: i64 = 20_000;

/// Makes every table that rows are loaded into keep each thousandth row waiting, so that a sync takes ten
/// seconds, however fast it could be.
const DAWDLE: &str = "
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id % 1000 = 0 THEN PERFORM pg_sleep(0.5); END IF;
        RETURN NEW;
    END $$;
    CREATE FUNCTION slow_down() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE made record; BEGIN
        FOR made IN SELECT object_identity AS name FROM pg_event_trigger_ddl_commands()
                    WHERE object_type = 'table' AND schema_name = 'airbyte_internal' LOOP
            EXECUTE format('CREATE TRIGGER dawdle BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION dawdle()', made.name);
        END LOOP;
    END $$;
    CREATE EVENT TRIGGER slow_down ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION slow_down()";

/// Lets rows pass as they come again.
const HURRY: &str =
    "CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RETURN NEW;
END $$";

/// A connection of users whose first sync does not end soon.
async fn dawdling(server: &TestServer) -> Connected<'_> {
    let sample = json!({ "count": USERS, "seed": 11, "always_updated": false });
    let connected = Connected::create(server, &sample, &json!([deduplicated("users")])).await;
    connected.run(DAWDLE).await;
    connected
}

/// Rows are on their way, and not all of them are.
const LOADING: &str = "SELECT 1 FROM pg_stat_progress_copy
    WHERE datname = current_database() AND tuples_processed > 2000";

async fn expect_every_user_once(connected: &Connected<'_>) {
    let counted = connected
        .rows("SELECT count(*) AS rows, count(DISTINCT id) AS ids, min(id) AS first, max(id) AS last FROM users")
        .await;
    assert_eq!(
        counted,
        [json!({"rows": USERS, "ids": USERS, "first": 1, "last": USERS})]
    );
    let left = connected
        .rows("SELECT 1 FROM pg_tables WHERE schemaname = 'airbyte_internal'")
        .await;
    assert_eq!(left, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_is_cancelled_is_gone_on_with_and_every_row_is_there_once() {
    let server = TestServer::start().await;
    let connected = dawdling(&server).await;
    Arc::new(work::engine(&server.app)).begin(true);
    let job = connected.start().await;
    connected.until_there_is(LOADING).await;
    connected
        .person
        .delete(&format!("/jobs/{job}"))
        .await
        .ok(200);
    let ended = connected.until(job, FINAL).await;
    assert_eq!(ended["status"], "cancelled", "{ended}");
    connected.run(HURRY).await;
    let second = connected.syncs().await;
    expect_every_user_once(&connected).await;
    assert!(second["rowsSynced"].as_i64() <= Some(USERS), "{second}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_leaves_a_sync_that_another_ends_with_every_row_once() {
    let server = TestServer::in_real_time().await;
    let other = tempfile::tempdir().expect("a directory");
    let home = home(&server, other.path());
    let connected = dawdling(&server).await;
    let worker = Worker::start(&server, &home);
    let job = connected.start().await;
    connected.until_there_is(LOADING).await;
    drop(worker);
    connected.run(HURRY).await;
    let _worker = Worker::start(&server, &home);
    let ended = connected.until(job, FINAL).await;
    assert_eq!(ended["status"], "succeeded");
    expect_every_user_once(&connected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_copied_into_another_and_kept_up_with() {
    let server = TestServer::start().await;
    let origin = Arc::new(aside(Base::new).await);
    let run = |statements: &'static str| {
        let origin = Arc::clone(&origin);
        aside(move || origin.run(statements))
    };
    run("CREATE TABLE people (id int PRIMARY KEY, name text, born date, seen timestamptz, height numeric, \
             tags text[], version int); \
         INSERT INTO people SELECT n, 'p' || n || E'\\t\\n\\\\', date '2000-01-01' + n, \
             timestamptz '2024-01-01 00:00:00.5Z' + n * interval '1 s', n / 7.0, array['a', n::text], 1 \
             FROM generate_series(1, 500) n; \
         CREATE VIEW grown AS SELECT id, name FROM people WHERE id > 400")
    .await;
    let mut source = super::source::configuration(&origin);
    source["sourceType"] = "postgres".into();
    let streams = json!([
        { "name": "people", "syncMode": "incremental_deduped_history", "cursorField": ["version"],
          "primaryKey": [["id"]] },
        { "name": "grown", "syncMode": "full_refresh_overwrite" }]);
    let connection = json!({ "configurations": { "streams": streams }, "namespaceDefinition": "custom_format",
        "namespaceFormat": "copy" });
    let connected = Connected::between(&server, source, aside(Base::new).await, connection).await;
    Arc::new(work::engine(&server.app)).begin(true);
    let people = "id, name, born, seen, height::text AS height, version";
    let same = || async {
        for (from, to) in [
            (
                format!("SELECT {people}, to_jsonb(tags) AS tags FROM people ORDER BY id"),
                format!("SELECT {people}, tags FROM copy.people ORDER BY id"),
            ),
            (
                "SELECT id, name FROM grown ORDER BY id".to_owned(),
                "SELECT id, name FROM copy.grown ORDER BY id".to_owned(),
            ),
        ] {
            let origin = Arc::clone(&origin);
            let wanted = aside(move || origin.rows(&from)).await;
            let base = Arc::clone(&connected.base);
            let rows = aside(move || base.rows(&to)).await;
            assert!(wanted.len() >= 100, "{}", wanted.len());
            assert_eq!(rows, wanted);
        }
    };
    let first = connected.syncs().await;
    assert_eq!(first["rowsSynced"], 600);
    same().await;
    run(
        "UPDATE people SET name = 'changed', version = 2 WHERE id % 100 = 0; \
         INSERT INTO people (id, name, version) VALUES (501, NULL, 2), (502, '', 1)",
    )
    .await;
    let second = connected.syncs().await;
    // Six that are newer, and all of the last value, because there is one more of them.
    assert_eq!(second["rowsSynced"], 102 + 6 + 496);
    same().await;
    let third = connected.syncs().await;
    assert_eq!(third["rowsSynced"], 102);
    same().await;
}
