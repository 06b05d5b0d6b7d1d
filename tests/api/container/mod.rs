//! Connectors in containers, run by a real engine: an image made here, podman with runc. Where no engine
//! can run, that is said loudly, and what goes wrong without one is tested all the same.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use ferrobyte::clock::Clock;
use ferrobyte::connector::container::{Containers, Settings};
use ferrobyte::connector::{Answer, Cause, Failure, Limits, Question, Running, Said, Target, Task};
use ferrobyte::domain::definition::{Kind, Runtime};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::TestServer;
use crate::support::podman::{Engine, PLAIN_TAG, REPOSITORY, TAG};

const SOON: Duration = Duration::from_secs(30);

fn settings(socket: &Path, data: &TempDir) -> Settings {
    Settings {
        host: Some(socket.display().to_string()),
        network: Some("none".to_owned()),
        read_only: false,
        pull: false,
        memory: None,
        line_limit: 1 << 20,
        data_dir: data.path().to_owned(),
    }
}

fn target() -> Target {
    Target {
        kind: Kind::Source,
        runtime: Runtime::Image,
        repository: REPOSITORY.to_owned(),
        tag: TAG.to_owned(),
        manifest: None,
        limits: Limits::default(),
    }
}

/// Containers on the engine of this run, which a test leaves as empty as it found it.
struct Here {
    containers: Containers,
    engine: &'static Engine,
    data: TempDir,
}

impl Here {
    fn start() -> Option<Self> {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Option<Self> {
        let engine = Engine::shared()?;
        let data = tempfile::tempdir().expect("a directory");
        let mut settings = settings(&engine.socket, &data);
        change(&mut settings);
        Some(Self {
            containers: Containers::new(settings, Clock::System),
            engine,
            data,
        })
    }

    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        self.containers.ask(&target(), question, SOON).await
    }

    async fn check(&self, mode: &str) -> Result<Answer, Failure> {
        let configuration = json!({ "mode": mode });
        self.ask(Question::Check { configuration }).await
    }

    async fn read(&self, configuration: Value) -> Running {
        let task = Task::Read {
            configuration,
            catalog: json!({ "streams": [] }),
            state: Some((&json!([])).into()),
        };
        self.containers
            .launch(&target(), task)
            .await
            .expect("it starts")
    }

    /// The containers of this server that there are, running or not.
    fn left(&self) -> usize {
        let name = std::fs::read_to_string(self.data.path().join("container-instance"));
        let name = name.expect("a name");
        let list = format!("ps --all --quiet --filter label=ferrobyte.instance={name}");
        let volumes = format!("volume ls --quiet --filter label=ferrobyte.instance={name}");
        self.engine.podman(&list).lines().count() + self.engine.podman(&volumes).lines().count()
    }

    async fn nothing_is_left(&self) {
        self.containers.settle().await;
        assert_eq!(self.left(), 0);
    }
}

/// Everything on standard output, in lines.
async fn lines(output: std::io::PipeReader) -> Vec<String> {
    let read = || {
        BufReader::new(output)
            .lines()
            .collect::<Result<Vec<_>, _>>()
    };
    tokio::task::spawn_blocking(read)
        .await
        .expect("a thread")
        .expect("lines")
}

async fn log(mut errors: tokio::sync::mpsc::Receiver<String>) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(line) = errors.recv().await {
        lines.push(line);
    }
    lines
}

#[tokio::test]
async fn an_image_answers_every_question() {
    let Some(here) = Here::start() else { return };
    let answer = here.ask(Question::Specification).await.expect("an answer");
    let Said::Specification(specification) = &answer.said else {
        panic!("{answer:?}");
    };
    assert_eq!(specification.connection_specification["type"], "object");
    assert_eq!(
        specification.rest["documentationUrl"],
        "https://example.org"
    );
    for line in ["warming up", "INFO hello"] {
        assert!(answer.log.contains(&line.to_owned()), "{answer:?}");
    }
    let answer = here.check("good").await.expect("an answer");
    assert!(answer.new_configuration.is_none());
    let Said::Status(status) = here.check("bad").await.expect("an answer").said else {
        panic!("no status");
    };
    assert_eq!(status.message.as_deref(), Some("the key is wrong"));
    let rotated = here
        .check("rotates")
        .await
        .expect("an answer")
        .new_configuration;
    assert_eq!(rotated, Some(json!({ "mode": "rotated" })));
    let discover = |mode: &str| Question::Discover {
        configuration: json!({ "mode": mode }),
    };
    let Said::Catalog(catalog) = here.ask(discover("good")).await.expect("an answer").said else {
        panic!("no catalog");
    };
    assert_eq!(catalog.streams[0].name, "pets");
    let failure = here.ask(discover("bad")).await.expect_err("refused");
    assert_eq!(
        (failure.cause, failure.message.as_str()),
        (Cause::Configuration, "the key is wrong")
    );
    let failure = here.check("breaks").await.expect_err("broken");
    assert_eq!(
        (failure.cause, failure.log),
        (Cause::Connector, vec!["something broke".to_owned()])
    );
    assert!(failure.message.contains("code 3"), "{}", failure.message);
    here.nothing_is_left().await;
}

#[tokio::test]
async fn an_image_without_the_variable_is_started_by_its_entry_point() {
    let Some(here) = Here::start() else { return };
    let plain = Target {
        tag: PLAIN_TAG.to_owned(),
        ..target()
    };
    let configuration = json!({ "mode": "good" });
    let answer = here
        .containers
        .ask(&plain, Question::Check { configuration }, SOON)
        .await;
    assert!(matches!(answer.expect("an answer").said, Said::Status(_)));
    here.nothing_is_left().await;
}

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
            input.write_all(line.as_bytes()).expect("written");
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
        runtime.shutdown_background();
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

#[tokio::test]
async fn an_image_that_is_not_there_is_named() {
    let missing = Target {
        repository: "localhost:1/nobody/nothing".to_owned(),
        ..target()
    };
    for pull in [false, true] {
        let Some(here) = Here::with(|settings| settings.pull = pull) else {
            return;
        };
        let failure = here
            .containers
            .ask(&missing, Question::Specification, SOON)
            .await;
        let failure = failure.expect_err("no such image");
        assert!(
            failure.message.contains("localhost:1/nobody/nothing:1"),
            "{}",
            failure.message
        );
        if pull {
            assert!(
                failure.message.contains("could not be pulled"),
                "{}",
                failure.message
            );
        } else {
            assert_eq!(failure.cause, Cause::Missing);
            assert!(
                failure.message.contains("connectors.container_pull"),
                "{}",
                failure.message
            );
        }
    }
}

// Without an engine -------------------------------------------------------------------------------

/// Asks an engine that is not what it should be.
async fn ask_at(socket: &Path, pull: bool) -> Failure {
    let data = tempfile::tempdir().expect("a directory");
    let settings = Settings {
        pull,
        ..settings(socket, &data)
    };
    let containers = Containers::new(settings, Clock::System);
    let answer = containers
        .ask(&target(), Question::Specification, SOON)
        .await;
    answer.expect_err("there is no engine")
}

#[tokio::test]
async fn without_an_engine_the_answer_says_what_is_missing_and_what_to_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let nowhere = directory.path().join("nowhere.sock");
    let dead = directory.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).expect("a socket"));
    let silent = directory.path().join("silent.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&silent).expect("a socket");
    for socket in [nowhere, dead, silent, "tcp://localhost:2375".into()] {
        let started = Instant::now();
        let failure = ask_at(&socket, true).await;
        assert_eq!(failure.cause, Cause::Missing, "{failure:?}");
        for word in [
            "no container engine",
            "connectors.container_host",
            "another runtime",
        ] {
            assert!(failure.message.contains(word), "{}", failure.message);
        }
        assert!(
            failure.story.contains(&socket.display().to_string()),
            "{}",
            failure.story
        );
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn what_an_engine_says_about_a_pull_is_handed_on() {
    let said = "manifest for localhost/ferrobyte-tests:1 not found";
    let not_found = format!(r#"{{"message":"{said}"}}"#);
    let engine = fake(move |path| {
        if path.contains("/version") {
            (200, r#"{"ApiVersion":"1.41"}"#.to_owned())
        } else {
            (404, not_found.clone())
        }
    });
    let failure = ask_at(&engine.1, true).await;
    assert_eq!(failure.cause, Cause::Missing);
    assert!(failure.message.contains(said), "{}", failure.message);
    assert!(
        ask_at(&engine.1, false)
            .await
            .message
            .contains("container_pull")
    );
}

#[tokio::test]
async fn an_engine_that_fails_half_way_is_a_failure_and_no_hang() {
    let engine = fake(|path| match path {
        path if path.contains("/version") => (200, r#"{"ApiVersion":"1.41"}"#.to_owned()),
        path if path.contains("/images/") => (200, r#"{"Config":{"Env":[]}}"#.to_owned()),
        _ => (500, r#"{"message":"the disk is full"}"#.to_owned()),
    });
    let failure = ask_at(&engine.1, true).await;
    assert_eq!(failure.cause, Cause::Transient);
    assert!(
        failure
            .message
            .contains("making a container: the disk is full"),
        "{failure:?}"
    );
}

/// An engine's socket behind which somebody gives fixed answers, by the path that is asked.
fn fake(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> (TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("engine.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
            let head = lines.next().and_then(Result::ok).unwrap_or_default();
            for line in lines.map_while(Result::ok) {
                if line.is_empty() {
                    break;
                }
            }
            let (status, body) = answer(&head);
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    (directory, socket)
}

// Through the API --------------------------------------------------------------------------------

/// The definition of an image that somebody brings.
fn own_image() -> Value {
    json!({ "name": "my image", "dockerRepository": REPOSITORY, "dockerImageTag": TAG })
}

#[tokio::test]
async fn an_own_image_is_a_connector_like_any_other() {
    let Some(engine) = Engine::shared() else {
        return;
    };
    let socket = engine.socket.display().to_string();
    let server = TestServer::with(&[
        ("connectors.container_host", &socket),
        ("connectors.container_network", "none"),
        ("connectors.container_pull", "off"),
    ])
    .await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let definitions = format!("/workspaces/{home}/definitions/sources");
    let made = admin.post(&definitions, own_image()).await.ok(200);
    let source = |mode: &str| json!({ "name": "pets", "workspaceId": home, "definitionId": made["id"], "configuration": { "mode": mode } });
    for (mode, status) in [("good", "succeeded"), ("bad", "failed")] {
        let made = admin.post("/sources", source(mode)).await.ok(200);
        let id = made["sourceId"].as_str().expect("an id");
        let check = admin
            .post(&format!("/sources/{id}/check"), json!({}))
            .await
            .ok(200);
        assert_eq!(check["status"], status, "{check}");
        if mode == "good" {
            let streams = admin.get(&format!("/streams?sourceId={id}")).await.ok(200);
            assert_eq!(streams[0]["streamName"], "pets", "{streams}");
        } else {
            assert!(check.to_string().contains("the key is wrong"), "{check}");
        }
    }
    server.app.launcher.containers().settle().await;
}

#[tokio::test]
async fn an_own_image_on_a_machine_without_an_engine_says_what_is_missing() {
    let nowhere = [("connectors.container_host", "/nowhere/engine.sock")];
    let server = TestServer::with(&nowhere).await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let definitions = format!("/workspaces/{home}/definitions/sources");
    let problem = admin.post(&definitions, own_image()).await.problem(409);
    let detail = problem["detail"].as_str().expect("a sentence");
    for word in ["no container engine", "connectors.container_host"] {
        assert!(detail.contains(word), "{detail}");
    }
}
