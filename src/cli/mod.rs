//! The command line. Every setting is a flag of every command; a command opens the same database as
//! the server and may run beside it.

mod applications;
mod connector;
mod credentials;
mod doctor;
mod people;
mod registry;
mod secrets;
mod serve;
mod supervise;

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::app::App;
use crate::clock::Clock;
use crate::config::resolve::{Given, Resolved};
use crate::config::settings::SETTINGS;
use crate::config::{Config, document};
use crate::connector::supervisor;
use crate::ops::setup;
use crate::telemetry::logs;

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    // It is started for every connector, and needs no settings.
    let supervises = std::env::args_os()
        .nth(1)
        .is_some_and(|name| name == supervisor::COMMAND);
    let whole = if supervises {
        Command::new("ferrobyte").subcommand(supervise::command())
    } else {
        command()
    };
    let matches = whole.get_matches();
    let (name, sub) = matches.subcommand().unwrap_or(("serve", &matches));
    match run(name, sub) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "ferrobyte {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A flag of `serve` alone: elsewhere, a role is what a person is granted.
const ROLE: &str = "server.role";

/// The whole tree of commands.
pub fn command() -> Command {
    let command = Command::new("ferrobyte")
        .version(env!("CARGO_PKG_VERSION"))
        .about("An Airbyte-compatible API server in one binary. Without a command it serves.")
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .global(true)
                .help("A file of settings (FERROBYTE_CONFIG)."),
        )
        .subcommand(Command::new("serve").about("Serve the API and the pages"))
        .subcommand(connector::command())
        .subcommand(credentials::command())
        .subcommands(people::commands())
        .subcommand(applications::command())
        .subcommand(applications::token_command())
        .subcommand(applications::keys_command())
        .subcommand(secrets::command())
        .subcommands(registry::commands())
        .subcommand(Command::new("openapi").about("Print the OpenAPI document"))
        .subcommand(
            Command::new("config")
                .about("Print the configuration in effect, secrets hidden")
                .arg(switch("default", "Print the default file instead"))
                .arg(switch(
                    "documentation",
                    "Print the page of documentation instead",
                )),
        )
        .subcommand(Command::new("doctor").about("Check configuration, database, port and clock"))
        .subcommand(supervise::command())
        .subcommand(Command::new("health").about("Ask a running server whether it is healthy"))
        .subcommand(
            Command::new("completions")
                .about("Print completions for a shell")
                .arg(
                    Arg::new("shell")
                        .required(true)
                        .value_parser(clap::value_parser!(clap_complete::Shell)),
                ),
        );
    SETTINGS.iter().fold(command, |command, setting| {
        let flag = Arg::new(setting.key)
            .long(setting.flag)
            .value_name("VALUE")
            .help(setting.help)
            .help_heading("Settings")
            .hide_short_help(true);
        if setting.key == ROLE {
            command.mut_subcommand("serve", |serve| serve.arg(flag))
        } else {
            command.arg(flag.global(true))
        }
    })
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .action(ArgAction::SetTrue)
        .help(help)
}

fn option(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("VALUE").help(help)
}

fn run(name: &str, matches: &ArgMatches) -> Result<ExitCode> {
    match name {
        "completions" => {
            let shell = matches
                .get_one::<clap_complete::Shell>("shell")
                .copied()
                .context("a shell is required")?;
            clap_complete::generate(shell, &mut command(), "ferrobyte", &mut std::io::stdout());
            return Ok(ExitCode::SUCCESS);
        }
        "openapi" => {
            say(&crate::http::openapi::document().to_pretty_json()?);
            return Ok(ExitCode::SUCCESS);
        }
        supervisor::COMMAND => return supervise::run(matches),
        "config" if matches.get_flag("default") => {
            say(document::default_file().trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        "config" if matches.get_flag("documentation") => {
            say(document::page().trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let resolved = resolve(matches)?;
    if name == "config" {
        say(document::in_effect(&resolved).trim_end());
    }
    let parsed = Config::parse(resolved).map_err(|faults| anyhow!("bad configuration:\n{faults}"));
    if name == "doctor" {
        return runtime()?.block_on(doctor::examine(parsed));
    }
    let config = parsed?;
    let runtime = runtime()?;
    match name {
        "config" => Ok(ExitCode::SUCCESS),
        "connector" => connector::run(matches, &config.database.data_dir),
        "serve" => {
            let _written = logs::begin(&config.log.level, config.log.json);
            runtime.block_on(serve::serve(config))
        }
        "health" => runtime.block_on(doctor::health(&config)),
        _ => {
            let _written = logs::begin("warn", false);
            runtime.block_on(async {
                let app = open(config).await?;
                let answer = with_app(name, matches, &app).await;
                app.db.close().await;
                answer.map(|()| ExitCode::SUCCESS)
            })
        }
    }
}

async fn with_app(name: &str, matches: &ArgMatches, app: &Arc<App>) -> Result<()> {
    match name {
        "credentials" => credentials::run(app, matches).await,
        "users" => people::users(app, matches).await,
        "organizations" => people::organizations(app, matches).await,
        "applications" => applications::run(app, matches).await,
        "token" => applications::token(app, matches).await,
        "keys" => applications::keys(app, matches).await,
        "secrets" => secrets::run(app, matches).await,
        "registry" => registry::registry(app, matches).await,
        "definitions" => registry::definitions(app, matches).await,
        other => Err(anyhow!("there is no command {other}")),
    }
}

/// Opens the database as the server would. A first start happens here as well, and is announced.
async fn open(config: Config) -> Result<Arc<App>> {
    serve::prepare(&config)?;
    let (app, welcome) = setup::start(config, Clock::System)
        .await
        .map_err(explained)?;
    if let Some(welcome) = welcome {
        serve::announce(
            &app,
            &welcome,
            &format!("http://{}", app.config.server.listen),
        );
    }
    Ok(app)
}

fn resolve(matches: &ArgMatches) -> Result<Resolved> {
    let environment = Given::process_environment();
    let named = matches.get_one::<String>("config").cloned();
    let path = named
        .or_else(|| environment.get("FERROBYTE_CONFIG").cloned())
        .map(PathBuf::from);
    let file = match &path {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Some((text, Path::new(path)))
        }
        None => None,
    };
    let given = |key| {
        let value = matches.try_get_one::<String>(key).ok().flatten();
        value.map(|value| (key, value.clone()))
    };
    let flags: HashMap<_, _> = SETTINGS
        .iter()
        .filter_map(|setting| given(setting.key))
        .collect();
    Resolved::new(&Given {
        flags,
        file,
        environment,
    })
    .map_err(|fault| anyhow!("bad configuration:\n{fault}"))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// An error with its inner story: at the command line, the operator is the reader of both.
fn explained(error: crate::error::Error) -> anyhow::Error {
    use crate::error::Error;
    match error {
        Error::Internal(story) | Error::Unavailable(story) => anyhow!(story),
        other => anyhow!(other),
    }
}

/// Writes a line to standard output; a reader that went away is no failure.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The value of an option, parsed.
fn parsed<T>(matches: &ArgMatches, name: &str) -> Result<Option<T>>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let Some(text) = matches.get_one::<String>(name) else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|why| anyhow!("--{name} {why}"))
}

/// The value of an option that has to be there, parsed.
fn needed<T>(matches: &ArgMatches, name: &str) -> Result<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    parsed(matches, name)?.ok_or_else(|| anyhow!("--{name} is required"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_of_commands_is_sound() {
        super::command().debug_assert();
    }
}
