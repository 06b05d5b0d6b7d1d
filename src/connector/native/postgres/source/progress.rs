//! How far a stream has come, in the spelling of the reference, so that connections can move here: by the
//! place of the last row (`ctid`) while a table is read as a whole, by the greatest value of a column
//! (`cursor_based`) from then on.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::connector::native::interface::Fault;
use crate::protocol::catalog::StreamDescriptor;
use crate::protocol::raw::Raw;
use crate::protocol::state::{Position, State, Stats};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Progress {
    Places {
        /// The rows behind this place are missing.
        behind: Place,
        /// Of which file of the table. In another one, rows have other places.
        file: Option<i64>,
        /// From where an incremental stream goes on afterwards.
        then: Option<Cursor>,
    },
    Cursor(Cursor),
}

/// A page and a place within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) page: i64,
    pub(super) within: i64,
}

/// The greatest value of a column that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cursor {
    pub(super) field: String,
    /// None when there has been no row with one.
    pub(super) value: Option<String>,
    /// How many rows had it. As long as they are so many, none of them is new.
    pub(super) count: i64,
}

/// All fields of either kind.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Wire {
    version: u32,
    state_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_namespace: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cursor_field: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor_record_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relation_filenode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incremental_state: Option<Box<Wire>>,
}

impl Progress {
    /// Where a stream stands according to the states given.
    pub(super) fn of(states: &[State], stream: &StreamDescriptor) -> Result<Option<Self>, Fault> {
        let of_stream = |state: &State| match &state.position {
            Position::Stream(state) if state.stream_descriptor == *stream => {
                state.stream_state.clone()
            }
            _ => None,
        };
        let Some(state) = states.iter().find_map(of_stream) else {
            return Ok(None);
        };
        let foreign = || {
            let message = format!(
                "the state of {stream} was made with another method of replication; clear the stream to begin anew"
            );
            Fault::configuration(message).of_stream(stream.clone())
        };
        let wire: Wire = serde_json::from_str(state.as_str()).map_err(|_| foreign())?;
        match wire.state_type.as_str() {
            // Nothing yet, or the mark of a stream that cannot be resumed.
            "" => Ok(None),
            "cursor_based" => wire
                .into_cursor()
                .map(Self::Cursor)
                .map(Some)
                .ok_or_else(foreign),
            "ctid" | "ctid_based" => {
                let behind = wire
                    .ctid
                    .as_deref()
                    .and_then(Place::parse)
                    .ok_or_else(foreign)?;
                Ok(Some(Self::Places {
                    behind,
                    file: wire.relation_filenode,
                    then: wire.incremental_state.and_then(|wire| wire.into_cursor()),
                }))
            }
            _ => Err(foreign()),
        }
    }

    pub(super) fn state(&self, stream: &StreamDescriptor, records: u64) -> State {
        let wire = serde_json::to_value(Wire::of(self, stream));
        with(
            stream,
            &wire.expect("it is made of texts and numbers"),
            records,
        )
    }
}

/// The state of a stream that was read as a whole and has no way to go on.
pub(super) fn all_of_it(stream: &StreamDescriptor, records: u64) -> State {
    with(
        stream,
        &json!({"__ab_no_cursor_state_message": true}),
        records,
    )
}

fn with(stream: &StreamDescriptor, progress: &Value, records: u64) -> State {
    let mut state = State::of_stream(stream.clone(), Some(Raw::from(progress)));
    state.source_stats = Some(Stats::of(records));
    state
}

impl Wire {
    fn of(progress: &Progress, stream: &StreamDescriptor) -> Self {
        match progress {
            Progress::Cursor(cursor) => Self::of_cursor(cursor, stream),
            Progress::Places { behind, file, then } => Self {
                version: 2,
                state_type: "ctid".to_owned(),
                ctid: Some(behind.to_string()),
                relation_filenode: *file,
                incremental_state: then
                    .as_ref()
                    .map(|then| Box::new(Self::of_cursor(then, stream))),
                ..Self::default()
            },
        }
    }

    fn of_cursor(cursor: &Cursor, stream: &StreamDescriptor) -> Self {
        Self {
            version: 2,
            state_type: "cursor_based".to_owned(),
            stream_name: Some(stream.name.clone()),
            stream_namespace: stream.namespace.clone(),
            cursor_field: vec![cursor.field.clone()],
            cursor: cursor.value.clone(),
            cursor_record_count: Some(cursor.count),
            ..Self::default()
        }
    }

    fn into_cursor(self) -> Option<Cursor> {
        Some(Cursor {
            field: self.cursor_field.into_iter().next()?,
            value: self.cursor,
            count: self.cursor_record_count.unwrap_or_default(),
        })
    }
}

impl Place {
    pub(super) const START: Self = Self { page: 0, within: 0 };

    /// `(12,34)`.
    fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('(')?.strip_suffix(')')?;
        let (page, within) = inner.split_once(',')?;
        Some(Self {
            page: page.trim().parse().ok()?,
            within: within.trim().parse().ok()?,
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({},{})", self.page, self.within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(state: &Value) -> Result<Option<Progress>, Fault> {
        let stream = StreamDescriptor {
            name: "pets".to_owned(),
            namespace: Some("public".to_owned()),
        };
        Progress::of(&[with(&stream, state, 0)], &stream)
    }

    #[test]
    fn states_of_the_reference_are_read_and_written() {
        let cursor = json!({"version": 2, "state_type": "cursor_based", "stream_name": "pets",
            "stream_namespace": "public", "cursor_field": ["id"], "cursor": "6", "cursor_record_count": 1});
        let places = json!({"version": 2, "state_type": "ctid", "ctid": "(5,7)", "relation_filenode": 12,
            "incremental_state": cursor});
        for state in [cursor, places] {
            let progress = read(&state).expect("readable").expect("a state");
            let stream = StreamDescriptor {
                name: "pets".to_owned(),
                namespace: Some("public".to_owned()),
            };
            let written = serde_json::to_value(Wire::of(&progress, &stream)).expect("JSON");
            assert_eq!(written, state);
        }
        assert_eq!(read(&json!({})).expect("readable"), None);
        assert_eq!(
            read(&json!({"__ab_no_cursor_state_message": true})).expect("readable"),
            None
        );
        for other in [
            json!({"version": 2, "state_type": "xmin", "xmin_xid_value": 5}),
            json!({"state_type": "ctid", "ctid": "7"}),
            json!({"state_type": "cursor_based"}),
            json!("x"),
        ] {
            assert!(read(&other).is_err(), "{other}");
        }
    }
}
