//! Runs that are ended in the middle, and the states that say from where to go on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use ferrobyte::connector::Task;
use ferrobyte::connector::native::launch;
use ferrobyte::domain::definition::Kind;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::super::{Way, parse, state};
use super::{Base, complete, id_and_name, pet, pets};

/// Begins a run that loads pets, and holds its two ends.
fn begin(base: &Base, mode: &str) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let config = base.place.file("c", &base.configuration());
    let catalog = base.place.file("k", &pets(&id_and_name(), mode, (0, 0)));
    let words = [
        "destination-postgres",
        "write",
        "--config",
        &config,
        "--catalog",
        &catalog,
    ];
    let mut child = base.place.child(&words);
    let input = child.stdin.take().expect("its input");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    (child, input, output)
}

/// Kills a run with SIGKILL after the first state that it gave back; gives what that state says.
fn kill_in_the_middle(base: &Base, mode: &str) -> i64 {
    let (mut child, mut input, mut output) = begin(base, mode);
    let writer = std::thread::spawn(move || {
        for id in 0.. {
            let mut lines = pet(&json!({"id": id, "name": "first"}), 1000);
            if id % 1000 == 999 {
                lines += &state("pets", id);
            }
            if input.write_all(lines.as_bytes()).is_err() {
                break;
            }
        }
    });
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("killed");
    child.wait().expect("an end");
    writer.join().expect("no panic");
    parse(&line)[0]["state"]["id"].as_i64().expect("a state")
}

/// The run after that goes on behind the state.
fn go_on(base: &Base, mode: &str, from: i64) -> i64 {
    let last = from + 5000;
    let mut input: Vec<_> = (from + 1..=last)
        .map(|id| pet(&json!({"id": id, "name": "second"}), 2000))
        .collect();
    input.push(state("pets", last));
    input.push(complete());
    base.load(&pets(&id_and_name(), mode, (0, 0)), &input);
    last
}

#[test]
fn nothing_is_lost_when_a_run_is_killed_and_only_newer_rows_come_twice() {
    let base = Base::new();
    let acknowledged = kill_in_the_middle(&base, "append");
    let last = go_on(&base, "append", acknowledged);
    let missing = format!("SELECT generate_series(0, {last}) EXCEPT SELECT id FROM pets");
    assert_eq!(base.count(&missing), 0);
    let twice = base.rows(
        "SELECT min(id) AS least FROM (SELECT id FROM pets GROUP BY id HAVING count(*) > 1) t",
    );
    assert!(
        twice[0]["least"]
            .as_i64()
            .is_none_or(|least| least > acknowledged),
        "{twice:?}"
    );
}

#[test]
fn nothing_comes_twice_when_a_run_with_deduplication_is_killed() {
    let base = Base::new();
    let acknowledged = kill_in_the_middle(&base, "append_dedup");
    let last = go_on(&base, "append_dedup", acknowledged);
    let missing = format!("SELECT generate_series(0, {last}) EXCEPT SELECT id FROM pets");
    assert_eq!(base.count(&missing), 0);
    assert_eq!(
        base.count("SELECT id FROM pets GROUP BY id HAVING count(*) > 1"),
        0
    );
    let read_again = format!(
        "SELECT 1 FROM pets WHERE name <> 'second' AND id > {acknowledged} AND id <= {last}"
    );
    assert_eq!(base.count(&read_again), 0);
    assert_eq!(base.left_beside(), 0);
}

#[test]
fn a_state_comes_back_when_the_source_falls_silent_and_its_rows_are_there() {
    let base = Base::new();
    let (mut child, mut input, mut output) = begin(&base, "append");
    for round in 1..4 {
        let lines = pet(&json!({"id": round}), 1) + &state("pets", round);
        input.write_all(lines.as_bytes()).expect("sent");
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        assert_eq!(parse(&line)[0]["state"]["id"], round);
        assert_eq!(base.count("SELECT 1 FROM pets"), round);
    }
    input.write_all(complete().as_bytes()).expect("sent");
    drop(input);
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn a_flood_of_states_comes_back_whole_and_in_order_in_few_commits() {
    let base = Base::new();
    let commits = || base.rows("SELECT count(DISTINCT xmin::text) AS n FROM pets")[0]["n"].as_i64();
    let mut input: Vec<_> = (1..=3000)
        .map(|id| pet(&json!({"id": id, "name": "x".repeat(300)}), 1) + &state("pets", id))
        .collect();
    input.push(complete());
    let start = Instant::now();
    let run = base.write(Way::Inside, &pets(&id_and_name(), "append", (0, 0)), &input);
    let seconds = i64::try_from(start.elapsed().as_secs()).expect("small");
    assert_eq!(run.code, Some(0));
    let back: Vec<_> = run
        .all("STATE")
        .iter()
        .map(|state| state["id"].as_i64())
        .collect();
    assert_eq!(back, (1..=3000).map(Some).collect::<Vec<_>>());
    assert!(
        commits().expect("a number") <= seconds * 2 + 3,
        "{:?} in {seconds} s",
        commits()
    );
}

#[test]
fn a_long_stream_without_states_is_no_long_transaction() {
    let base = Base::new();
    let (mut child, mut input, _output) = begin(&base, "append");
    let name = "x".repeat(1024 * 1024);
    let mut sent = 0;
    let until = Instant::now() + Duration::from_mins(1);
    while base.count("SELECT 1 FROM pg_tables WHERE tablename = 'pets'") == 0 {
        assert!(Instant::now() < until, "there is no table");
        std::thread::sleep(Duration::from_millis(50));
    }
    while base.count("SELECT 1 FROM pets") == 0 {
        assert!(sent < 200, "{sent} MiB are one transaction");
        for _ in 0..20 {
            sent += 1;
            let line = pet(&json!({"id": sent, "name": name}), 1);
            input.write_all(line.as_bytes()).expect("sent");
        }
    }
    input.write_all(complete().as_bytes()).expect("sent");
    drop(input);
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert_eq!(base.count("SELECT DISTINCT id FROM pets"), sent);
}

#[test]
fn a_run_that_waits_for_the_server_is_stopped_at_once() {
    let base = Base::new();
    base.load(&pets(&id_and_name(), "append", (0, 0)), &[complete()]);
    // Somebody else holds the table, so that the run waits.
    let (held, release) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    let url = base.url.clone();
    let holder = std::thread::spawn(move || {
        super::super::block_on(async {
            let mut connection = PgConnection::connect(&url).await.expect("a server");
            let text = "BEGIN; LOCK TABLE pets";
            connection.execute(text).await.expect("a lock");
            held.0.send(()).expect("told");
            let _ = release.1.recv();
        });
    });
    held.1.recv().expect("it is held");
    let task = Task::Write {
        configuration: base.configuration(),
        catalog: pets(&id_and_name(), "overwrite", (1, 1)),
    };
    let mut running =
        launch(Kind::Destination, "postgres", task, &base.place.local()).expect("a start");
    let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted";
    let until = Instant::now() + Duration::from_secs(20);
    while base.count(waiting) == 0 {
        assert!(Instant::now() < until, "it does not wait");
        std::thread::sleep(Duration::from_millis(20));
    }
    let start = Instant::now();
    let exit = super::super::block_on(running.handle.stop(Duration::from_secs(20)));
    assert_eq!(exit.signal, Some(15), "{exit:?}");
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    // The server does not go on with it for long either.
    let until = Instant::now() + Duration::from_secs(20);
    while base.count(waiting) > 0 {
        assert!(Instant::now() < until, "the server still waits");
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(release.0);
    holder.join().expect("no panic");
}

#[test]
fn the_server_going_away_ends_the_run_with_an_error_that_may_pass() {
    let base = Base::new();
    let (mut child, mut input, mut output) = begin(&base, "append");
    let lines = pet(&json!({"id": 1}), 1) + &state("pets", 1);
    input.write_all(lines.as_bytes()).expect("sent");
    let mut said = String::new();
    output.read_line(&mut said).expect("a line");
    base.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let lines = pet(&json!({"id": 2}), 1) + &state("pets", 2);
    input.write_all(lines.as_bytes()).expect("sent");
    let rest: Vec<_> = output.lines().map(|line| line.expect("text")).collect();
    let last = &parse(rest.last().expect("a last word"))[0]["trace"]["error"];
    assert_eq!(last["failure_type"], "transient_error", "{last}");
    assert!(
        !rest.iter().any(|line| line.contains("\"STATE\"")),
        "{rest:?}"
    );
    assert_eq!(child.wait().expect("an end").code(), Some(1));
}
