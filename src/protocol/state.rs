//! States: how far a source has come. A server looks at the kind, the stream and the counts; the rest is
//! the source's own, kept as text and given back as it came.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::catalog::StreamDescriptor;
use super::raw::{Raw, or_default};

/// A state with its counts. Fields that we do not know are carried along: the reference server follows
/// a state through the destination by an `id` of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct State {
    pub position: Position,
    /// The blob of a legacy state. Some sources repeat one beside the newer kinds.
    pub data: Option<Raw>,
    pub source_stats: Option<Stats>,
    pub destination_stats: Option<Stats>,
    pub rest: Map<String, Value>,
}

/// What a state says.
#[derive(Debug, Clone, PartialEq)]
pub enum Position {
    Stream(StreamState),
    Global(GlobalState),
    /// One blob for the whole connection. Most such states do not name their type; `named` says
    /// whether this one did.
    Legacy {
        named: bool,
    },
}

/// The state of one stream; without a state for an emptied one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamState {
    pub stream_descriptor: StreamDescriptor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_state: Option<Raw>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The state of all streams together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalState {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_state: Option<Raw>,
    #[serde(default, deserialize_with = "or_default")]
    pub stream_states: Vec<StreamState>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Counts of records since the state before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Written with a decimal point, as connectors do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_count: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_record_count: Option<f64>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Stats {
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to nine quadrillion records between two states"
    )]
    pub fn of(records: u64) -> Self {
        Self {
            record_count: Some(records as f64),
            ..Self::default()
        }
    }
}

impl State {
    /// The state of one stream, with nothing else.
    #[must_use]
    pub fn of_stream(stream_descriptor: StreamDescriptor, stream_state: Option<Raw>) -> Self {
        Self {
            position: Position::Stream(StreamState {
                stream_descriptor,
                stream_state,
                rest: Map::new(),
            }),
            data: None,
            source_stats: None,
            destination_stats: None,
            rest: Map::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Stream,
    Global,
    Legacy,
}

/// A state as it is spelled: a type beside three fields of which one is meant.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream: Option<StreamState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    global: Option<GlobalState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Raw>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_stats: Option<Stats>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destination_stats: Option<Stats>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl TryFrom<Wire> for State {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let position = match wire.kind {
            Some(Kind::Stream) => {
                Position::Stream(wire.stream.ok_or("a STREAM state without its stream")?)
            }
            Some(Kind::Global) => Position::Global(
                wire.global
                    .ok_or("a GLOBAL state without its global part")?,
            ),
            kind @ (Some(Kind::Legacy) | None) => Position::Legacy {
                named: kind.is_some(),
            },
        };
        Ok(Self {
            position,
            data: wire.data,
            source_stats: wire.source_stats,
            destination_stats: wire.destination_stats,
            rest: wire.rest,
        })
    }
}

impl From<State> for Wire {
    fn from(state: State) -> Self {
        let mut wire = Self {
            kind: None,
            stream: None,
            global: None,
            data: state.data,
            source_stats: state.source_stats,
            destination_stats: state.destination_stats,
            rest: state.rest,
        };
        match state.position {
            Position::Stream(stream) => {
                wire.kind = Some(Kind::Stream);
                wire.stream = Some(stream);
            }
            Position::Global(global) => {
                wire.kind = Some(Kind::Global);
                wire.global = Some(global);
            }
            Position::Legacy { named } => wire.kind = named.then_some(Kind::Legacy),
        }
        wire
    }
}
