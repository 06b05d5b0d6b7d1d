//! `applications`, `token` and `keys`: what programs sign in with.

use anyhow::{Context as _, Result, anyhow};
use chrono::TimeDelta;
use clap::{ArgMatches, Command};

use super::{explained, needed, option, parsed, say};
use crate::access::caller::Caller;
use crate::access::{doors, keys};
use crate::app::App;
use crate::config::values;
use crate::domain::application::Application;
use crate::domain::ids::ApplicationId;
use crate::domain::text::{EmailAddress, Name};
use crate::ops::applications::{self, Unveiled};
use crate::ops::people;
use crate::store;

pub(super) fn command() -> Command {
    let id = || option("id", "The application's id").required(true);
    Command::new("applications")
        .about("Create, list, rotate and delete applications")
        .subcommand_required(true)
        .arg(owner().global(true))
        .subcommand(
            Command::new("create")
                .about("Create an application; its secret is shown once")
                .arg(option("name", "What to call it").required(true)),
        )
        .subcommand(Command::new("list").about("List the owner's applications"))
        .subcommand(
            Command::new("rotate")
                .about("Give an application a new secret, shown once")
                .arg(id())
                .arg(option(
                    "grace",
                    "How long the old secret stays good, such as 1h; not at all when absent",
                )),
        )
        .subcommand(
            Command::new("delete")
                .about("Delete an application")
                .arg(id()),
        )
}

pub(super) fn token_command() -> Command {
    Command::new("token")
        .about("Print an access token of an application")
        .arg(owner())
        .arg(option(
            "application",
            "The application's id; the owner's oldest when absent",
        ))
}

pub(super) fn keys_command() -> Command {
    Command::new("keys")
        .about("The keys that sign access tokens")
        .subcommand_required(true)
        .subcommand(
            Command::new("rotate")
                .about(
                    "Make a new signing key; tokens signed with the old one run out by themselves",
                )
                .arg(super::switch(
                    "now",
                    "Refuse tokens signed with the old key at once",
                )),
        )
}

fn owner() -> clap::Arg {
    option(
        "user",
        "E-mail of the owner; the first administrator when absent",
    )
}

async fn owned(app: &App, matches: &ArgMatches) -> Result<Caller> {
    match parsed::<EmailAddress>(matches, "user")? {
        Some(email) => {
            let user = people::find(app, &email).await.map_err(explained)?;
            people::act_as(app, user).await.map_err(explained)
        }
        None => people::operator(app).await.map_err(explained),
    }
}

pub(super) async fn run(app: &App, matches: &ArgMatches) -> Result<()> {
    let Some((deed, matches)) = matches.subcommand() else {
        return Ok(());
    };
    let caller = owned(app, matches).await?;
    match deed {
        "create" => {
            let text: String = needed(matches, "name")?;
            let name = Name::try_from(text).map_err(|why| anyhow!("--name {why}"))?;
            show(
                &applications::create(app, &caller, name)
                    .await
                    .map_err(explained)?,
            );
        }
        "list" => {
            for application in list(app, &caller).await? {
                let used = application
                    .last_used_at
                    .map_or("never used".to_owned(), |time| format!("used {time:.0}"));
                say(&format!(
                    "{}  {}  {}  {used}",
                    application.id, application.client_id, application.name
                ));
            }
        }
        _ => {
            let id: ApplicationId = needed(matches, "id")?;
            let mut db = app.db.read().await.map_err(explained)?;
            let application = doors::application(&mut db, &caller, id)
                .await
                .map_err(explained)?;
            drop(db);
            if deed == "rotate" {
                let grace = match matches.get_one::<String>("grace") {
                    Some(text) => TimeDelta::from_std(
                        values::seconds(text).map_err(|why| anyhow!("--grace {why}"))?,
                    )?,
                    None => TimeDelta::zero(),
                };
                show(
                    &applications::rotate(app, application, grace)
                        .await
                        .map_err(explained)?,
                );
            } else {
                applications::remove(app, &application)
                    .await
                    .map_err(explained)?;
                say(&format!("{} is deleted", application.name));
            }
        }
    }
    Ok(())
}

async fn list(app: &App, caller: &Caller) -> Result<Vec<Application>> {
    let mut db = app.db.read().await.map_err(explained)?;
    store::applications::list(&mut db, caller.own())
        .await
        .map_err(explained)
}

fn show(unveiled: &Unveiled) {
    say(&format!("id             {}", unveiled.application.id));
    say(&format!(
        "client id      {}",
        unveiled.application.client_id
    ));
    say(&format!("client secret  {}", unveiled.secret.reveal()));
}

pub(super) async fn token(app: &App, matches: &ArgMatches) -> Result<()> {
    let caller = owned(app, matches).await?;
    let application = match parsed::<ApplicationId>(matches, "application")? {
        Some(id) => {
            let mut db = app.db.read().await.map_err(explained)?;
            doors::application(&mut db, &caller, id)
                .await
                .map_err(explained)?
                .into_inner()
        }
        None => list(app, &caller).await?.into_iter().next().context(
            "the owner has no application; make one with `ferrobyte applications create`",
        )?,
    };
    let token = app
        .tokens
        .issue(&app.db, &app.clock, &application.into())
        .await
        .map_err(explained)?;
    say(&token.text);
    Ok(())
}

pub(super) async fn keys(app: &App, matches: &ArgMatches) -> Result<()> {
    if !app.config.tokens.jwt_secrets.is_empty() {
        return Err(anyhow!(
            "the signing key is yours: move tokens.jwt_secret to tokens.former_jwt_secrets and set a new one"
        ));
    }
    let now = matches
        .subcommand()
        .is_some_and(|(_, matches)| matches.get_flag("now"));
    let grace = if now {
        TimeDelta::zero()
    } else {
        app.tokens.lifetime
    };
    let kid = keys::rotate(&app.db, &app.clock, grace)
        .await
        .map_err(explained)?;
    say(&format!("tokens are now signed with {kid}"));
    Ok(())
}
