//! What tests of the engine need: a connection between a source and a destination, a catalog for it, and
//! jobs as they stand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrobyte::app::App;
use ferrobyte::clock::Timestamp;
use ferrobyte::domain::connection::{Connection, Namespace, NonBreakingChanges, Status};
use ferrobyte::domain::ids::{ActorId, ConnectionId, WorkspaceId};
use ferrobyte::domain::job::{Job, JobId, JobType};
use ferrobyte::domain::schedule::Schedule;
use ferrobyte::engine::queue;
use ferrobyte::store::attempts::{self, Attempt, StreamStatistics};
use ferrobyte::store::bell::Ring;
use ferrobyte::store::db::{Exec as _, Link};
use ferrobyte::store::jobs::NewJob;
use ferrobyte::store::states::{self, StoredState};
use ferrobyte::store::{jobs, log_pieces};
use serde_json::{Value, json};

use super::people::Person;

/// A connection, and the server that it belongs to.
pub struct Sync {
    pub app: Arc<App>,
    pub connection: Connection,
}

/// What came of asking for a job.
#[derive(Debug)]
pub enum Start {
    Started(Job),
    /// The connection has one that has not ended; one at a time.
    AlreadyRunning(Job),
}

/// A stream of a configured catalog.
pub fn stream(name: &str, sync_mode: &str, destination_sync_mode: &str) -> Value {
    json!({
        "stream": { "name": name, "json_schema": { "type": "object" },
                    "supported_sync_modes": ["full_refresh", "incremental"] },
        "sync_mode": sync_mode, "destination_sync_mode": destination_sync_mode,
    })
}

impl Sync {
    /// A connection with these streams. The two ends are made by `person`, in their first workspace.
    pub async fn create(
        person: &Person<'_>,
        source: Value,
        destination: Value,
        streams: &[Value],
    ) -> Self {
        let home = person.first_workspace().await;
        let mut ends = Vec::new();
        for (kind, configuration) in [("source", source), ("destination", destination)] {
            let body =
                json!({ "name": "pets", "workspaceId": home, "configuration": configuration });
            let made = person.post(&format!("/{kind}s"), body).await.ok(200);
            let id = made[format!("{kind}Id")].as_str().expect("an id");
            ends.push(id.parse::<ActorId>().expect("an id"));
        }
        let app = Arc::clone(&person.server.app);
        let connection = Connection {
            id: app.clock.new_id().into(),
            workspace_id: home.parse::<WorkspaceId>().expect("an id"),
            source_id: ends[0],
            destination_id: ends[1],
            name: "pets".to_owned(),
            status: Status::Active,
            status_reason: String::new(),
            schedule: Schedule::Manual,
            next_run_at: None,
            namespace: Namespace::Destination,
            namespace_format: None,
            prefix: String::new(),
            non_breaking_changes: NonBreakingChanges::Ignore,
            streams: "[]".to_owned(),
            tagged: false,
            created_at: app.clock.now(),
            deleted_at: None,
        };
        let this = Self { app, connection };
        this.insert(&json!({ "streams": streams })).await;
        this
    }

    /// The usual ends, for tests that start connectors of their own.
    pub async fn scripted(person: &Person<'_>, streams: &[Value]) -> Self {
        let source = json!({ "sourceType": "faker", "count": 10 });
        let destination = json!({ "destinationType": "dev-null",
                                  "test_destination": { "test_destination_type": "SILENT" } });
        Self::create(person, source, destination, streams).await
    }

    async fn insert(&self, catalog: &Value) {
        const INSERT: &str = "INSERT INTO connections (id, organization_id, workspace_id, source_id, destination_id, name, \
             status, status_reason, schedule, namespace_definition, prefix, non_breaking_changes, streams, \
             catalog, created_at, updated_at) \
             SELECT $1, organization_id, id, $3, $4, $5, 'active', '', $6, 'destination', '', 'ignore', '[]', \
             $7, $8, $8 FROM workspaces WHERE id = $2";
        let one = &self.connection;
        let schedule = serde_json::to_string(&one.schedule).expect("JSON");
        let mut db = self.app.db.write().await.expect("a writer");
        macro_rules! run {
            ($link:expr) => {
                sqlx::query(INSERT)
                    .bind(one.id)
                    .bind(one.workspace_id)
                    .bind(one.source_id)
                    .bind(one.destination_id)
                    .bind(&one.name)
                    .bind(schedule)
                    .bind(catalog.to_string())
                    .bind(one.created_at)
                    .execute($link)
                    .await
                    .map(drop)
            };
        }
        match db.link() {
            Link::Postgres(link) => run!(link),
            Link::Sqlite(link) => run!(link),
        }
        .expect("a connection");
        db.commit().await.expect("a commit");
    }

    /// Runs by itself from this moment on.
    pub async fn set_schedule(&self, schedule: &Schedule, next: Timestamp) {
        let text = serde_json::to_string(schedule).expect("JSON");
        self.execute(
            "UPDATE connections SET schedule = $2, next_run_at = $3 WHERE id = $1",
            &text,
            Some(next),
        )
        .await;
    }

    /// Switched on or off.
    pub async fn set_status(&self, status: &str) {
        let text = "UPDATE connections SET status = $2, updated_at = COALESCE($3, updated_at) WHERE id = $1";
        self.execute(text, status, None).await;
    }

    async fn execute(&self, text: &'static str, value: &str, at: Option<Timestamp>) {
        let mut db = self.app.db.write().await.expect("a writer");
        macro_rules! run {
            ($link:expr) => {
                sqlx::query(text)
                    .bind(self.connection.id)
                    .bind(value)
                    .bind(at)
                    .execute($link)
                    .await
                    .map(drop)
            };
        }
        match db.link() {
            Link::Postgres(link) => run!(link),
            Link::Sqlite(link) => run!(link),
        }
        .expect("a change");
        db.commit().await.expect("a commit");
    }

    /// When it runs next.
    pub async fn next_run_at(&self) -> Option<Timestamp> {
        const TEXT: &str = "SELECT next_run_at FROM connections WHERE id = $1";
        let mut db = self.app.db.read().await.expect("a reader");
        let id: ConnectionId = self.connection.id;
        match db.link() {
            Link::Postgres(link) => sqlx::query_scalar(TEXT).bind(id).fetch_one(link).await,
            Link::Sqlite(link) => sqlx::query_scalar(TEXT).bind(id).fetch_one(link).await,
        }
        .expect("a connection")
    }

    /// Asks for a job; the connection must have none.
    pub async fn start(&self, job_type: JobType) -> JobId {
        self.start_with(job_type, None).await
    }

    /// Asks for a job that is limited to streams.
    pub async fn start_with(&self, job_type: JobType, streams: Option<&[&str]>) -> JobId {
        let streams: Option<Vec<_>> = streams.map(|names| {
            let named = |name: &&str| json!({ "name": name });
            let streams = names.iter().map(named);
            streams
                .map(|stream| serde_json::from_value(stream).expect("a stream"))
                .collect()
        });
        match self.ask(job_type, streams.as_deref()).await {
            Start::Started(job) => job.id,
            Start::AlreadyRunning(job) => panic!("{job:?} is in the way"),
        }
    }

    pub async fn ask(
        &self,
        job_type: JobType,
        streams: Option<&[ferrobyte::protocol::catalog::StreamDescriptor]>,
    ) -> Start {
        let App {
            db, clock, bell, ..
        } = &*self.app;
        let new = NewJob {
            connection: self.connection.id,
            workspace: self.connection.workspace_id,
            job_type,
            streams: streams.map(|all| serde_json::to_string(all).expect("JSON")),
        };
        loop {
            let mut writer = db.write().await.expect("a writer");
            let put = queue::put(&mut writer, &self.connection, &new, clock.now()).await;
            if let Some(job) = put.expect("an answer") {
                writer.commit().await.expect("a commit");
                bell.ring(Ring::Work).await;
                return Start::Started(job);
            }
            drop(writer);
            let mut db = db.read().await.expect("a reader");
            let live = jobs::live(&mut db, self.connection.id).await;
            // The one that was in the way may have ended just now.
            if let Some(job) = live.expect("an answer") {
                return Start::AlreadyRunning(job);
            }
        }
    }

    pub async fn cancel(&self, job: JobId) -> Job {
        let App {
            db, clock, bell, ..
        } = &*self.app;
        let cancelled = queue::cancel(db, clock, bell, job).await.expect("answer");
        match cancelled {
            Some(job) => job,
            None => self.job(job).await,
        }
    }

    pub async fn job(&self, id: JobId) -> Job {
        let mut db = self.app.db.read().await.expect("a reader");
        jobs::fetch(&mut db, id)
            .await
            .expect("read")
            .expect("a job")
    }

    /// Waits until a job has ended.
    pub async fn ended(&self, id: JobId) -> Job {
        self.until(id, |job| job.status.is_final()).await
    }

    /// Waits until a job stands like this.
    pub async fn until(&self, id: JobId, like_this: impl Fn(&Job) -> bool) -> Job {
        let begun = Instant::now();
        loop {
            let job = self.job(id).await;
            if like_this(&job) {
                return job;
            }
            let late = begun.elapsed() > Duration::from_mins(1);
            assert!(!late, "{job:?}\n{}", self.log(id).await.join("\n"));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn attempts(&self, job: JobId) -> Vec<Attempt> {
        let mut db = self.app.db.read().await.expect("a reader");
        attempts::list(&mut db, job).await.expect("attempts")
    }

    /// The reasons of the last attempt that failed, as JSON.
    pub async fn failures(&self, job: JobId) -> Vec<Value> {
        let attempts = self.attempts(job).await;
        let texts = attempts.iter().map(|attempt| attempt.failures.as_str());
        let mut all = texts.map(|text| serde_json::from_str::<Vec<Value>>(text).expect("a list"));
        all.rfind(|all| !all.is_empty()).unwrap_or_default()
    }

    pub async fn statistics(&self, job: JobId) -> Vec<StreamStatistics> {
        let mut db = self.app.db.read().await.expect("a reader");
        attempts::statistics(&mut db, job)
            .await
            .expect("statistics")
    }

    pub async fn states(&self) -> Vec<StoredState> {
        let mut db = self.app.db.read().await.expect("a reader");
        states::list(&mut db, self.connection.id)
            .await
            .expect("states")
    }

    /// Every line of the logs of a job.
    pub async fn log(&self, job: JobId) -> Vec<String> {
        let mut lines = Vec::new();
        for attempt in self.attempts(job).await {
            let mut db = self.app.db.read().await.expect("a reader");
            let pieces = log_pieces::from(&mut db, job, attempt.number, 0, 1000).await;
            for piece in pieces.expect("pieces") {
                let line = |line: &str| {
                    let line: Value = serde_json::from_str(line).expect("a line");
                    let text = |name: &str| line[name].as_str().expect("text").to_owned();
                    format!("{} {} {}", text("origin"), text("level"), text("message"))
                };
                lines.extend(piece.lines.split('\n').map(line));
            }
        }
        lines
    }
}
