//! A fresh database for every test: a copy of a template that has its tables and its first start
//! behind it. Copying takes a moment; migrating and hashing a password for each test would not.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ferrobyte::clock::Clock;
use ferrobyte::ops::setup;
use ferrobyte::store::db::{Db, Reach};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};

use super::postgres::Cluster;
use super::{PASSWORD, VAULT_KEY, config};

/// Which engine this run is about.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests have no configuration of their own"
)]
pub fn is_postgres() -> bool {
    match std::env::var("FERROBYTE_TEST_ENGINE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite" | "") | Err(_) => {
            static SAID: std::sync::Once = std::sync::Once::new();
            SAID.call_once(|| {
                eprintln!(
                    "\n*** Tested on SQLite only. NOT on PostgreSQL (FERROBYTE_TEST_ENGINE=postgres), not \
                     in a browser, not with real clients: ./tests/run does all of it. ***\n"
                );
            });
            false
        }
        Ok(other) => panic!("FERROBYTE_TEST_ENGINE is sqlite or postgres, not {other}"),
    }
}

/// One test's database.
#[derive(Clone)]
pub struct Database {
    pub url: String,
    /// The master key that it is sealed with, when it has seen its first start.
    pub vault_key: Option<&'static str>,
    /// Kept until the last handle is gone.
    _directory: Option<Arc<TempDir>>,
}

impl Database {
    /// An empty one in a cluster of a test's own.
    pub async fn within(cluster: &Cluster) -> Self {
        let admin = PgConnection::connect(&cluster.url("postgres")).await;
        let mut admin = admin.expect("a connection");
        let made = sqlx::query("CREATE DATABASE crashes").execute(&mut admin);
        made.await.expect("a database");
        Self {
            url: cluster.url("crashes"),
            vault_key: Some(VAULT_KEY),
            _directory: None,
        }
    }

    pub async fn fresh() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        static TURN: Mutex<()> = Mutex::const_new(());
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let template = template().await;
        if !is_postgres() {
            let directory = tempfile::tempdir().expect("a directory");
            let file = directory.path().join("ferrobyte.db");
            std::fs::copy(&template.url["sqlite:".len()..], &file).expect("a copy of the template");
            let url = format!("sqlite:{}", file.display());
            return Self {
                url,
                vault_key: Some(VAULT_KEY),
                _directory: Some(Arc::new(directory)),
            };
        }
        // PostgreSQL copies a template for one at a time.
        let _turn = TURN.lock().await;
        let name = format!("test_{number}");
        run(&format!(
            "CREATE DATABASE {name} TEMPLATE template_of_tests STRATEGY FILE_COPY"
        ))
        .await;
        Self {
            url: Cluster::shared().url(&name),
            vault_key: Some(VAULT_KEY),
            _directory: None,
        }
    }

    /// A database that has seen nothing yet. On SQLite the program makes its own in its data directory.
    pub async fn empty() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        if !is_postgres() {
            return Self {
                url: String::new(),
                vault_key: None,
                _directory: None,
            };
        }
        let name = format!("empty_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        run(&format!("CREATE DATABASE {name}")).await;
        Self {
            url: Cluster::shared().url(&name),
            vault_key: None,
            _directory: None,
        }
    }

    pub async fn open(&self) -> Db {
        open(&self.url).await
    }
}

async fn open(url: &str) -> Db {
    Db::open(Reach {
        url,
        connections: 4,
        durable: false,
    })
    .await
    .expect("a database")
}

async fn template() -> &'static Database {
    static TEMPLATE: OnceCell<Database> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let url = if is_postgres() {
                run("CREATE DATABASE template_of_tests").await;
                Cluster::shared().url("template_of_tests")
            } else {
                let directory: PathBuf = tempfile::tempdir().expect("a directory").keep();
                format!("sqlite:{}", directory.join("template.db").display())
            };
            let db = open(&url).await;
            let config = config(&[("admin.password", PASSWORD)]);
            let (app, welcome) = setup::start_on(db, config, Clock::System)
                .await
                .expect("a first start");
            assert!(welcome.is_some());
            app.db.close().await;
            Database {
                url,
                vault_key: Some(VAULT_KEY),
                _directory: None,
            }
        })
        .await
}

async fn run(statement: &str) {
    let url = Cluster::shared().url("postgres");
    let mut connection = PgConnection::connect(&url)
        .await
        .expect("the cluster answers");
    sqlx::query(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await
        .expect(statement);
    connection.close().await.expect("closed");
}
