//! Questions to images.

use ferrobyte::connector::{Cause, Question, Said, Target};
use serde_json::json;

use super::{Here, SOON, target};
use crate::support::podman::PLAIN_TAG;

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
