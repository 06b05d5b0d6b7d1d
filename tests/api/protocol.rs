//! The language of connectors, held against what real ones printed: every captured line is taken for
//! what it is, and what is parsed comes out as it went in.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ferrobyte::protocol::catalog::ConfiguredCatalog;
use ferrobyte::protocol::line::{Line, RecordLine, classify};
use ferrobyte::protocol::message::Message;
use ferrobyte::protocol::raw::Raw;
use ferrobyte::protocol::reader::{BLOCK, Lines, Piece};
use ferrobyte::protocol::state::Position;
use ferrobyte::protocol::trace::{Event, Status};
use serde_json::{Value, json};

/// A captured output.
pub fn sample(name: &str) -> String {
    let path = folder().join(name).with_extension("jsonl");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/protocol")
}

/// What a line is taken for, in a word.
fn name(line: &Line<'_>) -> &'static str {
    match line {
        Line::Record(record) if record.is_empty() => "empty record",
        Line::Record(_) => "record",
        Line::Message(message) => match message.as_ref() {
            Message::Record { .. } => "whole record",
            Message::State { .. } => "state",
            Message::Log { .. } => "log",
            Message::Trace { trace } => match trace.event {
                Event::Error(_) => "error",
                Event::Estimate(_) => "estimate",
                Event::StreamStatus(_) => "status",
                Event::Analytics(_) => "analytics",
            },
            Message::Control { .. } => "control",
            Message::Spec { .. } => "specification",
            Message::ConnectionStatus { .. } => "connection status",
            Message::Catalog { .. } => "catalog",
            Message::DestinationCatalog { .. } => "destination catalog",
        },
        Line::Text(_) => "text",
        Line::Broken(_) => "broken",
        Line::Skipped { .. } => "skipped",
    }
}

/// How many lines of each kind a capture holds, in the order of their names.
fn census(capture: &str) -> String {
    let mut found = BTreeMap::new();
    for line in capture.lines() {
        *found.entry(name(&classify(line.as_bytes()))).or_insert(0) += 1;
    }
    let kinds = found.iter().map(|(kind, count)| format!("{count} {kind}"));
    kinds.collect::<Vec<_>>().join(", ")
}

#[test]
fn every_captured_line_is_taken_for_what_it_is() {
    let table = [
        (
            "constructed_variants",
            "1 analytics, 1 destination catalog, 1 error, 1 estimate, 2 record, 1 specification, 4 state, 1 status",
        ),
        ("faker_check_failed_exit0", "1 connection status"),
        ("faker_check_ok", "1 connection status, 1 log"),
        ("faker_configured_catalog", "1 text"),
        ("faker_discover", "1 catalog"),
        ("faker_discover_bad_config_exit1", "1 error, 1 log"),
        (
            "faker_read_incremental",
            "3 estimate, 26 log, 60 record, 5 state, 9 status",
        ),
        ("faker_read_resumed", "23 log, 3 state, 6 status"),
        (
            "faker_read_unknown_stream_exit0",
            "1 estimate, 10 log, 3 record, 1 state, 4 status",
        ),
        ("faker_spec", "1 specification"),
        ("faker_state_input", "1 text"),
        ("hardcoded_discover", "1 catalog, 1 log"),
        (
            "hardcoded_read_full_refresh",
            "24 log, 6 record, 3 state, 9 status",
        ),
        (
            "lowcode_control_config_migration",
            "1 connection status, 1 control, 2 log",
        ),
        ("lowcode_discover", "1 catalog, 1 log"),
        (
            "lowcode_read_auth_error_exit1",
            "2 error, 17 log, 2 record, 3 state, 5 status",
        ),
        (
            "lowcode_read_incremental_rate_limited",
            "11 log, 5 record, 2 state, 4 status",
        ),
        (
            "noise_on_stdout",
            "1 broken, 1 empty record, 3 record, 2 text",
        ),
        (
            "pokeapi_read_lowcode_runtime",
            "9 log, 1 record, 1 state, 3 status",
        ),
        ("pokeapi_spec_old_cdk", "1 specification"),
    ];
    let files = std::fs::read_dir(folder()).expect("the captures").count();
    assert_eq!(files, table.len(), "a capture without a row");
    let counted: Vec<_> = table
        .iter()
        .map(|(name, _)| (*name, census(&sample(name))))
        .collect();
    let wanted: Vec<_> = table.map(|(name, census)| (name, census.to_owned())).into();
    assert_eq!(counted, wanted);
}

/// What a tree says of a record, to hold the quick walk against.
fn as_tree(line: &str) -> Option<(Value, Value, Value, Value)> {
    let mut tree: Value = serde_json::from_str(line).ok()?;
    let record = tree.get_mut("record")?.as_object_mut()?;
    let mut taken = |name| record.remove(name).unwrap_or_default();
    Some((
        taken("stream"),
        taken("namespace"),
        taken("data"),
        taken("emitted_at"),
    ))
}

fn as_seen(record: &RecordLine<'_>) -> (Value, Value, Value, Value) {
    let data = serde_json::from_slice(record.data).expect("data");
    (
        json!(record.stream),
        json!(record.namespace),
        data,
        json!(record.emitted_at),
    )
}

#[test]
fn the_look_at_a_record_sees_what_a_parser_sees() {
    let captures = std::fs::read_dir(folder()).expect("the captures").flatten();
    let mut seen = 0;
    for capture in captures {
        let text = std::fs::read_to_string(capture.path()).expect("a capture");
        for line in text.lines().filter(|line| line.contains("RECORD")) {
            let spaced = line.replacen(
                r#""type":"RECORD","record":{"#,
                r#""type": "RECORD", "record": { "#,
                1,
            );
            for line in [line, &spaced, &format!("{line} \r"), &format!(" {line}")] {
                if let Line::Record(record) = classify(line.as_bytes()) {
                    assert_eq!(Some(as_seen(&record)), as_tree(line), "{line}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn records_are_found_in_every_spelling() {
    let deep = format!("{}1{}", r#"{"a":["#.repeat(50), "]}".repeat(50));
    let data = [
        r#"{"a":1}"#,
        r#"{ "type" : "STATE", "record": {"stream":"x"}, "stream": "y" }"#,
        r#"{"text":"a \"quoted\" } ] \\","list":[[],{},"]"],"n":-1.5e+10,"t":true,"z":null}"#,
        r#"{"emitted_at":5}"#,
        r#"{"ünïcödé":"\u00fc𝄞"}"#,
        &deep,
    ];
    for data in data {
        let lines = [
            format!(
                r#"{{"type":"RECORD","record":{{"stream":"s","namespace":"n","data":{data},"emitted_at":7}}}}"#
            ),
            format!(
                r#"{{"type":"RECORD","record":{{"namespace":"n","stream":"s","data":{data},"emitted_at":7,"meta":{{"changes":[]}}}}}}"#
            ),
            format!(
                r#"{{"type":"RECORD","record":{{"emitted_at":7,"data":{data},"new":[1,{{"x":"}}"}}],"stream":"s","namespace":"n"}}}}"#
            ),
            format!(
                r#"{{"type": "RECORD", "record": {{"stream": "s", "namespace": "n", "data": {data}, "emitted_at": 7}}}}"#
            ),
            format!(
                r#"{{"type": "RECORD","record":{{"stream":"s" ,"namespace":"n","data":{data},"emitted_at":7.25}}}}"#
            ),
            format!(
                r#" {{"record":{{"stream":"\u0073","namespace":"n","data":{data},"emitted_at":7}},"type":"RECORD","later":{{}}}}"#
            ),
        ];
        for line in lines {
            let Line::Record(record) = classify(line.as_bytes()) else {
                panic!("no record: {line}");
            };
            assert_eq!(
                (record.stream.as_ref(), record.namespace.as_deref()),
                ("s", Some("n"))
            );
            assert_eq!(
                (record.data, record.emitted_at),
                (data.as_bytes(), 7),
                "{line}"
            );
        }
    }
}

#[test]
fn data_is_found_wherever_its_bytes_fall() {
    let pieces = [
        r#""a\"}""#,
        r#""{[""#,
        r#""\\""#,
        r#""\\\"]""#,
        "[{}]",
        r#"[[],{"k":"}"}]"#,
        r#""""#,
        "-1.5e3",
    ];
    for (first, second) in pieces.iter().flat_map(|one| pieces.map(|two| (*one, two))) {
        for padding in 0..130 {
            let data = format!(r#"{{"{}":{first},"b":{second}}}"#, "p".repeat(padding));
            let line = format!(
                r#"{{"type":"RECORD","record":{{"stream":"s","data":{data},"emitted_at":7}}}}"#
            );
            let Line::Record(record) = classify(line.as_bytes()) else {
                panic!("no record: {line}");
            };
            assert_eq!(record.data, data.as_bytes(), "{line}");
            let cut = &line[..line.len() - 20 - second.len()];
            assert_eq!(name(&classify(cut.as_bytes())), "broken", "{cut}");
        }
    }
}

#[test]
fn what_begins_like_a_record_and_is_none_is_counted_apart() {
    let table: [(&str, &str); 22] = [
        ("", "text"),
        ("   ", "text"),
        ("{", "text"),
        ("{}", "text"),
        ("42", "text"),
        ("null", "text"),
        (r#"["type"]"#, "text"),
        (r#"{"type":5}"#, "text"),
        (r#"{"type":"RECORD"}"#, "broken"),
        (r#"{"type":"RECORD","record":null}"#, "broken"),
        (r#"{"type":"RECORD","record":{}}"#, "broken"),
        (
            r#"{"type":"RECORD","record":{"stream":"s","data":{"a":1}}}"#,
            "broken",
        ),
        (
            r#"{"type":"RECORD","record":{"stream":"s","data":[1],"emitted_at":1}}"#,
            "broken",
        ),
        (
            r#"{"type":"RECORD","record":{"stream":"s","data":{"a":"1},"emitted_at":1}}"#,
            "broken",
        ),
        (
            r#"{"type":"RECORD","record":{"stream":"s","data":{"a":1},"emitted_at":1}"#,
            "broken",
        ),
        (
            r#"{"type":"RECORD","record":{"stream":"s","data":{"a":1},"emitted_at":1}}{"type":"LOG"}"#,
            "broken",
        ),
        (r#"{"record":{"stream":"s","data":{"a":1"#, "broken"),
        (
            r#"{"type":"RECORD","record":{"stream":"s","data":null,"emitted_at":1}}"#,
            "empty record",
        ),
        (
            r#"{"type":"RECORD","record":{"stream":"s","data": { } ,"emitted_at":1}}"#,
            "empty record",
        ),
        (r#"{"type":"TELEMETRY","telemetry":{}}"#, "skipped"),
        (
            r#"{"type":"TRACE","trace":{"type":"NEWS","emitted_at":1,"news":{}}}"#,
            "skipped",
        ),
        (r#"{"type":"STATE","state":{"type":"STREAM"}}"#, "skipped"),
    ];
    for (line, wanted) in table {
        assert_eq!(name(&classify(line.as_bytes())), wanted, "{line}");
    }
    assert_eq!(name(&classify(b"\xff\xfe no text at all")), "text");
}

#[test]
fn why_a_message_is_passed_over_names_the_place_and_not_what_stands_there() {
    let line = r#"{"type":"CONTROL","control":{"type":5,"connectorConfig":{"config":{"password":"hunter2"}}}}"#;
    let Line::Skipped { kind, why } = classify(line.as_bytes()) else {
        panic!("not passed over");
    };
    assert_eq!(kind, "CONTROL");
    assert!(why.contains("column") && !why.contains("hunter2"), "{why}");
    let control = classify(br#"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","connectorConfig":{"config":{"password":"hunter2"}}}}"#);
    assert!(!format!("{control:?}").contains("hunter2"), "{control:?}");
}

#[test]
fn messages_come_out_as_they_went_in() {
    let captures = std::fs::read_dir(folder()).expect("the captures").flatten();
    let mut seen = 0;
    for capture in captures {
        let text = std::fs::read_to_string(capture.path()).expect("a capture");
        for line in text.lines() {
            let Ok(message) = serde_json::from_str::<Message>(line) else {
                continue;
            };
            let before: Value = serde_json::from_str(line).expect("a tree");
            let after = serde_json::to_value(&message).expect("a tree");
            assert_eq!(after, before, "{}", capture.path().display());
            let again: Message = serde_json::from_value(after.clone()).expect("a message");
            assert_eq!(serde_json::to_value(again).expect("a tree"), after);
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn states_keep_their_text_whatever_is_in_them() {
    let blobs = [
        r#"{"cursor":123456789012345678901234567890,"f":1.10,"e":1e400}"#,
        r#"{"b":1,"a":{"z":[],"y":null}}"#,
        r#"{ "spaced" : "\u00fc" }"#,
    ];
    for blob in blobs {
        let states = [
            format!(
                r#"{{"type":"STREAM","stream":{{"stream_descriptor":{{"name":"s","namespace":""}},"stream_state":{blob},"later":1}},"sourceStats":{{"recordCount":5.0,"new":2}},"id":7}}"#
            ),
            format!(
                r#"{{"type":"GLOBAL","global":{{"shared_state":{blob},"stream_states":[{{"stream_descriptor":{{"name":"s"}},"stream_state":{blob}}}]}}}}"#
            ),
            format!(r#"{{"type":"LEGACY","data":{blob}}}"#),
            format!(r#"{{"data":{blob}}}"#),
        ];
        for state in states {
            let line = format!(r#"{{"type":"STATE","state":{state}}}"#);
            let Line::Message(message) = classify(line.as_bytes()) else {
                panic!("no state: {line}");
            };
            assert_eq!(serde_json::to_string(&message).expect("text"), line);
        }
    }
}

#[test]
fn an_old_blob_beside_a_state_of_a_stream_is_carried_along() {
    let line = br#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"s"}},"data":{"s":{"c":1}}}}"#;
    let Line::Message(message) = classify(line) else {
        panic!("no message");
    };
    let Message::State { state } = message.as_ref() else {
        panic!("no state");
    };
    assert!(matches!(&state.position, Position::Stream(stream) if stream.stream_state.is_none()));
    assert_eq!(
        state.data.as_ref().map(Raw::as_str),
        Some(r#"{"s":{"c":1}}"#)
    );
}

#[test]
fn a_rate_limit_says_until_when() {
    let capture = sample("constructed_variants");
    let status = capture
        .lines()
        .find(|line| line.contains("quota_reset"))
        .expect("a status");
    let Line::Message(message) = classify(status.as_bytes()) else {
        panic!("no message");
    };
    let Message::Trace { trace } = *message else {
        panic!("no trace");
    };
    let Event::StreamStatus(status) = trace.event else {
        panic!("no status");
    };
    assert_eq!(status.status, Status::Running);
    let reset = status.reasons[0]
        .rate_limited
        .as_ref()
        .and_then(|limit| limit.quota_reset.clone());
    assert_eq!(reset.and_then(|at| at.as_i64()), Some(1_700_000_060_000));
}

#[test]
fn nulls_and_new_words_do_not_lose_a_message() {
    let lines = [
        r#"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"no","failure_type":"new_error","stack_trace":null}}}"#,
        r#"{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":null,"stream_status":{"stream_descriptor":{"name":"s","namespace":null},"status":"COMPLETE","reasons":null}}}"#,
        r#"{"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":null,"stream_states":null},"stream":null,"data":null}}"#,
        r#"{"type":"CATALOG","log":null,"catalog":{"streams":[{"name":"s","json_schema":{},"supported_sync_modes":null,"namespace":null}]}}"#,
    ];
    let names = lines.map(|line| name(&classify(line.as_bytes())));
    assert_eq!(names, ["error", "status", "state", "catalog"]);
    let configured = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {}}, "sync_mode": "full_refresh",
        "destination_sync_mode": "append", "cursor_field": null, "primary_key": null,
    }]});
    let configured: ConfiguredCatalog = serde_json::from_value(configured).expect("a catalog");
    assert!(configured.streams[0].primary_key.is_empty());
}

/// Gives its bytes in portions, as a slow pipe does.
struct Portions<'a>(&'a [u8], usize);

impl Read for Portions<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn pieces(input: &[u8], portion: usize, longest: usize) -> Vec<String> {
    let mut lines = Lines::with_longest(Portions(input, portion), longest);
    let mut found = Vec::new();
    while let Some(piece) = lines.next().expect("bytes in memory") {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        found.push(match piece {
            Piece::Line(line) => text(line),
            Piece::TooLong { head, length } => {
                format!("too long: {length} {}", text(head).trim_end_matches('~'))
            }
            Piece::Unfinished(line) => format!("unfinished: {}", text(line)),
        });
    }
    found
}

#[test]
fn lines_are_cut_whatever_the_portions() {
    for portion in [1, 2, 3, 7, 64, BLOCK] {
        assert_eq!(
            pieces(b"one\n\ntwo\r\nthree", portion, 100),
            ["one", "", "two\r", "unfinished: three"]
        );
        assert_eq!(pieces(b"", portion, 100), [""; 0]);
        assert_eq!(pieces(b"\n", portion, 100), [""]);
    }
}

#[test]
fn a_line_that_is_too_long_is_cut_out_and_reported() {
    for portion in [1, 3, 8, 1000] {
        let found = pieces(b"short\n0123456789~~~\nlast\n0123456789", portion, 9);
        assert_eq!(
            found,
            [
                "short",
                "too long: 13 0123456789",
                "last",
                "too long: 10 0123456789"
            ]
        );
    }
    let head = "x".repeat(200);
    let mut input = vec![b'x'; 3 * BLOCK];
    input.extend_from_slice(b"\nnext\n");
    for portion in [1000, BLOCK, 8 * BLOCK] {
        let found = pieces(&input, portion, BLOCK + 10);
        assert_eq!(
            found,
            [format!("too long: {} {head}", 3 * BLOCK), "next".to_owned()]
        );
        assert_eq!(pieces(&input, portion, 4 * BLOCK)[0].len(), 3 * BLOCK);
    }
}

#[test]
fn a_reader_knows_when_it_would_wait() {
    let mut lines = Lines::new(Portions(b"one\ntwo\nthr", 9));
    assert!(!lines.is_ready());
    assert_eq!(lines.next().expect("a line"), Some(Piece::Line(b"one")));
    assert!(lines.is_ready());
    assert_eq!(lines.next().expect("a line"), Some(Piece::Line(b"two")));
    assert!(!lines.is_ready());
    assert_eq!(
        lines.next().expect("a line"),
        Some(Piece::Unfinished(b"thr"))
    );
    assert!(lines.is_ready());
    assert_eq!(lines.next().expect("an end"), None);
}
