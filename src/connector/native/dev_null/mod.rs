//! `destination-dev-null`: takes everything and keeps nothing. Its modes make it the instrument for
//! testing whatever sends to it: log some records, be slow, fail in the middle.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::destination::{Sink, consume};
use super::faker::random::Random;
use super::input::Input;
use super::interface::{Destination, Fault, Stop, Surroundings, Wanted};
use super::output::Output;
use crate::protocol::line::RecordLine;
use crate::protocol::message::Specification;

#[derive(Debug)]
pub(super) struct DevNull;

#[derive(Debug, Deserialize)]
struct Configuration {
    test_destination: Mode,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "test_destination_type", rename_all = "SCREAMING_SNAKE_CASE")]
enum Mode {
    Silent,
    Logging { logging_config: Logging },
    Throttled { millis_per_record: u64 },
    Failing { num_messages: u64 },
}

/// Which records of each stream are logged. Counts are written as any number, `100.0` too.
#[derive(Debug, Deserialize)]
#[serde(tag = "logging_type")]
enum Logging {
    FirstN {
        #[serde(default = "most")]
        max_entry_count: f64,
    },
    EveryNth {
        #[serde(default = "third")]
        nth_entry_to_log: f64,
        #[serde(default = "most")]
        max_entry_count: f64,
    },
    RandomSampling {
        #[serde(default = "thousandth")]
        sampling_ratio: f64,
        seed: Option<f64>,
        #[serde(default = "most")]
        max_entry_count: f64,
    },
}

fn most() -> f64 {
    100.0
}

fn third() -> f64 {
    3.0
}

fn thousandth() -> f64 {
    0.001
}

fn parse(configuration: &Value) -> Result<Mode, Fault> {
    serde_json::from_value::<Configuration>(configuration.clone())
        .map(|configuration| configuration.test_destination)
        .map_err(|error| Fault::configuration("the mode cannot be read").because(error))
}

impl Destination for DevNull {
    fn specification(&self) -> Specification {
        serde_json::from_str(include_str!("specification.json")).expect("it is compiled in")
    }

    fn check(&self, configuration: &Value, _: &Surroundings) -> Result<(), Fault> {
        parse(configuration).map(drop)
    }

    fn write(
        &self,
        wanted: &Wanted<'_>,
        surroundings: &Surroundings,
        input: &mut dyn Input,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let mode = parse(wanted.configuration)?;
        let seed = match &mode {
            Mode::Logging {
                logging_config:
                    Logging::RandomSampling {
                        seed: Some(seed), ..
                    },
            } => seed.to_bits(),
            _ => u64::from_le_bytes(surroundings.clock.random()),
        };
        let mut nothing = Nothing {
            mode,
            surroundings,
            taken: 0,
            seen: vec![Seen::default(); wanted.catalog.streams.len()],
            random: Random::new(seed),
        };
        consume(&wanted.catalog, input, &mut nothing, out)
    }
}

struct Nothing<'a> {
    mode: Mode,
    surroundings: &'a Surroundings,
    taken: u64,
    seen: Vec<Seen>,
    random: Random,
}

/// Counts of one stream.
#[derive(Debug, Clone, Default)]
struct Seen {
    records: u64,
    logged: u64,
}

impl Sink for Nothing<'_> {
    fn record(
        &mut self,
        stream: usize,
        record: &RecordLine<'_>,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        self.taken += 1;
        match &self.mode {
            Mode::Throttled { millis_per_record } => {
                let slept = self
                    .surroundings
                    .cancel
                    .sleep(Duration::from_millis(*millis_per_record));
                if slept { Ok(()) } else { Err(Stop::Gone) }
            }
            Mode::Failing { num_messages } if self.taken > *num_messages => {
                let message = format!("failing on purpose after {num_messages} records");
                Err(Fault::system(message).into())
            }
            Mode::Silent | Mode::Failing { .. } => Ok(()),
            Mode::Logging { logging_config } => {
                let seen = &mut self.seen[stream];
                seen.records += 1;
                if !logging_config.picks(seen, &mut self.random) {
                    return Ok(());
                }
                seen.logged += 1;
                let data = String::from_utf8_lossy(record.data);
                out.log(
                    "INFO",
                    format!("{} #{}: {data}", record.stream, seen.records),
                )
            }
        }
    }

    fn commit(&mut self, _: Option<usize>) -> Result<(), Fault> {
        Ok(())
    }

    fn finish(&mut self, _: usize, _: bool) -> Result<(), Fault> {
        Ok(())
    }
}

impl Logging {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the schema keeps these between 0 and 1000"
    )]
    fn picks(&self, seen: &Seen, random: &mut Random) -> bool {
        let (due, most) = match self {
            Self::FirstN { max_entry_count } => (true, max_entry_count),
            Self::EveryNth {
                nth_entry_to_log,
                max_entry_count,
            } => {
                let due = seen.records.is_multiple_of(*nth_entry_to_log as u64);
                (due, max_entry_count)
            }
            Self::RandomSampling {
                sampling_ratio,
                max_entry_count,
                ..
            } => (random.fraction() < *sampling_ratio, max_entry_count),
        };
        due && seen.logged < *most as u64
    }
}
