//! Runs: what they are given, what passes through them, and how they end.

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::{Duration, Instant};

use ferrobyte::clock::Clock;
use ferrobyte::connector::container::Containers;
use ferrobyte::connector::{Cause, Limits, Question, Target, Task};
use ferrobyte::protocol::parcel::{Outlet as _, Parcel};
use serde_json::json;

use super::{Here, lines, log, settings, target};

#[tokio::test]
async fn a_run_is_given_little_and_its_files_are_its_own() {
    for read_only in [false, true] {
        let Some(here) = Here::with(|settings| settings.read_only = read_only) else {
            return;
        };
        let configuration = json!({ "mode": "looks", "password": "canary-7f3a" });
        let limited = Target {
            limits: Limits {
                cpu: Some(0.5),
                memory: Some(128 * 1024 * 1024),
            },
            ..target()
        };
        let task = Task::Read {
            configuration,
            catalog: json!({}),
            state: Some((&json!([])).into()),
        };
        let mut running = here
            .containers
            .launch(&limited, task)
            .await
            .expect("it starts");
        let seen = lines(running.output).await;
        assert_eq!(running.handle.wait().await.code, Some(0));
        for expected in [
            "user 1000",
            "directory 700 1000",
            "file 600 1000",
            "configuration writable",
            "temporary writable",
            "capabilities 0000000000000000",
            "interfaces lo ",
            "environment DO_NOT_TRACK=1",
        ] {
            assert!(
                seen.iter().any(|line| line == expected),
                "{expected}: {seen:#?}"
            );
        }
        assert!(
            seen.iter().any(|line| line.starts_with("cores 50000")),
            "{seen:#?}"
        );
        assert_eq!(
            seen.iter()
                .filter(|line| line.starts_with("file 600 1000"))
                .count(),
            3
        );
        assert_eq!(
            seen.contains(&"home writable".to_owned()),
            !read_only,
            "{seen:#?}"
        );
        assert!(
            !seen.iter().any(|line| line.contains("canary-7f3a")),
            "{seen:#?}"
        );
        here.nothing_is_left().await;
    }
}

#[tokio::test]
async fn secrets_are_neither_in_what_the_engine_tells_nor_in_the_list_of_processes() {
    let Some(here) = Here::start() else { return };
    let running = here
        .read(json!({ "mode": "sleeps", "password": "canary-91bc" }))
        .await;
    let name =
        std::fs::read_to_string(here.data.path().join("container-instance")).expect("a name");
    let id = here.engine.podman(&format!(
        "ps --quiet --filter label=ferrobyte.instance={name}"
    ));
    let told = here.engine.podman(&format!("inspect {}", id.trim()));
    assert!(
        told.contains("ferrobyte.run") && !told.contains("canary-91bc"),
        "{told}"
    );
    for process in std::fs::read_dir("/proc").expect("processes").flatten() {
        for file in ["cmdline", "environ"] {
            let text = std::fs::read(process.path().join(file)).unwrap_or_default();
            assert!(
                !String::from_utf8_lossy(&text).contains("canary-91bc"),
                "{process:?}"
            );
        }
    }
    drop(running);
    here.nothing_is_left().await;
}

#[tokio::test]
async fn records_come_whole_and_in_order_and_the_log_beside_them() {
    let Some(here) = Here::start() else { return };
    let started = Instant::now();
    let mut running = here.read(json!({ "mode": "many", "count": 200_000 })).await;
    // Nobody reads for a while: the pipe holds the container up, and nothing is lost.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let records = lines(running.output).await;
    println!("200000 records in {:?}", started.elapsed());
    assert_eq!(records.len(), 200_000);
    for (number, record) in records.iter().enumerate() {
        assert!(
            record.contains(&format!("\"id\":{}}}", number + 1)),
            "{number}: {record}"
        );
    }
    assert_eq!(log(running.errors).await, ["first", "last"]);
    assert_eq!(running.handle.wait().await.code, Some(0));
    here.nothing_is_left().await;
}

#[tokio::test]
async fn what_is_written_arrives_until_there_is_no_more() {
    let Some(here) = Here::start() else { return };
    let task = Task::Write {
        configuration: json!({ "mode": "counts" }),
        catalog: json!({}),
    };
    let mut running = here
        .containers
        .launch(&target(), task)
        .await
        .expect("it starts");
    let mut input = running.input.take().expect("an input");
    let write = move || {
        let line = format!("{}\n", "x".repeat(999));
        for _ in 0..20_000 {
            input.take(&mut Parcel::from(&*line)).expect("written");
        }
    };
    let started = Instant::now();
    tokio::task::spawn_blocking(write).await.expect("a thread");
    let said = lines(running.output).await;
    println!("20 MB in {:?}", started.elapsed());
    assert!(said[0].contains("20000 lines"), "{said:?}");
    assert_eq!(running.handle.wait().await.code, Some(5));
    here.nothing_is_left().await;
}

#[tokio::test]
async fn a_log_that_nobody_reads_does_not_hold_up_the_records() {
    let Some(here) = Here::start() else { return };
    let mut running = here.read(json!({ "mode": "chatters" })).await;
    assert_eq!(lines(running.output).await, ["done"]);
    assert_eq!(running.handle.wait().await.code, Some(0));
    let kept = log(running.errors).await;
    assert!(
        kept.len() < 100_000 && kept[0] == "line 1",
        "{}",
        kept.len()
    );
    here.nothing_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_to_end_may_tidy_up_and_whoever_does_not_listen_is_killed() {
    let Some(here) = Here::start() else { return };
    let grace = Duration::from_secs(3);
    for (mode, first, exit, at_least) in [
        ("tidies", "ready", (Some(7), None), Duration::ZERO),
        ("sleeps", "asleep", (None, Some(15)), Duration::ZERO),
        ("ignores", "deaf", (None, Some(9)), grace),
    ] {
        let mut running = here.read(json!({ "mode": mode })).await;
        let mut said = String::new();
        let mut output = BufReader::new(running.output);
        output.read_line(&mut said).expect("a line");
        assert!(said.contains(first), "{mode}: {said}");
        let started = Instant::now();
        let end = running.handle.stop(grace).await;
        assert_eq!((end.code, end.signal), exit, "{mode}");
        let took = started.elapsed();
        assert!(
            took >= at_least && took < at_least + Duration::from_secs(5),
            "{mode}: {took:?}"
        );
        output.read_to_string(&mut said).expect("the rest");
        assert_eq!(said.contains("tidy"), mode == "tidies", "{said}");
    }
    here.nothing_is_left().await;
}

#[tokio::test]
async fn a_run_that_needs_more_memory_than_it_may_is_told_apart() {
    let Some(here) = Here::start() else { return };
    let small = Target {
        limits: Limits {
            cpu: None,
            memory: Some(64 * 1024 * 1024),
        },
        ..target()
    };
    let task = Task::Read {
        configuration: json!({ "mode": "eats" }),
        catalog: json!({}),
        state: None,
    };
    let mut running = here
        .containers
        .launch(&small, task)
        .await
        .expect("it starts");
    let end = running.handle.wait().await;
    assert!(end.out_of_memory, "{end:?}");
    assert!(end.code != Some(0), "{end:?}");
    here.nothing_is_left().await;
}

#[tokio::test]
async fn nothing_goes_on_when_nobody_holds_it_or_the_deadline_has_passed() {
    let Some(here) = Here::start() else { return };
    let running = here.read(json!({ "mode": "ignores" })).await;
    assert!(here.left() > 0);
    let started = Instant::now();
    drop(running);
    here.nothing_is_left().await;
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );

    let configuration = json!({ "mode": "sleeps" });
    let question = Question::Check { configuration };
    let deadline = Duration::from_secs(2);
    let late = here
        .containers
        .ask(&target(), question, deadline)
        .await
        .expect_err("too late");
    assert_eq!(late.cause, Cause::Deadline);
    here.nothing_is_left().await;

    // Whoever goes away while it starts leaves nothing behind either.
    let task = Task::Read {
        configuration: json!({ "mode": "sleeps" }),
        catalog: json!({}),
        state: None,
    };
    let target = target();
    let start = here.containers.launch(&target, task);
    let given_up = tokio::time::timeout(Duration::from_millis(30), start).await;
    assert!(
        given_up.is_err(),
        "it started sooner than anybody can give up"
    );
    here.nothing_is_left().await;
}

#[tokio::test]
async fn a_server_that_was_killed_finds_its_containers_again_and_nobody_elses() {
    let Some(here) = Here::start() else { return };
    let Some(neighbour) = Here::start() else {
        return;
    };
    let kept = neighbour.read(json!({ "mode": "sleeps" })).await;
    let socket = here.engine.socket.clone();
    let earlier = settings(&socket, &here.data);
    drop(here.containers);
    // An earlier life, which ends without a chance to tidy up.
    let life = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let containers = Containers::new(earlier, Clock::System);
        let task = Task::Read {
            configuration: json!({ "mode": "sleeps" }),
            catalog: json!({}),
            state: None,
        };
        let running = runtime
            .block_on(containers.launch(&target(), task))
            .expect("it starts");
        // Who is killed lets go of nothing.
        std::mem::forget(running);
        runtime.shutdown_timeout(Duration::from_secs(10));
    });
    life.join().expect("a life");
    let later = Here {
        containers: Containers::new(settings(&socket, &here.data), Clock::System),
        engine: here.engine,
        data: here.data,
    };
    assert!(later.left() > 0);
    let running = later.read(json!({ "mode": "sleeps" })).await;
    let collected = later.containers.collect_orphans().await;
    assert_eq!(collected.expect("an engine"), 1);
    assert!(later.left() > 0, "what runs now is no orphan");
    drop(running);
    later.nothing_is_left().await;
    assert!(neighbour.left() > 0);
    drop(kept);
    neighbour.nothing_is_left().await;
}
