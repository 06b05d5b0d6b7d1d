//! `users` and `organizations`: what the reference server's public API cannot do.

use anyhow::{Result, anyhow};
use clap::{ArgMatches, Command};

use super::{explained, needed, option, parsed, say};
use crate::app::App;
use crate::domain::permission::{PermissionScope, PermissionType};
use crate::domain::secret::PlainSecret;
use crate::domain::text::{EmailAddress, Name};
use crate::domain::user::User;
use crate::ops::people;
use crate::store::{organizations, users};

pub(super) fn commands() -> [Command; 2] {
    let email = || option("email", "The person's e-mail").required(true);
    let password = || {
        option(
            "password",
            "The password; generated and shown once when absent",
        )
    };
    [
        Command::new("users")
            .about("Add, list, grant and remove people")
            .subcommand_required(true)
            .subcommand(
                Command::new("create")
                    .about("Add a person")
                    .arg(email())
                    .arg(option("name", "The person's name; the e-mail when absent"))
                    .arg(password()),
            )
            .subcommand(Command::new("list").about("List everybody"))
            .subcommand(
                Command::new("reset-password")
                    .about("Give a person a new password")
                    .arg(email())
                    .arg(password()),
            )
            .subcommand(
                Command::new("grant")
                    .about("Grant a person a role")
                    .arg(email())
                    .arg(
                        option(
                            "role",
                            "Such as workspace_reader, organization_editor or instance_admin",
                        )
                        .required(true),
                    )
                    .arg(option(
                        "workspace",
                        "Id of the workspace, for a workspace role",
                    ))
                    .arg(option(
                        "organization",
                        "Id of the organization, for an organization role",
                    )),
            )
            .subcommand(
                Command::new("remove")
                    .about("Remove a person with applications, sessions and permissions")
                    .arg(email()),
            ),
        Command::new("organizations")
            .about("Add and list organizations")
            .subcommand_required(true)
            .subcommand(
                Command::new("create")
                    .about("Add an organization")
                    .arg(option("name", "Its name").required(true)),
            )
            .subcommand(Command::new("list").about("List every organization")),
    ]
}

pub(super) async fn users(app: &App, matches: &ArgMatches) -> Result<()> {
    let Some((deed, matches)) = matches.subcommand() else {
        return Ok(());
    };
    if deed == "list" {
        let everybody = users::list(&mut app.db.read().await.map_err(explained)?)
            .await
            .map_err(explained)?;
        for user in everybody {
            say(&format!("{}  {}  {}", user.id, user.email, user.name));
        }
        return Ok(());
    }
    let email: EmailAddress = needed(matches, "email")?;
    let given = matches
        .try_get_one::<String>("password")
        .ok()
        .flatten()
        .cloned();
    if deed == "create" {
        let name = matches
            .get_one::<String>("name")
            .cloned()
            .unwrap_or_else(|| email.to_string());
        let name = Name::try_from(name).map_err(|why| anyhow!("--name {why}"))?;
        let (user, password) = people::create(app, name, email, given.as_deref())
            .await
            .map_err(explained)?;
        say(&format!("id        {}\ne-mail    {}", user.id, user.email));
        if given.is_none() {
            say(&format!("password  {}", password.reveal()));
        }
        return Ok(());
    }
    let user = people::find(app, &email).await.map_err(explained)?;
    match deed {
        "reset-password" => reset_password(app, &user, given).await,
        "grant" => grant(app, &user, matches).await,
        _ => {
            people::remove(app, user.id).await.map_err(explained)?;
            say(&format!("{email} is removed"));
            Ok(())
        }
    }
}

async fn reset_password(app: &App, user: &User, given: Option<String>) -> Result<()> {
    let generated = given.is_none();
    let password = match given {
        Some(given) => PlainSecret::received(given),
        None => PlainSecret::random_text(app.clock.random()),
    };
    people::set_password(app, user.id, password.reveal())
        .await
        .map_err(explained)?;
    let shown = if generated {
        password.reveal()
    } else {
        "as given"
    };
    say(&format!("password  {shown}"));
    Ok(())
}

async fn grant(app: &App, user: &User, matches: &ArgMatches) -> Result<()> {
    let role: PermissionType = needed(matches, "role")?;
    let scope = match (
        parsed(matches, "organization")?,
        parsed(matches, "workspace")?,
    ) {
        (Some(organization), None) => PermissionScope::Organization(organization),
        (None, Some(workspace)) => PermissionScope::Workspace(workspace),
        (None, None) => PermissionScope::Instance,
        (Some(_), Some(_)) => return Err(anyhow!("give either --organization or --workspace")),
    };
    let new = people::grant(app, user.id, role, scope)
        .await
        .map_err(explained)?;
    let word = if new { "now holds" } else { "holds already" };
    say(&format!("{} {word} {}", user.email, role.as_str()));
    Ok(())
}

pub(super) async fn organizations(app: &App, matches: &ArgMatches) -> Result<()> {
    if let Some(("create", matches)) = matches.subcommand() {
        let text: String = needed(matches, "name")?;
        let name = Name::try_from(text).map_err(|why| anyhow!("--name {why}"))?;
        let id = people::create_organization(app, &name)
            .await
            .map_err(explained)?;
        say(&format!("id  {id}"));
        return Ok(());
    }
    let scope = people::operator(app)
        .await
        .map_err(explained)?
        .organizations();
    let mut db = app.db.read().await.map_err(explained)?;
    for organization in organizations::list(&mut db, &scope)
        .await
        .map_err(explained)?
    {
        say(&format!("{}  {}", organization.id, organization.name));
    }
    Ok(())
}
