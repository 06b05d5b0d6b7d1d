//! Sources and destinations. One table holds both, told apart by `kind`.

use super::catalogs;
use super::db::{Exec, Writer, on};
use super::listing::{self, Listed, Listing, Reach, Where, listing, read_in_order};
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::EditActor;
use crate::clock::Timestamp;
use crate::domain::actor::{Actor, ListedActor};
use crate::domain::definition::Kind;
use crate::domain::ids::ActorId;
use crate::domain::page::{Mark, Page, Slice};
use crate::domain::workspace::Workspace;
use crate::error::{Error, Result};

/// Columns of a whole row.
macro_rules! whole {
    () => {
        "id, kind, organization_id, workspace_id, definition_id, name, short_name, configuration, \
         fingerprint, resource_allocation, created_at, deleted_at"
    };
}

/// The lists of both kinds, whose columns are those of [`ListedActor`].
macro_rules! list {
    ($which:literal) => {
        listing!(
            "actors",
            $which,
            "t.id, t.workspace_id, t.definition_id, t.name, t.short_name, t.configuration, \
             t.resource_allocation, t.created_at",
            "hex(t.id), hex(t.workspace_id), hex(t.definition_id), t.name, t.short_name, \
             t.resource_allocation, t.created_at",
            "t.configuration"
        )
    };
}

pub(super) const SOURCES: Listing = list!("t.kind = 'source' AND ");
pub(super) const DESTINATIONS: Listing = list!("t.kind = 'destination' AND ");

const FETCH: &str = concat!(
    "SELECT ",
    whole!(),
    " FROM actors WHERE id = $1 AND kind = $2"
);
const INSERT: &str = concat!(
    "INSERT INTO actors (",
    whole!(),
    ", updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, $11)"
);
/// Changes nothing, but makes whoever else changes this row wait.
const HOLD: &str = concat!(
    "UPDATE actors SET updated_at = updated_at WHERE id = $1 AND deleted_at IS NULL RETURNING ",
    whole!()
);
const UPDATE: &str = "UPDATE actors SET name = $2, configuration = $3, fingerprint = $4, \
    resource_allocation = $5, updated_at = $6 WHERE id = $1 AND deleted_at IS NULL";
const REMOVE: &str = "UPDATE actors SET deleted_at = $2, updated_at = $2, configuration = '{}' \
    WHERE id = $1 AND deleted_at IS NULL";
const REMOVE_OF_WORKSPACE: &str = "UPDATE actors SET deleted_at = $2, updated_at = $2, \
    configuration = '{}' WHERE workspace_id = $1 AND deleted_at IS NULL";
// Of what is gone: that has an index.
const FORGET_SECRETS_OF_WORKSPACE: &str = "DELETE FROM secrets WHERE owner_id IN \
    (SELECT id FROM actors WHERE workspace_id = $1 AND deleted_at IS NOT NULL)";

const FORGET_CATALOGS_OF_WORKSPACE: &str = "DELETE FROM catalogs WHERE fingerprint IN \
    (SELECT fingerprint FROM actors WHERE workspace_id = $1 AND deleted_at IS NOT NULL) AND NOT EXISTS \
    (SELECT 1 FROM actors a WHERE a.fingerprint = catalogs.fingerprint AND a.deleted_at IS NULL)";

pub(super) const STATEMENTS: &[&str] = &[
    FETCH,
    INSERT,
    HOLD,
    UPDATE,
    REMOVE,
    REMOVE_OF_WORKSPACE,
    FORGET_SECRETS_OF_WORKSPACE,
    FORGET_CATALOGS_OF_WORKSPACE,
];

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub kind: Kind,
    /// What is gone, too.
    pub deleted: bool,
    pub page: Page,
}

pub async fn fetch(db: &mut dyn Exec, kind: Kind, id: Lookup<ActorId>) -> Result<Option<Actor>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).bind(kind).fetch_optional(link).await)
        .map_err(Error::store)
}

/// One page of the sources or destinations within reach.
pub async fn list(
    db: &mut dyn Exec,
    reach: Reach<'_>,
    wanted: Wanted,
) -> Result<Slice<ListedActor>> {
    let listing = match wanted.kind {
        Kind::Source => &SOURCES,
        Kind::Destination => &DESTINATIONS,
    };
    listing::page(db, listing, &Where::of(reach), wanted.deleted, wanted.page).await
}

read_in_order!(ListedActor {
    id,
    workspace_id,
    definition_id,
    name,
    short_name,
    configuration,
    resource_allocation,
    created_at,
});

impl Listed for ListedActor {
    fn mark(&self) -> Mark {
        Mark::new(self.created_at, self.id)
    }

    fn with(self, configuration: &str) -> Self {
        let configuration = configuration.to_owned();
        Self {
            configuration,
            ..self
        }
    }
}

/// Adds a source or a destination to a workspace. The workspace is held (`workspaces::hold`), so that
/// it does not go in between.
pub async fn insert(
    db: &mut Writer,
    _home: &Granted<Workspace, EditActor>,
    actor: &Actor,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(INSERT)
            .bind(actor.id)
            .bind(actor.kind)
            .bind(actor.organization_id)
            .bind(actor.workspace_id)
            .bind(actor.definition_id)
            .bind(&actor.name)
            .bind(&actor.short_name)
            .bind(&actor.configuration)
            .bind(&actor.fingerprint)
            .bind(&actor.resource_allocation)
            .bind(actor.created_at)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)
}

/// The row at this moment, which nobody else changes before this transaction is over; `None` when it has
/// just gone. At any level: a connector that runs may announce a new configuration.
pub async fn hold<L>(db: &mut Writer, actor: &Granted<Actor, L>) -> Result<Option<Actor>> {
    hold_row(db, actor.id).await
}

pub(super) async fn hold_row(db: &mut Writer, id: ActorId) -> Result<Option<Actor>> {
    on!(db, link => sqlx::query_as(HOLD).bind(id).fetch_optional(link).await).map_err(Error::store)
}

/// Writes what can change of a row that is held.
pub async fn update<L>(
    db: &mut Writer,
    actor: &Granted<Actor, L>,
    held: &Actor,
    changed: &Actor,
    now: Timestamp,
) -> Result<()> {
    update_row(db, actor.id, held, changed, now).await
}

pub(super) async fn update_row(
    db: &mut Writer,
    id: ActorId,
    held: &Actor,
    changed: &Actor,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => {
        sqlx::query(UPDATE)
            .bind(id)
            .bind(&changed.name)
            .bind(&changed.configuration)
            .bind(&changed.fingerprint)
            .bind(&changed.resource_allocation)
            .bind(now)
            .execute(link)
            .await
            .map(drop)
    })
    .map_err(Error::store)?;
    if held.fingerprint != changed.fingerprint {
        catalogs::forget(db, &held.fingerprint).await?;
    }
    Ok(())
}

/// Removes a source or a destination and its configuration; its secrets have an owner of their own.
pub async fn remove(
    db: &mut Writer,
    actor: &Granted<Actor, EditActor>,
    now: Timestamp,
) -> Result<()> {
    on!(db, link => sqlx::query(REMOVE).bind(actor.id).bind(now).execute(link).await.map(drop))
        .map_err(Error::store)?;
    catalogs::forget(db, &actor.fingerprint).await
}

/// Removes everything in a workspace that goes, with its secrets and what was found with them.
pub(super) async fn remove_of_workspace<L>(
    db: &mut Writer,
    workspace: &Granted<Workspace, L>,
    now: Timestamp,
) -> Result<()> {
    let id = workspace.id;
    on!(db, link => {
        sqlx::query(REMOVE_OF_WORKSPACE).bind(id).bind(now).execute(link).await.map(drop)
    })
    .map_err(Error::store)?;
    for text in [FORGET_SECRETS_OF_WORKSPACE, FORGET_CATALOGS_OF_WORKSPACE] {
        on!(db, link => sqlx::query(text).bind(id).execute(link).await.map(drop))
            .map_err(Error::store)?;
    }
    Ok(())
}
