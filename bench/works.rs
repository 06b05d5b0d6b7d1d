//! A server that has nothing to do but what a part of the benchmark asks of it: connectors, and syncs.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::cpu;
use super::load::{self, Request};
use super::postgres::Postgres;
use super::server::{Home, Running, SETTINGS};
use super::start;

pub(crate) struct Works {
    pub(crate) server: Running,
    pub(crate) token: String,
    workspace: Json,
    pub(crate) database_url: Option<String>,
    folder: TempDir,
}

impl Works {
    /// Starts one on a database of this name, with something more in its environment.
    pub(crate) async fn start(
        postgres: Option<&Postgres>,
        name: &str,
        more: &[(String, String)],
    ) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("ferrobyte-bench-")
            .tempdir()?;
        Self::start_in(folder, postgres, name, more).await
    }

    /// The same in a folder that holds something already.
    pub(crate) async fn start_in(
        folder: TempDir,
        postgres: Option<&Postgres>,
        name: &str,
        more: &[(String, String)],
    ) -> Result<Self> {
        let database_url = match postgres {
            Some(postgres) => Some(postgres.create(name).await?),
            None => None,
        };
        let server = Running::server(Home {
            folder: folder.path(),
            database_url: database_url.as_deref(),
            log: None,
            more,
        })
        .await?;
        let request = Self::token_request();
        let answer: Json = serde_json::from_slice(&load::once(server.address, &request).await?)?;
        let token = answer["access_token"].as_str().context("no access_token")?;
        let mut works = Self {
            token: token.to_owned(),
            server,
            workspace: Json::Null,
            database_url,
            folder,
        };
        let page = works.get("/workspaces").await?;
        works.workspace = page["data"][0]["workspaceId"].clone();
        Ok(works)
    }

    /// Trades the secret of the first administrator for a token.
    pub(crate) fn token_request() -> Request {
        let given = |name: &str| {
            let found = SETTINGS.iter().find(|(key, _)| *key == name);
            found.map_or("", |(_, value)| *value)
        };
        let body = json!({ "client_id": given("FERROBYTE_ADMIN_CLIENT_ID"),
                           "client_secret": given("FERROBYTE_ADMIN_CLIENT_SECRET") });
        Request::post_json("/api/v1/applications/token", &body.to_string())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Json> {
        let request = Request::get(&format!("/api/public/v1{path}"), Some(&self.token));
        let answer = load::once(self.server.address, &request).await;
        Ok(serde_json::from_slice(
            &answer.with_context(|| path.to_owned())?,
        )?)
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Result<Json> {
        let path = format!("/api/public/v1{path}");
        let request = Request::post_json_as(&path, &body.to_string(), &self.token);
        let answer = load::once(self.server.address, &request).await;
        Ok(serde_json::from_slice(&answer.with_context(|| path)?)?)
    }

    /// A definition of a source that is a Python package.
    pub(crate) async fn define(&self, package: &str, version: &str) -> Result<Json> {
        let workspace = self.workspace.as_str().context("a workspace")?;
        let body = json!({ "name": package, "dockerRepository": format!("pypi:{package}"),
                           "dockerImageTag": version });
        let path = format!("/workspaces/{workspace}/definitions/sources");
        let made = patiently(async || self.post(&path, &body).await).await?;
        Ok(made["id"].clone())
    }

    /// A source or a destination of a public definition.
    pub(crate) async fn end(&self, kind: &str, configuration: Json) -> Result<Json> {
        let body =
            json!({ "name": kind, "workspaceId": self.workspace, "configuration": configuration });
        let made = self.post(&format!("/{kind}s"), &body).await?;
        Ok(made[format!("{kind}Id")].clone())
    }

    /// A source of a definition that was brought.
    pub(crate) async fn source_of(&self, definition: &Json, configuration: Json) -> Result<Json> {
        let body = json!({ "name": "source", "workspaceId": self.workspace,
                           "definitionId": definition, "configuration": configuration });
        let made = patiently(async || self.post("/sources", &body).await).await?;
        Ok(made["sourceId"].clone())
    }

    pub(crate) async fn nowhere(&self) -> Result<Json> {
        let silent = json!({ "destinationType": "dev-null",
                             "test_destination": { "test_destination_type": "SILENT" } });
        self.end("destination", silent).await
    }

    /// The database of this name, as a destination.
    pub(crate) async fn database(&self, postgres: &Postgres, name: &str) -> Result<Json> {
        let configuration = json!({ "destinationType": "postgres", "host": "127.0.0.1",
            "port": postgres.port(), "database": name, "schema": "public", "username": "bench",
            "password": "none", "ssl": false, "ssl_mode": { "mode": "disable" } });
        self.end("destination", configuration).await
    }

    /// A connection that appends one stream.
    pub(crate) async fn connect(
        &self,
        source: &Json,
        stream: &str,
        destination: &Json,
    ) -> Result<Json> {
        let streams = json!([{ "name": stream, "syncMode": "full_refresh_append" }]);
        let body = json!({ "sourceId": source, "destinationId": destination,
                           "configurations": { "streams": streams } });
        Ok(self.post("/connections", &body).await?["connectionId"].clone())
    }

    /// Runs a sync to its end, and says how long it took.
    pub(crate) async fn run(&self, connection: &Json, rows: u32) -> Result<Duration> {
        self.watch(connection, rows, || Ok(())).await
    }

    /// The same, with a look at something now and then.
    pub(crate) async fn watch(
        &self,
        connection: &Json,
        rows: u32,
        mut look: impl FnMut() -> Result<()>,
    ) -> Result<Duration> {
        let body = json!({ "connectionId": connection, "jobType": "sync" });
        let begun = Instant::now();
        let job = self.post("/jobs", &body).await?["jobId"].clone();
        loop {
            let now = self.get(&format!("/jobs/{job}")).await?;
            let took = begun.elapsed();
            match now["status"].as_str() {
                Some("pending" | "running") => {}
                Some("succeeded") => {
                    ensure!(now["rowsSynced"] == rows, "not every row arrived: {now}");
                    return Ok(took);
                }
                _ => bail!("a sync failed: {now}"),
            }
            look()?;
            let rest = if took > Duration::from_secs(1) { 20 } else { 1 };
            tokio::time::sleep(Duration::from_millis(rest)).await;
        }
    }

    /// The memory of the server, in MiB.
    pub(crate) fn resident(&self) -> Result<f64> {
        Ok(start::mebibytes(cpu::resident(self.server.pid())?))
    }
}

/// Asks again as long as the server says that something still goes on, such as an installation.
pub(crate) async fn patiently<T>(ask: impl AsyncFn() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(error) => {
                let said = format!("{error:#}");
                let goes_on = said.contains("status 503") || said.contains("ask again");
                ensure!(goes_on && begun.elapsed() < Duration::from_mins(10), said);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Ok(answer) => return Ok(answer),
        }
    }
}
