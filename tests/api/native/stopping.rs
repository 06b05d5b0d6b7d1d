//! Runs that are ended from outside, whatever they wait for.

use std::io::Read as _;
use std::time::{Duration, Instant};

use ferrobyte::connector::native::launch;
use ferrobyte::connector::{Exit, Running, Task};
use ferrobyte::domain::definition::Kind;
use ferrobyte::protocol::parcel::{Outlet as _, Parcel};
use serde_json::{Value, json};

use super::{Place, block_on, one_stream, record, three_streams};

fn endless_faker(place: &Place) -> Running {
    let task = Task::Read {
        configuration: json!({"count": 1_000_000_000, "seed": 1}),
        catalog: three_streams(),
        state: None,
    };
    launch(Kind::Source, "faker", task, &place.local()).expect("a start")
}

fn waiting_dev_null(place: &Place, mode: &Value) -> Running {
    let task = Task::Write {
        configuration: json!({"test_destination": mode}),
        catalog: one_stream("append", 0, 0),
    };
    launch(Kind::Destination, "dev-null", task, &place.local()).expect("a start")
}

fn was_stopped(exit: &Exit) -> bool {
    exit.code.is_none() && exit.signal == Some(15)
}

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_run_that_waits_for_its_reader_is_stopped() {
    let mut running = endless_faker(&Place::new());
    std::thread::sleep(Duration::from_millis(100));
    let exit = block_on(running.handle.stop(SOON));
    assert!(was_stopped(&exit), "{exit:?}");
    assert!(was_stopped(&block_on(running.handle.wait())));
}

#[test]
fn a_run_that_waits_for_its_writer_is_stopped() {
    let place = Place::new();
    let mut idle = waiting_dev_null(&place, &json!({"test_destination_type": "SILENT"}));
    assert!(was_stopped(&block_on(idle.handle.stop(SOON))));
    let mut slow = waiting_dev_null(
        &place,
        &json!({"test_destination_type": "THROTTLED", "millis_per_record": 3_600_000}),
    );
    slow.input
        .as_mut()
        .expect("its input")
        .take(&mut Parcel::from(&*record("pets", 1)))
        .expect("sent");
    std::thread::sleep(Duration::from_millis(50));
    assert!(was_stopped(&block_on(slow.handle.stop(SOON))));
}

#[test]
fn a_run_whose_reader_went_away_ends() {
    let mut running = endless_faker(&Place::new());
    drop(std::mem::replace(
        &mut running.output,
        std::io::pipe().expect("a pipe").0,
    ));
    assert_eq!(block_on(running.handle.wait()).code, Some(1));
}

#[test]
fn dropping_a_run_ends_it() {
    let place = Place::new();
    let mut running = waiting_dev_null(&place, &json!({"test_destination_type": "SILENT"}));
    let mut input = running.input.take().expect("its input");
    drop(running);
    let until = Instant::now() + SOON;
    while input.take(&mut Parcel::from("\n")).is_ok() {
        assert!(Instant::now() < until, "somebody still reads");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_child_ends_when_its_reader_does() {
    let place = Place::new();
    let (config, catalog) = (
        place.file("c", &json!({"count": 1_000_000_000})),
        place.file("k", &three_streams()),
    );
    let mut child = place.child(&[
        "source-faker",
        "read",
        "--config",
        &config,
        "--catalog",
        &catalog,
    ]);
    let mut output = child.stdout.take().expect("its output");
    output.read_exact(&mut [0; 1000]).expect("some output");
    drop(output);
    assert_eq!(child.wait().expect("an end").code(), Some(1));
}
