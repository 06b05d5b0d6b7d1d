//! How far connections have come, as people see and set it. What a worker commits is not touched while it
//! works.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::connections::{held, text};
use super::jobs::running;
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{EditSomething, Read};
use crate::app::App;
use crate::domain::connection::Connection;
use crate::domain::ids::ConnectionId;
use crate::domain::job::StateKind;
use crate::domain::stream::StreamName;
use crate::error::{Error, Result};
use crate::protocol::catalog::{ConfiguredCatalog, StreamDescriptor, SyncMode};
use crate::protocol::raw::Raw;
use crate::protocol::state::{GlobalState, StreamState};
use crate::store::db::Writer;
use crate::store::states::StoredState;
use crate::store::{jobs, state_edits, states};

/// A state as clients of the reference write it: `PyAirbyte` exports and imports this.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConnectionState)]
pub struct Document {
    pub state_type: StateType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// The blob of a legacy state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    state: Option<Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_state: Option<Vec<StreamDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_state: Option<GlobalDocument>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateType {
    Stream,
    Global,
    Legacy,
    NotSet,
}

/// The state of one stream.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StreamState)]
struct StreamDocument {
    stream_descriptor: Descriptor,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    stream_state: Option<Raw>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = StreamDescriptor)]
struct Descriptor {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
}

/// The state of all streams together.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GlobalState)]
struct GlobalDocument {
    #[serde(alias = "shared_state", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    shared_state: Option<Raw>,
    #[serde(default, alias = "stream_states")]
    stream_states: Vec<StreamDocument>,
}

impl Document {
    fn of(id: ConnectionId, state: ConnectionState) -> Self {
        let mut document = Self {
            state_type: StateType::NotSet,
            connection_id: Some(id),
            state: None,
            stream_state: None,
            global_state: None,
        };
        match state {
            ConnectionState::NotSet => {}
            ConnectionState::Streams(all) => {
                document.state_type = StateType::Stream;
                let streams = all.into_iter();
                let shown = streams.map(|(stream, state)| StreamDocument::of(stream, Some(state)));
                document.stream_state = Some(shown.collect());
            }
            ConnectionState::Global(global) => {
                document.state_type = StateType::Global;
                let streams = global.stream_states.into_iter();
                let shown =
                    streams.map(|one| StreamDocument::of(one.stream_descriptor, one.stream_state));
                document.global_state = Some(GlobalDocument {
                    shared_state: global.shared_state,
                    stream_states: shown.collect(),
                });
            }
            ConnectionState::Legacy(blob) => {
                document.state_type = StateType::Legacy;
                document.state = Some(blob);
            }
        }
        document
    }

    /// What it says of one stream, as the source wrote it.
    #[must_use]
    pub fn of_stream(&self, stream: &StreamName) -> Option<&str> {
        let global = self.global_state.as_ref();
        let all = match global {
            Some(global) => &global.stream_states,
            None => self.stream_state.as_ref()?,
        };
        let space = stream.stream_namespace.as_deref().unwrap_or_default();
        let own = all.iter().find(|one| {
            let descriptor = &one.stream_descriptor;
            descriptor.name == stream.stream_name
                && descriptor.namespace.as_deref().unwrap_or_default() == space
        });
        own?.stream_state.as_ref().map(Raw::as_str)
    }

    fn meant(self) -> Result<ConnectionState> {
        let missing =
            |field: &str| Error::invalid(format!("/{field}"), "is required for this stateType");
        Ok(match self.state_type {
            StateType::NotSet => ConnectionState::NotSet,
            StateType::Legacy => {
                ConnectionState::Legacy(self.state.ok_or_else(|| missing("state"))?)
            }
            StateType::Stream => {
                let all = self.stream_state.ok_or_else(|| missing("streamState"))?;
                let some = all
                    .into_iter()
                    .filter_map(|one| Some((one.stream_descriptor.into(), one.stream_state?)));
                ConnectionState::Streams(some.collect())
            }
            StateType::Global => {
                let global = self.global_state.ok_or_else(|| missing("globalState"))?;
                let streams = global.stream_states.into_iter().map(|one| StreamState {
                    stream_descriptor: one.stream_descriptor.into(),
                    stream_state: one.stream_state,
                    rest: serde_json::Map::new(),
                });
                ConnectionState::Global(GlobalState {
                    shared_state: global.shared_state,
                    stream_states: streams.collect(),
                    rest: serde_json::Map::new(),
                })
            }
        })
    }
}

impl StreamDocument {
    fn of(stream: StreamDescriptor, stream_state: Option<Raw>) -> Self {
        Self {
            stream_descriptor: Descriptor {
                namespace: stream.space().map(str::to_owned),
                name: stream.name,
            },
            stream_state,
        }
    }
}

impl From<Descriptor> for StreamDescriptor {
    fn from(descriptor: Descriptor) -> Self {
        Self {
            name: descriptor.name,
            namespace: descriptor.namespace.filter(|space| !space.is_empty()),
        }
    }
}

/// What is stored for a connection: one kind at a time.
#[derive(Debug, Clone, PartialEq)]
enum ConnectionState {
    NotSet,
    Streams(Vec<(StreamDescriptor, Raw)>),
    Global(GlobalState),
    /// One blob that only its source understands.
    Legacy(Raw),
}

/// The state of a connection.
pub async fn read(app: &App, caller: &Caller, id: ConnectionId) -> Result<Document> {
    let mut db = app.db.read().await?;
    let connection: Granted<_, Read> = doors::connection(&mut db, caller, id).await?;
    let stored = of_stored(&states::list(&mut db, connection.id).await?)?;
    Ok(Document::of(id, stored))
}

/// Puts a state in the place of what is stored.
///
/// # Errors
/// [`Error::Running`] while a job of the connection has not ended.
pub async fn set(
    app: &App,
    caller: &Caller,
    id: ConnectionId,
    state: Document,
) -> Result<Document> {
    let state = state.meant()?;
    let rows = to_store(&state)?;
    let mut db = app.db.write().await?;
    let connection: Granted<_, EditSomething> = doors::connection(&mut db, caller, id).await?;
    held(&mut db, &connection).await?;
    state_edits::replace(&mut db, &connection, &rows, app.clock.now()).await?;
    if let Some(live) = jobs::live(&mut db, id).await? {
        return Err(running(&live));
    }
    db.commit().await?;
    Ok(Document::of(id, state))
}

/// Puts the state of one stream, as JSON, in the place of what is stored of it; none forgets how far it has
/// come. What is stored of other streams stays.
///
/// # Errors
/// [`Error::Invalid`] for what is no JSON object, [`Error::Conflict`] when the source keeps one blob for all
/// streams, [`Error::Running`] while a job of the connection has not ended.
pub async fn set_stream(
    app: &App,
    caller: &Caller,
    id: ConnectionId,
    stream: StreamName,
    state: Option<&str>,
) -> Result<()> {
    let state = state.map(object).transpose()?;
    let stream = StreamDescriptor {
        name: stream.stream_name,
        namespace: stream.stream_namespace,
    };
    let mut db = app.db.write().await?;
    let connection: Granted<_, EditSomething> = doors::connection(&mut db, caller, id).await?;
    held(&mut db, &connection).await?;
    let mut stored = of_stored(&states::list(&mut db, id).await?)?;
    match &mut stored {
        ConnectionState::Legacy(_) => {
            let why =
                "the source keeps one state for all streams, which can only be set as a whole";
            return Err(Error::conflict(why));
        }
        ConnectionState::Global(global) => {
            let all = &mut global.stream_states;
            all.retain(|one| one.stream_descriptor != stream);
            all.extend(state.map(|state| StreamState {
                stream_descriptor: stream,
                stream_state: Some(state),
                rest: serde_json::Map::new(),
            }));
        }
        ConnectionState::Streams(all) => {
            all.retain(|(other, _)| *other != stream);
            all.extend(state.map(|state| (stream, state)));
        }
        ConnectionState::NotSet => {
            stored =
                ConnectionState::Streams(state.map(|state| (stream, state)).into_iter().collect());
        }
    }
    let rows = to_store(&stored)?;
    state_edits::replace(&mut db, &connection, &rows, app.clock.now()).await?;
    if let Some(live) = jobs::live(&mut db, id).await? {
        return Err(running(&live));
    }
    db.commit().await
}

/// The text of a JSON object.
fn object(text: &str) -> Result<Raw> {
    let wrong = |why: String| Error::invalid("/streamState", why);
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|why| wrong(format!("is not JSON: {why}")))?;
    if !value.is_object() {
        return Err(wrong("must be a JSON object".to_owned()));
    }
    raw(text)
}

/// Forgets how far those streams have come that are read in another way from now on.
pub(super) async fn begin_anew(
    app: &App,
    db: &mut Writer,
    connection: &Granted<Connection, EditSomething>,
    before: &ConfiguredCatalog,
    after: &ConfiguredCatalog,
) -> Result<()> {
    let mode = |catalog: &ConfiguredCatalog, stream: &StreamDescriptor| -> Option<SyncMode> {
        let mut all = catalog.streams.iter();
        let found = all.find(|one| one.stream.descriptor() == *stream)?;
        Some(found.sync_mode)
    };
    let streams = after.streams.iter().map(|one| one.stream.descriptor());
    let changed: Vec<_> = streams
        .filter(|stream| mode(before, stream).is_some_and(|was| Some(was) != mode(after, stream)))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    match of_stored(&states::list(db, connection.id).await?)? {
        ConnectionState::Global(mut global) => {
            global
                .stream_states
                .retain(|state| !changed.contains(&state.stream_descriptor));
            let rows = to_store(&ConnectionState::Global(global))?;
            state_edits::replace(db, connection, &rows, app.clock.now()).await
        }
        // A blob cannot be taken apart.
        ConnectionState::NotSet | ConnectionState::Legacy(_) => Ok(()),
        ConnectionState::Streams(_) => {
            for stream in changed {
                let namespace = stream.space().unwrap_or_default();
                state_edits::forget(db, connection, namespace, &stream.name).await?;
            }
            Ok(())
        }
    }
}

fn of_stored(rows: &[StoredState]) -> Result<ConnectionState> {
    let whole = rows.iter().find(|row| row.kind != StateKind::Stream);
    match whole {
        Some(row) if row.kind == StateKind::Global => {
            let global = serde_json::from_str(&row.state).map_err(Error::internal)?;
            Ok(ConnectionState::Global(global))
        }
        Some(row) => Ok(ConnectionState::Legacy(raw(&row.state)?)),
        None if rows.is_empty() => Ok(ConnectionState::NotSet),
        None => rows
            .iter()
            .map(|row| {
                let stream = StreamDescriptor {
                    name: row.name.clone(),
                    namespace: Some(row.namespace.clone()).filter(|space| !space.is_empty()),
                };
                Ok((stream, raw(&row.state)?))
            })
            .collect::<Result<_>>()
            .map(ConnectionState::Streams),
    }
}

fn to_store(state: &ConnectionState) -> Result<Vec<StoredState>> {
    let whole = |kind, state| StoredState {
        namespace: String::new(),
        name: String::new(),
        kind,
        state,
    };
    Ok(match state {
        ConnectionState::NotSet => Vec::new(),
        ConnectionState::Streams(all) => all
            .iter()
            .map(|(stream, state)| StoredState {
                namespace: stream.space().unwrap_or_default().to_owned(),
                name: stream.name.clone(),
                kind: StateKind::Stream,
                state: state.as_str().to_owned(),
            })
            .collect(),
        ConnectionState::Global(global) => vec![whole(StateKind::Global, text(global)?)],
        ConnectionState::Legacy(blob) => vec![whole(StateKind::Legacy, blob.as_str().to_owned())],
    })
}

fn raw(text: &str) -> Result<Raw> {
    serde_json::from_str(text).map_err(Error::internal)
}
