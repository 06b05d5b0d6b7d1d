//! What all native destinations have in common: they take records and states in order, give a state back
//! only when everything before it is kept for good, and at the end say which streams were not completed.
//!
//! States are not committed one by one. They wait while more input is at hand and are committed together
//! as soon as the reader would have to wait, so a fast source costs few flushes and a slow one waits
//! for nothing. Where a commit is dear, they wait a little longer, unless the source falls silent.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::input::{Input, Item};
use super::interface::{Fault, Stop};
use super::output::Output;
use crate::protocol::catalog::{ConfiguredCatalog, StreamDescriptor};
use crate::protocol::line::{Line, RecordLine, classify};
use crate::protocol::message::Message;
use crate::protocol::parcel::Known;
use crate::protocol::reader::Piece;
use crate::protocol::state::{Position, State, Stats};
use crate::protocol::trace::{Event, Status};

/// Where the records go. Streams are told apart by their place in the catalog.
pub(super) trait Sink {
    fn record(
        &mut self,
        stream: usize,
        record: &RecordLine<'_>,
        out: &mut Output<'_>,
    ) -> Result<(), Stop>;

    /// Keeps for good what came so far: of one stream, or of all.
    fn commit(&mut self, stream: Option<usize>) -> Result<(), Fault>;

    /// There is no more of a stream; `complete` when its source said that this is all of it.
    fn finish(&mut self, stream: usize, complete: bool) -> Result<(), Fault>;

    /// How long states may wait to be committed while more comes.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// A source that sends nothing for this long is silent.
const SILENCE: Duration = Duration::from_millis(50);
/// More states than this do not wait.
const MOST_WAITING: usize = 10_000;

/// Takes all of the input.
pub(super) fn consume(
    catalog: &ConfiguredCatalog,
    input: &mut dyn Input,
    sink: &mut dyn Sink,
    out: &mut Output<'_>,
) -> Result<(), Stop> {
    let mut intake = Intake::new(catalog, sink, out);
    let taken = intake.take_all(input);
    if let Err(Stop::Fault(fault)) = taken {
        // What came before the failure may well be safe; if not, that is no news.
        let _ = intake.commit();
        return Err(fault.into());
    }
    taken?;
    intake.end()
}

struct Intake<'a, 'o> {
    sink: &'a mut dyn Sink,
    out: &'a mut Output<'o>,
    streams: Vec<Progress>,
    places: HashMap<String, Vec<usize>>,
    /// Where the last record went: most often that is where the next one goes.
    last: usize,
    /// States that wait to be committed, with the stream that they are of.
    waiting: Vec<(Option<usize>, State)>,
    /// Since when the first of them waits.
    waiting_since: Instant,
}

struct Progress {
    descriptor: StreamDescriptor,
    /// Records since its last state.
    records: u64,
    status: Option<Status>,
}

impl<'a, 'o> Intake<'a, 'o> {
    fn new(catalog: &ConfiguredCatalog, sink: &'a mut dyn Sink, out: &'a mut Output<'o>) -> Self {
        let streams: Vec<_> = catalog
            .streams
            .iter()
            .map(|configured| Progress {
                descriptor: configured.stream.descriptor(),
                records: 0,
                status: None,
            })
            .collect();
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, stream) in streams.iter().enumerate() {
            let name = stream.descriptor.name.clone();
            places.entry(name).or_default().push(place);
        }
        Self {
            sink,
            out,
            streams,
            places,
            last: 0,
            waiting: Vec::new(),
            waiting_since: Instant::now(),
        }
    }

    fn take_all(&mut self, input: &mut dyn Input) -> Result<(), Stop> {
        loop {
            if !input.is_ready() && self.is_time(input) {
                self.commit()?;
            }
            match input.next().map_err(|_| Stop::Gone)? {
                Some(Item::Known(line)) => self.take_known(line)?,
                Some(Item::Piece(Piece::Line(line))) => self.take(line)?,
                Some(Item::Piece(Piece::TooLong { length, .. })) => {
                    let message = format!("a line of {length} bytes is longer than allowed");
                    return Err(Fault::system(message).into());
                }
                Some(Item::Piece(Piece::Unfinished(_))) => {
                    return Err(Fault::system("the input ends within a line").into());
                }
                None => return Ok(()),
            }
        }
    }

    fn take_known(&mut self, line: Known<'_>) -> Result<(), Stop> {
        let (stream, data, emitted_at, meta) = match line {
            Known::Line(line) => return self.take(line),
            Known::Record {
                stream,
                data,
                emitted_at,
                meta,
            } => (stream, data, emitted_at, meta),
        };
        let progress = &mut self.streams[stream];
        progress.records += 1;
        let record = RecordLine {
            stream: Cow::Borrowed(&progress.descriptor.name),
            namespace: progress.descriptor.space().map(Cow::Borrowed),
            data,
            emitted_at,
            meta,
        };
        self.sink.record(stream, &record, self.out)
    }

    /// Whether to commit now, when the next line is not at hand.
    fn is_time(&self, input: &mut dyn Input) -> bool {
        let left = self
            .sink
            .patience()
            .saturating_sub(self.waiting_since.elapsed());
        self.waiting.is_empty()
            || self.waiting.len() > MOST_WAITING
            || left.is_zero()
            || input.is_idle(left.min(SILENCE))
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Stop> {
        match classify(line) {
            Line::Record(record) => {
                let stream = self.place(&record.stream, record.namespace.as_deref())?;
                self.sink.record(stream, &record, self.out)?;
                self.streams[stream].records += 1;
                Ok(())
            }
            Line::Message(message) => match *message {
                Message::State { state } => self.take_state(state),
                Message::Trace { trace } => {
                    if let Event::StreamStatus(status) = trace.event {
                        let descriptor = &status.stream_descriptor;
                        let stream = self.place(&descriptor.name, descriptor.space())?;
                        self.streams[stream].status = Some(status.status);
                    }
                    Ok(())
                }
                _ => Ok(()),
            },
            Line::Text([]) => Ok(()),
            Line::Text(_) => self.out.log("WARN", "a line of the input is no message"),
            Line::Broken(_) => Err(Fault::system("a record of the input cannot be read").into()),
            Line::Skipped { kind, why } => {
                let message = format!("a message of type {kind} was passed over: {why}");
                self.out.log("WARN", message)
            }
        }
    }

    fn take_state(&mut self, mut state: State) -> Result<(), Stop> {
        let stream = match &state.position {
            Position::Stream(of) => {
                let descriptor = &of.stream_descriptor;
                Some(self.place(&descriptor.name, descriptor.space())?)
            }
            Position::Global(_) | Position::Legacy { .. } => None,
        };
        let counted = match stream {
            Some(stream) => &mut self.streams[stream..=stream],
            None => &mut self.streams,
        };
        let records = counted
            .iter_mut()
            .map(|stream| std::mem::take(&mut stream.records));
        state.destination_stats = Some(Stats::of(records.sum()));
        if self.waiting.is_empty() {
            self.waiting_since = Instant::now();
        }
        self.waiting.push((stream, state));
        Ok(())
    }

    fn place(&mut self, name: &str, namespace: Option<&str>) -> Result<usize, Fault> {
        let is = |stream: &Progress| {
            stream.descriptor.name == name && stream.descriptor.space() == namespace
        };
        if self.streams.get(self.last).is_some_and(is) {
            return Ok(self.last);
        }
        let named = self.places.get(name).map_or(&[][..], Vec::as_slice);
        let place = named
            .iter()
            .copied()
            .find(|place| is(&self.streams[*place]));
        self.last = place.ok_or_else(|| {
            Fault::system(format!(
                "the stream {name} is not in the configured catalog"
            ))
        })?;
        Ok(self.last)
    }

    /// Keeps everything that a waiting state stands for, then gives the states back.
    fn commit(&mut self) -> Result<(), Stop> {
        let mut streams: Vec<_> = self.waiting.iter().map(|(stream, _)| *stream).collect();
        streams.sort_unstable();
        streams.dedup();
        if streams.first() == Some(&None) {
            streams.truncate(1);
        }
        for stream in streams {
            self.sink.commit(stream)?;
        }
        for (_, state) in self.waiting.drain(..) {
            self.out.state(state)?;
        }
        self.out.flush()
    }

    fn end(mut self) -> Result<(), Stop> {
        self.commit()?;
        let mut open = Vec::new();
        for (place, stream) in self.streams.iter().enumerate() {
            self.sink
                .finish(place, stream.status == Some(Status::Complete))?;
            if !matches!(stream.status, Some(Status::Complete | Status::Incomplete)) {
                open.push(stream.descriptor.to_string());
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let message = format!(
            "the source did not say how these streams ended: {}",
            open.join(", ")
        );
        Err(Fault::transient(message).into())
    }
}
