//! `registry` and `definitions`: which connectors there are, and how each is run.

use anyhow::{Context as _, Result, anyhow};
use clap::{Arg, ArgMatches, Command};

use super::{explained, say};
use crate::app::App;
use crate::domain::definition::Runtime;
use crate::domain::ids::DefinitionId;
use crate::ops::registry::{self, Outcome};

pub(super) fn commands() -> [Command; 2] {
    [
        Command::new("registry")
            .about("Keep the public connectors up to date")
            .subcommand_required(true)
            .subcommand(
                Command::new("refresh")
                    .about("Merge a registry in the public format, by definition id")
                    .arg(
                        Arg::new("from")
                            .value_name("URL|FILE")
                            .help("Where it is; the setting registry.url when absent"),
                    ),
            ),
        Command::new("definitions")
            .about("List connectors, and choose how one is run")
            .subcommand_required(true)
            .subcommand(Command::new("list").about("List all definitions and how each is run"))
            .subcommand(
                Command::new("runtime")
                    .about("Choose how a definition is run, whatever a registry says")
                    .arg(
                        Arg::new("id")
                            .value_name("ID")
                            .required(true)
                            .help("The definition's id"),
                    )
                    .arg(Arg::new("runtime").value_name("RUNTIME").required(true).help(
                        "native:NAME, python:PACKAGE==VERSION, image, or auto to decide it anew",
                    )),
            ),
    ]
}

pub(super) async fn registry(app: &App, matches: &ArgMatches) -> Result<()> {
    let given = matches
        .subcommand()
        .and_then(|(_, matches)| matches.get_one::<String>("from"));
    let from = given
        .or(app.config.registry.as_ref())
        .context("name a file or an address, or set registry.url")?;
    let file = registry::fetch(app, from).await.map_err(explained)?;
    let outcome = registry::refresh(app, &file).await.map_err(explained)?;
    report(&outcome);
    Ok(())
}

fn report(outcome: &Outcome) {
    for why in &outcome.left_out {
        say(&format!("left out   {why}"));
    }
    say(&format!("added      {}", outcome.added));
    say(&format!("changed    {}", outcome.changed));
    say(&format!("unchanged  {}", outcome.unchanged));
    say(&format!(
        "specifications new or changed  {}",
        outcome.specifications
    ));
}

pub(super) async fn definitions(app: &App, matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("runtime", matches)) => choose(app, matches).await,
        _ => list(app).await,
    }
}

async fn list(app: &App) -> Result<()> {
    for one in registry::overview(app).await.map_err(explained)? {
        let runtime: Runtime = serde_json::from_str(&one.runtime)?;
        let pinned = if one.runtime_pinned { " (chosen)" } else { "" };
        let owner = one
            .workspace_id
            .map_or_else(String::new, |id| format!("  of workspace {id}"));
        say(&format!(
            "{}  {:<11}  {}  {}:{}  {runtime}{pinned}{owner}",
            one.id,
            one.kind.as_str(),
            one.name,
            one.repository,
            one.tag
        ));
    }
    Ok(())
}

async fn choose(app: &App, matches: &ArgMatches) -> Result<()> {
    let text = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
    let id: DefinitionId = text("id").parse().map_err(|why| anyhow!("the id {why}"))?;
    let wish = match text("runtime") {
        "auto" => None,
        runtime => Some(
            runtime
                .parse::<Runtime>()
                .map_err(|why| anyhow!("the runtime {why}, or auto"))?,
        ),
    };
    let runtime = registry::set_runtime(app, id, wish)
        .await
        .map_err(explained)?;
    say(&format!("{id} is run by {runtime}"));
    Ok(())
}
