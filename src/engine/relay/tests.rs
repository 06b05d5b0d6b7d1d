//! The way there and back, without processes: what a source prints goes in as text, what a destination
//! is given comes out as text.

use serde_json::{Value, json};

use super::acknowledge::acknowledge;
use super::forward::Forward;
use super::ledger::{Ledger, Safe};
use super::plan::{Naming, Plan, Wishes};
use super::{Event, Remains};
use crate::domain::connection::Namespace;
use crate::protocol::catalog::ConfiguredCatalog;
use crate::protocol::trace::Status;

struct Run {
    plan: Plan,
    ledger: Ledger,
    there: ConfiguredCatalog,
}

/// What came of a source's output: what went to the destination, what was left behind, the log.
struct Outcome {
    sent: Vec<Value>,
    text: String,
    remains: Remains,
    log: Vec<String>,
}

impl Run {
    fn new(prefix: &str, wishes: Wishes) -> Self {
        let schema = json!({"type": "object", "properties": {"id": {"type": "integer"}, "email": {"type": "string"}, "big": {"type": "number"}}});
        let catalog: ConfiguredCatalog = serde_json::from_value(json!({"streams": [
            {"stream": {"name": "users", "namespace": "public", "json_schema": schema}, "sync_mode": "incremental",
             "destination_sync_mode": "append_dedup", "primary_key": [["id"]], "cursor_field": ["id"]},
            {"stream": {"name": "orders", "json_schema": schema}, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"},
        ]}))
        .expect("a catalog");
        let naming = Naming {
            namespace: Namespace::Source,
            format: None,
            prefix: prefix.to_owned(),
        };
        let (plan, there) = Plan::new(&catalog, &naming, &[wishes]).expect("a plan");
        let ledger = Ledger::new(plan.streams.iter().map(|stream| stream.at_source.clone()));
        Self {
            plan,
            ledger,
            there,
        }
    }

    fn read(&self, source: &str, ended_well: bool) -> Outcome {
        let (events, mut told) = tokio::sync::mpsc::channel(100);
        let mut out = Vec::new();
        let forward = Forward::new(&self.plan, &self.ledger, &events, &mut out);
        let (remains, end) = forward.run(source.as_bytes()).expect("readable");
        if ended_well {
            end.tell(&self.plan, &self.ledger, 1).expect("taken");
        }
        let text = String::from_utf8(out).expect("text");
        let mut log = Vec::new();
        while let Ok(event) = told.try_recv() {
            log.push(match event {
                Event::Log { text, .. } => text,
                Event::Control { configuration, .. } => format!("CONTROL {configuration}"),
            });
        }
        let parse = |line: &str| serde_json::from_str(line).expect("JSON");
        Outcome {
            sent: text.lines().map(parse).collect(),
            text,
            remains,
            log,
        }
    }

    fn send_back(&self, lines: &[&Value]) -> Remains {
        let (events, _told) = tokio::sync::mpsc::channel(100);
        let text = in_lines(lines.iter().copied());
        acknowledge(text.as_bytes(), &self.ledger, &events).expect("readable")
    }

    fn committed(&self) -> Vec<(u64, u64)> {
        let figures = self.ledger.figures();
        figures
            .iter()
            .map(|one| (one.committed.rows, one.committed.bytes))
            .collect()
    }
}

fn in_lines<'a>(messages: impl IntoIterator<Item = &'a Value>) -> String {
    let lines: Vec<_> = messages.into_iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

const USER: &str = r#"{"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"id":1,"email":"a@b.c","big":12345678901234567890.10},"emitted_at":5}}"#;
const ORDER: &str =
    r#"{"type": "RECORD", "record": {"emitted_at": 6, "stream": "orders", "data": {"id": 2}}}"#;
const STATE: &str = r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":"public"},"stream_state":{"id":1}},"sourceStats":{"recordCount":99.0}}}"#;

#[test]
fn records_are_handed_on_byte_for_byte_and_states_with_our_own_count() {
    let run = Run::new("", Wishes::default());
    let outcome = run.read(&format!("{USER}\n{ORDER}\n{USER}\n{STATE}\n"), false);
    let lines: Vec<_> = outcome.text.lines().collect();
    assert_eq!(lines[..3], [USER, ORDER, USER]);
    let state = &outcome.sent[3]["state"];
    assert_eq!(state["sourceStats"]["recordCount"], 2.0);
    assert_eq!(run.committed(), [(0, 0), (0, 0)]);
    run.send_back(&[&outcome.sent[3]]);
    let bytes = r#"{"id":1,"email":"a@b.c","big":12345678901234567890.10}"#.len() as u64;
    assert_eq!(run.committed(), [(2, 2 * bytes), (0, 0)]);
    let states = run.ledger.take().expect("new").states;
    assert!(
        matches!(&states[..], [Safe::Stream { state: Some(state), .. }] if state.as_str() == r#"{"id":1}"#)
    );
}

#[test]
fn at_a_good_end_every_stream_is_complete_and_nothing_is_left_unacknowledged() {
    let run = Run::new("p_", Wishes::default());
    let outcome = run.read(&format!("{USER}\n{STATE}\n{ORDER}\n"), true);
    let sent: Vec<String> = outcome
        .sent
        .iter()
        .map(|line| {
            let stream = [
                &line["record"]["stream"],
                &line["state"]["stream"]["stream_descriptor"]["name"],
                &line["trace"]["stream_status"]["stream_descriptor"]["name"],
            ];
            let name = stream
                .iter()
                .find_map(|name| name.as_str())
                .unwrap_or_default();
            format!("{} {name}", line["type"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        sent,
        [
            "RECORD p_users",
            "STATE p_users",
            "RECORD p_orders",
            "STATE p_orders",
            "TRACE p_users",
            "TRACE p_orders"
        ]
    );
    assert_eq!(outcome.sent[0]["record"]["namespace"], "public");
    assert_eq!(run.ledger.unacknowledged(), 2);
    run.send_back(&[&outcome.sent[1], &outcome.sent[3]]);
    assert_eq!(run.ledger.unacknowledged(), 0);
    assert_eq!(
        run.ledger.take().expect("new").states.len(),
        1,
        "the state that we made up is not stored"
    );
    assert_eq!(run.there.streams[0].stream.name, "p_users");
}

#[test]
fn values_keep_their_text_when_columns_are_chosen_and_mapped() {
    let mappers = serde_json::from_value(json!([
        {"type": "field-renaming", "mapperConfiguration": {"originalFieldName": "id", "newFieldName": "key"}},
        {"type": "row-filtering", "mapperConfiguration": {"conditions": {"type": "NOT", "conditions": [{"type": "EQUAL", "fieldName": "key", "comparisonValue": "7"}]}}},
    ]))
    .expect("mappers");
    let run = Run::new(
        "",
        Wishes {
            columns: ["id", "big"].map(str::to_owned).to_vec(),
            mappers,
        },
    );
    let seven = USER.replace(r#""id":1"#, r#""id":7"#);
    let outcome = run.read(&format!("{USER}\n{seven}\n{STATE}\n"), false);
    assert_eq!(
        outcome.text.lines().next(),
        Some(
            r#"{"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"key":1,"big":12345678901234567890.10},"emitted_at":5}}"#
        )
    );
    assert_eq!(
        outcome.sent[1]["state"]["sourceStats"]["recordCount"], 1.0,
        "the filtered one does not count"
    );
    let there = &run.there.streams[0];
    assert_eq!(there.primary_key, [["key"]]);
    assert_eq!(there.cursor_field, ["key"]);
    let columns: Vec<_> = there.stream.json_schema["properties"]
        .as_object()
        .expect("properties")
        .keys()
        .collect();
    assert_eq!(columns, ["big", "key"]);
}

#[test]
fn what_is_no_record_goes_to_the_log_or_ends_the_run() {
    let run = Run::new("", Wishes::default());
    let noise = "starting up\n{\"some\":\"json\"}\n\n{\"type\":\"NEW\",\"new\":{}}\n{\"type\":\"LOG\",\"log\":{\"level\":\"WARN\",\"message\":\"slow\"}}\n";
    let outcome = run.read(noise, false);
    assert!(outcome.remains.failures.is_empty());
    assert_eq!(
        outcome.log,
        [
            "starting up",
            "{\"some\":\"json\"}",
            "a message of type NEW was passed over: it is of an unknown type",
            "slow"
        ]
    );

    for (line, why) in [
        (
            "{\"type\":\"RECORD\",\"record\":{\"stream\":\"users\",\"data\":{\"id\":\n",
            "cannot be read",
        ),
        (
            "{\"type\":\"RECORD\",\"record\":{\"stream\":\"ghosts\",\"data\":{\"id\":1},\"emitted_at\":1}}\n",
            "not a stream of this connection",
        ),
        (
            "{\"type\":\"RECORD\",\"record\":{\"stream\":\"users\"",
            "ended within a line",
        ),
    ] {
        let outcome = run.read(&format!("{line}{USER}"), false);
        let failures = outcome.remains.failures;
        assert!(
            failures.iter().any(|failure| failure.message.contains(why)),
            "{line}: {failures:?}"
        );
    }
}

#[test]
fn errors_statuses_and_new_configurations_are_kept() {
    let run = Run::new("", Wishes::default());
    let source = [
        json!({"type": "CONTROL", "control": {"type": "CONNECTOR_CONFIG", "emitted_at": 1, "connectorConfig": {"config": {"token": "t"}}}}),
        json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": {"stream_descriptor": {"name": "orders"}, "status": "INCOMPLETE"}}}),
        json!({"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1.5, "error": {"message": "wrong token", "internal_message": "401", "failure_type": "config_error", "stream_descriptor": {"name": "orders"}}}}),
    ];
    let text = in_lines(&source);
    let outcome = run.read(&text, false);
    assert_eq!(outcome.log[0], r#"CONTROL {"token":"t"}"#);
    assert_eq!(outcome.remains.failures[0].message, "wrong token");
    assert_eq!(
        outcome.remains.failures[0].stream.as_deref(),
        Some("orders")
    );
    assert_eq!(run.ledger.figures()[1].status, Some(Status::Incomplete));
}

#[test]
fn every_captured_run_passes_and_counts_its_records() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/protocol");
    for name in [
        "faker_read_incremental",
        "faker_read_resumed",
        "hardcoded_read_full_refresh",
        "lowcode_read_incremental_rate_limited",
    ] {
        let text =
            std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).expect("a fixture");
        let values: Vec<Value> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let names: std::collections::BTreeSet<&str> = values
            .iter()
            .filter_map(|value| {
                value["record"]["stream"]
                    .as_str()
                    .or(value["state"]["stream"]["stream_descriptor"]["name"].as_str())
            })
            .collect();
        let streams: Vec<_> = names
            .iter()
            .map(|name| json!({"stream": {"name": name, "json_schema": {}}, "sync_mode": "full_refresh", "destination_sync_mode": "append"}))
            .collect();
        let catalog: ConfiguredCatalog =
            serde_json::from_value(json!({ "streams": streams })).expect("a catalog");
        let naming = Naming {
            namespace: Namespace::Destination,
            format: None,
            prefix: String::new(),
        };
        let (plan, there) = Plan::new(&catalog, &naming, &[]).expect("a plan");
        let ledger = Ledger::new(plan.streams.iter().map(|stream| stream.at_source.clone()));
        let run = Run {
            plan,
            ledger,
            there,
        };
        let outcome = run.read(&text, true);
        assert!(
            outcome.remains.failures.is_empty(),
            "{name}: {:?}",
            outcome.remains.failures
        );
        let states: Vec<&Value> = outcome
            .sent
            .iter()
            .filter(|line| line["type"] == "STATE")
            .collect();
        run.send_back(&states);
        let rows: u64 = run.committed().iter().map(|counts| counts.0).sum();
        let records = values
            .iter()
            .filter(|value| value["type"] == "RECORD")
            .count();
        assert_eq!(rows, records as u64, "{name}");
        assert_eq!(run.ledger.unacknowledged(), 0, "{name}");
    }
}
