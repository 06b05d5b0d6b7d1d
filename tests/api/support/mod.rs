//! What every test needs: a server with a fresh database and a hand-set clock, people, requests.

pub mod answer;
pub mod browser;
pub mod canary;
pub mod engine;
pub mod host;
pub mod people;
pub mod podman;
pub mod pokemon;
pub mod postgres;
pub mod python;
pub mod scripted;
pub mod syncs;
pub mod worker;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ferrobyte::app::App;
use ferrobyte::clock::Clock;
use ferrobyte::config::Config;
use ferrobyte::config::resolve::{Given, Resolved};
use ferrobyte::http::{self, Service};
use ferrobyte::ops::{registry, setup};
use ferrobyte::web;

use engine::Database;
use people::Person;

/// The administrator of every test server.
pub const EMAIL: &str = "ada@example.org";
pub const PASSWORD: &str = "correct horse battery";
pub const CLIENT_ID: &str = "the-admin";
pub const CLIENT_SECRET: &str = "admin-secret-0123456789-abcdef";

/// The master key of every test server.
pub const VAULT_KEY: &str = "the master key of every server in these tests";
/// The program, built for these tests.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_ferrobyte");

/// Where all test servers keep what connectors need: an environment is made once for all of them.
pub const DATA: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/data");

/// A server without a listener: requests go straight into its service.
pub struct TestServer {
    pub app: Arc<App>,
    pub service: Service,
    database: Database,
}

impl TestServer {
    /// A server with the usual settings.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server with some settings of its own, by key.
    pub async fn with(settings: &[(&'static str, &str)]) -> Self {
        Self::on(Database::fresh().await, settings).await
    }

    /// Another server on the same database, as a second replica would be.
    pub async fn replica(&self) -> Self {
        self.replica_with(&[]).await
    }

    /// The same with some settings of its own.
    pub async fn replica_with(&self, settings: &[(&'static str, &str)]) -> Self {
        let config = config(settings);
        let db = self.database.open().await;
        let (app, _) = setup::start_on(db, config, self.app.clock.clone())
            .await
            .expect("a replica");
        registry::follow_order(&app).await.expect("runtimes");
        let service = http::service(&app, web::routes, web::missing);
        Self {
            app,
            service,
            database: self.database.clone(),
        }
    }

    /// A server whose clock is the machine's, beside processes that have no other.
    pub async fn in_real_time() -> Self {
        Self::at(Clock::System, Database::fresh().await, &[]).await
    }

    async fn on(database: Database, settings: &[(&'static str, &str)]) -> Self {
        let clock = Clock::by_hand(
            "2030-01-01T00:00:00Z"
                .parse::<DateTime<Utc>>()
                .expect("a time"),
        );
        Self::at(clock, database, settings).await
    }

    async fn at(clock: Clock, database: Database, settings: &[(&'static str, &str)]) -> Self {
        let db = database.open().await;
        let (app, welcome) = setup::start_on(db, config(settings), clock)
            .await
            .expect("a server");
        registry::follow_order(&app).await.expect("runtimes");
        assert!(welcome.is_none(), "the template has seen its first start");
        let service = http::service(&app, web::routes, web::missing);
        Self {
            app,
            service,
            database,
        }
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Moves the clock.
    pub fn wait(&self, seconds: i64) {
        self.app.clock.advance(chrono::TimeDelta::seconds(seconds));
    }

    /// Somebody without credentials.
    pub fn nobody(&self) -> Person<'_> {
        Person::nobody(self)
    }

    /// The instance administrator, signed in by the first application.
    pub async fn admin(&self) -> Person<'_> {
        let token = self.nobody().token(CLIENT_ID, CLIENT_SECRET).await;
        Person::with_token(self, token)
    }
}

/// The usual settings and some others, by key.
pub fn config(settings: &[(&'static str, &str)]) -> Config {
    let usual = [
        ("admin.email", EMAIL),
        ("admin.client_id", CLIENT_ID),
        ("admin.client_secret", CLIENT_SECRET),
        ("vault.key", VAULT_KEY),
        ("log.requests", "none"),
        ("database.data_dir", DATA),
        ("connectors.supervisor", PROGRAM),
    ];
    let flags: HashMap<_, _> = usual
        .iter()
        .chain(settings)
        .map(|&(key, value)| (key, value.to_owned()))
        .collect();
    let resolved = Resolved::new(&Given {
        flags,
        ..Given::default()
    })
    .expect("settings");
    Config::parse(resolved).expect("good settings")
}
