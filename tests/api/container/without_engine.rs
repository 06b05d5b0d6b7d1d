//! Without an engine, or with one that is not what it should be.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use ferrobyte::clock::Clock;
use ferrobyte::connector::container::{Containers, Settings};
use ferrobyte::connector::{Cause, Failure, Question};
use tempfile::TempDir;

use super::{SOON, settings, target};

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
