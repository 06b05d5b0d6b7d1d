//! Python connectors, with packages that are made here and do what a test wants: installing, asking,
//! running. Packages of the public index are in `python_packages`.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ferrobyte::clock::Clock;
use ferrobyte::connector::{
    Answer, Cause, Failure, Launcher, Limits, Question, Said, Settings, Task,
};
use ferrobyte::protocol::parcel::{Outlet as _, Parcel};
use serde_json::{Value, json};

use crate::support::python::{Wheel, Workshop, scripted, soon};

const PLAIN: Wheel = Wheel {
    version: "1.0",
    requires: ">=3.8",
    at_import: "",
};

const LONG: Duration = Duration::from_mins(1);

async fn check(
    launcher: &Launcher,
    version: &str,
    configuration: Value,
) -> Result<Answer, Failure> {
    check_within(launcher, version, configuration, LONG).await
}

async fn check_within(
    launcher: &Launcher,
    version: &str,
    configuration: Value,
    deadline: Duration,
) -> Result<Answer, Failure> {
    launcher
        .ask(
            &scripted(version),
            Question::Check { configuration },
            deadline,
        )
        .await
}

/// What a check said.
#[track_caller]
fn said(answer: Result<Answer, Failure>) -> String {
    match answer.expect("an answer").said {
        Said::Status(status) => status.message.unwrap_or_default(),
        other => panic!("a status, not {other:?}"),
    }
}

fn lives(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn a_package_is_installed_once_and_asked_by_forking() {
    let Some(workshop) = Workshop::with(&[PLAIN]) else {
        return;
    };
    let launcher = Launcher::new(workshop.settings(), &Clock::System);
    let target = scripted("1.0");
    let (first, second) = tokio::join!(
        check(&launcher, "1.0", json!({})),
        launcher.ask(&target, Question::Specification, LONG)
    );
    assert_eq!(said(first), "forked");
    let Said::Specification(spec) = second.expect("an answer").said else {
        panic!("a specification");
    };
    assert_eq!(
        spec.connection_specification["properties"]["do"]["type"],
        "string"
    );
    let answer = launcher
        .ask(
            &scripted("1.0"),
            Question::Discover {
                configuration: json!({}),
            },
            LONG,
        )
        .await;
    let Said::Catalog(catalog) = answer.expect("an answer").said else {
        panic!("a catalog");
    };
    assert_eq!(catalog.streams[0].name, "s");
    assert_eq!(
        workshop.environments().len(),
        1,
        "{:?}",
        workshop.environments()
    );
    assert!(launcher.installing().is_empty());
    let mode = workshop
        .data()
        .join("environments")
        .metadata()
        .expect("there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
    // Another launcher finds it made.
    let mut settings = workshop.settings();
    settings.uv = Some("/nowhere/uv".into());
    assert_eq!(
        said(check(&Launcher::new(settings, &Clock::System), "1.0", json!({})).await),
        "forked"
    );
}

#[tokio::test]
async fn a_question_has_a_private_directory_and_nothing_to_read() {
    let Some(workshop) = Workshop::with(&[PLAIN]) else {
        return;
    };
    for warm_parents in [4, 0] {
        let launcher = Launcher::new(
            Settings {
                warm_parents,
                ..workshop.settings()
            },
            &Clock::System,
        );
        let configuration =
            json!({"do": "tell", "password": "canary", "__injected_components_py": "import os"});
        let told: Value = serde_json::from_str(&said(check(&launcher, "1.0", configuration).await))
            .expect("JSON");
        let here = Path::new(told["here"].as_str().expect("a path"));
        assert!(here.starts_with(workshop.data().join("runs")), "{told}");
        assert!(Path::new(told["home"].as_str().expect("a path")).starts_with(here));
        assert!(Path::new(told["config"].as_str().expect("a path")).starts_with(here));
        assert_eq!(
            (&told["mode"], &told["input"]),
            (&json!("0o600"), &json!(""))
        );
        assert_eq!(told["keys"], json!(["do", "password"]));
        let arguments = told["arguments"].to_string();
        assert!(
            arguments.contains("source-scripted") && !arguments.contains("canary"),
            "{arguments}"
        );
        let names = told["environment"].as_array().expect("names");
        for name in names.iter().map(|name| name.as_str().expect("a name")) {
            assert!(
                !name.starts_with("PIP_") && !name.starts_with("CARGO"),
                "{name}"
            );
        }
        soon("its directory is gone", || !here.exists()).await;
    }
}

#[tokio::test]
async fn what_a_connector_says_becomes_an_answer_or_a_reason() {
    let Some(workshop) = Workshop::with(&[PLAIN]) else {
        return;
    };
    for warm_parents in [4, 0] {
        let launcher = Launcher::new(
            Settings {
                warm_parents,
                ..workshop.settings()
            },
            &Clock::System,
        );
        let ask =
            async |what: &str| check(&launcher, "1.0", json!({"do": what, "token": "old"})).await;
        let manner = if warm_parents == 0 {
            "imported"
        } else {
            "forked"
        };
        assert_eq!(said(ask("good").await), manner);
        assert_eq!(said(ask("bad").await), "wrong key");
        let rotated = ask("rotate").await.expect("an answer");
        assert_eq!(
            rotated.new_configuration,
            Some(json!({"do": "rotate", "token": "new"}))
        );
        for (what, cause, message) in [
            ("refuse", Cause::Configuration, "the key is refused"),
            ("later", Cause::Transient, "busy"),
            (
                "crash",
                Cause::Connector,
                "the connector ended with code 1: RuntimeError: boom",
            ),
            (
                "code",
                Cause::Connector,
                "the connector ended with code 3: INFO asked for check",
            ),
            (
                "nothing",
                Cause::Connector,
                "the connector ended without answering check",
            ),
        ] {
            let failure = ask(what).await.expect_err(what);
            assert_eq!((failure.cause, failure.message.as_str()), (cause, message));
        }
        let mut target = scripted("1.0");
        target.limits = Limits {
            memory: Some(300 << 20),
            cpu: None,
        };
        let configuration = json!({"do": "memory"});
        let failure = launcher
            .ask(&target, Question::Check { configuration }, LONG)
            .await;
        assert_eq!(
            failure.expect_err("too much").message,
            "the connector ran out of memory"
        );
    }
}

#[tokio::test]
async fn a_hanging_fork_is_ended_with_all_it_started_and_the_parent_answers_on() {
    let Some(workshop) = Workshop::with(&[PLAIN]) else {
        return;
    };
    let launcher = Launcher::new(workshop.settings(), &Clock::System);
    assert_eq!(said(check(&launcher, "1.0", json!({})).await), "forked");
    let configuration = json!({"do": "hang", "note": workshop.note()});
    let began = Instant::now();
    let (hanging, other) = tokio::join!(
        check_within(&launcher, "1.0", configuration, Duration::from_secs(3)),
        check(&launcher, "1.0", json!({}))
    );
    assert_eq!(hanging.expect_err("no answer").cause, Cause::Deadline);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(said(other), "forked");
    let note = std::fs::read_to_string(workshop.note()).expect("a note");
    let family: Vec<u32> = note.lines().map(|line| line.parse().expect(line)).collect();
    assert_eq!(family.len(), 3);
    soon("the fork and its children are gone", || {
        !family.iter().any(|process| lives(*process))
    })
    .await;
    assert_eq!(said(check(&launcher, "1.0", json!({})).await), "forked");
    drop(launcher);
    let runs = workshop.data().join("runs");
    soon("nothing is left", || {
        runs.read_dir().expect("readable").next().is_none()
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_forked_is_asked_the_plain_way() {
    let threads = Wheel {
        version: "2.0",
        at_import: "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
        ..PLAIN
    };
    let Some(workshop) = Workshop::with(&[PLAIN, threads]) else {
        return;
    };
    let launcher = Launcher::new(workshop.settings(), &Clock::System);
    assert_eq!(said(check(&launcher, "2.0", json!({})).await), "imported");
    assert_eq!(said(check(&launcher, "1.0", json!({})).await), "forked");
    let crashing = json!({"do": "crash when forked"});
    assert_eq!(said(check(&launcher, "1.0", crashing).await), "imported");
    assert_eq!(
        said(check(&launcher, "1.0", json!({})).await),
        "imported",
        "it crashed"
    );
}

#[tokio::test]
async fn parents_end_when_idle_and_when_there_are_too_many() {
    let other = Wheel {
        version: "1.1",
        ..PLAIN
    };
    let Some(workshop) = Workshop::with(&[PLAIN, other]) else {
        return;
    };
    let launcher = Launcher::new(
        Settings {
            warm_parents: 1,
            warm_idle: Duration::from_secs(2),
            ..workshop.settings()
        },
        &Clock::System,
    );
    let runs = workshop.data().join("runs");
    let parents = || runs.read_dir().expect("readable").count();
    assert_eq!(said(check(&launcher, "1.0", json!({})).await), "forked");
    assert_eq!(said(check(&launcher, "1.1", json!({})).await), "forked");
    soon("the first has made room", || parents() == 1).await;
    // The first thing asked would need the place of one that is busy.
    let configuration = json!({"do": "hang", "note": workshop.note()});
    let (_, third) = tokio::join!(
        check_within(&launcher, "1.1", configuration, Duration::from_secs(2)),
        check(&launcher, "1.0", json!({}))
    );
    assert_eq!(said(third), "imported");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    soon("the second has ended", || parents() == 0).await;
    assert_eq!(
        said(check(&launcher, "1.1", json!({})).await),
        "forked",
        "it comes back"
    );
}

#[tokio::test]
async fn a_failed_installation_leaves_nothing_and_says_why() {
    let broken = Wheel {
        version: "3.0",
        at_import: "raise ImportError('cannot import name Old from new')",
        ..PLAIN
    };
    let Some(workshop) = Workshop::with(&[broken]) else {
        return;
    };
    let launcher = Launcher::new(workshop.settings(), &Clock::System);
    let failure = check(&launcher, "3.0", json!({}))
        .await
        .expect_err("broken");
    assert_eq!(
        (failure.cause, failure.message.as_str()),
        (
            Cause::Missing,
            "airbyte-source-scripted 3.0 cannot be installed: the connector ended with code 1: ImportError: \
             cannot import name Old from new"
        )
    );
    let unknown = check(&launcher, "9.9", json!({}))
        .await
        .expect_err("unknown");
    assert_eq!(unknown.cause, Cause::Missing);
    assert!(unknown.message.contains("9.9"), "{}", unknown.message);
    assert_eq!(workshop.environments(), [""; 0]);
    let nonsense = check(&launcher, "1.0 --index-url=http://127.0.0.1", json!({})).await;
    assert!(
        nonsense
            .expect_err("nonsense")
            .message
            .contains("is not the name")
    );
}

#[tokio::test]
async fn a_half_made_environment_is_made_again() {
    let Some(workshop) = Workshop::with(&[PLAIN]) else {
        return;
    };
    let half = workshop
        .data()
        .join("environments/airbyte-source-scripted-1.0-py3.11/bin");
    std::fs::create_dir_all(&half).expect("made");
    std::fs::write(half.join("python"), "not really").expect("written");
    let launcher = Launcher::new(workshop.settings(), &Clock::System);
    assert_eq!(said(check(&launcher, "1.0", json!({})).await), "forked");
    // Gone from under a launcher that knew it.
    std::fs::remove_dir_all(workshop.data().join("environments")).expect("removed");
    assert_eq!(said(check(&launcher, "1.0", json!({})).await), "forked");
}

#[tokio::test]
async fn the_python_that_is_wanted_and_those_that_are_there_are_named() {
    let future = Wheel {
        version: "4.0",
        requires: ">=3.99",
        ..PLAIN
    };
    let Some(workshop) = Workshop::with(&[future]) else {
        return;
    };
    for uv in [true, false] {
        let mut settings = workshop.settings();
        if !uv {
            settings.uv = None;
            settings.installer.set("PATH", "/usr/bin:/bin");
            settings.installer.set("HOME", "/nowhere");
            settings.pythons = vec![python()];
        }
        let launcher = Launcher::new(settings, &Clock::System);
        let failure = check(&launcher, "4.0", json!({}))
            .await
            .expect_err("too new");
        let begins = "airbyte-source-scripted 4.0 wants Python >=3.99; found here: 3.";
        assert!(failure.message.starts_with(begins), "{failure:?}");
        assert_eq!(
            (failure.cause, workshop.environments().len()),
            (Cause::Missing, 0)
        );
    }
    let mut settings = workshop.settings();
    settings.pythons = vec!["/nowhere/python3".to_owned()];
    let failure = check(&Launcher::new(settings, &Clock::System), "4.0", json!({}))
        .await
        .expect_err("none");
    assert!(
        failure.message.ends_with("none was found on this machine"),
        "{}",
        failure.message
    );
}

/// The interpreter behind `python3`.
fn python() -> String {
    let output = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .expect("python3 runs");
    String::from_utf8(output.stdout)
        .expect("a path")
        .trim()
        .to_owned()
}

#[tokio::test]
async fn an_older_python_is_tried_when_the_newest_does_not_import() {
    let old = Wheel {
        version: "5.0",
        at_import: "import sys\nif sys.version_info >= (3, 12): raise ImportError('removed in 3.12')",
        ..PLAIN
    };
    let Some(workshop) = Workshop::with(&[old]) else {
        return;
    };
    let launcher = Launcher::new(workshop.settings(), &Clock::System);
    match check(&launcher, "5.0", json!({})).await {
        Ok(answer) => {
            assert_eq!(said(Ok(answer)), "forked");
            let made = workshop.environments();
            assert_eq!(made.len(), 1);
            assert!(
                made[0].ends_with("-py3.11") || made[0].ends_with("-py3.10"),
                "{made:?}"
            );
        }
        Err(failure) => {
            eprintln!(
                "\n*** SKIPPED: this machine has no Python 3.10 or 3.11: {} ***\n",
                failure.story
            );
        }
    }
}

#[tokio::test]
async fn without_uv_pip_makes_the_environment() {
    let Some(workshop) = Workshop::with(&[PLAIN]) else {
        return;
    };
    let mut settings = workshop.settings();
    settings.uv = None;
    settings.installer.set("PATH", "/usr/bin:/bin");
    settings.installer.set("HOME", "/nowhere");
    settings.pythons = vec![python()];
    let launcher = Launcher::new(settings, &Clock::System);
    assert_eq!(said(check(&launcher, "1.0", json!({})).await), "forked");
}

#[tokio::test]
async fn two_servers_on_one_directory_install_once_and_giving_up_does_not_stop_it() {
    let Some(workshop) = Workshop::with(&[PLAIN]) else {
        return;
    };
    let (one, two) = (
        Launcher::new(workshop.settings(), &Clock::System),
        Launcher::new(workshop.settings(), &Clock::System),
    );
    let given_up = tokio::time::timeout(Duration::from_millis(50), check(&one, "1.0", json!({})));
    assert!(given_up.await.is_err());
    let installing = one.installing();
    assert_eq!(installing.len(), 1);
    assert_eq!(installing[0].package, "airbyte-source-scripted");
    let (first, second) =
        tokio::join!(check(&one, "1.0", json!({})), check(&two, "1.0", json!({})));
    assert_eq!(
        (said(first), said(second)),
        ("forked".to_owned(), "forked".to_owned())
    );
    assert_eq!(workshop.environments().len(), 1);
    assert!(one.installing().is_empty());
}

#[tokio::test]
async fn an_index_that_does_not_answer_is_for_later_and_its_password_is_not_told() {
    let Some(workshop) = Workshop::with(&[]) else {
        return;
    };
    let mut settings = workshop.settings();
    settings.installer.set("PIP_NO_INDEX", "");
    settings
        .installer
        .set("UV_INDEX_URL", "http://user:canary@127.0.0.1:1/simple");
    settings.installer.set("UV_NO_INDEX", "false");
    settings.installer.set("UV_HTTP_RETRIES", "0");
    let failure = check(&Launcher::new(settings, &Clock::System), "1.0", json!({}))
        .await
        .expect_err("no index");
    assert_eq!(failure.cause, Cause::Transient, "{failure:?}");
    assert!(
        failure.log.iter().any(|line| line.contains("127.0.0.1:1")),
        "{failure:?}"
    );
    assert!(!format!("{failure:?}").contains("canary"));
}

#[tokio::test]
async fn a_source_is_read_with_its_files_and_a_destination_written_through_its_input() {
    let Some(workshop) = Workshop::with(&[PLAIN]) else {
        return;
    };
    let launcher = Launcher::new(workshop.settings(), &Clock::System);
    let task = Task::Read {
        configuration: json!({"records": 1000}),
        catalog: json!({"streams": ["as it is"]}),
        state: Some((&json!([1])).into()),
    };
    let mut run = launcher
        .launch(&scripted("1.0"), task)
        .await
        .expect("a run");
    assert!(run.input.is_none());
    let lines: Vec<_> = BufReader::new(&run.output)
        .lines()
        .map(|line| line.expect("a line"))
        .collect();
    assert_eq!(lines.len(), 1002, "a log line, the records, the state");
    let state: Value = serde_json::from_str(&lines[1001]).expect("JSON");
    assert_eq!(
        state["state"],
        json!({"catalog": {"streams": ["as it is"]}, "state": [1]})
    );
    assert_eq!(run.errors.recv().await.as_deref(), Some("read everything"));
    assert_eq!(run.wait().await.code, Some(0));

    let task = Task::Write {
        configuration: json!({}),
        catalog: json!({"streams": []}),
    };
    let mut run = launcher
        .launch(&scripted("1.0"), task)
        .await
        .expect("a run");
    let mut input = run.input.take().expect("an input");
    input
        .take(&mut Parcel::from(
            "{\"type\":\"RECORD\"}\n{\"type\":\"STATE\",\"state\":{}}\n",
        ))
        .expect("written");
    drop(input);
    let lines: Vec<_> = BufReader::new(&run.output)
        .lines()
        .map(|line| line.expect("a line"))
        .collect();
    assert_eq!(lines[1..], [r#"{"type":"STATE","state":{}}"#]);
    let exit = run.wait().await;
    assert_eq!(exit.code, Some(0));
    assert!(exit.cpu.is_some() && exit.memory.is_some());
}
