//! What a source would say that has nothing: a clear runs without one, and this is read in its place.

use serde_json::{Map, Value, json};

use crate::engine::states::States;
use crate::protocol::catalog::{ConfiguredCatalog, StreamDescriptor};
use crate::protocol::state::{GlobalState, StreamState};

/// The lines of that source: every stream is started and has no state any more. A connection whose
/// streams have one state together gets that, without them.
pub(super) fn lines(catalog: &ConfiguredCatalog, left: &States, now_ms: i64) -> Vec<u8> {
    let streams = || catalog.streams.iter().map(|one| one.stream.descriptor());
    let status = |stream: StreamDescriptor, status: &str| {
        let status = json!({"stream_descriptor": stream, "status": status});
        json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": now_ms, "stream_status": status}})
    };
    let state = |state| json!({"type": "STATE", "state": state});
    let mut messages: Vec<Value> = streams().map(|stream| status(stream, "STARTED")).collect();
    if let States::Global(global) = left {
        let global = without(global, streams());
        messages.push(state(json!({"type": "GLOBAL", "global": global})));
    } else {
        messages.extend(streams().map(|stream| {
            state(json!({"type": "STREAM", "stream": {"stream_descriptor": stream}}))
        }));
    }
    messages.extend(streams().map(|stream| status(stream, "COMPLETE")));
    let lines: Vec<_> = messages.iter().map(Value::to_string).collect();
    let mut text = lines.join("\n");
    text.push('\n');
    text.into_bytes()
}

fn without(global: &GlobalState, gone: impl Iterator<Item = StreamDescriptor>) -> GlobalState {
    let mut global = global.clone();
    global.stream_states.extend(gone.map(|stream| StreamState {
        stream_descriptor: stream,
        stream_state: None,
        rest: Map::new(),
    }));
    global
}
