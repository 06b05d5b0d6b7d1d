//! `supervise`: what the server starts between itself and a connector. See `connector::supervisor`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::connector::supervisor::{self, Charge};

pub(super) fn command() -> Command {
    Command::new(supervisor::COMMAND)
        .about("Run a connector for a server, and end with it")
        .hide(true)
        .arg(
            Arg::new("directory")
                .long("directory")
                .value_parser(value_parser!(PathBuf))
                .required(true),
        )
        .arg(
            Arg::new("memory")
                .long("memory")
                .value_parser(value_parser!(u64)),
        )
        .arg(
            Arg::new("group")
                .long("group")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("command")
                .value_parser(value_parser!(OsString))
                .num_args(1..)
                .last(true)
                .required(true),
        )
}

pub(super) fn run(matches: &ArgMatches) -> Result<ExitCode> {
    let charge = Charge {
        command: matches
            .get_many("command")
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
        directory: matches
            .get_one::<PathBuf>("directory")
            .cloned()
            .context("a directory is required")?,
        memory: matches.get_one("memory").copied(),
        group: matches.get_one::<PathBuf>("group").cloned(),
    };
    supervisor::supervise(&charge).context("only a server can start this")?;
    Ok(ExitCode::SUCCESS)
}
