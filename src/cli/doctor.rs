//! `doctor` and `health`: what is wrong with an installation, and whether a server answers.

use std::os::unix::fs::PermissionsExt as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{explained, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::ops::secret_keys;
use crate::store::db::{self, Db, Reach};

/// How far the database's clock may be from ours, in seconds.
const FAR: i64 = 5;

/// Examines everything and says what to do about what is wrong.
pub(super) async fn examine(config: Result<Config>) -> Result<ExitCode> {
    let mut sound = true;
    let mut check = |what: &str, outcome: Result<String>| match outcome {
        Ok(detail) => say(&format!("ok    {what}: {detail}")),
        Err(error) => {
            sound = false;
            say(&format!("FAIL  {what}: {error:#}"));
        }
    };
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            check("configuration", Err(error));
            return Ok(ExitCode::FAILURE);
        }
    };
    check("configuration", Ok("every value is good".to_owned()));
    check("data directory", data_directory(&config));
    match database(&config).await {
        Ok((db, detail)) => {
            check("database", Ok(detail));
            if let Some(db) = db {
                check("clock", clock(&db).await);
                check("secrets", secrets(&config, &db).await);
                db.close().await;
            }
        }
        Err(error) => check("database", Err(error)),
    }
    check("port", port(&config).await);
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn data_directory(config: &Config) -> Result<String> {
    let keyed = config.vault.key.is_some() || config.vault.key_command.is_some();
    if config.database.url.is_some() && keyed {
        return Ok("not used with PostgreSQL and a given vault.key".to_owned());
    }
    let directory = &config.database.data_dir;
    let Ok(found) = directory.metadata() else {
        return Ok(format!(
            "{} will be created at the first start",
            directory.display()
        ));
    };
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(anyhow!(
            "{} has mode {mode:o}; others can look inside: chmod 700 it",
            directory.display()
        ));
    }
    Ok(format!("{} has mode {mode:o}", directory.display()))
}

/// The database, if it is there, and what is to be said of it. Nothing is created or changed.
async fn database(config: &Config) -> Result<(Option<Db>, String)> {
    let file = config.database.data_dir.join("ferrobyte.db");
    if config.database.url.is_none() && !file.exists() {
        return Ok((
            None,
            format!("{} will be created at the first start", file.display()),
        ));
    }
    let url = config.database.reach();
    let reach = Reach {
        url: &url,
        connections: 2,
        durable: config.database.durable,
    };
    let db = Db::look(reach).await.map_err(explained)?;
    let mut reader = db.read().await.map_err(explained)?;
    let behind = db::behind(&mut reader).await.map_err(explained)?;
    drop(reader);
    let tables = match behind {
        0 => "its tables are up to date".to_owned(),
        behind => format!("the next start brings {behind} migration(s) to it"),
    };
    let detail = format!("{} answers, and {tables}", db.engine());
    Ok((Some(db), detail))
}

async fn clock(db: &Db) -> Result<String> {
    let now = Clock::System.now().timestamp();
    let there = db::clock(&mut db.read().await.map_err(explained)?)
        .await
        .map_err(explained)?;
    let apart = (there - now).abs();
    if apart > FAR {
        return Err(anyhow!(
            "this machine and the database are {apart} s apart; let NTP set both"
        ));
    }
    Ok(format!("at most {FAR} s from the database's"))
}

async fn secrets(config: &Config, db: &Db) -> Result<String> {
    let behind = db::behind(&mut db.read().await.map_err(explained)?).await;
    if behind.map_err(explained)? > 0 {
        return Ok("looked at when the tables are up to date".to_owned());
    }
    secret_keys::examine(db, &Clock::System, config)
        .await
        .map_err(explained)
}

async fn port(config: &Config) -> Result<String> {
    let address = config.server.listen;
    match TcpListener::bind(address).await {
        Ok(_) => Ok(format!("{address} is free")),
        Err(_) if answers(config).await.is_ok() => {
            Ok(format!("a healthy server listens on {address}"))
        }
        Err(error) => Err(anyhow!("cannot listen on {address}: {error}")),
    }
}

/// Asks the server at the configured address; fails when it is not healthy.
pub(super) async fn health(config: &Config) -> Result<ExitCode> {
    answers(config).await?;
    say("healthy");
    Ok(ExitCode::SUCCESS)
}

async fn answers(config: &Config) -> Result<()> {
    let address = config.server.listen;
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = tokio::time::timeout(Duration::from_secs(5), ask)
        .await
        .with_context(|| format!("{address} did not answer within 5 s"))?
        .with_context(|| format!("nothing answers on {address}"))?;
    let status = answer.split_whitespace().nth(1).unwrap_or("nothing");
    if status == "200" {
        Ok(())
    } else {
        Err(anyhow!("{address} answered {status}"))
    }
}
