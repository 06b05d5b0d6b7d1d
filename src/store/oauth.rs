//! OAuth: clients that a workspace or an organization brings for a connector, and flows whose browser is
//! away or whose result waits to be picked up. Secrets of both are in `secrets`, by their ids.

use uuid::Uuid;

use super::db::{Exec, Writer, on};
use crate::access::granted::Granted;
use crate::access::policy::{Administer, EditActor, EditSomething};
use crate::clock::Timestamp;
use crate::domain::definition::Definition;
use crate::domain::ids::{DefinitionId, UserId, WorkspaceId};
use crate::domain::organization::Organization;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

const PUT_OF_WORKSPACE: &str = "INSERT INTO oauth_overrides (id, kind, definition_id, workspace_id, created_at) \
                                VALUES ($1, $2, $3, $4, $5) \
                                ON CONFLICT (workspace_id, definition_id) WHERE workspace_id IS NOT NULL \
                                DO UPDATE SET created_at = excluded.created_at RETURNING id";
const PUT_OF_ORGANIZATION: &str = "INSERT INTO oauth_overrides (id, kind, definition_id, organization_id, created_at) \
                                   VALUES ($1, $2, $3, $4, $5) \
                                   ON CONFLICT (organization_id, definition_id) WHERE organization_id IS NOT NULL \
                                   DO UPDATE SET created_at = excluded.created_at RETURNING id";
const REMOVE_OF_WORKSPACE: &str =
    "DELETE FROM oauth_overrides WHERE workspace_id = $1 AND definition_id = $2 RETURNING id";
const REMOVE_OF_ORGANIZATION: &str =
    "DELETE FROM oauth_overrides WHERE organization_id = $1 AND definition_id = $2 RETURNING id";
/// The workspace's own goes before its organization's.
const NEAREST: &str = "SELECT id FROM oauth_overrides \
                       WHERE definition_id = $1 AND (workspace_id = $2 OR organization_id = $3) \
                       ORDER BY CASE WHEN workspace_id IS NULL THEN 1 ELSE 0 END LIMIT 1";
const BEGIN: &str = "INSERT INTO oauth_flows (state_hash, id, workspace_id, definition_id, user_id, redirect_url, \
                     created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const WAITING: &str = "SELECT id, redirect_url FROM oauth_flows \
                       WHERE state_hash = $1 AND finished_at IS NULL AND expires_at > $2";
const TAKE: &str = "UPDATE oauth_flows SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL AND expires_at > $2";
const KEEP: &str =
    "UPDATE oauth_flows SET expires_at = $2 WHERE id = $1 AND finished_at IS NOT NULL";
const REMOVE: &str = "DELETE FROM oauth_flows WHERE id = $1";
const CLAIM: &str = "DELETE FROM oauth_flows WHERE id = $1 AND workspace_id = $2 AND definition_id = $3 \
                     AND finished_at IS NOT NULL AND expires_at > $4";
const OVERDUE: &str = "DELETE FROM oauth_flows WHERE expires_at <= $1 RETURNING id";

pub(super) const STATEMENTS: &[&str] = &[
    PUT_OF_WORKSPACE,
    PUT_OF_ORGANIZATION,
    REMOVE_OF_WORKSPACE,
    REMOVE_OF_ORGANIZATION,
    NEAREST,
    BEGIN,
    WAITING,
    TAKE,
    KEEP,
    REMOVE,
    CLAIM,
    OVERDUE,
];

/// Who brings a client, with the proof that the caller may.
#[derive(Debug)]
pub enum Bringer {
    Workspace(Granted<Workspace, EditSomething>),
    Organization(Granted<Organization, Administer>),
}

impl Bringer {
    fn id(&self) -> Uuid {
        match self {
            Self::Workspace(workspace) => workspace.id.into(),
            Self::Organization(organization) => organization.id.into(),
        }
    }
}

/// A flow to be.
#[derive(Debug)]
pub struct NewFlow<'a> {
    pub id: Uuid,
    pub state_hash: [u8; 32],
    pub definition_id: DefinitionId,
    pub user_id: UserId,
    pub redirect_url: &'a str,
    pub expires_at: Timestamp,
}

/// A flow whose browser is away.
#[derive(Debug, sqlx::FromRow)]
pub struct Flow {
    pub id: Uuid,
    /// Where the caller wants the browser in the end.
    pub redirect_url: String,
}

/// Notes that somebody brings a client, and gives the id under which its secrets are kept.
pub async fn put_client(
    db: &mut Writer,
    bringer: &Bringer,
    definition: &Definition,
    id: Uuid,
    now: Timestamp,
) -> Result<Uuid> {
    let statement = match bringer {
        Bringer::Workspace(_) => PUT_OF_WORKSPACE,
        Bringer::Organization(_) => PUT_OF_ORGANIZATION,
    };
    on!(db, link => {
        let query = sqlx::query_scalar(statement).bind(id).bind(definition.kind);
        query.bind(definition.id).bind(bringer.id()).bind(now).fetch_one(link).await
    })
    .map_err(Error::store)
}

/// Forgets a client, and gives the id of its secrets if there was one.
pub async fn remove_client(
    db: &mut Writer,
    bringer: &Bringer,
    definition: DefinitionId,
) -> Result<Option<Uuid>> {
    let statement = match bringer {
        Bringer::Workspace(_) => REMOVE_OF_WORKSPACE,
        Bringer::Organization(_) => REMOVE_OF_ORGANIZATION,
    };
    on!(db, link => {
        sqlx::query_scalar(statement).bind(bringer.id()).bind(definition).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// The client that a workspace uses: its own, or its organization's.
pub async fn nearest_client(
    db: &mut dyn Exec,
    workspace: &Granted<Workspace, EditActor>,
    definition: DefinitionId,
) -> Result<Option<Uuid>> {
    on!(db, link => {
        let query = sqlx::query_scalar(NEAREST).bind(definition).bind(workspace.id);
        query.bind(workspace.organization_id).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Begins a flow.
pub async fn begin(
    db: &mut Writer,
    workspace: &Granted<Workspace, EditActor>,
    flow: &NewFlow<'_>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        let query = sqlx::query(BEGIN).bind(flow.state_hash.as_slice()).bind(flow.id).bind(workspace.id);
        let query = query.bind(flow.definition_id).bind(flow.user_id).bind(flow.redirect_url);
        query.bind(now).bind(flow.expires_at).execute(link).await.map(drop)
    })
    .map_err(Error::store)
}

/// The flow that waits for this state. Knowing the state is the proof.
pub async fn waiting(
    db: &mut dyn Exec,
    state_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Flow>> {
    on!(db, link => {
        sqlx::query_as(WAITING).bind(state_hash.as_slice()).bind(now).fetch_optional(link).await
    })
    .map_err(Error::store)
}

/// Takes a flow, for one only: says whether it was ours to take.
pub async fn take(db: &mut Writer, flow: &Flow, now: Timestamp) -> Result<bool> {
    let taken = on!(db, link => {
        sqlx::query(TAKE).bind(flow.id).bind(now).execute(link).await.map(|done| done.rows_affected())
    });
    Ok(taken.map_err(Error::store)? == 1)
}

/// Keeps the result of a flow until then.
pub async fn keep(db: &mut Writer, flow: &Flow, until: Timestamp) -> Result<()> {
    on!(db, link => sqlx::query(KEEP).bind(flow.id).bind(until).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Forgets a flow that led to nothing.
pub async fn remove(db: &mut Writer, flow: &Flow) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(flow.id).execute(link).await.map(drop))
        .map_err(Error::store)
}

/// Takes the result of a flow out, once; says whether there was one for this workspace and definition.
pub async fn claim(
    db: &mut Writer,
    workspace: WorkspaceId,
    definition: DefinitionId,
    id: Uuid,
    now: Timestamp,
) -> Result<bool> {
    let claimed = on!(db, link => {
        let query = sqlx::query(CLAIM).bind(id).bind(workspace).bind(definition).bind(now);
        query.execute(link).await.map(|done| done.rows_affected())
    });
    Ok(claimed.map_err(Error::store)? == 1)
}

/// Forgets flows that nobody came back to, and gives their ids.
pub async fn forget_overdue(db: &mut Writer, now: Timestamp) -> Result<Vec<Uuid>> {
    on!(db, link => sqlx::query_scalar(OVERDUE).bind(now).fetch_all(link).await)
        .map_err(Error::store)
}
