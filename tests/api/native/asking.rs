//! Questions to native connectors inside of the server.

use std::path::Path;

use ferrobyte::connector::native::{ask, specification};
use ferrobyte::connector::{Cause, Question, Said};
use ferrobyte::domain::definition::Kind;
use ferrobyte::protocol::message::CheckStatus;
use serde_json::json;

use super::Place;

#[tokio::test]
async fn questions_are_answered_inside_of_the_server() {
    let place = Place::new();
    let ask_faker = |question| ask(Kind::Source, "faker", question, Path::new("/nowhere"));
    let answer = ask_faker(Question::Specification).await.expect("an answer");
    let Said::Specification(said) = answer.said else {
        panic!("no specification");
    };
    assert_eq!(Some(said), specification(Kind::Source, "faker"));
    let good = || json!({"count": 1});
    let answer = ask_faker(Question::Check {
        configuration: good(),
    })
    .await
    .expect("an answer");
    assert!(matches!(answer.said, Said::Status(status) if status.status == CheckStatus::Succeeded));
    let bad = || json!({"count": 0});
    let answer = ask_faker(Question::Check {
        configuration: bad(),
    })
    .await
    .expect("an answer");
    assert!(matches!(answer.said, Said::Status(status) if status.status == CheckStatus::Failed));
    let answer = ask_faker(Question::Discover {
        configuration: good(),
    })
    .await
    .expect("an answer");
    assert!(matches!(answer.said, Said::Catalog(catalog) if catalog.streams.len() == 3));
    let failure = ask_faker(Question::Discover {
        configuration: bad(),
    })
    .await
    .expect_err("refused");
    assert_eq!(failure.cause, Cause::Configuration);
    let configuration = json!({"destination_path": "people"});
    let answer = ask(
        Kind::Destination,
        "local-json",
        Question::Check { configuration },
        &place.local(),
    )
    .await;
    assert!(
        matches!(answer.expect("an answer").said, Said::Status(status) if status.status == CheckStatus::Succeeded)
    );
    let failure = ask(
        Kind::Destination,
        "faker",
        Question::Specification,
        &place.local(),
    )
    .await;
    assert_eq!(failure.expect_err("a source only").cause, Cause::Missing);
}
