//! Native connectors on standard input and output, as any connector is run: `NAME spec`, or `NAME write
//! --config F --catalog F`. Answers and failures go to standard output as messages.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::interface::Fault;
use super::{Connector, inside, run, surroundings};
use crate::connector::{Question, Task};
use crate::protocol::reader::Lines;

/// What is asked of a connector, with the files that say how.
#[derive(Debug, Clone)]
pub enum Order {
    Specification,
    Check {
        config: PathBuf,
    },
    Discover {
        config: PathBuf,
    },
    Read {
        config: PathBuf,
        catalog: PathBuf,
        state: Option<PathBuf>,
    },
    Write {
        config: PathBuf,
        catalog: PathBuf,
    },
}

enum Deed {
    Answer(Question),
    Perform(Task),
}

/// Does it, and gives the exit code.
pub fn obey(
    connector: &Connector,
    order: &Order,
    local_dir: &Path,
    input: impl Read + AsFd,
    output: &mut dyn Write,
) -> u8 {
    let Ok(surroundings) = surroundings(local_dir) else {
        return 1;
    };
    match deed(order) {
        Ok(Deed::Answer(question)) => run::say(connector, &question, &surroundings, output),
        Ok(Deed::Perform(task)) => {
            let mut input = Lines::new(input);
            run::perform(connector, &task, &surroundings, &mut input, output)
        }
        Err(fault) => run::complain(fault, &surroundings, output),
    }
}

/// Makes a pipe as large as those inside of the server; anything else stays as it is.
pub fn enlarge(pipe: impl std::os::fd::AsFd) {
    inside::enlarge(pipe);
}

fn deed(order: &Order) -> Result<Deed, Fault> {
    Ok(match order {
        Order::Specification => Deed::Answer(Question::Specification),
        Order::Check { config } => Deed::Answer(Question::Check {
            configuration: json(config)?,
        }),
        Order::Discover { config } => Deed::Answer(Question::Discover {
            configuration: json(config)?,
        }),
        Order::Read {
            config,
            catalog,
            state,
        } => Deed::Perform(Task::Read {
            configuration: json(config)?,
            catalog: json(catalog)?,
            state: state.as_deref().map(json).transpose()?,
        }),
        Order::Write { config, catalog } => Deed::Perform(Task::Write {
            configuration: json(config)?,
            catalog: json(catalog)?,
        }),
    })
}

/// A file that holds JSON. What is wrong with it is said by its place: it may hold secrets.
fn json<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T, Fault> {
    let path = path.as_ref();
    let text = std::fs::read(path).map_err(|error| {
        Fault::system(format!("the file {} cannot be read", path.display())).because(error)
    })?;
    serde_json::from_slice(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = format!("the file {} is not JSON", path.display());
        Fault::system(message).because(format!("at line {line}, column {column}"))
    })
}
