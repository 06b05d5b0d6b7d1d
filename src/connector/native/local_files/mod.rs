//! `destination-local-json` and `destination-csv`: one file for each stream, in a folder of the server. A
//! row is the record beside what the destination knows of it; a state is given back once the rows before it
//! are on the disk.

mod file;
mod format;
mod place;

use std::io;

use serde::Deserialize;
use serde_json::Value;

use self::file::{Earlier, StreamFile};
use self::format::{Format, Known};
use super::destination::{Sink, consume};
use super::input::Input;
use super::interface::{Destination, Fault, Stop, Surroundings, Wanted};
use super::output::Output;
use crate::clock::Clock;
use crate::protocol::catalog::{ConfiguredStream, DestinationSyncMode, StreamDescriptor};
use crate::protocol::line::RecordLine;
use crate::protocol::message::Specification;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LocalFiles {
    JsonLines,
    Csv,
}

#[derive(Debug, Deserialize)]
struct Configuration {
    destination_path: String,
    delimiter_type: Option<Delimiter>,
}

#[derive(Debug, Deserialize)]
struct Delimiter {
    /// Written as the reference wants it: `\u002c`, the backslash included.
    delimiter: String,
}

impl Configuration {
    fn format(&self, files: LocalFiles) -> Result<Format, Fault> {
        if files == LocalFiles::JsonLines {
            return Ok(Format::JsonLines);
        }
        let wanted = self.delimiter_type.as_ref();
        let delimiter = match wanted.map_or("\\u002c", |wanted| wanted.delimiter.as_str()) {
            "\\u002c" => ',',
            "\\u003b" => ';',
            "\\u007c" => '|',
            "\\u0009" => '\t',
            "\\u0020" => ' ',
            _ => {
                let message = "delimiter_type: must be a comma, semicolon, pipe, tab or space";
                return Err(Fault::configuration(message));
            }
        };
        Ok(Format::Csv { delimiter })
    }
}

fn parse(configuration: &Value) -> Result<Configuration, Fault> {
    serde_json::from_value(configuration.clone())
        .map_err(|error| Fault::configuration("the path cannot be read").because(error))
}

impl Destination for LocalFiles {
    fn specification(&self) -> Specification {
        let text = match self {
            Self::JsonLines => include_str!("json_lines.json"),
            Self::Csv => include_str!("csv.json"),
        };
        serde_json::from_str(text).expect("it is compiled in")
    }

    /// Tries to write: a folder that is there may still be full or forbidden.
    fn check(&self, configuration: &Value, surroundings: &Surroundings) -> Result<(), Fault> {
        let configuration = parse(configuration)?;
        configuration.format(*self)?;
        let path = configuration.destination_path;
        let folder = place::make(&surroundings.local_dir, &path)?;
        let probe = folder.join(format!(".check-{}", surroundings.clock.new_id()));
        std::fs::write(&probe, b"a check\n")
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|error| {
                Fault::configuration(format!("destination_path: {path} takes no files: {error}"))
            })
    }

    fn write(
        &self,
        wanted: &Wanted<'_>,
        surroundings: &Surroundings,
        input: &mut dyn Input,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let configuration = parse(wanted.configuration)?;
        let format = configuration.format(*self)?;
        let folder = place::make(&surroundings.local_dir, &configuration.destination_path)?;
        let mut streams = Vec::new();
        for configured in &wanted.catalog.streams {
            let descriptor = configured.stream.descriptor();
            let earlier =
                earlier(configured).map_err(|fault| fault.of_stream(descriptor.clone()))?;
            let file = StreamFile::open(&folder, &place::file_name(&descriptor), format, earlier)
                .map_err(|error| disk(&error, &descriptor))?;
            streams.push(Table {
                file,
                descriptor,
                sync_id: configured.sync_id,
                generation: configured.generation_id.unwrap_or(0),
            });
        }
        let mut files = Files {
            format,
            streams,
            clock: surroundings.clock.clone(),
            row: Vec::new(),
        };
        consume(&wanted.catalog, input, &mut files, out)
    }
}

/// What becomes of earlier rows. Whoever gives no generations, as old servers do, means the mode alone.
fn earlier(configured: &ConfiguredStream) -> Result<Earlier, Fault> {
    let overwrites = match configured.destination_sync_mode {
        DestinationSyncMode::Append => false,
        DestinationSyncMode::Overwrite => true,
        _ => {
            let message = "files can be appended to and overwritten, nothing else";
            return Err(Fault::configuration(message));
        }
    };
    let generation = configured.generation_id;
    match configured.minimum_generation_id {
        Some(0) => Ok(Earlier::Stay),
        None if !overwrites => Ok(Earlier::Stay),
        None => Ok(Earlier::Go { generation }),
        minimum if minimum == generation => Ok(Earlier::Go { generation }),
        Some(_) => {
            let message = "the minimum generation is neither 0 nor the generation of the stream";
            Err(Fault::system(message))
        }
    }
}

fn disk(error: &io::Error, stream: &StreamDescriptor) -> Fault {
    Fault::system(format!("the file of {stream} cannot be written"))
        .because(error)
        .of_stream(stream.clone())
}

struct Files {
    format: Format,
    streams: Vec<Table>,
    clock: Clock,
    /// The row that is being written, kept for its memory.
    row: Vec<u8>,
}

struct Table {
    file: StreamFile,
    descriptor: StreamDescriptor,
    sync_id: Option<i64>,
    generation: i64,
}

impl Sink for Files {
    fn record(
        &mut self,
        stream: usize,
        record: &RecordLine<'_>,
        _: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let table = &mut self.streams[stream];
        self.row.clear();
        let known = Known {
            id: self.clock.new_id(),
            sync_id: table.sync_id,
            generation: table.generation,
        };
        let written = self.format.row(&mut self.row, known, record);
        written.map_err(|error| {
            Fault::system("a record of the input cannot be read")
                .because(error)
                .of_stream(table.descriptor.clone())
        })?;
        let added = table.file.add(&self.row);
        Ok(added.map_err(|error| disk(&error, &table.descriptor))?)
    }

    fn commit(&mut self, stream: Option<usize>) -> Result<(), Fault> {
        let streams = match stream {
            Some(stream) => &mut self.streams[stream..=stream],
            None => &mut self.streams,
        };
        streams.iter_mut().try_for_each(|table| {
            let committed = table.file.commit();
            committed.map_err(|error| disk(&error, &table.descriptor))
        })
    }

    fn finish(&mut self, stream: usize, complete: bool) -> Result<(), Fault> {
        let table = &mut self.streams[stream];
        let finished = table.file.finish(complete);
        finished.map_err(|error| disk(&error, &table.descriptor))
    }
}
