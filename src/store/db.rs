//! Handles on the database. A [`Reader`] is a plain connection, on SQLite a read-only one; a
//! [`Writer`] is a transaction, on SQLite `BEGIN IMMEDIATE` from a pool of one, so that writers queue
//! here instead of failing there. Statements run through the `on!` macro, compiled for both engines.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Executor, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use super::condition;
use super::readers::{Loan, Readers};
use crate::domain::audit;
use crate::error::{Error, Result};

/// The migrations, carried in the binary.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// A connection that is idle for longer is tried before it is used again.
pub(super) const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// How long somebody waits for a connection, to PostgreSQL and to SQLite.
const PATIENCE: Duration = Duration::from_secs(5);
const PATIENCE_WITH_SQLITE: Duration = Duration::from_secs(10);

/// PostgreSQL ends a transaction in which nothing happens for so long. A process that was stopped in the
/// middle of one would otherwise keep its rows from everybody, jobs among them.
const IDLE_IN_TRANSACTION: &str = "SET idle_in_transaction_session_timeout = '15s'";

/// The database, whichever engine it is.
#[derive(Debug, Clone)]
pub enum Db {
    Postgres {
        readers: Arc<Readers<Postgres>>,
        pool: PgPool,
    },
    Sqlite {
        readers: Arc<Readers<Sqlite>>,
        writer: SqlitePool,
    },
}

/// How to reach the database and how much of it to use.
#[derive(Debug, Clone)]
pub struct Reach<'a> {
    /// `postgres://…`, or `sqlite:` and a path.
    pub url: &'a str,
    /// The most connections at once; on SQLite, the most readers.
    pub connections: u32,
    /// Whether SQLite waits for the disk at every commit.
    pub durable: bool,
}

// What takes a connection is boxed here: it is a future of 15 kB, and every handler that may need the
// database would be as large, also for the requests that it refuses at once.
impl Db {
    /// Opens the database, brings its tables up to date and answers when it is ready.
    ///
    /// Several servers may start on one PostgreSQL at the same time: the migration takes a lock there.
    /// On SQLite a lock file beside the database does the same.
    ///
    /// # Errors
    /// When the database cannot be reached or is newer than this binary.
    pub async fn open(reach: Reach<'_>) -> Result<Self> {
        Self::reach(&reach, true).await
    }

    /// Opens a database that is there, and changes nothing about it.
    ///
    /// # Errors
    /// When it cannot be reached, or is not there.
    pub async fn look(reach: Reach<'_>) -> Result<Self> {
        Self::reach(&reach, false).await
    }

    async fn reach(reach: &Reach<'_>, prepare: bool) -> Result<Self> {
        match reach.url.strip_prefix("sqlite:") {
            Some(path) => Self::open_sqlite(Path::new(path), reach, prepare).await,
            None => Self::open_postgres(reach, prepare).await,
        }
    }

    async fn open_postgres(reach: &Reach<'_>, prepare: bool) -> Result<Self> {
        let options = reach
            .url
            .parse::<PgConnectOptions>()
            .map_err(Error::store)?
            .application_name("ferrobyte");
        let connections = reach.connections.max(2);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(IDLE_IN_TRANSACTION).await.map(drop) })
            })
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let mut connection = pool.acquire().await.map_err(Error::store)?;
        if prepare {
            MIGRATIONS.run(&mut *connection).await.map_err(migration)?;
        }
        drop(connection);
        // However much is read, some are left to write with.
        let places = connections - connections.div_ceil(4);
        Ok(Self::Postgres {
            readers: Readers::new(pool.clone(), places, PATIENCE),
            pool,
        })
    }

    async fn open_sqlite(path: &Path, reach: &Reach<'_>, prepare: bool) -> Result<Self> {
        let lock = std::fs::File::create(path.with_extension("lock")).map_err(Error::internal)?;
        lock.lock().map_err(Error::internal)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(prepare)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(if reach.durable {
                SqliteSynchronous::Full
            } else {
                SqliteSynchronous::Normal
            })
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new()
            .test_before_acquire(false)
            .acquire_timeout(PATIENCE_WITH_SQLITE);
        let writer = pool
            .clone()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .map_err(Error::store)?;
        if prepare {
            let mut connection = writer.acquire().await.map_err(Error::store)?;
            MIGRATIONS.run(&mut *connection).await.map_err(migration)?;
        }
        let places = reach.connections.clamp(1, 4);
        let readers = pool
            .max_connections(places)
            .connect_lazy_with(options.read_only(true));
        Ok(Self::Sqlite {
            readers: Readers::new(readers, places, PATIENCE_WITH_SQLITE),
            writer,
        })
    }

    /// A connection to read with.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when none is free in time.
    pub async fn read(&self) -> Result<Reader> {
        Ok(match self {
            Self::Postgres { readers, .. } => {
                Reader::Postgres(Box::pin(readers.lend()).await.map_err(Error::store)?)
            }
            Self::Sqlite { readers, .. } => {
                Reader::Sqlite(Box::pin(readers.lend()).await.map_err(Error::store)?)
            }
        })
    }

    /// A transaction to write in. Dropped without [`Writer::commit`], it leaves nothing behind.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no connection is free in time.
    pub async fn write(&self) -> Result<Writer> {
        Ok(match self {
            Self::Postgres { readers, pool } => {
                readers.make_room();
                Writer::Postgres(Box::pin(pool.begin()).await.map_err(Error::store)?)
            }
            Self::Sqlite { writer, .. } => Writer::Sqlite(
                Box::pin(writer.begin_with("BEGIN IMMEDIATE"))
                    .await
                    .map_err(Error::store)?,
            ),
        })
    }

    /// `PostgreSQL` or `SQLite`, for people.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Postgres { .. } => "PostgreSQL",
            Self::Sqlite { .. } => "SQLite",
        }
    }

    /// Closes every connection once its work is done.
    pub async fn close(&self) {
        match self {
            Self::Postgres { readers, .. } => readers.close().await,
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

/// A connection that only reads.
#[derive(Debug)]
pub enum Reader {
    Postgres(Loan<Postgres>),
    Sqlite(Loan<Sqlite>),
}

/// A transaction. What changes something asks for this type.
#[derive(Debug)]
pub enum Writer {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Writer {
    /// Makes everything written so far last, and writes into the audit log whose change it is.
    ///
    /// # Errors
    /// When the database refuses, or the condition of this task does not hold (`condition`); nothing has
    /// changed then.
    pub async fn commit(mut self) -> Result<()> {
        condition::hold().await?;
        if let Some(entry) = audit::entry() {
            Box::pin(super::audit::insert(&mut self, &entry)).await?;
        }
        self.commit_aside().await
    }

    /// The same for what is remembered on the way to a change, such as what a connector said of itself: the
    /// audit log waits for the change.
    ///
    /// # Errors
    /// When the database refuses; nothing has changed then.
    pub async fn commit_aside(self) -> Result<()> {
        match self {
            Self::Postgres(transaction) => transaction.commit().await,
            Self::Sqlite(transaction) => transaction.commit().await,
        }
        .map_err(Error::store)
    }
}

/// The connection behind a handle, of either engine.
#[derive(Debug)]
pub enum Link<'a> {
    Postgres(&'a mut PgConnection),
    Sqlite(&'a mut SqliteConnection),
}

/// What a statement can run on: a [`Reader`] or a [`Writer`].
pub trait Exec: Send {
    fn link(&mut self) -> Link<'_>;
}

impl Exec for Reader {
    fn link(&mut self) -> Link<'_> {
        match self {
            Self::Postgres(connection) => Link::Postgres(connection),
            Self::Sqlite(connection) => Link::Sqlite(connection),
        }
    }
}

impl Exec for Writer {
    fn link(&mut self) -> Link<'_> {
        match self {
            Self::Postgres(transaction) => Link::Postgres(transaction),
            Self::Sqlite(transaction) => Link::Sqlite(transaction),
        }
    }
}

/// Runs one query on whichever engine the handle has; the body is compiled for both.
macro_rules! on {
    ($db:expr, $link:ident => $query:expr) => {
        match $crate::store::db::Exec::link($db) {
            $crate::store::db::Link::Postgres($link) => $query,
            $crate::store::db::Link::Sqlite($link) => $query,
        }
    };
}
pub(super) use on;

impl Error {
    /// Translates a failure of the database. No other room looks at `sqlx::Error`.
    pub(super) fn store(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_) => Self::Unavailable(error.into()),
            sqlx::Error::Database(ref told) if told.code().is_some_and(|code| is_away(&code)) => {
                Self::Unavailable(error.into())
            }
            error => Self::Internal(error.into()),
        }
    }
}

/// Whether PostgreSQL says that it is being stopped, has crashed, or is only starting.
fn is_away(code: &str) -> bool {
    code.starts_with("57P") || code.starts_with("08")
}

fn migration(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version) => Error::internal(format!(
            "the database was written by a newer ferrobyte (migration {version}); start that version instead"
        )),
        error => Error::internal(error),
    }
}

/// Asks the database whether it is there.
///
/// # Errors
/// When it does not answer.
pub async fn ping(db: &mut dyn Exec) -> Result<()> {
    on!(db, link => link.ping().await).map_err(Error::store)
}

/// How many migrations of this binary the database has not seen.
///
/// # Errors
/// When it does not answer.
pub async fn behind(db: &mut dyn Exec) -> Result<usize> {
    let seen: std::result::Result<i64, sqlx::Error> = on!(db, link => sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(link).await);
    match seen {
        Ok(seen) => Ok(MIGRATIONS
            .iter()
            .count()
            .saturating_sub(usize::try_from(seen).unwrap_or(0))),
        // The table is not there: nothing has been set up yet.
        Err(sqlx::Error::Database(_)) => Ok(MIGRATIONS.iter().count()),
        Err(error) => Err(Error::store(error)),
    }
}

/// The database's own clock, in seconds since 1970, to compare ours with.
///
/// # Errors
/// When it does not answer.
pub async fn clock(db: &mut dyn Exec) -> Result<i64> {
    // The one question that the engines spell differently.
    let seconds = match db.link() {
        Link::Postgres(link) => {
            sqlx::query_scalar("SELECT CAST(EXTRACT(EPOCH FROM now()) AS BIGINT)")
                .fetch_one(link)
                .await
        }
        Link::Sqlite(link) => {
            sqlx::query_scalar("SELECT CAST(strftime('%s', 'now') AS BIGINT)")
                .fetch_one(link)
                .await
        }
    };
    seconds.map_err(Error::store)
}
