//! `source-faker`: people, what there is to buy, and what they bought. As many as wanted, the same for the
//! same seed, and written as bytes without building anything: it is also how fast everything
//! behind it is measured.
//!
//! Where the reference repeats or drops records when it is resumed in the middle, this one goes on at
//! the offset of its state.

pub(super) mod random;
mod tables;
mod text;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::tables::{Stamp, Table};
use super::interface::{Fault, Source, Stop, Surroundings, Wanted};
use super::output::Output;
use crate::protocol::catalog::{Catalog, StreamDescriptor};
use crate::protocol::message::Specification;
use crate::protocol::raw::Raw;
use crate::protocol::state::{Position, State, Stats};
use crate::protocol::trace::Status;

#[derive(Debug)]
pub(super) struct Faker;

/// `parallelism` is accepted and not used: one thread makes more than a pipe takes.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Configuration {
    count: u64,
    /// Negative for a new one each time.
    seed: i64,
    records_per_slice: u64,
    always_updated: bool,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            count: 1000,
            seed: -1,
            records_per_slice: 1000,
            always_updated: true,
        }
    }
}

/// How far a stream has come. Products, which come in one slice, have no offset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Progress {
    seed: i64,
    updated_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loop_offset: Option<u64>,
}

fn parse(configuration: &Value) -> Result<Configuration, Fault> {
    serde_json::from_value(configuration.clone())
        .map_err(|error| Fault::configuration("the numbers cannot be used").because(error))
}

impl Source for Faker {
    fn specification(&self) -> Specification {
        serde_json::from_str(include_str!("specification.json")).expect("it is compiled in")
    }

    fn check(&self, configuration: &Value, _: &Surroundings) -> Result<(), Fault> {
        parse(configuration).map(drop)
    }

    fn discover(&self, _: &Value, _: &Surroundings) -> Result<Catalog, Fault> {
        Ok(serde_json::from_str(include_str!("catalog.json")).expect("it is compiled in"))
    }

    fn read(
        &self,
        wanted: &Wanted<'_>,
        surroundings: &Surroundings,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let configuration = parse(wanted.configuration)?;
        let seed = match u64::try_from(configuration.seed) {
            Ok(seed) => seed,
            Err(_) => u64::from_le_bytes(surroundings.clock.random()),
        };
        for configured in &wanted.catalog.streams {
            let stream = configured.stream.descriptor();
            let named = |table: &Table| table.name() == stream.name && stream.space().is_none();
            let Some(table) = Table::ALL.into_iter().find(named) else {
                out.log("WARN", format!("there is no stream {stream}"))?;
                out.status(&stream, Status::Incomplete)?;
                continue;
            };
            let reading = Reading {
                configuration: &configuration,
                seed,
                table,
                progress: progress(&wanted.states, &stream)?,
                stream,
            };
            reading.read(surroundings, out)?;
        }
        Ok(())
    }
}

/// Where a stream stands according to the states given.
fn progress(states: &[State], stream: &StreamDescriptor) -> Result<Option<Progress>, Fault> {
    let of_stream = |state: &State| match &state.position {
        Position::Stream(state) if state.stream_descriptor == *stream => state.stream_state.clone(),
        _ => None,
    };
    match states.iter().find_map(of_stream) {
        None => Ok(None),
        Some(state) if state.as_str() == "{}" => Ok(None),
        Some(state) => serde_json::from_str(state.as_str()).map_err(|error| {
            Fault::system(format!("the state of {stream} is not of this connector"))
                .because(error)
                .of_stream(stream.clone())
        }),
    }
}

/// The reading of one stream.
struct Reading<'a> {
    configuration: &'a Configuration,
    seed: u64,
    table: Table,
    stream: StreamDescriptor,
    progress: Option<Progress>,
}

impl Reading<'_> {
    fn read(&self, surroundings: &Surroundings, out: &mut Output<'_>) -> Result<(), Stop> {
        let (start, end) = (self.start(), self.table.length(self.configuration.count));
        let before = |place| self.table.records_before(place);
        out.status(&self.stream, Status::Started)?;
        if start == end {
            if let Some(progress) = &self.progress {
                self.state(progress, 0, out)?;
            }
            return out.status(&self.stream, Status::Complete);
        }
        let rows = before(end) - before(start);
        out.estimate(&self.stream, rows, rows * self.table.usual_size())?;
        out.status(&self.stream, Status::Running)?;
        let mut stamp = Stamp {
            seed: self.seed,
            updated_at: surroundings
                .clock
                .now()
                .format("%Y-%m-%dT%H:%M:%S+00:00")
                .to_string(),
            emitted_at: 0,
        };
        let step = match self.table {
            Table::Products => end,
            Table::Users | Table::Purchases => self.configuration.records_per_slice,
        };
        let mut place = start;
        while place < end {
            let slice = place..end.min(place.saturating_add(step));
            let now = surroundings.clock.now().timestamp_millis();
            stamp.emitted_at = now.try_into().unwrap_or_default();
            for place in slice.clone() {
                out.line(|line| self.table.write(line, place, &stamp))?;
            }
            place = slice.end;
            let progress = Progress {
                seed: self.configuration.seed,
                updated_at: stamp.updated_at.clone(),
                loop_offset: (self.table != Table::Products).then_some(place),
            };
            self.state(&progress, before(slice.end) - before(slice.start), out)?;
        }
        out.status(&self.stream, Status::Complete)
    }

    /// Where reading begins. A pass that was finished begins anew if everything is always updated; one
    /// of another seed would not fit together with what comes.
    fn start(&self) -> u64 {
        let end = self.table.length(self.configuration.count);
        match &self.progress {
            Some(progress) if progress.seed == self.configuration.seed => {
                match progress.loop_offset.unwrap_or(end).min(end) {
                    offset if offset == end && self.configuration.always_updated => 0,
                    offset => offset,
                }
            }
            _ => 0,
        }
    }

    fn state(&self, progress: &Progress, records: u64, out: &mut Output<'_>) -> Result<(), Stop> {
        let progress =
            Raw::from(&serde_json::to_value(progress).expect("it is made of text and numbers"));
        let mut state = State::of_stream(self.stream.clone(), Some(progress));
        state.source_stats = Some(Stats::of(records));
        out.state(state)
    }
}
