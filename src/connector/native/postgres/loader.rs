//! Loading rows by COPY, on a thread of its own: the next rows are made while PostgreSQL stores the last.
//! Rows of one table that follow each other go into one COPY, whatever their number; everything between
//! two commits is one transaction.

use std::sync::Arc;
use std::thread::JoinHandle;

use sqlx::Executor as _;
use sqlx::postgres::PgConnection;
use tokio::sync::{mpsc, oneshot};

use super::session::Session;
use crate::connector::native::interface::Fault;

/// How many blocks of rows may wait.
const WAITING: usize = 16;

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
    let mut within = false;
    let mut next = orders.recv().await;
    while let Some(order) = next {
        next = match order {
            Order::Rows(rows) => {
                if !within {
                    connection.execute("BEGIN").await?;
                    within = true;
                }
                copy(connection, rows, orders).await?
            }
            Order::Commit(done) => {
                if within {
                    connection.execute("COMMIT").await?;
                    within = false;
                }
                let _ = done.send(());
                orders.recv().await
            }
        };
    }
    Ok(())
}

/// One COPY, up to the first order that is about something else, which is given back.
async fn copy(
    connection: &mut PgConnection,
    first: Rows,
    orders: &mut mpsc::Receiver<Order>,
) -> sqlx::Result<Option<Order>> {
    let mut copying = connection.copy_in_raw(&first.copy).await?;
    let mut text = first.text;
    loop {
        copying.send(text).await?;
        match orders.recv().await {
            Some(Order::Rows(more)) if more.copy == first.copy => text = more.text,
            other => {
                copying.finish().await?;
                return Ok(other);
            }
        }
    }
}
