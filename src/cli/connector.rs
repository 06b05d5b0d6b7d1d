//! `connector`: the connectors that are compiled in, run as any connector is. What follows the name is
//! the connector's own command line, whose `--config` is not ours; the settings of the server go before
//! it. Nothing is opened but the files named, and for local files the data directory.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Arg, ArgMatches, Command};

use super::say;
use crate::connector::native::command_line::{Order, enlarge, obey};
use crate::connector::native::{CONNECTORS, Connector};

pub(super) fn command() -> Command {
    Command::new("connector")
        .about("Run a connector that is compiled in, on standard input and output")
        .override_usage(
            "ferrobyte connector [NAME spec|check|discover|read|write \
             [--config FILE] [--catalog FILE] [--state FILE]]",
        )
        .arg(
            Arg::new("words")
                .value_name("NAME")
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .help("The connector and its command; without any, the names are listed"),
        )
}

/// Runs what was asked for. `data_dir` is the server's, whose folder `local` connectors may write to.
pub(super) fn run(matches: &ArgMatches, data_dir: &Path) -> Result<ExitCode> {
    let mut words = matches
        .get_many::<String>("words")
        .unwrap_or_default()
        .map(String::as_str);
    let Some(name) = words.next() else {
        list();
        return Ok(ExitCode::SUCCESS);
    };
    let asked_for = |connector: &&Connector| connector.name() == name;
    let connector = CONNECTORS.iter().find(asked_for).ok_or_else(|| {
        let names: Vec<_> = CONNECTORS.iter().map(Connector::name).collect();
        anyhow!(
            "there is no connector {name}; there are {}",
            names.join(", ")
        )
    })?;
    let asked = match own_command(name.to_owned()).try_get_matches_from(words) {
        Ok(asked) => asked,
        Err(error) => {
            let _ = error.print();
            return Ok(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)));
        }
    };
    let order = order(&asked).ok_or_else(|| anyhow!("there is no such command"))?;
    enlarge(std::io::stdout());
    enlarge(std::io::stdin());
    let code = obey(
        connector,
        &order,
        &data_dir.join("local"),
        std::io::stdin().lock(),
        &mut std::io::stdout().lock(),
    );
    let _ = std::io::stdout().flush();
    Ok(ExitCode::from(code))
}

fn list() {
    for connector in &CONNECTORS {
        say(&format!(
            "{:<24}{:<32}{}",
            connector.name(),
            connector.title,
            connector.repository
        ));
    }
}

/// The command line that the protocol gives to every connector.
fn own_command(name: String) -> Command {
    let file = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .required(true)
            .value_parser(clap::value_parser!(PathBuf))
            .help(help)
    };
    let config = || file("config", "The configuration");
    let catalog = || file("catalog", "The configured catalog");
    Command::new(name)
        .no_binary_name(true)
        .subcommand_required(true)
        .subcommand(Command::new("spec").about("Print the specification"))
        .subcommand(
            Command::new("check")
                .about("Try the configuration")
                .arg(config()),
        )
        .subcommand(
            Command::new("discover")
                .about("Print what there is to read")
                .arg(config()),
        )
        .subcommand(
            Command::new("read")
                .about("Read the streams of the catalog")
                .args([config(), catalog()])
                .arg(file("state", "Where to begin").required(false)),
        )
        .subcommand(
            Command::new("write")
                .about("Write what comes on standard input")
                .args([config(), catalog()]),
        )
}

fn order(asked: &ArgMatches) -> Option<Order> {
    let (command, matches) = asked.subcommand()?;
    let file = |name| matches.get_one::<PathBuf>(name).cloned();
    Some(match command {
        "spec" => Order::Specification,
        "check" => Order::Check {
            config: file("config")?,
        },
        "discover" => Order::Discover {
            config: file("config")?,
        },
        "read" => Order::Read {
            config: file("config")?,
            catalog: file("catalog")?,
            state: matches.get_one::<PathBuf>("state").cloned(),
        },
        "write" => Order::Write {
            config: file("config")?,
            catalog: file("catalog")?,
        },
        _ => return None,
    })
}
