//! Creating, changing and removing sources and destinations. A specification may have to be asked of the
//! connector first, so nothing of the database is held until it is known.

use std::sync::Arc;

use serde_json::Value;

use super::configurations::{self, prepare};
use super::once::{self, Once};
use super::{definitions, jobs, oauth, secrets};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{EditActor, Read};
use crate::app::App;
use crate::domain::actor::{self, Actor};
use crate::domain::audit;
use crate::domain::definition::{Definition, Kind};
use crate::domain::ids::{ActorId, DefinitionId, WorkspaceId};
use crate::domain::resources::ScopedResourceRequirements;
use crate::domain::text::Name;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Noun, Result};
use crate::store::db::{Exec, Writer};
use crate::store::{actors, connections, workspaces};
use crate::vault::configuration::{merge, with_coordinates};

/// A source or destination that somebody wants.
#[derive(Debug)]
pub struct Wish {
    pub name: Name,
    pub workspace_id: WorkspaceId,
    /// Wins over the name of a connector in the configuration.
    pub definition_id: Option<DefinitionId>,
    /// An object.
    pub configuration: Value,
    /// What OAuth brought, to be put into the configuration.
    pub secret_id: Option<String>,
    pub resources: Option<ScopedResourceRequirements>,
    pub once: Option<Once>,
}

/// What to change; what is absent stays.
#[derive(Debug)]
pub struct Change {
    pub name: Option<Name>,
    pub configuration: Option<Given>,
    pub secret_id: Option<String>,
    /// `Some(None)` clears them.
    pub resources: Option<Option<ScopedResourceRequirements>>,
}

/// A configuration that somebody gave.
#[derive(Debug)]
pub enum Given {
    /// In place of the stored one.
    Whole(Value),
    /// To be merged into the stored one, object by object.
    Patch(Value),
}

/// Adds a source or destination. Nothing checks whether it can connect.
///
/// # Errors
/// [`Error::UnknownConnector`], [`Error::Unprocessable`] when no connector is named,
/// [`Error::Invalid`] for a configuration that does not fit.
pub async fn create(app: &Arc<App>, caller: &Caller, kind: Kind, wish: Wish) -> Result<Actor> {
    if let Some(id) = once::earlier(app, wish.once.as_ref()).await? {
        return read(app, caller, kind, id, false).await;
    }
    let mut db = app.db.read().await?;
    let home = doors::workspace_of::<EditActor>(&mut db, caller, kind, wish.workspace_id).await?;
    let tag = actor::tag(kind, &wish.configuration);
    let definition = choose(&mut db, kind, &home, wish.definition_id, tag).await?;
    drop(db);
    let specification = definitions::specification(app, &definition).await?;

    let now = app.clock.now();
    let mut row = Actor {
        id: app.clock.new_id().into(),
        kind,
        organization_id: home.organization_id,
        workspace_id: home.id,
        definition_id: definition.id,
        name: wish.name.into(),
        short_name: actor::short_name(&definition),
        configuration: String::new(),
        fingerprint: Vec::new(),
        resource_allocation: wish.resources.as_ref().map(text).transpose()?,
        created_at: now,
        deleted_at: None,
    };
    let mut db = app.db.write().await?;
    let gone = || Error::not_found(Noun::Workspace, home.id);
    workspaces::hold(&mut db, &home).await?.ok_or_else(gone)?;
    // Asking for the specification may have taken a while.
    choose(&mut db, kind, &home, Some(definition.id), None).await?;
    let mut configuration = wish.configuration;
    if let Some(secret_id) = &wish.secret_id {
        let brought = oauth::claim(app, &mut db, home.id, definition.id, secret_id).await?;
        configuration = merge(&configuration, brought);
    }
    let prepared = prepare(app, kind, &specification, configuration, None)?;
    prepared.keep(app, &mut db, &mut row).await?;
    actors::insert(&mut db, &home, &row).await?;
    audit::made(&doors::noun(kind), &row.id);
    once::keep(app, &mut db, wish.once.as_ref(), row.id).await?;
    db.commit().await?;
    Ok(row)
}

/// Changes a source or destination and answers it as it is then.
///
/// # Errors
/// [`Error::Invalid`] for a configuration that does not fit.
pub async fn change(
    app: &Arc<App>,
    caller: &Caller,
    kind: Kind,
    id: ActorId,
    change: Change,
) -> Result<Actor> {
    let mut db = app.db.read().await?;
    let actor = doors::actor::<EditActor>(&mut db, caller, kind, id).await?;
    let definition = definition_of(&mut db, &actor).await?;
    drop(db);
    let specification = if change.configuration.is_some() || change.secret_id.is_some() {
        Some(definitions::specification(app, &definition).await?)
    } else {
        None
    };

    let mut db = app.db.write().await?;
    let held = held(&mut db, &actor).await?;
    let mut row = held.clone();
    if let Some(name) = change.name {
        row.name = name.into();
    }
    if let Some(resources) = change.resources {
        row.resource_allocation = resources.as_ref().map(text).transpose()?;
    }
    if let Some(specification) = specification {
        let opened = configurations::open(app, &mut db, &held).await?;
        let mut whole = match change.configuration {
            Some(Given::Whole(whole)) => whole,
            Some(Given::Patch(patch)) => merge(&opened.shown, patch),
            None => opened.shown.clone(),
        };
        if let Some(secret_id) = &change.secret_id {
            let (home, definition) = (held.workspace_id, held.definition_id);
            let brought = oauth::claim(app, &mut db, home, definition, secret_id).await?;
            whole = merge(&whole, brought);
        }
        let stored = Some(opened.stored());
        let prepared = prepare(app, kind, &specification, whole, stored)?;
        prepared.keep(app, &mut db, &mut row).await?;
    }
    actors::update(&mut db, &actor, &held, &row, app.clock.now()).await?;
    db.commit().await?;
    Ok(row)
}

/// Removes a source or destination with its configuration, its secrets and its connections.
pub async fn remove(app: &App, caller: &Caller, kind: Kind, id: ActorId) -> Result<()> {
    let mut db = app.db.write().await?;
    let actor = doors::actor::<EditActor>(&mut db, caller, kind, id).await?;
    let now = app.clock.now();
    let ended = connections::remove_of_actor(&mut db, &actor, now).await?;
    actors::remove(&mut db, &actor, now).await?;
    secrets::remove(&mut db, actor.id.into()).await?;
    db.commit().await?;
    jobs::ring_ended(app, &ended).await;
    Ok(())
}

/// One source or destination; with coordinates, the references to secrets that are kept elsewhere are
/// shown instead of masks.
pub async fn read(
    app: &App,
    caller: &Caller,
    kind: Kind,
    id: ActorId,
    coordinates: bool,
) -> Result<Actor> {
    let mut db = app.db.read().await?;
    let actor = doors::actor::<Read>(&mut db, caller, kind, id).await?;
    let mut row = actor.into_inner();
    if coordinates {
        let opened = configurations::open(app, &mut db, &row).await?;
        row.configuration = with_coordinates(&opened.shown, &opened.secrets).to_string();
    }
    Ok(row)
}

/// The definition that a workspace may use, by its id or by the name of its connector.
pub(super) async fn choose(
    db: &mut dyn Exec,
    kind: Kind,
    home: &Granted<Workspace, EditActor>,
    id: Option<DefinitionId>,
    name: Option<&str>,
) -> Result<Definition> {
    use crate::store::definitions;
    match (id, name) {
        (Some(id), _) => definitions::usable(db, home, kind, id)
            .await?
            .ok_or_else(|| Error::not_found(noun_of_definition(kind), id)),
        (None, Some(name)) => definitions::by_short_name(db, kind, name)
            .await?
            .ok_or_else(|| Error::UnknownConnector {
                kind: kind.as_str(),
                name: name.to_owned(),
            }),
        (None, None) => Err(Error::Unprocessable(format!(
            "which connector it is must be said by definitionId or by configuration.{}",
            kind.type_key()
        ))),
    }
}

/// The definition of a source or destination that is there.
pub(super) async fn definition_of(db: &mut dyn Exec, actor: &Actor) -> Result<Definition> {
    let found = crate::store::definitions::referred(db, actor.definition_id).await?;
    let missing = || Error::not_found(noun_of_definition(actor.kind), actor.definition_id);
    found.ok_or_else(missing)
}

/// The row at this moment, held until the transaction is over.
pub(super) async fn held<L>(db: &mut Writer, actor: &Granted<Actor, L>) -> Result<Actor> {
    let gone = || Error::not_found(doors::noun(actor.kind), actor.id);
    actors::hold(db, actor).await?.ok_or_else(gone)
}

fn noun_of_definition(kind: Kind) -> Noun {
    match kind {
        Kind::Source => Noun::SourceDefinition,
        Kind::Destination => Noun::DestinationDefinition,
    }
}

fn text(resources: &ScopedResourceRequirements) -> Result<String> {
    serde_json::to_string(resources).map_err(Error::internal)
}
