//! Connectors of the public package index, as they are: installed once for all tests, below `target`.
//! They know nothing of our database, so that one run of the suite is enough.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ferrobyte::clock::Clock;
use ferrobyte::connector::{
    Answer, Cause, Failure, Launcher, Limits, Manifest, Question, Said, Settings, Target, Task,
};
use ferrobyte::domain::definition::{Kind, Runtime};
use ferrobyte::protocol::message::CheckStatus;
use serde_json::{Value, json};

use crate::support::DATA;
use crate::support::engine::is_postgres;
use crate::support::pokemon;
use crate::support::python::{package, settings};

/// Downloading included.
const LONG: Duration = Duration::from_mins(3);

/// The usual settings, unless there is nothing to run here.
fn here() -> Option<Settings> {
    (!is_postgres() && there()).then(|| settings(Path::new(DATA)))
}

/// Whether this machine has a Python that connectors of the index work with.
pub fn there() -> bool {
    there_are(&[10, 11, 12])
}

/// The same with an older one, as the file source needs it.
pub fn there_is_an_old_one() -> bool {
    there_are(&[10, 11])
}

fn there_are(minors: &[u8]) -> bool {
    let settings = settings(Path::new(DATA));
    let variable = |name| settings.installer.get(name).unwrap_or_default().to_owned();
    let (home, path) = (variable("HOME"), variable("PATH"));
    let there = minors.iter().any(|minor| {
        let look = format!(
            "IFS=:; for d in {path}:; do \"$d/python3.{minor}\" -c '' 2>/dev/null && exit 0; done; \
             ls '{home}'/.pyenv/versions/3.{minor}.*/bin/python3 >/dev/null 2>&1"
        );
        let look = Command::new("sh").args(["-c", &look]).status();
        look.is_ok_and(|status| status.success())
    });
    if !there {
        eprintln!(
            "\n*** SKIPPED: connectors of the package index. They need Python 3 with one of the minor versions \
             {minors:?}, and this machine has none. ***\n"
        );
    }
    there
}

fn check(configuration: &Value) -> Question {
    Question::Check {
        configuration: configuration.clone(),
    }
}

#[track_caller]
fn status(answer: Result<Answer, Failure>) -> (CheckStatus, String) {
    match answer.expect("an answer").said {
        Said::Status(status) => (status.status, status.message.unwrap_or_default()),
        other => panic!("a status, not {other:?}"),
    }
}

#[track_caller]
fn streams(answer: Result<Answer, Failure>) -> Vec<String> {
    match answer.expect("an answer").said {
        Said::Catalog(catalog) => catalog
            .streams
            .into_iter()
            .map(|stream| stream.name)
            .collect(),
        other => panic!("a catalog, not {other:?}"),
    }
}

#[track_caller]
fn properties(answer: Result<Answer, Failure>) -> Vec<String> {
    match answer.expect("an answer").said {
        Said::Specification(spec) => {
            let properties = spec.connection_specification["properties"].as_object();
            properties.expect("properties").keys().cloned().collect()
        }
        other => panic!("a specification, not {other:?}"),
    }
}

#[tokio::test]
async fn faker_answers_every_question_and_a_warm_one_in_a_fifth_of_the_time() {
    let Some(settings) = here() else { return };
    let target = package("airbyte-source-faker", "7.2.1");
    let (good, bad) = (json!({"count": 10}), json!({"count": "many"}));
    let warm = Launcher::new(settings.clone(), &Clock::System);
    let cold = Launcher::new(
        Settings {
            warm_parents: 0,
            ..settings
        },
        &Clock::System,
    );
    let spec = warm.ask(&target, Question::Specification, LONG).await;
    assert_eq!(properties(spec)[0], "count");
    let discover = Question::Discover {
        configuration: good.clone(),
    };
    assert_eq!(
        streams(warm.ask(&target, discover, LONG).await),
        ["products", "users", "purchases"]
    );
    for launcher in [&warm, &cold] {
        let (outcome, message) = status(launcher.ask(&target, check(&bad), LONG).await);
        assert_eq!(outcome, CheckStatus::Failed);
        assert!(
            message.contains("'many' is not of type 'integer'"),
            "{message}"
        );
        let discover = Question::Discover {
            configuration: bad.clone(),
        };
        let failure = launcher
            .ask(&target, discover, LONG)
            .await
            .expect_err("refused");
        assert_eq!(failure.cause, Cause::Configuration, "{failure:?}");
    }
    let fastest = async |launcher: &Launcher| {
        let mut fastest = LONG;
        for _ in 0..3 {
            let began = Instant::now();
            let answer = launcher.ask(&target, check(&good), LONG).await;
            fastest = fastest.min(began.elapsed());
            assert_eq!(status(answer).0, CheckStatus::Succeeded);
        }
        fastest
    };
    let (slow, fast) = (fastest(&cold).await, fastest(&warm).await);
    let ratio = fast.as_secs_f64() / slow.as_secs_f64();
    println!("check of faker: cold {slow:?}, warm {fast:?}, ratio {ratio:.3}");
    assert!(ratio <= 0.2, "cold {slow:?}, warm {fast:?}");
}

#[tokio::test]
async fn hardcoded_records_are_checked_discovered_and_read() {
    let Some(settings) = here() else { return };
    let launcher = Launcher::new(settings, &Clock::System);
    let target = package("airbyte-source-hardcoded-records", "0.0.48");
    let configuration = json!({"count": 5});
    let spec = launcher.ask(&target, Question::Specification, LONG).await;
    assert_eq!(properties(spec), ["count"]);
    let good = launcher.ask(&target, check(&configuration), LONG).await;
    assert_eq!(status(good).0, CheckStatus::Succeeded);
    let bad = launcher
        .ask(&target, check(&json!({"count": "many"})), LONG)
        .await;
    assert_eq!(status(bad).0, CheckStatus::Failed);
    let discover = Question::Discover {
        configuration: configuration.clone(),
    };
    let Said::Catalog(catalog) = launcher
        .ask(&target, discover, LONG)
        .await
        .expect("an answer")
        .said
    else {
        panic!("a catalog");
    };
    let stream = &catalog.streams[0];
    let task = Task::Read {
        configuration,
        catalog: json!({"streams": [{"stream": stream, "sync_mode": "full_refresh",
            "destination_sync_mode": "append"}]}),
        state: None,
    };
    let mut run = launcher.launch(&target, task).await.expect("a run");
    let lines = BufReader::new(&run.output)
        .lines()
        .map(|line| line.expect("a line"));
    let records = lines
        .filter(|line| line.contains(r#""type":"RECORD""#))
        .count();
    assert_eq!(records, 5);
    let exit = run.wait().await;
    assert_eq!(exit.code, Some(0));
    assert!(exit.memory.expect("measured") > 30 << 20);
}

fn low_code(manifest: Value, components: Option<&str>) -> Target {
    Target {
        kind: Kind::Source,
        runtime: Runtime::Manifest,
        repository: String::new(),
        tag: String::new(),
        manifest: Some(Manifest {
            manifest,
            components: components.map(str::to_owned),
        }),
        limits: Limits::default(),
    }
}

#[tokio::test]
async fn a_manifest_tells_its_specification_without_running_anything() {
    let settings = Settings {
        supervisor: "/nowhere/ferrobyte".into(),
        pythons: vec!["/nowhere/python3".to_owned()],
        ..settings(Path::new(DATA))
    };
    let target = low_code(pokemon::manifest(), None);
    let answer = Launcher::new(settings, &Clock::System)
        .ask(&target, Question::Specification, LONG)
        .await
        .expect("an answer");
    let Said::Specification(spec) = &answer.said else {
        panic!("a specification");
    };
    assert_eq!(spec.rest["documentationUrl"], "https://pokemon.example");
    assert_eq!(properties(Ok(answer)), ["pokemon_name", "server", "token"]);
}

#[tokio::test]
async fn a_manifest_is_checked_discovered_and_read_by_the_generic_runner() {
    let Some(settings) = here() else { return };
    let launcher = Launcher::new(settings, &Clock::System);
    let target = low_code(pokemon::manifest(), None);
    let server = pokemon::server();
    let configuration =
        |name: &str, token: &str| json!({"pokemon_name": name, "server": server, "token": token});
    let good = configuration("ditto", pokemon::TOKEN);
    let answer = launcher.ask(&target, check(&good), LONG).await;
    assert_eq!(status(answer).0, CheckStatus::Succeeded);
    let unknown = configuration("missingno", pokemon::TOKEN);
    let answer = launcher.ask(&target, check(&unknown), LONG).await;
    let (outcome, message) = status(answer);
    assert_eq!(outcome, CheckStatus::Failed);
    assert!(message.contains("there is no such pokemon"), "{message}");
    let answer = launcher
        .ask(
            &target,
            check(&configuration("ditto", "wrong-canary")),
            LONG,
        )
        .await;
    let (outcome, message) = status(answer);
    assert_eq!(outcome, CheckStatus::Failed);
    assert!(!message.contains("wrong-canary"), "{message}");
    let discover = Question::Discover {
        configuration: good.clone(),
    };
    let answer = launcher
        .ask(&target, discover, LONG)
        .await
        .expect("an answer");
    assert_eq!(answer.new_configuration, None);
    let Said::Catalog(catalog) = answer.said else {
        panic!("a catalog");
    };
    let names: Vec<_> = catalog.streams.iter().map(|stream| &stream.name).collect();
    assert_eq!(names, ["pokemon", "names"]);
    let task = Task::Read {
        configuration: good,
        catalog: json!({"streams": [{"stream": catalog.streams[0], "sync_mode": "full_refresh",
            "destination_sync_mode": "append"}]}),
        state: None,
    };
    let mut run = launcher.launch(&target, task).await.expect("a run");
    let lines = BufReader::new(&run.output)
        .lines()
        .map(|line| line.expect("a line"));
    let records: Vec<_> = lines
        .filter(|line| line.contains(r#""type":"RECORD""#))
        .collect();
    assert_eq!(records.len(), 1);
    let record: Value = serde_json::from_str(&records[0]).expect("JSON");
    assert_eq!(record["record"]["data"], pokemon::ditto());
    assert_eq!(run.wait().await.code, Some(0));
}

#[tokio::test]
async fn code_in_a_manifest_runs_only_when_the_operator_allows_it() {
    let Some(settings) = here() else { return };
    let mut manifest = pokemon::manifest();
    manifest["streams"][0]["transformations"] = json!([{
        "type": "CustomTransformation",
        "class_name": "source_declarative_manifest.components.Refuse",
    }]);
    let components = "
from airbyte_cdk.sources.declarative.transformations import RecordTransformation

class Refuse(RecordTransformation):
    def transform(self, record, config=None, stream_state=None, stream_slice=None):
        raise RuntimeError('the custom code ran')
";
    let server = pokemon::server();
    let configuration = json!({"pokemon_name": "ditto", "server": server, "token": pokemon::TOKEN});
    let target = low_code(manifest.clone(), Some(components));
    let careful = Launcher::new(settings.clone(), &Clock::System);
    let failure = careful
        .ask(&target, check(&configuration), LONG)
        .await
        .expect_err("refused");
    assert_eq!(failure.cause, Cause::Missing);
    assert!(
        failure.message.contains("connectors.unsafe_code"),
        "{}",
        failure.message
    );
    // Neither do they get in through the configuration.
    let mut smuggled = configuration.clone();
    smuggled["__injected_components_py"] = components.into();
    let outcome = careful
        .ask(&low_code(manifest, None), check(&smuggled), LONG)
        .await;
    assert!(
        !format!("{outcome:?}").contains("the custom code ran"),
        "{outcome:?}"
    );
    let trusting = Launcher::new(
        Settings {
            unsafe_code: true,
            ..settings
        },
        &Clock::System,
    );
    let outcome = trusting.ask(&target, check(&configuration), LONG).await;
    assert!(
        format!("{outcome:?}").contains("the custom code ran"),
        "{outcome:?}"
    );
}

/// The one that asks for most: half a gigabyte of packages, and no Python newer than 3.11.
#[tokio::test]
async fn the_file_source_with_its_old_python_is_checked_and_discovered() {
    let Some(settings) = here().filter(|_| there_is_an_old_one()) else {
        return;
    };
    let launcher = Launcher::new(settings, &Clock::System);
    let target = package("airbyte-source-file", "0.5.39");
    let spec = launcher.ask(&target, Question::Specification, LONG).await;
    let spec = properties(spec);
    for name in ["dataset_name", "format", "provider", "url"] {
        assert!(spec.contains(&name.to_owned()), "{spec:?}");
    }
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("pets.csv");
    std::fs::write(&file, "name,legs\nrex,4\n").expect("written");
    let configuration = |url: &Path| json!({"dataset_name": "pets", "format": "csv", "url": url, "provider": {"storage": "local"}});
    let good = launcher
        .ask(&target, check(&configuration(&file)), LONG)
        .await;
    assert_eq!(status(good).0, CheckStatus::Succeeded);
    let bad = launcher
        .ask(
            &target,
            check(&configuration(Path::new("/nowhere.csv"))),
            LONG,
        )
        .await;
    assert_eq!(status(bad).0, CheckStatus::Failed);
    let discover = Question::Discover {
        configuration: configuration(&file),
    };
    assert_eq!(
        streams(launcher.ask(&target, discover, LONG).await),
        ["pets"]
    );
}
