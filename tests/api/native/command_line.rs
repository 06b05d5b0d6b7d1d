//! The command line of native connectors, and the exit codes that the protocol asks for.

use serde_json::json;

use super::{Place, Run, WAYS, one_stream, parse, three_streams};

#[test]
fn connectors_are_listed_without_touching_anything() {
    let place = Place::new();
    let (output, _, code) = place.output(&[], "");
    assert_eq!(code, Some(0));
    for name in [
        "source-faker",
        "destination-dev-null",
        "destination-local-json",
    ] {
        assert!(output.contains(name), "{output}");
        let (output, _, code) = place.output(&[name, "spec"], "");
        assert_eq!(code, Some(0));
        assert_eq!(parse(&output)[0]["type"], "SPEC");
    }
    assert!(!place.data().exists(), "no database, no directory");
}

#[test]
fn what_cannot_be_understood_is_answered_with_the_usage_and_2() {
    let place = Place::new();
    for words in [
        &["source-faker", "juggle"][..],
        &["source-faker"],
        &["source-faker", "check"],
    ] {
        let (output, errors, code) = place.output(words, "");
        assert_eq!((output.as_str(), code), ("", Some(2)), "{words:?}");
        assert!(errors.contains("Usage"), "{errors}");
    }
    let (_, errors, code) = place.output(&["source-nobody", "spec"], "");
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("there is no connector source-nobody"),
        "{errors}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_a_system_error_without_its_content() {
    let place = Place::new();
    let missing =
        Run::of_child(&place.output(&["source-faker", "check", "--config", "/nowhere/c"], ""));
    let (kind, message) = missing.error().expect("an error");
    assert_eq!((missing.code, kind), (Some(1), "system_error"));
    assert!(message.contains("/nowhere/c"), "{message}");
    let broken = place.0.path().join("broken");
    std::fs::write(&broken, r#"{"password": hunter2}"#).expect("written");
    let words = [
        "source-faker",
        "discover",
        "--config",
        broken.to_str().expect("text"),
    ];
    let (output, errors, code) = place.output(&words, "");
    assert_eq!(code, Some(1));
    assert!(
        output.contains("is not JSON") && !output.contains("hunter2"),
        "{output}"
    );
    assert!(!errors.contains("hunter2"), "{errors}");
}

#[test]
fn a_wrong_configuration_fails_the_check_with_0_and_everything_else_with_1() {
    let place = Place::new();
    let wrong = json!({"count": "abc", "seed": 1});
    let config = place.file("c", &wrong);
    let check = Run::of_child(&place.output(&["source-faker", "check", "--config", &config], ""));
    assert_eq!(check.code, Some(0));
    let status = &check.messages[0]["connectionStatus"];
    assert_eq!(status["status"], "FAILED");
    assert_eq!(
        status["message"],
        r#"Config validation error: count is not of type "integer""#
    );
    let discover =
        Run::of_child(&place.output(&["source-faker", "discover", "--config", &config], ""));
    let mut runs = vec![discover];
    for way in WAYS {
        runs.push(place.read(way, &wrong, &three_streams(), None));
        runs.push(place.write(
            way,
            "dev-null",
            &json!({"test_destination": {}}),
            &one_stream("append", 0, 0),
            "",
        ));
        runs.push(place.write(
            way,
            "local-json",
            &json!({}),
            &one_stream("append", 0, 0),
            "",
        ));
    }
    for run in runs {
        let (kind, message) = run.error().expect("an error");
        assert_eq!((run.code, kind), (Some(1), "config_error"), "{message}");
        assert!(run.all("RECORD").is_empty());
        assert!(run.all("LOG").iter().any(|log| log["level"] == "FATAL"));
    }
}

#[test]
fn a_catalog_or_state_of_the_wrong_form_is_a_system_error() {
    let place = Place::new();
    for way in WAYS {
        let runs = [
            place.read(
                way,
                &json!({}),
                &json!({"streams": [{"name": "users"}]}),
                None,
            ),
            place.read(
                way,
                &json!({}),
                &three_streams(),
                Some(&json!({"users": {"cursor": 1}})),
            ),
            place.read(
                way,
                &json!({}),
                &three_streams(),
                Some(&json!([{"type": "STREAM", "stream": {
                "stream_descriptor": {"name": "users"}, "stream_state": {"lsn": 5}}}])),
            ),
        ];
        for run in runs {
            assert_eq!(
                (run.code, run.error().map(|error| error.0)),
                (Some(1), Some("system_error"))
            );
        }
    }
}
