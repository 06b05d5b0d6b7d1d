//! The accounts that embedding programs act as, one for a workspace.

use super::db::{Exec, Writer, on};
use crate::access::granted::{Granted, Own};
use crate::access::policy::Administer;
use crate::clock::Timestamp;
use crate::domain::ids::UserId;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

const OF_WORKSPACE: &str = "SELECT account_id FROM embedded_accounts WHERE workspace_id = $1";
const INSERT: &str =
    "INSERT INTO embedded_accounts (workspace_id, account_id, created_at) VALUES ($1, $2, $3)";
const KNOWS: &str = "SELECT COUNT(*) FROM embedded_accounts WHERE account_id = $1";

pub(super) const STATEMENTS: &[&str] = &[OF_WORKSPACE, INSERT, KNOWS];

/// The account of a workspace, once it was needed.
pub async fn account(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, Administer>,
) -> Result<Option<UserId>> {
    on!(db, link => sqlx::query_scalar(OF_WORKSPACE).bind(workspace.id).fetch_optional(link).await)
        .map_err(Error::store)
}

/// Says whose account it is. The workspace is held (`workspaces::hold`), so that there is one.
pub async fn insert(
    db: &mut Writer,
    workspace: &Granted<Workspace, Administer>,
    account: UserId,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(INSERT).bind(workspace.id).bind(account).bind(now).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

/// Whether the caller is such an account.
pub async fn is_account(db: &mut dyn Exec, caller: Own) -> Result<bool> {
    let known: i64 =
        on!(db, link => sqlx::query_scalar(KNOWS).bind(caller.user()).fetch_one(link).await)
            .map_err(Error::store)?;
    Ok(known > 0)
}
