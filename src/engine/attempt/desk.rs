//! Where everything about one attempt comes together: its log, its books, whether it is to be cut short.
//! [`Desk::keep`] runs beside the work: it renews the lease, stores checkpoints, and watches for reasons
//! to cut the run short. When it returns, the lease is lost.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::journal::Journal;
use super::pulse::Pulse;
use crate::domain::job::{Job, Origin};
use crate::engine::Engine;
use crate::engine::relay::Level;
use crate::engine::relay::ledger::{Counts, Ledger, Safe, StreamFigures};
use crate::engine::settle::{Effort, Outcome, Settlement, settle};
use crate::engine::states::to_store;
use crate::engine::worker::explained;
use crate::error::Result;
use crate::protocol::catalog::StreamDescriptor;
use crate::protocol::trace::Status;
use crate::store::attempts::StreamStatistics;
use crate::store::bell::{Ring, Rings};
use crate::store::leases::{Fenced, Lease};
use crate::store::{attempts, jobs, log_pieces, states};

/// States are stored at most so often.
const CHECKPOINT: Duration = Duration::from_millis(250);

/// Figures and lines of the log without a new state are stored at most so often.
const NEWS: Duration = Duration::from_secs(1);

/// How long the database may take for one checkpoint. A connection that hangs must not hide that the
/// lease runs out.
const DATABASE: Duration = Duration::from_secs(10);

/// How many of the last lines of a connector's standard error explain how it ended.
const LAST_WORDS: usize = 20;

/// Why a run is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Somebody wants the job to end.
    Cancelled,
    /// This process is to stop.
    Shutdown,
    SourceSilent,
    DestinationStuck,
    TooLong,
}

/// One attempt at work.
#[derive(Debug)]
pub(super) struct Desk<'e> {
    pub(super) engine: &'e Engine,
    pub(super) job: &'e Job,
    pub(super) lease: &'e Lease,
    pub(super) pulse: Arc<Pulse>,
    begun: Instant,
    renewed: Mutex<Instant>,
    cut: watch::Sender<Option<Cut>>,
    journal: Mutex<Journal>,
    last_words: Mutex<HashMap<Origin, VecDeque<String>>>,
    books: OnceLock<Books>,
    news: Mutex<News>,
}

/// The books of the run, and what earlier attempts committed.
#[derive(Debug)]
struct Books {
    ledger: Arc<Ledger>,
    before: Counts,
}

/// What is not stored yet.
#[derive(Debug, Clone, Default)]
struct News {
    states: Vec<Safe>,
    /// Of every stream; those that are stored already are skipped.
    figures: Option<Vec<StreamFigures>>,
    stored: Vec<StreamStatistics>,
    /// Rows were committed in this attempt.
    progress: bool,
}

impl<'e> Desk<'e> {
    /// `claimed` is a moment before the lease was taken.
    pub(super) fn new(
        engine: &'e Engine,
        job: &'e Job,
        lease: &'e Lease,
        claimed: Instant,
    ) -> Self {
        Self {
            engine,
            job,
            lease,
            pulse: Arc::new(Pulse::new()),
            begun: claimed,
            renewed: Mutex::new(claimed),
            cut: watch::Sender::new(None),
            journal: Mutex::new(Journal::new(engine.settings.log_limit)),
            last_words: Mutex::default(),
            books: OnceLock::new(),
            news: Mutex::default(),
        }
    }

    /// From here on there is something to store.
    pub(super) fn open_books(&self, ledger: Arc<Ledger>, before: Counts) {
        let _ = self.books.set(Books { ledger, before });
    }

    /// Adds a line to the log.
    pub(super) fn log(&self, origin: Origin, level: Level, message: &str) {
        let at = self.engine.clock.now().timestamp_millis();
        lock(&self.journal).add(at, origin, level, message);
    }

    /// Adds a line that a connector wrote to its standard error.
    pub(super) fn last_word(&self, origin: Origin, line: &str) {
        self.log(origin, Level::Info, line);
        let mut all = lock(&self.last_words);
        let words = all.entry(origin).or_default();
        words.push_back(line.to_owned());
        if words.len() > LAST_WORDS {
            words.pop_front();
        }
    }

    /// The last lines that a connector wrote to its standard error.
    pub(super) fn last_words(&self, origin: Origin) -> Option<String> {
        let all = lock(&self.last_words);
        let words = all.get(&origin)?;
        Some(
            words
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }

    /// Cuts the run short. The first reason counts.
    pub(super) fn cut_short(&self, why: Cut) {
        self.cut.send_if_modified(|cut| {
            let first = cut.is_none();
            if first {
                *cut = Some(why);
            }
            first
        });
    }

    pub(super) fn is_cut(&self) -> Option<Cut> {
        *self.cut.borrow()
    }

    /// Waits until the run is to be cut short.
    pub(super) async fn cut(&self) -> Cut {
        let mut cut = self.cut.subscribe();
        let found = cut.wait_for(Option::is_some).await;
        let found = found.ok().and_then(|cut| *cut);
        match found {
            Some(cut) => cut,
            // The sender lives as long as this desk.
            None => std::future::pending().await,
        }
    }

    /// Keeps the lease and stores what is new, for as long as that is possible.
    pub(super) async fn keep(&self, mut rings: Rings) {
        let mut tick = tokio::time::interval(CHECKPOINT);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looked = Instant::now();
        let mut fine = true;
        loop {
            let rung = tokio::select! {
                _ = tick.tick() => false,
                ring = rings.next() => match ring {
                    Ring::Cancel(job) if job == self.job.id => true,
                    Ring::Anything => true,
                    _ => continue,
                },
                () = self.engine.shutdown.begun(), if self.is_cut().is_none() => {
                    self.cut_short(Cut::Shutdown);
                    continue;
                }
            };
            self.watch();
            let old = self.renewed().elapsed() >= self.engine.settings.renew_after();
            if rung || old || self.is_worth_storing(looked.elapsed()) {
                let before = Instant::now();
                match tokio::time::timeout(DATABASE, self.store()).await {
                    Ok(Ok(true)) => {
                        (fine, looked) = (true, before);
                        *lock(&self.renewed) = before;
                    }
                    Ok(Ok(false)) => return,
                    Ok(Err(error)) => self.complain(&mut fine, &explained(&error)),
                    Err(_) => self.complain(&mut fine, "the database takes too long"),
                }
            }
            if self.is_too_late() {
                return;
            }
        }
    }

    fn complain(&self, fine: &mut bool, why: &str) {
        // Once, not four times a second.
        if std::mem::take(fine) {
            tracing::warn!(job.id = self.job.id, "a checkpoint waits: {why}");
        }
    }

    fn renewed(&self) -> Instant {
        *lock(&self.renewed)
    }

    /// The lease was not renewed for so long that somebody else may soon have the job.
    fn is_too_late(&self) -> bool {
        self.renewed().elapsed() >= self.engine.settings.stop_after()
    }

    fn watch(&self) {
        let settings = &self.engine.settings;
        if self.pulse.source_silent() >= settings.source_silence {
            self.cut_short(Cut::SourceSilent);
        }
        if self.pulse.destination_stuck() >= settings.destination_timeout {
            self.cut_short(Cut::DestinationStuck);
        }
        if self.begun.elapsed() >= settings.attempt_limit {
            self.cut_short(Cut::TooLong);
        }
    }

    fn is_worth_storing(&self, since: Duration) -> bool {
        self.gather();
        let news = lock(&self.news);
        let journal = lock(&self.journal);
        let waits = news.figures.is_some() || journal.waiting().is_some();
        !news.states.is_empty() || journal.is_large() || waits && since >= NEWS
    }

    /// Takes what is new from the books. It stays here until it is known to be stored.
    fn gather(&self) {
        let Some(taken) = self.books.get().and_then(|books| books.ledger.take()) else {
            return;
        };
        let mut news = lock(&self.news);
        for safe in taken.states {
            news.states.retain(|other| !takes_the_place(&safe, other));
            news.states.push(safe);
        }
        news.progress |= taken.streams.iter().any(|one| one.committed.rows > 0);
        news.figures = Some(taken.streams);
    }

    /// Stores what is new and renews the lease; `false` when it is lost.
    async fn store(&self) -> Result<bool> {
        let until = self.engine.lease_until();
        let Some(mut db) = self.lease.fence(&self.engine.db, until).await? else {
            return Ok(false);
        };
        if db.cancel_requested {
            self.cut_short(Cut::Cancelled);
        }
        let stored = self.write(&mut db).await?;
        db.commit().await?;
        self.forget(stored);
        Ok(true)
    }

    /// Writes everything that is not stored yet.
    async fn write(&self, db: &mut Fenced) -> Result<Written> {
        let now = self.engine.clock.now();
        let news = lock(&self.news).clone();
        for safe in &news.states {
            match to_store(safe) {
                Ok(row) => states::put(db, &row, now).await?,
                Err(gone) => {
                    states::remove(db, gone.space().unwrap_or_default(), &gone.name).await?;
                }
            }
        }
        let figures = news.figures.unwrap_or_default();
        let rows: Vec<_> = figures.iter().map(row).collect();
        for row in rows.iter().filter(|row| !news.stored.contains(row)) {
            attempts::put_statistics(db, row).await?;
        }
        if let Some(books) = self.books.get().filter(|_| !figures.is_empty()) {
            let mut committed = books.before;
            for one in &figures {
                committed += one.committed;
            }
            jobs::progress(db, whole(committed.rows), whole(committed.bytes)).await?;
        }
        let waiting = lock(&self.journal).waiting();
        let mut lines = 0;
        if let Some((piece, count)) = waiting {
            log_pieces::put(db, &piece, now).await?;
            lines = count;
        }
        Ok(Written { rows, lines })
    }

    /// What was written is stored now. Nothing has been gathered meanwhile, only the log has grown.
    fn forget(&self, written: Written) {
        let mut news = lock(&self.news);
        news.states.clear();
        if news.figures.take().is_some() {
            news.stored = written.rows;
        }
        if written.lines > 0 {
            lock(&self.journal).written(written.lines);
        }
    }

    /// Stores the last states together with how the attempt went, and lets go of the job. Tries for as
    /// long as the lease holds.
    pub(super) async fn close(&self, outcome: &Outcome, effort: Effort) {
        self.gather();
        lock(&self.journal).finish(self.engine.clock.now().timestamp_millis());
        let effort = Effort {
            progress: lock(&self.news).progress,
            ..effort
        };
        let Settlement { job, news } = loop {
            let why = match tokio::time::timeout(DATABASE, self.try_close(outcome, effort)).await {
                Ok(Ok(Some(settlement))) => break settlement,
                Ok(Ok(None)) => return,
                Ok(Err(error)) => explained(&error),
                Err(_) => "the database takes too long".to_owned(),
            };
            tracing::warn!(job.id = self.job.id, "the end of an attempt waits: {why}");
            if self.is_too_late() {
                return;
            }
            tokio::time::sleep(CHECKPOINT).await;
        };
        tracing::info!(
            job.id,
            attempt = self.lease.attempt(),
            status = job.status.as_str(),
            rows = job.rows_committed,
            "an attempt ended"
        );
        self.engine.bell.ring(Ring::Changed(job.id)).await;
        if news {
            self.engine.bell.ring(Ring::News).await;
        }
        // It may be the turn of this job again, or of another one that there was no room for.
        if !job.status.is_final() || self.engine.settings.limits_jobs() {
            self.engine.bell.ring(Ring::Work).await;
        }
    }

    async fn try_close(&self, outcome: &Outcome, effort: Effort) -> Result<Option<Settlement>> {
        let (db, until) = (&self.engine.db, self.engine.lease_until());
        let fenced = match outcome {
            // It may be one failure too many.
            Outcome::Failed(_) => self.lease.fence_with_connection(db, until).await?,
            _ => self.lease.fence(db, until).await?,
        };
        let Some(mut db) = fenced else {
            return Ok(None);
        };
        self.write(&mut db).await?;
        let settlement = settle(&mut db, self.engine, self.job, outcome, effort).await?;
        db.commit().await?;
        Ok(Some(settlement))
    }
}

/// What a transaction has written.
struct Written {
    rows: Vec<StreamStatistics>,
    lines: usize,
}

/// Whether the newer state leaves nothing of the older one to store.
fn takes_the_place(newer: &Safe, older: &Safe) -> bool {
    match (newer, older) {
        (Safe::Stream { stream, .. }, Safe::Stream { stream: other, .. }) => stream == other,
        (Safe::Stream { .. }, _) => false,
        (Safe::Global(_) | Safe::Legacy(_), _) => true,
    }
}

fn row(figures: &StreamFigures) -> StreamStatistics {
    let StreamFigures {
        stream: StreamDescriptor { name, .. },
        emitted,
        committed,
        ..
    } = figures;
    StreamStatistics {
        attempt: 0,
        namespace: figures.stream.space().unwrap_or_default().to_owned(),
        name: name.clone(),
        rows_emitted: whole(emitted.rows),
        bytes_emitted: whole(emitted.bytes),
        rows_committed: whole(committed.rows),
        bytes_committed: whole(committed.bytes),
        rows_estimated: figures.estimated_rows.map(whole),
        status: match figures.status {
            None => "",
            Some(Status::Started) => "started",
            Some(Status::Running) => "running",
            Some(Status::Complete) => "complete",
            Some(Status::Incomplete) => "incomplete",
        }
        .to_owned(),
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
