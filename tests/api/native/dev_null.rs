//! `destination-dev-null` and what all native destinations do with states and statuses.

use std::io::{BufRead as _, BufReader, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    Place, WAYS, Way, configured, one_stream, parse, record, state, status, three_streams,
};

fn silent() -> Value {
    json!({"test_destination": {"test_destination_type": "SILENT"}, "destinationType": "dev-null"})
}

#[test]
fn dev_null_gives_every_state_back_with_its_count() {
    let place = Place::new();
    let catalog = json!({"streams": [configured("pets", "append", None), configured("toys", "append_dedup", None)]});
    let global = json!({"type": "STATE", "state": {"type": "GLOBAL", "global": {"shared_state": {"lsn": 1.10}, "stream_states": []}, "id": 3}});
    let input = [
        record("pets", 1),
        record("toys", 1),
        record("pets", 2),
        state("pets", 2),
        "a stray line\n".to_owned(),
        record("pets", 3),
        format!("{global}\n"),
        status("pets", "COMPLETE"),
        status("toys", "INCOMPLETE"),
        state("toys", 4),
    ];
    for way in WAYS {
        let run = place.write(way, "dev-null", &silent(), &catalog, &input.concat());
        assert_eq!((run.code, run.error()), (Some(0), None), "{run:?}");
        let counts: Vec<_> = run
            .all("STATE")
            .iter()
            .map(|state| {
                (
                    state["id"].as_i64(),
                    state["destinationStats"]["recordCount"].as_f64(),
                )
            })
            .collect();
        assert_eq!(
            counts,
            [
                (Some(2), Some(2.0)),
                (Some(3), Some(2.0)),
                (Some(4), Some(0.0))
            ]
        );
        let mut back = run.all("STATE")[1].clone();
        back.as_object_mut()
            .expect("a state")
            .remove("destinationStats");
        assert_eq!(back, global["state"]);
        assert!(run.all("LOG").iter().any(|log| log["level"] == "WARN"));
    }
}

#[test]
fn a_whole_sync_of_sample_data_goes_through_dev_null() {
    let place = Place::new();
    let source = place.read(
        Way::Inside,
        &json!({"count": 2500, "seed": 1}),
        &three_streams(),
        None,
    );
    let lines: Vec<_> = source.messages.iter().map(Value::to_string).collect();
    let input = lines.join(
        "
",
    ) + "
";
    for way in WAYS {
        let run = place.write(way, "dev-null", &silent(), &three_streams(), &input);
        assert_eq!(run.code, Some(0));
        let (sent, back) = (source.all("STATE"), run.all("STATE"));
        assert_eq!(sent.len(), back.len());
        for (sent, back) in sent.iter().zip(back) {
            assert_eq!(sent["stream"], back["stream"]);
            assert_eq!(sent["sourceStats"], back["destinationStats"]);
        }
    }
}

#[test]
fn a_state_is_given_back_while_the_source_is_still_at_work() {
    let place = Place::new();
    let (config, catalog) = (
        place.file("c", &silent()),
        place.file("k", &one_stream("append", 0, 0)),
    );
    let mut child = place.child(&[
        "destination-dev-null",
        "write",
        "--config",
        &config,
        "--catalog",
        &catalog,
    ]);
    let mut input = child.stdin.take().expect("its input");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    for round in 1..4 {
        input
            .write_all(format!("{}{}", record("pets", round), state("pets", round)).as_bytes())
            .expect("sent");
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        assert_eq!(parse(&line)[0]["state"]["id"], round);
    }
    input
        .write_all(status("pets", "COMPLETE").as_bytes())
        .expect("sent");
    drop(input);
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn dev_null_logs_the_records_that_it_is_told_to() {
    let place = Place::new();
    let input: String = (1..=20)
        .map(|id| record("pets", id))
        .chain([status("pets", "COMPLETE")])
        .collect();
    let logged = |logging: Value| -> Vec<String> {
        let configuration = json!({"test_destination": {"test_destination_type": "LOGGING", "logging_config": logging}});
        let run = place.write(
            Way::Inside,
            "dev-null",
            &configuration,
            &one_stream("append", 0, 0),
            &input,
        );
        assert_eq!(run.code, Some(0), "{run:?}");
        run.all("LOG")
            .iter()
            .filter_map(|log| log["message"].as_str())
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        logged(json!({"logging_type": "FirstN", "max_entry_count": 2.0})),
        [r#"pets #1: {"id":1}"#, r#"pets #2: {"id":2}"#]
    );
    assert_eq!(
        logged(json!({"logging_type": "EveryNth", "nth_entry_to_log": 7, "max_entry_count": 100})),
        [r#"pets #7: {"id":7}"#, r#"pets #14: {"id":14}"#]
    );
    assert_eq!(
        logged(json!({"logging_type": "EveryNth", "nth_entry_to_log": 1, "max_entry_count": 5}))
            .len(),
        5
    );
    let sampled = |ratio: f64| {
        logged(
            json!({"logging_type": "RandomSampling", "sampling_ratio": ratio, "seed": 5, "max_entry_count": 1000}),
        )
    };
    assert_eq!((sampled(0.0).len(), sampled(1.0).len()), (0, 20));
    let some = sampled(0.5);
    assert!((1..20).contains(&some.len()));
    assert_eq!(some, sampled(0.5));
}

#[test]
fn dev_null_fails_after_so_many_records_and_keeps_what_came_before() {
    let place = Place::new();
    let configuration =
        json!({"test_destination": {"test_destination_type": "FAILING", "num_messages": 3}});
    let input = [
        record("pets", 1),
        record("pets", 2),
        state("pets", 2),
        record("pets", 3),
        state("pets", 3),
    ]
    .concat();
    for way in WAYS {
        let enough = format!("{input}{}", status("pets", "COMPLETE"));
        assert_eq!(
            place
                .write(
                    way,
                    "dev-null",
                    &configuration,
                    &one_stream("append", 0, 0),
                    &enough
                )
                .code,
            Some(0)
        );
        let run = place.write(
            way,
            "dev-null",
            &configuration,
            &one_stream("append", 0, 0),
            &format!("{input}{}{}", record("pets", 4), state("pets", 4)),
        );
        assert_eq!(
            (run.code, run.error().map(|error| error.0)),
            (Some(1), Some("system_error"))
        );
        let back: Vec<_> = run
            .all("STATE")
            .iter()
            .map(|state| state["id"].as_i64())
            .collect();
        assert_eq!(back, [Some(2), Some(3)]);
    }
}

#[test]
fn dev_null_is_as_slow_as_it_is_told_to_be() {
    let place = Place::new();
    let configuration = json!({"test_destination": {"test_destination_type": "THROTTLED", "millis_per_record": 30}});
    let input: String = (1..=10)
        .map(|id| record("pets", id))
        .chain([status("pets", "COMPLETE")])
        .collect();
    for way in WAYS {
        let start = Instant::now();
        let run = place.write(
            way,
            "dev-null",
            &configuration,
            &one_stream("append", 0, 0),
            &input,
        );
        assert_eq!(run.code, Some(0));
        assert!(
            start.elapsed() >= Duration::from_millis(300),
            "{:?}",
            start.elapsed()
        );
    }
}

#[test]
fn streams_whose_end_nobody_told_make_the_run_fail_for_a_while() {
    let place = Place::new();
    for way in WAYS {
        let run = place.write(
            way,
            "dev-null",
            &silent(),
            &one_stream("append", 0, 0),
            &[record("pets", 1), state("pets", 1)].concat(),
        );
        let (kind, message) = run.error().expect("an error");
        assert_eq!((run.code, kind), (Some(1), "transient_error"));
        assert!(message.contains("pets"), "{message}");
        assert_eq!(run.all("STATE").len(), 1, "what was committed is committed");
    }
}

#[test]
fn lost_or_foreign_records_are_not_passed_over() {
    let place = Place::new();
    let broken = r#"{"type":"RECORD","record":{"stream":"pets","data":{"id":"#;
    let foreign = state("ghosts", 1);
    for (ways, input, word) in [
        (&WAYS[..], record("ghosts", 1), "ghosts"),
        (&WAYS, foreign, "ghosts"),
        (&WAYS, format!("{broken}\n"), "cannot be read"),
        // Inside of the server, whole lines are handed over.
        (&[Way::Child], broken.to_owned(), "ends within a line"),
    ] {
        for &way in ways {
            let run = place.write(
                way,
                "dev-null",
                &silent(),
                &one_stream("append", 0, 0),
                &input,
            );
            let (kind, message) = run.error().expect("an error");
            assert_eq!((run.code, kind), (Some(1), "system_error"));
            assert!(message.contains(word), "{message}");
        }
    }
}
