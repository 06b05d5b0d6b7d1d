//! Loading rows by COPY, on a thread of its own: the next rows are made while PostgreSQL stores the last.
//! Rows of one table that follow each other go into one COPY, whatever their number; everything between
//! two commits is one transaction. A source that sends no states for long does not make it a long one: it
//! is committed now and then by itself. That is a promise to nobody. A run that is broken off then has
//! the next one load those rows again, as all rows behind the last state: deduplication takes them for
//! the same, and appending promises each row at least once.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sqlx::Executor as _;
use sqlx::postgres::PgConnection;
use tokio::sync::{mpsc, oneshot};

use crate::connector::native::interface::Fault;
use crate::connector::native::postgres::session::Session;

/// How many blocks of rows may wait.
const WAITING: usize = 16;
/// What one transaction takes, and how long it stays open.
const LARGEST: usize = 128 * 1024 * 1024;
const LONGEST: Duration = Duration::from_mins(5);

pub(super) struct Loader {
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<Result<Session, Fault>>,
}

enum Order {
    Rows(Rows),
    Commit(oneshot::Sender<()>),
}

struct Rows {
    copy: Arc<str>,
    text: Vec<u8>,
}

impl Loader {
    pub(super) fn start(mut session: Session) -> Result<Self, Fault> {
        let (orders, mut taken) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("postgres-loader".to_owned())
            .spawn(move || {
                session.with(async |connection| load(connection, &mut taken).await)?;
                Ok(session)
            })
            .map_err(|error| Fault::transient("the system gives no more threads").because(error))?;
        Ok(Self { orders, thread })
    }

    /// Loads rows by this COPY statement. Only a loader that has ended does not take them.
    pub(super) fn load(&mut self, copy: &Arc<str>, text: Vec<u8>) -> Result<(), Ended> {
        let rows = Rows {
            copy: copy.clone(),
            text,
        };
        self.orders
            .blocking_send(Order::Rows(rows))
            .map_err(|_| Ended)
    }

    /// Waits until everything so far is kept for good.
    pub(super) fn commit(&mut self) -> Result<(), Ended> {
        let (done, wait) = oneshot::channel();
        self.orders
            .blocking_send(Order::Commit(done))
            .map_err(|_| Ended)?;
        wait.blocking_recv().map_err(|_| Ended)
    }

    /// Takes the session back, or what ended the loader. What was not committed is gone.
    pub(super) fn end(self) -> Result<Session, Fault> {
        drop(self.orders);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(Fault::system("the loader broke: this is a fault of ours")))
    }
}

/// The loader has ended, and [`Loader::end`] says why.
#[derive(Debug)]
pub(super) struct Ended;

async fn load(
    connection: &mut PgConnection,
    orders: &mut mpsc::Receiver<Order>,
) -> sqlx::Result<()> {
    let mut open = None;
    let mut next = orders.recv().await;
    while let Some(order) = next {
        next = match order {
            Order::Rows(rows) => {
                let transaction = match &mut open {
                    Some(transaction) => transaction,
                    closed => {
                        connection.execute("BEGIN").await?;
                        closed.insert(Transaction::new(LARGEST, LONGEST))
                    }
                };
                let (next, full) = copy(connection, rows, orders, transaction).await?;
                if full {
                    connection.execute("COMMIT").await?;
                    open = None;
                }
                match next {
                    Next::Order(order) => Some(order),
                    Next::Late => orders.recv().await,
                    Next::End => None,
                }
            }
            Order::Commit(done) => {
                if open.take().is_some() {
                    connection.execute("COMMIT").await?;
                }
                let _ = done.send(());
                orders.recv().await
            }
        };
    }
    Ok(())
}

/// What a transaction may still take.
struct Transaction {
    bytes: usize,
    until: Instant,
}

impl Transaction {
    fn new(bytes: usize, time: Duration) -> Self {
        Self {
            bytes,
            until: Instant::now() + time,
        }
    }

    fn take(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn is_full(&self) -> bool {
        self.bytes == 0 || Instant::now() >= self.until
    }
}

/// What follows a COPY.
enum Next {
    Order(Order),
    /// Nothing in time.
    Late,
    End,
}

/// One COPY, up to the first order that is about something else, or to the bounds of the transaction; and
/// whether that is what ended it.
async fn copy(
    connection: &mut PgConnection,
    first: Rows,
    orders: &mut mpsc::Receiver<Order>,
    transaction: &mut Transaction,
) -> sqlx::Result<(Next, bool)> {
    let mut copying = connection.copy_in_raw(&first.copy).await?;
    let mut text = first.text;
    let next = loop {
        transaction.take(text.len());
        copying.send(text).await?;
        if transaction.is_full() {
            break Next::Late;
        }
        match tokio::time::timeout_at(transaction.until.into(), orders.recv()).await {
            Ok(Some(Order::Rows(more))) if more.copy == first.copy => text = more.text,
            Ok(Some(order)) => break Next::Order(order),
            Ok(None) => break Next::End,
            Err(_) => break Next::Late,
        }
    };
    copying.finish().await?;
    Ok((next, transaction.is_full()))
}
