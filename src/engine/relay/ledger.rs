//! The books of a run. Records are counted as they pass; a state that passes closes a page: the records
//! before it wait with it until the destination sends it back. Only then are they committed, and only
//! then may the state be stored. Counts and states therefore always belong together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::protocol::catalog::StreamDescriptor;
use crate::protocol::raw::Raw;
use crate::protocol::state::{GlobalState, Position, State};
use crate::protocol::trace::Status;

/// The most states of one stream that wait at once. Beyond it the oldest are merged: their records then
/// wait for the next one.
const MOST_WAITING: usize = 1000;

/// The field in which a state carries our number through the destination.
pub const NUMBER: &str = "id";

/// Rows and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub rows: u64,
    pub bytes: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}

/// What is known of one stream of the run.
#[derive(Debug, Clone)]
pub struct StreamFigures {
    pub stream: StreamDescriptor,
    pub emitted: Counts,
    pub committed: Counts,
    pub estimated_rows: Option<u64>,
    pub status: Option<Status>,
}

/// A state that is safe to store.
#[derive(Debug, Clone, PartialEq)]
pub enum Safe {
    /// Without a state, the stream starts from the beginning next time.
    Stream {
        stream: StreamDescriptor,
        state: Option<Raw>,
    },
    Global(GlobalState),
    Legacy(Option<Raw>),
}

/// What may be stored now: the newest safe state of each kind, and the figures that belong to them.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    pub states: Vec<Safe>,
    pub streams: Vec<StreamFigures>,
}

/// The books, shared by the threads of a run and whoever stores checkpoints.
#[derive(Debug)]
pub struct Ledger {
    books: Mutex<Books>,
    /// Rung when there is something new to store or to show.
    pub changed: Notify,
}

#[derive(Debug)]
struct Books {
    streams: Vec<Book>,
    /// States that speak for all streams.
    shared: VecDeque<Page>,
    next_number: u64,
    /// Where the state with a number waits: a stream, or `None` among the shared ones.
    places: HashMap<u64, Option<usize>>,
    safe: HashMap<Key, Safe>,
    dirty: bool,
    /// Rows that the destination acknowledged and did not keep.
    rejected: u64,
}

#[derive(Debug)]
struct Book {
    figures: StreamFigures,
    /// Records since the last state.
    open: Counts,
    /// Whether the source ever sent a state for it.
    has_state: bool,
    waiting: VecDeque<Page>,
}

/// Records that wait for a state, and the state.
#[derive(Debug)]
struct Page {
    number: u64,
    /// By stream.
    counts: Vec<(usize, Counts)>,
    /// Absent for one that we made up: there is nothing to store.
    safe: Option<Safe>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Stream(StreamDescriptor),
    Shared,
}

impl Ledger {
    /// Empty books for these streams.
    pub fn new(streams: impl IntoIterator<Item = StreamDescriptor>) -> Self {
        let book = |stream| Book {
            figures: StreamFigures {
                stream,
                emitted: Counts::default(),
                committed: Counts::default(),
                estimated_rows: None,
                status: None,
            },
            open: Counts::default(),
            has_state: false,
            waiting: VecDeque::new(),
        };
        Self {
            books: Mutex::new(Books {
                streams: streams.into_iter().map(book).collect(),
                shared: VecDeque::new(),
                next_number: 1,
                places: HashMap::new(),
                safe: HashMap::new(),
                dirty: false,
                rejected: 0,
            }),
            changed: Notify::new(),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters records that have passed.
    pub fn enter(&self, stream: usize, counts: Counts) {
        let mut books = self.books();
        let book = &mut books.streams[stream];
        book.open += counts;
        book.figures.emitted += counts;
        books.dirty = true;
        drop(books);
        self.changed.notify_one();
    }

    /// Closes a page: the records so far wait for this state. Gives the number to send with it, and how
    /// many records it closes.
    pub fn close(&self, state: &State, stream: Option<usize>) -> (u64, u64) {
        let mut books = self.books();
        let safe = match &state.position {
            Position::Stream(one) => Safe::Stream {
                stream: one.stream_descriptor.clone(),
                state: one.stream_state.clone(),
            },
            Position::Global(global) => Safe::Global(global.clone()),
            Position::Legacy { .. } => Safe::Legacy(state.data.clone()),
        };
        books.turn(stream, Some(safe))
    }

    /// Closes the pages of streams whose source ended well with records after their last state, or without
    /// any, so that the destination can acknowledge them. Gives a state to send for each; nothing of it
    /// will be stored.
    pub fn close_rest(&self) -> Vec<(StreamDescriptor, u64, u64)> {
        let mut books = self.books();
        if books.next_number > 1 && books.streams.iter().all(|book| !book.has_state) {
            // Shared states were sent: they speak for every stream.
            return Vec::new();
        }
        let open: Vec<_> = (0..books.streams.len())
            .filter(|&index| books.streams[index].open.rows > 0)
            .collect();
        open.into_iter()
            .map(|index| {
                let (number, rows) = books.turn(Some(index), None);
                (books.streams[index].figures.stream.clone(), number, rows)
            })
            .collect()
    }

    /// The destination sent this state back. It is found by its number, or, where a destination drops
    /// fields that it does not know, by what it says.
    pub fn acknowledge(&self, state: &State) -> bool {
        let number = state.rest.get(NUMBER).and_then(serde_json::Value::as_u64);
        let mut books = self.books();
        let found = match number {
            Some(number) => books.places.contains_key(&number).then_some(number),
            None => books.alike(state),
        };
        let Some(number) = found else {
            return false;
        };
        let rejected = state
            .destination_stats
            .as_ref()
            .and_then(|stats| stats.rejected_record_count)
            .unwrap_or(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count"
        )]
        books.commit(number, rejected.max(0.0) as u64);
        drop(books);
        self.changed.notify_one();
        true
    }

    /// What a source says of a stream.
    pub fn note_status(&self, stream: usize, status: Status) {
        let mut books = self.books();
        let current = &mut books.streams[stream].figures.status;
        // A stream that failed stays failed whatever is said afterwards.
        if *current != Some(Status::Incomplete) {
            *current = Some(status);
        }
        books.dirty = true;
        drop(books);
        self.changed.notify_one();
    }

    pub fn note_estimate(&self, stream: usize, rows: u64) {
        let mut books = self.books();
        books.streams[stream].figures.estimated_rows = Some(rows);
        books.dirty = true;
    }

    /// The figures of every stream.
    pub fn figures(&self) -> Vec<StreamFigures> {
        self.books()
            .streams
            .iter()
            .map(|book| book.figures.clone())
            .collect()
    }

    /// What is new since the last time; `None` when nothing is.
    pub fn take(&self) -> Option<Checkpoint> {
        let mut books = self.books();
        if !std::mem::take(&mut books.dirty) {
            return None;
        }
        Some(Checkpoint {
            states: books.safe.drain().map(|(_, safe)| safe).collect(),
            streams: books
                .streams
                .iter()
                .map(|book| book.figures.clone())
                .collect(),
        })
    }

    /// Records that were handed on and not acknowledged.
    pub fn unacknowledged(&self) -> u64 {
        let books = self.books();
        let figures = books.streams.iter().map(|book| &book.figures);
        let (emitted, committed) = figures.fold((0, 0), |(emitted, committed), figures| {
            (
                emitted + figures.emitted.rows,
                committed + figures.committed.rows,
            )
        });
        emitted - committed - books.rejected
    }

    /// States that wait.
    pub fn waiting(&self) -> usize {
        self.books().places.len()
    }
}

impl Books {
    /// Turns a page of one stream, or of all.
    fn turn(&mut self, stream: Option<usize>, safe: Option<Safe>) -> (u64, u64) {
        let number = self.next_number;
        self.next_number += 1;
        let made_up = safe.is_none();
        let mut page = Page {
            number,
            counts: Vec::new(),
            safe,
        };
        let mut rows = 0;
        let range = match stream {
            Some(index) => index..index + 1,
            None => 0..self.streams.len(),
        };
        for index in range {
            let book = &mut self.streams[index];
            let counts = std::mem::take(&mut book.open);
            book.has_state |= stream.is_some() && !made_up;
            rows += counts.rows;
            page.counts.push((index, counts));
        }
        self.places.insert(number, stream);
        let waiting = match stream {
            Some(index) => &mut self.streams[index].waiting,
            None => &mut self.shared,
        };
        waiting.push_back(page);
        if waiting.len() > MOST_WAITING
            && let Some(oldest) = waiting.pop_front()
            && let Some(next) = waiting.front_mut()
        {
            for (place, counts) in next.counts.iter_mut().zip(&oldest.counts) {
                place.1 += counts.1;
            }
            self.places.remove(&oldest.number);
        }
        (number, rows)
    }

    /// Commits the page with this number and those of the same queue before it.
    fn commit(&mut self, number: u64, mut rejected: u64) {
        let Some(place) = self.places.get(&number).copied() else {
            return;
        };
        loop {
            let waiting = match place {
                Some(index) => &mut self.streams[index].waiting,
                None => &mut self.shared,
            };
            let Some(page) = waiting.pop_front() else {
                break;
            };
            self.places.remove(&page.number);
            for (index, counts) in &page.counts {
                let figures = &mut self.streams[*index].figures;
                let lost = rejected.min(counts.rows);
                rejected -= lost;
                self.rejected += lost;
                figures.committed += Counts {
                    rows: counts.rows - lost,
                    bytes: counts.bytes,
                };
            }
            if let Some(safe) = page.safe {
                let key = match &safe {
                    Safe::Stream { stream, .. } => Key::Stream(stream.clone()),
                    Safe::Global(_) | Safe::Legacy(_) => Key::Shared,
                };
                self.safe.insert(key, safe);
            }
            if page.number == number {
                break;
            }
        }
        self.dirty = true;
    }

    /// The first waiting state that says the same.
    fn alike(&self, state: &State) -> Option<u64> {
        let says = |safe: &Safe| match (&state.position, safe) {
            (Position::Stream(one), Safe::Stream { stream, state }) => {
                one.stream_descriptor == *stream && same(one.stream_state.as_ref(), state.as_ref())
            }
            (Position::Global(one), Safe::Global(other)) => one == other,
            (Position::Legacy { .. }, Safe::Legacy(other)) => {
                same(state.data.as_ref(), other.as_ref())
            }
            _ => false,
        };
        let queues = self
            .streams
            .iter()
            .map(|book| &book.waiting)
            .chain([&self.shared]);
        queues
            .flatten()
            .find(|page| page.safe.as_ref().is_some_and(says))
            .map(|page| page.number)
    }
}

/// Whether two states say the same, however they are spelled.
fn same(one: Option<&Raw>, other: Option<&Raw>) -> bool {
    let value = |raw: &Raw| raw.parse().ok();
    one == other || one.and_then(value) == other.and_then(value)
}

#[cfg(test)]
mod tests;
