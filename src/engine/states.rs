//! States between the database, the `--state` that a source is given, and the books of a run.

use super::relay::ledger::Safe;
use crate::domain::job::StateKind;
use crate::error::{Error, Result};
use crate::protocol::catalog::StreamDescriptor;
use crate::protocol::raw::Raw;
use crate::protocol::state::{GlobalState, Position, State};
use crate::store::states::StoredState;

/// Everything that is stored for a connection: one kind at a time.
#[derive(Debug, Clone, PartialEq)]
pub enum States {
    /// By stream; none at all for a connection that never committed anything.
    Streams(Vec<(StreamDescriptor, Raw)>),
    Global(GlobalState),
    /// One blob that only its source can take apart.
    Legacy(Raw),
}

impl States {
    /// Reads what is stored.
    ///
    /// # Errors
    /// When it is not what we write.
    pub fn read(rows: &[StoredState]) -> Result<Self> {
        let whole = rows.iter().find(|row| row.kind != StateKind::Stream);
        match whole {
            Some(row) if row.kind == StateKind::Global => Ok(Self::Global(parse(&row.state)?)),
            Some(row) => Ok(Self::Legacy(parse(&row.state)?)),
            None => rows
                .iter()
                .map(|row| Ok((descriptor(row), parse(&row.state)?)))
                .collect::<Result<_>>()
                .map(Self::Streams),
        }
    }

    /// As `--state` wants it: a list of states, or the bare blob of a legacy one; absent for none. Of the
    /// states of streams, those that are wanted.
    #[must_use]
    pub fn to_argument(&self, wanted: impl Fn(&StreamDescriptor) -> bool) -> Option<Raw> {
        let global = |global: &GlobalState| State {
            position: Position::Global(global.clone()),
            data: None,
            source_stats: None,
            destination_stats: None,
            rest: serde_json::Map::new(),
        };
        match self {
            Self::Streams(all) => {
                let some: Vec<_> = all
                    .iter()
                    .filter(|(stream, _)| wanted(stream))
                    .map(|(stream, state)| State::of_stream(stream.clone(), Some(state.clone())))
                    .collect();
                (!some.is_empty()).then(|| raw(&some))
            }
            Self::Global(one) => Some(raw(&[global(one)])),
            Self::Legacy(blob) => Some(blob.clone()),
        }
    }

    /// Forgets streams. Says whether that was possible: a legacy state cannot be taken apart.
    #[must_use]
    pub fn forget(&mut self, gone: &[StreamDescriptor]) -> bool {
        match self {
            Self::Streams(all) => all.retain(|(stream, _)| !gone.contains(stream)),
            Self::Global(global) => global
                .stream_states
                .retain(|state| !gone.contains(&state.stream_descriptor)),
            Self::Legacy(_) => return false,
        }
        true
    }
}

/// A state that is safe, as it is stored: `Err` names the stream that has none any more.
pub fn to_store(safe: &Safe) -> std::result::Result<StoredState, StreamDescriptor> {
    let whole = |kind, state| StoredState {
        namespace: String::new(),
        name: String::new(),
        kind,
        state,
    };
    match safe {
        Safe::Stream {
            stream,
            state: None,
        } => Err(stream.clone()),
        Safe::Stream {
            stream,
            state: Some(state),
        } => Ok(StoredState {
            namespace: stream.space().unwrap_or_default().to_owned(),
            name: stream.name.clone(),
            kind: StateKind::Stream,
            state: state.as_str().to_owned(),
        }),
        Safe::Global(global) => Ok(whole(StateKind::Global, super::settle::text(global))),
        Safe::Legacy(blob) => Ok(whole(
            StateKind::Legacy,
            blob.as_ref()
                .map_or("null".to_owned(), |blob| blob.as_str().to_owned()),
        )),
    }
}

/// As its text, so that numbers stay what they are.
fn raw(states: &impl serde::Serialize) -> Raw {
    let raw = serde_json::value::to_raw_value(states).expect("states can be written as JSON");
    Raw::from(raw)
}

fn descriptor(row: &StoredState) -> StreamDescriptor {
    StreamDescriptor {
        name: row.name.clone(),
        namespace: Some(row.namespace.clone()).filter(|space| !space.is_empty()),
    }
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stream(namespace: &str, name: &str) -> StreamDescriptor {
        descriptor(&StoredState {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            kind: StateKind::Stream,
            state: String::new(),
        })
    }

    fn row(namespace: &str, name: &str, kind: StateKind, state: &str) -> StoredState {
        StoredState {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            kind,
            state: state.to_owned(),
        }
    }

    #[test]
    fn streams_become_a_list_of_states_and_come_back() {
        let rows = [
            row(
                "",
                "orders",
                StateKind::Stream,
                r#"{"at":12345678901234567890.10}"#,
            ),
            row("public", "users", StateKind::Stream, r#"{"at":1}"#),
        ];
        let states = States::read(&rows).expect("states");
        let argument = states
            .to_argument(|stream| stream.name == "orders")
            .expect("one");
        assert_eq!(
            argument.as_str(),
            r#"[{"type":"STREAM","stream":{"stream_descriptor":{"name":"orders"},"stream_state":{"at":12345678901234567890.10}}}]"#
        );
        assert_eq!(states.to_argument(|_| false), None);
        let safe = Safe::Stream {
            stream: stream("public", "users"),
            state: Some(parse(r#"{"at":1}"#).expect("JSON")),
        };
        assert_eq!(to_store(&safe).expect("a row"), rows[1]);
    }

    fn tree(argument: Option<Raw>) -> Value {
        argument.expect("one").parse().expect("JSON")
    }

    #[test]
    fn global_and_legacy_states_are_given_as_they_are_wanted() {
        let text = r#"{"shared_state":{"lsn":7},"stream_states":[{"stream_descriptor":{"name":"users"},"stream_state":{"a":1}}]}"#;
        let mut global = States::read(&[row("", "", StateKind::Global, text)]).expect("a state");
        let argument = tree(global.to_argument(|_| false));
        assert_eq!(argument[0]["type"], "GLOBAL");
        assert_eq!(
            argument[0]["global"],
            serde_json::from_str::<Value>(text).expect("JSON")
        );
        assert!(global.forget(&[stream("", "users")]));
        let argument = tree(global.to_argument(|_| true));
        assert_eq!(
            argument[0]["global"],
            json!({"shared_state": {"lsn": 7}, "stream_states": []})
        );

        let mut legacy =
            States::read(&[row("", "", StateKind::Legacy, r#"{"cursor":3}"#)]).expect("a state");
        assert_eq!(legacy.to_argument(|_| true), parse(r#"{"cursor":3}"#).ok());
        assert!(!legacy.forget(&[stream("", "users")]));
    }

    #[test]
    fn a_stream_without_a_state_is_forgotten() {
        let safe = Safe::Stream {
            stream: stream("", "users"),
            state: None,
        };
        assert_eq!(to_store(&safe), Err(stream("", "users")));
    }
}
