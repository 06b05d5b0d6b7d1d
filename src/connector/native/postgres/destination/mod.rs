//! `destination-postgres`: a table for each stream, its fields in typed columns, loaded by COPY. A state is
//! given back once the rows before it are committed.

mod columns;
mod configuration;
mod decimal;
mod json;
mod loader;
mod merge;
mod moment;
mod names;
mod row;
mod stream;
mod table;
mod types;
mod value;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::configuration::Configuration;
use self::loader::{Ended, Loader};
use self::stream::Stream;
use super::session::Session;
use crate::clock::Clock;
use crate::connector::native::destination::{Sink, consume};
use crate::connector::native::input::Input;
use crate::connector::native::interface::{Destination, Fault, Stop, Surroundings, Wanted};
use crate::connector::native::output::Output;
use crate::protocol::line::RecordLine;
use crate::protocol::message::Specification;

#[derive(Debug)]
pub(in crate::connector::native) struct Postgres;

/// How much of a stream is gathered before it is sent.
const BLOCK: usize = 128 * 1024;
/// How long states may wait, so that a flood of them does not mean a flood of commits.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long another run that writes to the same tables is waited for. It may be one that was killed, which
/// the server has not noticed yet.
const OTHERS: Duration = Duration::from_mins(2);

impl Destination for Postgres {
    fn specification(&self) -> Specification {
        serde_json::from_str(include_str!("specification.json")).expect("it is compiled in")
    }

    /// Does once what a run does, and takes it back.
    fn check(&self, configuration: &Value, surroundings: &Surroundings) -> Result<(), Fault> {
        let configuration = configuration::parse(configuration)?;
        let mut session = Session::open(&configuration.address, surroundings.cancel.clone())?;
        session.run("BEGIN")?;
        for schema in [&configuration.schema, &configuration.internal_schema] {
            let schema = names::clean(schema);
            table::make_schema(&mut session, &schema)?;
            let table = table::Table {
                schema,
                name: format!("_airbyte_check_{}", surroundings.clock.new_id().simple()),
            };
            session.run(&format!(
                "CREATE TABLE {table} (id bigint); INSERT INTO {table} VALUES (1); DROP TABLE {table}"
            ))?;
        }
        session.run("ROLLBACK")?;
        session.close();
        Ok(())
    }

    fn write(
        &self,
        wanted: &Wanted<'_>,
        surroundings: &Surroundings,
        input: &mut dyn Input,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let configuration = configuration::parse(wanted.configuration)?;
        let mut streams = streams(wanted, &configuration)?;
        let mut session = Session::open(&configuration.address, surroundings.cancel.clone())?;
        lock(&mut session, &streams)?;
        for stream in &mut streams {
            let prepared = stream.prepare(&mut session);
            prepared.map_err(|fault| fault.of_stream(stream.descriptor.clone()))?;
        }
        let mut tables = Tables {
            streams: streams.into_iter().map(Loading::new).collect(),
            server: Some(Server::Loads(Loader::start(session)?)),
            dirty: false,
            clock: surroundings.clock.clone(),
        };
        consume(&wanted.catalog, input, &mut tables, out)
    }
}

fn streams(wanted: &Wanted<'_>, configuration: &Configuration) -> Result<Vec<Stream>, Fault> {
    let configured = &wanted.catalog.streams;
    let tables = stream::tables(configured, configuration);
    let streams = configured.iter().zip(tables).map(|(configured, real)| {
        Stream::new(configured, real, configuration)
            .map_err(|fault| fault.of_stream(configured.stream.descriptor()))
    });
    streams.collect()
}

/// Keeps two runs from writing to the same tables: the server lets go of the locks when the connection
/// ends, and a run that was killed may go on there for a while.
fn lock(session: &mut Session, streams: &[Stream]) -> Result<(), Fault> {
    let mut locks: HashMap<i64, &Stream> = HashMap::new();
    for stream in streams {
        let hash = Sha256::digest(stream.real().to_string());
        let key = hash[..8]
            .iter()
            .fold(0, |key: i64, byte| (key << 8) | i64::from(*byte));
        locks.insert(key, stream);
    }
    let mut keys: Vec<_> = locks.into_iter().collect();
    keys.sort_by_key(|(key, _)| *key);
    let until = Instant::now() + OTHERS;
    for (key, stream) in keys {
        let query = format!("SELECT pg_try_advisory_lock({key})");
        while !session
            .rows::<(bool,)>(&query, &[])?
            .iter()
            .any(|(taken,)| *taken)
        {
            if Instant::now() > until || !session.pause() {
                let message = format!("another run is still writing to {}", stream.real());
                return Err(Fault::transient(message).of_stream(stream.descriptor.clone()));
            }
        }
    }
    Ok(())
}

struct Tables {
    streams: Vec<Loading>,
    /// Gone after a failure.
    server: Option<Server>,
    /// Whether there are rows that are not committed.
    dirty: bool,
    clock: Clock,
}

enum Server {
    Loads(Loader),
    Waits(Session),
}

struct Loading {
    stream: Stream,
    copy: Arc<str>,
    block: Vec<u8>,
}

impl Loading {
    fn new(stream: Stream) -> Self {
        Self {
            copy: stream.copy(),
            stream,
            block: Vec::new(),
        }
    }
}

impl Tables {
    /// Does something with the loader. If that has ended, this is where its reason comes out.
    fn load(&mut self, deed: impl FnOnce(&mut Loader) -> Result<(), Ended>) -> Result<(), Fault> {
        let ended = || Fault::system("the connection has been given up already");
        let Some(Server::Loads(loader)) = &mut self.server else {
            return Err(ended());
        };
        if deed(loader).is_ok() {
            return Ok(());
        }
        match self.server.take() {
            Some(Server::Loads(loader)) => Err(loader.end().err().unwrap_or_else(ended)),
            _ => Err(ended()),
        }
    }

    fn send(&mut self, stream: usize) -> Result<(), Fault> {
        let loading = &mut self.streams[stream];
        let (copy, block) = (loading.copy.clone(), std::mem::take(&mut loading.block));
        let sent = self.load(|loader| loader.load(&copy, block));
        sent.map_err(|fault| fault.of_stream(self.streams[stream].stream.descriptor.clone()))
    }

    /// Sends and commits everything, of all streams: one transaction is cheaper than many.
    fn commit_all(&mut self) -> Result<(), Fault> {
        if !self.dirty {
            return Ok(());
        }
        for stream in 0..self.streams.len() {
            if !self.streams[stream].block.is_empty() {
                self.send(stream)?;
            }
        }
        self.load(Loader::commit)?;
        self.dirty = false;
        Ok(())
    }

    /// Ends loading, if it has not ended yet.
    fn take_session(&mut self) -> Result<Session, Fault> {
        self.commit_all()?;
        match self.server.take() {
            Some(Server::Loads(loader)) => loader.end(),
            Some(Server::Waits(session)) => Ok(session),
            None => Err(Fault::system("the connection has been given up already")),
        }
    }
}

impl Sink for Tables {
    fn record(
        &mut self,
        stream: usize,
        record: &RecordLine<'_>,
        _: &mut Output<'_>,
    ) -> Result<(), Stop> {
        self.dirty = true;
        let loading = &mut self.streams[stream];
        let Stream {
            columns,
            rows,
            descriptor,
            ..
        } = &mut loading.stream;
        let added = rows.add(&mut loading.block, columns, self.clock.new_id(), record);
        added.map_err(|error| {
            // Where, not what: it is the user's data.
            let place = format!("at column {}", error.column());
            Fault::system("a record of the input cannot be read")
                .because(place)
                .of_stream(descriptor.clone())
        })?;
        if loading.block.len() >= BLOCK {
            self.send(stream)?;
        }
        Ok(())
    }

    fn commit(&mut self, _: Option<usize>) -> Result<(), Fault> {
        self.commit_all()
    }

    fn finish(&mut self, stream: usize, complete: bool) -> Result<(), Fault> {
        let mut session = self.take_session()?;
        let stream = &self.streams[stream].stream;
        let finished = stream.finish(&mut session, complete);
        self.server = Some(Server::Waits(session));
        finished.map_err(|fault| fault.of_stream(stream.descriptor.clone()))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}
