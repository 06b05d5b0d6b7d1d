//! `credentials`: the first administrator's, shown as far as they can be, or given anew.

use anyhow::{Result, anyhow};
use clap::{ArgMatches, Command};

use super::{explained, option, say, switch};
use crate::app::App;
use crate::domain::secret::PlainSecret;
use crate::ops::administrator::{self, Credentials, Reset};

pub(super) fn command() -> Command {
    Command::new("credentials")
        .about("Show or reset the first administrator's credentials")
        .subcommand_required(true)
        .subcommand(
            Command::new("show").about("Show e-mail and client id; secrets are stored hashed only"),
        )
        .subcommand(
            Command::new("reset")
                .about("Give a new password and a new client secret, shown once")
                .arg(switch("only-password", "Leave the client secret as it is"))
                .arg(switch("only-client-secret", "Leave the password as it is"))
                .arg(option(
                    "password",
                    "The new password; generated when absent",
                )),
        )
}

pub(super) async fn run(app: &App, matches: &ArgMatches) -> Result<()> {
    let (what, shown_before) = match matches.subcommand() {
        Some(("reset", matches)) => {
            let (password, client) = (
                matches.get_flag("only-password"),
                matches.get_flag("only-client-secret"),
            );
            if password && client {
                return Err(anyhow!(
                    "--only-password and --only-client-secret exclude each other"
                ));
            }
            let given = matches.get_one::<String>("password").map(String::as_str);
            (
                Reset {
                    password: !client,
                    given,
                    client_secret: !password,
                },
                "unchanged",
            )
        }
        _ => (
            Reset::default(),
            "stored hashed; `ferrobyte credentials reset` gives a new one",
        ),
    };
    let now = administrator::reset(&app.db, &app.clock, &app.passwords, what)
        .await
        .map_err(explained)?;
    show(&now, shown_before);
    Ok(())
}

fn show(now: &Credentials, otherwise: &str) {
    let secret = |secret: Option<&PlainSecret>| {
        secret.map_or(otherwise.to_owned(), |secret| secret.reveal().to_owned())
    };
    say(&format!("e-mail         {}", now.email));
    say(&format!("password       {}", secret(now.password.as_ref())));
    match &now.client {
        Some(client) => {
            say(&format!("client id      {}", client.id));
            say(&format!(
                "client secret  {}",
                secret(client.secret.as_ref())
            ));
        }
        None => say("client id      none; `ferrobyte applications create` makes an application"),
    }
}
