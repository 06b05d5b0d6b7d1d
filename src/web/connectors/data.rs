//! What these pages know and do, and through which doors: the same ones as the API. Whatever asks a
//! connector has a few seconds; after that the page says so and comes again, while the question goes on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::connector::Connector;
use super::form::{Deed, Filled};
use super::ground::{Ground, Room};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::{EditActor, Read, Run};
use crate::app::App;
use crate::domain::actor::{self, ListedActor};
use crate::domain::definition::Kind;
use crate::domain::ids::{ActorId, DefinitionId, WorkspaceId};
use crate::domain::offer::Offer;
use crate::domain::page::{Page as Part, Slice};
use crate::error::{Error, Noun, Result};
use crate::ops::actors::{self, Change, Given, Wish};
use crate::ops::checks::{self, Checked, Trial};
use crate::ops::definitions;
use crate::ops::streams::{self, Wanted};
use crate::store::listing::Reach;
use crate::store::{self, workspaces};
use crate::web::moment::Moment;

/// How long a page waits for a connector.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a connector said when it was tested.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) good: bool,
    /// Its own words.
    pub(super) words: Option<String>,
}

impl Verdict {
    /// What a connector that could not be asked, or broke, means to whoever tests it; other failures
    /// are none of the connector's.
    pub(super) fn of_failure(error: Error) -> Result<Self> {
        match error {
            Error::Connector { message, .. }
            | Error::Unprocessable(message)
            | Error::Conflict(message) => Ok(Self {
                good: false,
                words: Some(message),
            }),
            other => Err(other),
        }
    }
}

impl From<Checked> for Verdict {
    fn from(checked: Checked) -> Self {
        Self {
            good: checked.succeeded,
            words: checked.message.filter(|words| !words.trim().is_empty()),
        }
    }
}

/// A source or destination that is there.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: ActorId,
    pub(super) name: String,
    pub(super) connector: Connector,
    /// With masks in the places of secrets.
    pub(super) configuration: Value,
    pub(super) created: Moment,
}

/// Waits a few seconds. What is asked of connectors goes on when nobody waits, and the next who asks
/// gets the answer.
pub(in crate::web) async fn patiently<T>(asking: impl Future<Output = Result<T>>) -> Result<T> {
    let message = "the connector has not answered yet".to_owned();
    let retry_after = PATIENCE;
    tokio::time::timeout(PATIENCE, asking)
        .await
        .unwrap_or(Err(Error::NotYet {
            message,
            retry_after,
        }))
}

/// The workspaces that somebody may read, with the addresses of one side of each, and whether there
/// are more of them.
pub(super) async fn workspaces(
    app: &App,
    caller: &Caller,
    side: &str,
) -> Result<(Vec<(String, String)>, bool)> {
    let mut db = app.db.read().await?;
    let (now, scope) = (app.clock.now(), caller.scope());
    let found = workspaces::list(&mut db, &app.lists, now, &scope, Part::default()).await?;
    let links = found.items.into_iter().map(|workspace| {
        let address = format!("/workspaces/{}/{side}", workspace.id);
        (address, workspace.name)
    });
    Ok((links.collect(), found.more))
}

/// A workspace that somebody may read.
pub(super) async fn room(app: &App, caller: &Caller, id: WorkspaceId, side: &str) -> Result<Room> {
    let mut db = app.db.read().await?;
    let workspace = doors::workspace::<Read>(&mut db, caller, id).await?;
    drop(db);
    let (mut others, _) = workspaces(app, caller, side).await?;
    let own = format!("/workspaces/{id}/{side}");
    others.retain(|(address, _)| *address != own);
    Ok(Room {
        id: id.to_string(),
        name: workspace.into_inner().name,
        others,
    })
}

/// Lets in who may change this side of the workspace.
pub(super) async fn admit_editor(app: &App, ground: &Ground) -> Result<()> {
    let (caller, kind) = (&ground.person.caller, ground.kind);
    let mut db = app.db.read().await?;
    doors::workspace_of::<EditActor>(&mut db, caller, kind, ground.workspace).await?;
    Ok(())
}

/// Whether somebody may.
pub(super) async fn may_edit(app: &App, ground: &Ground) -> Result<bool> {
    answered(admit_editor(app, ground).await)
}

/// Whether somebody may test what there is.
pub(in crate::web) async fn may_run(app: &App, ground: &Ground) -> Result<bool> {
    let caller = &ground.person.caller;
    let mut db = app.db.read().await?;
    answered(doors::workspace::<Run>(&mut db, caller, ground.workspace).await)
}

pub(in crate::web) fn answered<T>(admitted: Result<T>) -> Result<bool> {
    match admitted {
        Ok(_) => Ok(true),
        Err(Error::Forbidden(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The connectors that the workspace may use, by name.
pub(super) async fn connectors(app: &App, ground: &Ground, kind: Kind) -> Result<Vec<Connector>> {
    let mut db = app.db.read().await?;
    let home = doors::workspace::<Read>(&mut db, &ground.person.caller, ground.workspace).await?;
    let found = store::definitions::described(&mut db, &home, kind).await?;
    let connectors = found.into_iter().map(|(definition, facts)| {
        let licence = facts.get("license").and_then(Value::as_str);
        Connector {
            definition,
            licence: licence.map(str::to_owned),
        }
    });
    let mut connectors: Vec<_> = connectors.collect();
    connectors.sort_by_cached_key(|Connector { definition, .. }| {
        (definition.name.to_lowercase(), definition.id)
    });
    Ok(connectors)
}

/// One of them.
pub(super) async fn connector(app: &App, ground: &Ground, id: DefinitionId) -> Result<Connector> {
    let mut db = app.db.read().await?;
    let home = doors::workspace::<Read>(&mut db, &ground.person.caller, ground.workspace).await?;
    let found = store::definitions::usable(&mut db, &home, ground.kind, id).await?;
    found
        .map(Connector::of)
        .ok_or_else(|| Error::not_found(noun(ground.kind), id))
}

fn noun(kind: Kind) -> Noun {
    match kind {
        Kind::Source => Noun::SourceDefinition,
        Kind::Destination => Noun::DestinationDefinition,
    }
}

/// What a connector asks for, as a JSON schema.
pub(super) async fn specification(app: &Arc<App>, connector: &Connector) -> Result<Value> {
    let asked = patiently(definitions::specification(app, &connector.definition)).await?;
    Ok(asked.connection_specification)
}

/// One page of the sources or destinations of the workspace.
pub(in crate::web) async fn actors(
    app: &App,
    ground: &Ground,
    page: Part,
) -> Result<Slice<ListedActor>> {
    let mut db = app.db.read().await?;
    let places = doors::places(&mut db, &ground.person.caller, &[ground.workspace]).await?;
    let wanted = store::actors::Wanted {
        kind: ground.kind,
        deleted: false,
        page,
    };
    store::actors::list(&mut db, Reach::Places(&places), wanted).await
}

/// A source or destination of the workspace.
pub(super) async fn held(app: &App, ground: &Ground, id: ActorId) -> Result<Held> {
    let (caller, kind) = (&ground.person.caller, ground.kind);
    let found = actors::read(app, caller, kind, id, false).await?;
    if found.workspace_id != ground.workspace {
        return Err(Error::not_found(doors::noun(kind), id));
    }
    let mut db = app.db.read().await?;
    let definition = store::definitions::referred(&mut db, found.definition_id).await?;
    let definition = definition.ok_or_else(|| Error::not_found(noun(kind), found.definition_id))?;
    let configuration = serde_json::from_str(&found.configuration).map_err(Error::internal)?;
    Ok(Held {
        id: found.id,
        name: found.name,
        connector: Connector::of(definition),
        configuration: actor::without_tag(kind, configuration),
        created: Moment(found.created_at),
    })
}

/// The same for somebody who may change it.
pub(super) async fn held_to_edit(app: &App, ground: &Ground, id: ActorId) -> Result<Held> {
    admit_editor(app, ground).await?;
    held(app, ground, id).await
}

/// Keeps what a form says. The specification is known by now, so that this takes no time.
pub(super) async fn save(
    app: &Arc<App>,
    ground: &Ground,
    deed: &Deed,
    filled: Filled,
) -> Result<ActorId> {
    let (caller, kind) = (&ground.person.caller, ground.kind);
    let kept = match deed {
        Deed::Create(connector) => {
            let wish = Wish {
                name: filled.name,
                workspace_id: ground.workspace,
                definition_id: Some(connector.definition.id),
                configuration: filled.configuration,
                secret_id: None,
                resources: None,
                once: None,
            };
            actors::create(app, caller, kind, wish).await?
        }
        Deed::Change(held) => {
            let change = Change {
                name: Some(filled.name),
                configuration: Some(Given::Whole(filled.configuration)),
                secret_id: None,
                resources: None,
            };
            actors::change(app, caller, kind, held.id, change).await?
        }
    };
    Ok(kept.id)
}

pub(super) async fn remove(app: &App, ground: &Ground, id: ActorId) -> Result<()> {
    held_to_edit(app, ground, id).await?;
    actors::remove(app, &ground.person.caller, ground.kind, id).await
}

/// Tests what is stored.
pub(super) async fn test(app: &Arc<App>, ground: &Ground, id: ActorId) -> Result<Verdict> {
    let checked = checks::check(app, &ground.person.caller, ground.kind, id);
    Ok(patiently(checked).await?.into())
}

/// Tests what a form says. Secrets that stay count as they are stored.
pub(super) async fn try_out(
    app: &Arc<App>,
    ground: &Ground,
    deed: &Deed,
    filled: Filled,
) -> Result<Verdict> {
    let (actor_id, definition_id) = match deed {
        Deed::Create(connector) => (None, Some(connector.definition.id)),
        Deed::Change(held) => (Some(held.id), None),
    };
    let trial = Trial {
        actor_id,
        workspace_id: Some(ground.workspace),
        definition_id,
        configuration: filled.configuration,
    };
    let checked = checks::try_out(app, &ground.person.caller, ground.kind, trial);
    Ok(patiently(checked).await?.into())
}

/// What a source offers.
pub(super) async fn streams(
    app: &Arc<App>,
    ground: &Ground,
    source: ActorId,
    afresh: bool,
) -> Result<Vec<Offer>> {
    let wanted = Wanted {
        source,
        destination: None,
        afresh,
    };
    let found = patiently(streams::streams(app, &ground.person.caller, wanted)).await?;
    Ok(found.into_iter().map(|stream| stream.offer).collect())
}
