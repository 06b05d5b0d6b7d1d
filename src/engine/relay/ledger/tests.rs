use serde_json::{Value, json};

use super::*;

fn descriptor(name: &str) -> StreamDescriptor {
    StreamDescriptor {
        name: name.to_owned(),
        namespace: None,
    }
}

fn ledger() -> Ledger {
    Ledger::new(["users", "orders"].map(descriptor))
}

fn state(value: &Value) -> State {
    serde_json::from_value(value.clone()).expect("a state")
}

fn of_users(cursor: u64) -> Value {
    json!({"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {"at": cursor}}})
}

fn rows(rows: u64) -> Counts {
    Counts {
        rows,
        bytes: rows * 10,
    }
}

fn committed(ledger: &Ledger) -> Vec<u64> {
    ledger
        .figures()
        .iter()
        .map(|figures| figures.committed.rows)
        .collect()
}

fn numbered(mut value: Value, number: u64) -> State {
    value[NUMBER] = number.into();
    state(&value)
}

#[test]
fn records_are_committed_with_the_state_that_closes_their_page() {
    let ledger = ledger();
    ledger.enter(0, rows(5));
    let (first, closed) = ledger.close(&state(&of_users(1)), Some(0));
    assert_eq!(closed, 5);
    ledger.enter(0, rows(7));
    assert_eq!(committed(&ledger), [0, 0]);
    assert!(ledger.acknowledge(&numbered(of_users(1), first)));
    assert_eq!(committed(&ledger), [5, 0]);
    assert_eq!(ledger.unacknowledged(), 7);
    let taken = ledger.take().expect("something new");
    assert_eq!(taken.states.len(), 1);
    assert!(ledger.take().is_none());
}

#[test]
fn a_later_state_acknowledges_the_earlier_ones_of_its_stream_only() {
    let ledger = ledger();
    ledger.enter(0, rows(1));
    ledger.close(&state(&of_users(1)), Some(0));
    ledger.enter(1, rows(100));
    ledger.enter(0, rows(2));
    let (second, _) = ledger.close(&state(&of_users(2)), Some(0));
    assert!(ledger.acknowledge(&numbered(of_users(2), second)));
    assert_eq!(committed(&ledger), [3, 0]);
    let states = ledger.take().expect("something new").states;
    let [
        Safe::Stream {
            state: Some(kept), ..
        },
    ] = states.as_slice()
    else {
        panic!("{states:?}");
    };
    assert_eq!(kept.as_str(), r#"{"at":2}"#);
}

#[test]
fn a_destination_that_drops_our_number_is_understood_by_what_it_says() {
    let ledger = ledger();
    ledger.enter(0, rows(1));
    ledger.close(&state(&of_users(1)), Some(0));
    assert!(ledger.acknowledge(&state(&of_users(1))));
    assert!(
        !ledger.acknowledge(&state(&of_users(1))),
        "it was acknowledged already"
    );
    assert!(
        !ledger.acknowledge(&numbered(of_users(1), 99)),
        "nothing waits under this number"
    );
    assert_eq!(committed(&ledger), [1, 0]);
}

#[test]
fn a_global_state_speaks_for_every_stream() {
    let ledger = ledger();
    ledger.enter(0, rows(1));
    ledger.enter(1, rows(2));
    let global =
        json!({"type": "GLOBAL", "global": {"shared_state": {"lsn": 7}, "stream_states": []}});
    let (number, closed) = ledger.close(&state(&global), None);
    assert_eq!(closed, 3);
    assert!(ledger.close_rest().is_empty());
    assert!(ledger.acknowledge(&numbered(global, number)));
    assert_eq!(committed(&ledger), [1, 2]);
}

#[test]
fn streams_without_any_state_get_one_at_the_end_that_is_not_stored() {
    let ledger = ledger();
    ledger.enter(0, rows(3));
    ledger.enter(1, rows(4));
    let (number, _) = ledger.close(&state(&of_users(1)), Some(0));
    ledger.acknowledge(&numbered(of_users(1), number));
    ledger.take();
    let rest = ledger.close_rest();
    assert_eq!(rest.len(), 1);
    let (stream, number, closed) = &rest[0];
    assert_eq!((stream, *closed), (&descriptor("orders"), 4));
    let mut back = State::of_stream(stream.clone(), None);
    back.rest.insert(NUMBER.to_owned(), (*number).into());
    assert!(ledger.acknowledge(&back));
    assert_eq!(committed(&ledger), [3, 4]);
    assert_eq!(ledger.take().expect("new figures").states, []);
}

#[test]
fn rejected_records_are_not_counted_as_committed() {
    let ledger = ledger();
    ledger.enter(0, rows(10));
    let (number, _) = ledger.close(&state(&of_users(1)), Some(0));
    let mut back = of_users(1);
    back["destinationStats"] = json!({"recordCount": 10.0, "rejectedRecordCount": 3.0});
    ledger.acknowledge(&numbered(back, number));
    assert_eq!(committed(&ledger), [7, 0]);
    assert_eq!(ledger.unacknowledged(), 0);
}

#[test]
fn a_flood_of_states_does_not_grow_the_books() {
    let ledger = ledger();
    let mut last = 0;
    for cursor in 0..5000 {
        ledger.enter(0, rows(1));
        last = ledger.close(&state(&of_users(cursor)), Some(0)).0;
    }
    assert_eq!(ledger.waiting(), MOST_WAITING);
    assert!(
        !ledger.acknowledge(&numbered(of_users(0), 1)),
        "merged with a later one"
    );
    assert!(ledger.acknowledge(&numbered(of_users(4999), last)));
    assert_eq!(committed(&ledger), [5000, 0]);
    assert_eq!(ledger.waiting(), 0);
}

#[test]
fn a_stream_that_failed_stays_failed() {
    let ledger = ledger();
    ledger.note_status(0, Status::Incomplete);
    ledger.note_status(0, Status::Complete);
    assert_eq!(ledger.figures()[0].status, Some(Status::Incomplete));
}
