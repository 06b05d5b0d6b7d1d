//! Tokens for programs that embed us for people of their own: for each workspace an account that may
//! edit the sources there and nothing else. See docs/decisions/0025.

use chrono::TimeDelta;

use crate::access::granted::Granted;
use crate::access::policy::Administer;
use crate::access::tokens::{Buyer, Token};
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::application::{ClientId, NewApplication};
use crate::domain::ids::UserId;
use crate::domain::permission::{Permission, PermissionScope, PermissionType};
use crate::domain::secret::PlainSecret;
use crate::domain::text::Name;
use crate::domain::user::NewUser;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Noun, Result};
use crate::store::db::Writer;
use crate::store::{applications, embedded, permissions, users, workspaces};

/// How long such a token lives.
const LIFETIME: TimeDelta = TimeDelta::minutes(20);

/// A token for somebody who may edit the sources of this workspace.
///
/// # Errors
/// When the database does not answer.
pub async fn token(
    app: &App,
    mut db: Writer,
    workspace: &Granted<Workspace, Administer>,
) -> Result<Token> {
    let now = app.clock.now();
    let gone = || Error::not_found(Noun::Workspace, workspace.id);
    workspaces::hold(&mut db, workspace)
        .await?
        .ok_or_else(gone)?;
    let account = match embedded::account(&mut db, workspace).await? {
        Some(account) => account,
        None => create(app, &mut db, workspace, now).await?,
    };
    let client_id: ClientId = account.to_string().parse().map_err(Error::internal)?;
    if applications::credentials(&mut db, &client_id)
        .await?
        .is_none()
    {
        let new = NewApplication {
            id: app.clock.new_id().into(),
            user_id: account,
            name: name()?,
            client_id: client_id.clone(),
            // Nobody is ever told: its tokens are issued here alone.
            secret_hash: PlainSecret::client(app.clock.random()).hash(),
        };
        applications::insert(&mut db, &new, now).await?;
    }
    let kept = applications::credentials(&mut db, &client_id).await?;
    let kept = kept.ok_or_else(|| Error::internal("the new application is gone"))?;
    db.commit().await?;
    let buyer = Buyer::from(kept);
    let issued = app.tokens.issue_for(&app.db, &app.clock, &buyer, LIFETIME);
    issued.await
}

async fn create(
    app: &App,
    db: &mut Writer,
    workspace: &Granted<Workspace, Administer>,
    now: Timestamp,
) -> Result<UserId> {
    let id = UserId::from(app.clock.new_id());
    let account = NewUser {
        id,
        name: name()?,
        // Nobody reads mail there: the domain is reserved for names that lead nowhere.
        email: format!("{id}@embedded.invalid")
            .parse()
            .map_err(Error::internal)?,
        password_hash: None,
    };
    if !users::insert(db, &account, now).await? {
        return Err(Error::internal("a new id was taken"));
    }
    let may = Permission::new(
        app.clock.new_id().into(),
        id,
        PermissionType::WorkspaceSourceEditor,
        PermissionScope::Workspace(workspace.id),
    );
    permissions::insert_on_workspace(db, workspace, &may, now).await?;
    embedded::insert(db, workspace, id, now).await?;
    Ok(id)
}

fn name() -> Result<Name> {
    Name::try_from("Embedded end users".to_owned()).map_err(Error::internal)
}
