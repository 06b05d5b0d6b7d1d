//! `secrets`: the keys that seal the secrets of configurations. No command shows a secret.

use anyhow::{Result, anyhow};
use clap::{ArgMatches, Command};

use super::{explained, say, switch};
use crate::app::App;
use crate::clock::Timestamp;
use crate::ops::secret_keys::{self, KeyStatus};

pub(super) fn command() -> Command {
    Command::new("secrets")
        .about("Change the keys that seal the secrets of configurations")
        .subcommand_required(true)
        .subcommand(Command::new("status").about("Show the keys and how many secrets each seals"))
        .subcommand(
            Command::new("rotate")
                .about("Make a new data key and seal every secret again with it; servers go on meanwhile")
                .arg(switch("resume", "Finish an interrupted rotation and make no new key")),
        )
        .subcommand(
            Command::new("rekey")
                .about("Seal the data keys with the present master key, after it was changed")
                .long_about(
                    "Seal the data keys with the present master key, after it was changed.\n\n\
                     1. Set vault.key to the new key and vault.former_keys to the old one, and restart every server.\n\
                     2. Run this command.\n\
                     3. Remove vault.former_keys.",
                ),
        )
}

pub(super) async fn run(app: &App, matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("rotate", matches)) => rotate(app, matches.get_flag("resume")).await,
        Some(("rekey", _)) => rekey(app).await,
        _ => status(app).await,
    }
}

async fn rotate(app: &App, resume: bool) -> Result<()> {
    let progress = |done: u64, total: u64| say(&format!("sealed again   {done} of {total}"));
    let rotated = secret_keys::rotate(app, resume, progress).await;
    let rotated = rotated.map_err(explained).map_err(|error| {
        error.context("interrupted; `ferrobyte secrets rotate --resume` finishes it")
    })?;
    say(&format!("sealed again   {}", rotated.resealed));
    say(&format!("key            {}", rotated.key));
    if rotated.broken.is_empty() {
        return Ok(());
    }
    let broken: Vec<_> = rotated.broken.iter().map(ToString::to_string).collect();
    Err(anyhow!(
        "{} secrets do not open and were left as they are:\n{}",
        broken.len(),
        broken.join("\n")
    ))
}

async fn rekey(app: &App) -> Result<()> {
    let count = secret_keys::rekey(app).await.map_err(explained)?;
    let master = app.vault.present().name();
    say(&match count {
        0 => format!("every key is sealed with the present master key {master} already"),
        count => format!("{count} keys are now sealed with the master key {master}"),
    });
    Ok(())
}

async fn status(app: &App) -> Result<()> {
    let status = secret_keys::status(app).await.map_err(explained)?;
    say(&format!(
        "master key  {} ({})",
        status.master, status.origin
    ));
    let day = |moment: Timestamp| moment.format("%Y-%m-%d %H:%M").to_string();
    for key in &status.keys {
        let KeyStatus {
            id,
            sealed_by,
            secrets,
            ..
        } = key;
        let state = match key.retired_at {
            Some(moment) => format!("retired {}", day(moment)),
            None => "in use".to_owned(),
        };
        let made = day(key.created_at);
        say(&format!(
            "{id:<12}  made {made}  {state:<24}  sealed by {sealed_by}  {secrets} secrets"
        ));
    }
    if status.keys.iter().any(|key| key.sealed_by != status.master) {
        say("some keys are sealed with a former master key: `ferrobyte secrets rekey`");
    }
    if status
        .keys
        .iter()
        .any(|key| key.retired_at.is_some() && key.secrets > 0)
    {
        say("some secrets are sealed with a retired key: `ferrobyte secrets rotate --resume`");
    }
    Ok(())
}
