//! Guessing is slowed down, and nobody is locked out by somebody else's guesses of a client secret.

use axum::body::Body;
use axum::http::Request;
use ferrobyte::error::Error;
use ferrobyte::ops::sessions;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::{CLIENT_ID, CLIENT_SECRET, EMAIL, PASSWORD, TestServer};

async fn guess(server: &TestServer, client_id: &str, secret: &str, from: &str) -> Answer {
    let body = json!({ "client_id": client_id, "client_secret": secret }).to_string();
    let request = Request::post("/api/v1/applications/token")
        .header("content-type", "application/json")
        .header("x-forwarded-for", from);
    server
        .nobody()
        .ask(request.body(Body::from(body)).expect("a request"))
        .await
}

const PROXIED: (&str, &str) = ("server.trusted_proxies", "127.0.0.1");

#[tokio::test]
async fn failures_for_one_client_are_429_with_the_time_to_wait_but_the_right_secret_passes() {
    let server = TestServer::with(&[PROXIED, ("throttle.tokens_by_client", "3")]).await;
    for number in 0..3 {
        let answer = guess(&server, CLIENT_ID, "wrong", &format!("10.0.0.{number}")).await;
        answer.problem(401);
        assert_eq!(
            answer.header("ratelimit-remaining"),
            (2 - number).to_string()
        );
        assert_eq!(answer.header("ratelimit-limit"), "3");
        assert!(answer.header("ratelimit").contains("r="), "{answer:?}");
    }
    let answer = guess(&server, CLIENT_ID, "wrong", "10.0.0.9").await;
    let problem = answer.problem(429);
    assert!(problem["error"].is_string());
    let wait: i64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{answer:?}");
    guess(&server, CLIENT_ID, CLIENT_SECRET, "10.0.0.9")
        .await
        .ok(200);
    server.wait(wait);
    guess(&server, CLIENT_ID, "wrong", "10.0.0.9")
        .await
        .problem(401);
}

#[tokio::test]
async fn failures_from_one_address_are_429_and_others_are_not_concerned() {
    let server = TestServer::with(&[PROXIED, ("throttle.tokens_by_source", "3")]).await;
    for number in 0..3 {
        guess(&server, &format!("client-{number}"), "wrong", "10.0.0.1")
            .await
            .problem(401);
    }
    guess(&server, "client-9", "wrong", "10.0.0.1")
        .await
        .problem(429);
    guess(&server, "client-9", "wrong", "10.0.0.1, 10.0.0.2")
        .await
        .problem(401);
    guess(&server, "client-9", "wrong", "10.0.0.2, 10.0.0.1")
        .await
        .problem(429);
    guess(&server, CLIENT_ID, CLIENT_SECRET, "10.0.0.1")
        .await
        .ok(200);
    let open = TestServer::with(&[("throttle.enabled", "off")]).await;
    for _ in 0..100 {
        guess(&open, CLIENT_ID, "wrong", "10.0.0.1")
            .await
            .problem(401);
    }
}

#[tokio::test]
async fn a_password_is_not_even_looked_at_once_too_many_were_wrong() {
    let server = TestServer::with(&[("throttle.logins_by_email", "2")]).await;
    let source = "10.0.0.1".parse().expect("an address");
    for _ in 0..2 {
        let refused = sessions::begin(&server.app, source, EMAIL, "wrong").await;
        assert!(matches!(refused, Err(Error::Unauthenticated(_))));
    }
    let refused = sessions::begin(&server.app, source, &EMAIL.to_uppercase(), PASSWORD).await;
    assert!(matches!(refused, Err(Error::TooMany { .. })));
    server.wait(60);
    sessions::begin(&server.app, source, EMAIL, PASSWORD)
        .await
        .expect("signed in");
}
