//! The connection to the server, for statements that are waited for. It is given up as soon as the run is
//! told to stop.

use std::time::Duration;

use futures_util::StreamExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, FromRow};
use tokio::runtime::{Builder, Runtime};

use super::address::Address;
use crate::connector::native::cancel::Cancel;
use crate::connector::native::interface::{Fault, Stop};

/// How often somebody looks whether the run is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// What counts in every session: a commit is kept for good whatever the user's default is, and a
/// connection that is dead is found out, because it holds locks. No limit of the user's default ends a
/// statement that takes long or a transaction that waits for its source.
const SETTINGS: &str = "SET synchronous_commit TO on; SET timezone TO 'UTC'; SET datestyle TO 'ISO'; \
     SET intervalstyle TO 'postgres'; SET bytea_output TO 'hex'; \
     SET client_min_messages TO error; SET standard_conforming_strings TO on; SET statement_timeout TO 0; \
     SET idle_in_transaction_session_timeout TO 0; \
     SET tcp_keepalives_idle TO 60; SET tcp_keepalives_interval TO 15; SET tcp_keepalives_count TO 4";

/// What not every server has, or can do on its system: looking during a statement whether we are still
/// there, and a limit for transactions.
const MORE: [(&str, &str); 2] = [
    ("client_connection_check_interval", "5s"),
    ("transaction_timeout", "0"),
];

pub(super) struct Session {
    runtime: Runtime,
    connection: PgConnection,
    cancel: Cancel,
}

impl Session {
    pub(super) fn open(address: &Address, cancel: Cancel) -> Result<Self, Fault> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Fault::transient("the system gives no more files").because(error))?;
        let connecting = async {
            let connected = tokio::time::timeout(address.patience, address.connection.connect());
            connected.await.unwrap_or_else(|_| {
                Err(sqlx::Error::Io(std::io::Error::from(
                    std::io::ErrorKind::TimedOut,
                )))
            })
        };
        let connection = runtime.block_on(unless_stopped(&cancel, connecting))?;
        let mut session = Self {
            runtime,
            connection,
            cancel,
        };
        session.run(SETTINGS)?;
        for (name, value) in MORE {
            let _ = session.run(&format!("SET {name} TO '{value}'"));
        }
        Ok(session)
    }

    /// Runs statements, all in one go.
    pub(super) fn run(&mut self, statements: &str) -> Result<(), Fault> {
        let running = self
            .connection
            .execute(sqlx::raw_sql(AssertSqlSafe(statements)));
        let done = self.runtime.block_on(unless_stopped(&self.cancel, running));
        done.map(drop)
    }

    /// The rows of a query with texts in its places.
    pub(super) fn rows<T>(&mut self, query: &str, texts: &[&str]) -> Result<Vec<T>, Fault>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut query = sqlx::query_as(AssertSqlSafe(query)).persistent(false);
        for text in texts {
            query = query.bind(*text);
        }
        let fetching = query.fetch_all(&mut self.connection);
        self.runtime
            .block_on(unless_stopped(&self.cancel, fetching))
    }

    /// Does something with the connection for as long as it takes.
    pub(super) fn with<T>(
        &mut self,
        deed: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T, Fault> {
        let doing = deed(&mut self.connection);
        self.runtime.block_on(unless_stopped(&self.cancel, doing))
    }

    /// Gives each row of a COPY to standard output to somebody, who may end it; with that, the session ends.
    pub(super) fn copy_out(
        &mut self,
        statement: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let copied = self.with(async |connection| {
            let mut rows = connection.copy_out_raw(statement).await?;
            while let Some(row) = rows.next().await {
                if let Err(stop) = take(&row?) {
                    return Ok(Err(stop));
                }
            }
            Ok(Ok(()))
        });
        copied?
    }

    /// Waits a moment; says whether to go on.
    pub(super) fn pause(&self) -> bool {
        self.cancel.sleep(LOOK)
    }

    pub(super) fn close(self) {
        let _ = self.runtime.block_on(self.connection.close());
    }
}

/// A statement that is given up this way ends on the server soon: the connection is closed, and it looks
/// for that.
async fn unless_stopped<T>(
    cancel: &Cancel,
    deed: impl Future<Output = sqlx::Result<T>>,
) -> Result<T, Fault> {
    let stopped = async {
        while !cancel.is_given() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        outcome = deed => outcome.map_err(|error| fault(&error)),
        () = stopped => Err(Fault::transient("the run was stopped")),
    }
}

/// Whose turn it is, by the class of the server's code. Data that the server refuses is not repeated:
/// it belongs to the user, and the log to others.
fn fault(error: &sqlx::Error) -> Fault {
    let sqlx::Error::Database(said) = error else {
        return match error {
            sqlx::Error::Io(io) if is_about_encryption(io) => {
                Fault::configuration(format!("the connection cannot be encrypted: {io}"))
            }
            sqlx::Error::Io(io) => Fault::transient(format!("the server cannot be reached: {io}")),
            sqlx::Error::Tls(tls) => {
                Fault::configuration(format!("the connection cannot be encrypted: {tls}"))
            }
            sqlx::Error::Configuration(_) => {
                Fault::configuration("the connection's certificates or settings cannot be used")
            }
            _ => Fault::transient("the connection to the server broke").because(error),
        };
    };
    let code = said.code().unwrap_or_default().into_owned();
    let message = format!("the server says: {} ({code})", said.message());
    match &code.as_bytes()[..code.len().min(2)] {
        b"22" | b"23" => Fault::system(format!("the server refuses a row ({code})")),
        b"28" | b"3D" | b"3F" | b"42" | b"2B" => Fault::configuration(message),
        b"08" | b"53" | b"57" | b"40" | b"55" => Fault::transient(message),
        _ => Fault::system(message),
    }
}

fn is_about_encryption(error: &std::io::Error) -> bool {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        .is_some()
}
