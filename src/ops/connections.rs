//! Creating, changing and removing connections. What a source offers may have to be discovered first, so
//! nothing of the database is held until it is known.

use std::sync::Arc;

use super::choices::{choose, everything};
use super::mapper_keys;
use super::once::{self, Once};
use super::{jobs, secrets, states, streams};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{EditSomething, Read};
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::audit;
use crate::domain::connection::{Connection, Namespace, NonBreakingChanges, Status};
use crate::domain::definition::Kind;
use crate::domain::ids::{ActorId, ConnectionId, TagId};
use crate::domain::schedule::Schedule;
use crate::domain::stream::StreamChoice;
use crate::domain::tag::Tag;
use crate::domain::workspace::Workspace;
use crate::error::{Error, Fault, Noun, Result};
use crate::protocol::catalog::ConfiguredCatalog;
use crate::store::db::{Exec, Writer};
use crate::store::{connections, disabling, tags, workspaces};

/// A connection that somebody wants.
#[derive(Debug)]
pub struct Wish {
    pub source_id: ActorId,
    pub destination_id: ActorId,
    pub once: Option<Once>,
    pub change: Change,
}

/// What to change; what is absent stays, or takes its default.
#[derive(Debug, Default)]
pub struct Change {
    pub name: Option<String>,
    pub status: Option<Status>,
    pub schedule: Option<Schedule>,
    pub namespace: Option<Namespace>,
    pub namespace_format: Option<String>,
    pub prefix: Option<String>,
    pub non_breaking_changes: Option<NonBreakingChanges>,
    /// All that there are, when empty or absent and the connection is new.
    pub streams: Vec<StreamChoice>,
    pub tags: Option<Vec<TagId>>,
}

/// A connection with its tags.
#[derive(Debug)]
pub struct Whole {
    pub connection: Connection,
    pub tags: Vec<Tag>,
}

/// Adds a connection. Nothing runs at once, unless its schedule says so.
///
/// # Errors
/// [`Error::Invalid`] for streams that do not fit, [`Error::Unprocessable`] for two workspaces, and whatever
/// a discovery answers.
pub async fn create(app: &Arc<App>, caller: &Caller, wish: Wish) -> Result<Whole> {
    if let Some(id) = once::earlier(app, wish.once.as_ref()).await? {
        return read(app, caller, id).await;
    }
    let mut db = app.db.read().await?;
    let source = doors::actor::<Read>(&mut db, caller, Kind::Source, wish.source_id).await?;
    let sink =
        doors::actor::<Read>(&mut db, caller, Kind::Destination, wish.destination_id).await?;
    let home: Granted<_, EditSomething> =
        doors::workspace(&mut db, caller, source.workspace_id).await?;
    if source.workspace_id != sink.workspace_id {
        return Err(Error::Unprocessable(
            "the source and the destination are in different workspaces".to_owned(),
        ));
    }
    let change = wish.change;
    let tags = known_tags(&mut db, &home, change.tags.as_deref().unwrap_or_default()).await?;
    drop(db);
    if let Some(Status::Deprecated | Status::Locked) = change.status {
        return Err(Error::invalid("/status", "must be active or inactive"));
    }

    let offer = streams::catalog(app, caller, source.id).await?;
    let written = streams::ways_to_write(app, caller, sink.id).await?;
    let wanted = if change.streams.is_empty() {
        everything(&offer)
    } else {
        change.streams
    };
    let catalog = choose(&offer, &wanted, &written).map_err(Error::faults)?;
    let mut wanted = explicit(wanted);
    let keys =
        mapper_keys::take(&mut wanted, None, || app.clock.new_id()).map_err(Error::faults)?;

    let now = app.clock.now();
    let schedule = change.schedule.unwrap_or(Schedule::Manual);
    let status = change.status.unwrap_or(Status::Active);
    let connection = Connection {
        id: app.clock.new_id().into(),
        workspace_id: home.id,
        source_id: source.id,
        destination_id: sink.id,
        name: change
            .name
            .unwrap_or_else(|| format!("{} <> {}", source.name, sink.name)),
        status,
        status_reason: String::new(),
        next_run_at: next_run(status, &schedule, None, now),
        schedule,
        namespace: change.namespace.unwrap_or_default(),
        namespace_format: change.namespace_format,
        prefix: change.prefix.unwrap_or_default(),
        non_breaking_changes: change.non_breaking_changes.unwrap_or_default(),
        streams: text(&wanted)?,
        tagged: !tags.is_empty(),
        created_at: now,
        deleted_at: None,
    };
    let mut db = app.db.write().await?;
    let gone = || Error::not_found(Noun::Workspace, home.id);
    workspaces::hold(&mut db, &home).await?.ok_or_else(gone)?;
    // Discovery may have taken a while.
    doors::actor::<Read>(&mut db, caller, Kind::Source, source.id).await?;
    doors::actor::<Read>(&mut db, caller, Kind::Destination, sink.id).await?;
    connections::insert(&mut db, &home, &connection, &text(&catalog)?).await?;
    tags::put(&mut db, connection.id, &tags).await?;
    secrets::put(app, &mut db, connection.id.into(), &keys).await?;
    audit::made(&Noun::Connection, &connection.id);
    once::keep(app, &mut db, wish.once.as_ref(), connection.id).await?;
    db.commit().await?;
    Ok(Whole { connection, tags })
}

/// Changes a connection and answers it as it is then. Streams that are read in another way than before
/// begin anew.
///
/// # Errors
/// As [`create`]; [`Error::Conflict`] when the connection was removed or is locked.
pub async fn change(
    app: &Arc<App>,
    caller: &Caller,
    id: ConnectionId,
    change: Change,
) -> Result<Whole> {
    let mut db = app.db.read().await?;
    let connection: Granted<_, EditSomething> = doors::connection(&mut db, caller, id).await?;
    let home = doors::workspace(&mut db, caller, connection.workspace_id).await;
    changeable(&connection)?;
    let tags = match &change.tags {
        Some(tags) => Some(known_tags(&mut db, &home?, tags).await?),
        None => None,
    };
    drop(db);
    match change.status {
        Some(Status::Deprecated) => {
            remove(app, caller, id).await?;
            return read(app, caller, id).await;
        }
        Some(Status::Locked) => {
            return Err(Error::invalid("/status", "must be active or inactive"));
        }
        _ => {}
    }
    let chosen = if change.streams.is_empty() {
        None
    } else {
        let offer = streams::catalog(app, caller, connection.source_id).await?;
        let written = streams::ways_to_write(app, caller, connection.destination_id).await?;
        let catalog = choose(&offer, &change.streams, &written).map_err(Error::faults)?;
        Some((explicit(change.streams), catalog))
    };

    let now = app.clock.now();
    let mut db = app.db.write().await?;
    let held = connections::hold(&mut db, &connection).await?;
    let held = held.ok_or_else(removed)?;
    let mut row = held.clone();
    row.name = change.name.unwrap_or(row.name);
    row.namespace = change.namespace.unwrap_or(row.namespace);
    row.namespace_format = change.namespace_format.or(row.namespace_format);
    row.prefix = change.prefix.unwrap_or(row.prefix);
    row.non_breaking_changes = change
        .non_breaking_changes
        .unwrap_or(row.non_breaking_changes);
    row.schedule = change.schedule.unwrap_or(row.schedule);
    row.status = change.status.unwrap_or(row.status);
    if row.schedule != held.schedule || row.status != held.status {
        let last = connections::last_start(&mut db, &held).await?;
        row.next_run_at = next_run(row.status, &row.schedule, last, now);
    }
    if row.status != held.status {
        row.status_reason.clear();
        if row.status == Status::Active {
            disabling::count_anew(&mut db, &connection, now).await?;
        }
    }
    let mut new_catalog = None;
    if let Some((mut wanted, catalog)) = chosen {
        let stored = mapper_keys::open(app, &mut db, id, &held.streams).await?;
        let keys = mapper_keys::take(&mut wanted, Some(&stored), || app.clock.new_id());
        secrets::put(app, &mut db, id.into(), &keys.map_err(Error::faults)?).await?;
        row.streams = text(&wanted)?;
        let before = connections::catalog(&mut db, &connection).await?;
        let before: ConfiguredCatalog = serde_json::from_str(&before).map_err(Error::internal)?;
        states::begin_anew(app, &mut db, &connection, &before, &catalog).await?;
        new_catalog = Some(text(&catalog)?);
    }
    if let Some(tags) = &tags {
        row.tagged = !tags.is_empty();
        tags::put(&mut db, id, tags).await?;
    }
    connections::update(&mut db, &connection, &row, new_catalog.as_deref(), now).await?;
    db.commit().await?;
    let tags = match tags {
        Some(tags) => tags,
        None => tags_of(&mut app.db.read().await?, &row).await?,
    };
    Ok(Whole {
        connection: row,
        tags,
    })
}

/// Removes a connection; what runs of it is asked to end. What is at the destination stays there. Removing
/// what is removed changes nothing.
pub async fn remove(app: &App, caller: &Caller, id: ConnectionId) -> Result<()> {
    let mut db = app.db.write().await?;
    let connection: Granted<_, EditSomething> = doors::connection(&mut db, caller, id).await?;
    let ended = connections::remove(&mut db, &connection, app.clock.now()).await?;
    db.commit().await?;
    jobs::ring_ended(app, &ended).await;
    Ok(())
}

/// One connection, removed or not.
pub async fn read(app: &App, caller: &Caller, id: ConnectionId) -> Result<Whole> {
    let mut db = app.db.read().await?;
    let connection: Granted<_, Read> = doors::connection(&mut db, caller, id).await?;
    let tags = tags_of(&mut db, &connection).await?;
    Ok(Whole {
        connection: connection.into_inner(),
        tags,
    })
}

async fn tags_of(db: &mut dyn Exec, connection: &Connection) -> Result<Vec<Tag>> {
    if !connection.tagged {
        return Ok(Vec::new());
    }
    let tagged = tags::of_connections(db, &[connection.id]).await?;
    Ok(tagged.into_iter().map(|tagged| tagged.tag).collect())
}

/// The tags with these ids, in this order, each once.
async fn known_tags(
    db: &mut dyn Exec,
    home: &Granted<Workspace, EditSomething>,
    ids: &[TagId],
) -> Result<Vec<Tag>> {
    let (mut known, mut faults) = (Vec::<Tag>::new(), Vec::new());
    for (index, &id) in ids.iter().enumerate() {
        match tags::own(db, home, id).await? {
            Some(tag) if known.contains(&tag) => {}
            Some(tag) => known.push(tag),
            None => faults.push(Fault::in_body(
                format!("/tags/{index}/tagId"),
                "there is no such tag in the workspace",
            )),
        }
    }
    if faults.is_empty() {
        Ok(known)
    } else {
        Err(Error::faults(faults))
    }
}

/// The choices as they come back: the mode is always named.
fn explicit(mut streams: Vec<StreamChoice>) -> Vec<StreamChoice> {
    for stream in &mut streams {
        stream.sync_mode = Some(stream.mode());
    }
    streams
}

fn next_run(
    status: Status,
    schedule: &Schedule,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    (status == Status::Active)
        .then(|| schedule.next(last, now))
        .flatten()
}

fn changeable(connection: &Connection) -> Result<()> {
    match connection.status {
        _ if connection.deleted_at.is_some() => Err(removed()),
        Status::Locked => Err(Error::conflict("the connection is locked")),
        _ => Ok(()),
    }
}

pub(super) fn removed() -> Error {
    Error::conflict("the connection was deleted; it can only be read")
}

pub(super) fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

/// Holds a connection that is there to be changed.
pub(super) async fn held(
    db: &mut Writer,
    connection: &Granted<Connection, EditSomething>,
) -> Result<Connection> {
    connections::hold(db, connection).await?.ok_or_else(removed)
}
