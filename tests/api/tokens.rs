//! Trading credentials for a token, in every way that clients do it.

use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::{CLIENT_ID, CLIENT_SECRET, TestServer};

const PATH: &str = "/api/v1/applications/token";

async fn ask(
    server: &TestServer,
    path: &str,
    media_type: &str,
    authorization: Option<String>,
    body: &str,
) -> Answer {
    let mut request = Request::post(path);
    if !media_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, media_type);
    }
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    server
        .nobody()
        .ask(
            request
                .body(Body::from(body.to_owned()))
                .expect("a request"),
        )
        .await
}

fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}")))
}

fn credentials() -> String {
    json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET }).to_string()
}

fn claims(token: &str) -> Value {
    let middle = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn every_path_and_encoding_of_real_clients_works() {
    let server = TestServer::start().await;
    let form = format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    let json = "application/json";
    let urlencoded = "application/x-www-form-urlencoded";
    for path in [
        PATH,
        "/api/v1/applications/token/",
        "/api/public/v1/applications/token",
        "/v1/applications/token",
        "/applications/token",
        "/api/public/v1/v1/applications/token",
        "/api/public/v1//applications/token",
    ] {
        let grant = |name: &str| {
            credentials().replace('}', &format!(",\"{name}\":\"client_credentials\"}}"))
        };
        for (media_type, authorization, body) in [
            (json, None, credentials()),
            ("application/json; charset=utf-8", None, grant("grant_type")),
            (json, None, grant("grant-type")),
            (json, None, grant("scope")),
            (urlencoded, None, form.clone()),
            (
                urlencoded,
                None,
                format!("grant_type=client_credentials&scope=&{form}"),
            ),
            (
                urlencoded,
                None,
                format!("grant-type=client_credentials&{form}"),
            ),
            (
                urlencoded,
                Some(basic(CLIENT_ID, CLIENT_SECRET)),
                "grant_type=client_credentials".to_owned(),
            ),
            (urlencoded, None, credentials()),
            ("", None, credentials()),
            ("", Some(basic(CLIENT_ID, CLIENT_SECRET)), String::new()),
        ] {
            let answer = ask(&server, path, media_type, authorization, &body).await;
            let token = answer.ok(200);
            assert_eq!(token["token_type"], "Bearer", "{path} {media_type} {body}");
            assert_eq!(token["expires_in"], 3600, "{path} {media_type} {body}");
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
}

#[tokio::test]
async fn a_token_says_whose_it_is_and_lives_as_long_as_it_says() {
    for (lifetime, seconds) in [("60m", 3600), ("15", 900)] {
        let server = TestServer::with(&[("tokens.lifetime", lifetime)]).await;
        let answer = ask(&server, PATH, "application/json", None, &credentials())
            .await
            .ok(200);
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        let claims = claims(&token);
        assert_eq!(claims["sub"], "00000000-0000-0000-0000-000000000000");
        assert_eq!(claims["client_id"], CLIENT_ID);
        assert_eq!(answer["expires_in"], seconds);
        assert_eq!(
            claims["exp"]
                .as_i64()
                .zip(claims["iat"].as_i64())
                .map(|(exp, iat)| exp - iat),
            Some(seconds)
        );

        let admin = crate::support::people::Person::with_token(&server, token);
        server.wait(seconds - 1);
        admin.get("/workspaces").await.ok(200);
        server.wait(1);
        let problem = admin.get("/workspaces").await.problem(401);
        assert_eq!(problem["detail"], "the access token has expired");
    }
}

#[tokio::test]
async fn wrong_credentials_are_401_in_one_voice_that_oauth_libraries_understand() {
    let server = TestServer::start().await;
    let unknown = json!({ "client_id": "nobody", "client_secret": CLIENT_SECRET });
    let wrong = json!({ "client_id": CLIENT_ID, "client_secret": "wrong" });
    let odd = json!({ "client_id": "a\u{0}b", "client_secret": "" });
    let mut voices = Vec::new();
    for body in [unknown, wrong, odd] {
        let answer = ask(&server, PATH, "application/json", None, &body.to_string()).await;
        let problem = answer.problem(401);
        assert_eq!(problem["error"], "invalid_client");
        assert_eq!(problem["error_description"], problem["detail"]);
        voices.push(problem["detail"].clone());
    }
    voices.dedup();
    assert_eq!(voices.len(), 1, "{voices:?}");
    let answer = ask(&server, PATH, "", Some(basic(CLIENT_ID, "wrong")), "").await;
    answer.problem(401);
    assert!(
        answer.header("www-authenticate").contains("Basic"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_request_without_credentials_is_told_which_field_is_missing() {
    let server = TestServer::start().await;
    for (media_type, body, faults) in [
        (
            "application/json",
            "{}",
            vec!["body /client_id", "body /client_secret"],
        ),
        (
            "application/json",
            r#"{"client_id":"x"}"#,
            vec!["body /client_secret"],
        ),
        (
            "application/x-www-form-urlencoded",
            "client_secret=x",
            vec!["body /client_id"],
        ),
        (
            "application/json",
            r#"{"client_id":1,"client_secret":"x"}"#,
            vec!["body /client_id"],
        ),
        (
            "application/json",
            r#"{"client_id":"x","client_secret":"y","grant_type":"password"}"#,
            vec!["body /grant_type"],
        ),
        (
            "application/x-www-form-urlencoded",
            "grant_type=password",
            vec!["body /grant_type"],
        ),
        ("application/json", "{", vec![]),
        ("", "", vec!["body /client_id", "body /client_secret"]),
    ] {
        let answer = ask(&server, PATH, media_type, None, body).await;
        assert_eq!(answer.faults(), faults, "{body}");
        assert!(answer.json()["error"].is_string(), "{body}");
    }
    ask(&server, PATH, "text/xml", None, "<x/>")
        .await
        .problem(415);
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_401_and_says_so() {
    let server = TestServer::start().await;
    let token = server.admin().await.token.expect("a token");
    let (head, signature) = token.rsplit_once('.').expect("three parts");
    let mut flipped = signature.to_owned();
    flipped.replace_range(0..1, if signature.starts_with('A') { "B" } else { "A" });
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let middle = token.split('.').nth(1).expect("three parts");
    for (authorization, expected) in [
        (
            format!("Bearer {head}.{flipped}"),
            "was not issued by this server",
        ),
        (
            format!("Bearer {none}.{middle}."),
            "was not issued by this server",
        ),
        ("Bearer nonsense".to_owned(), "is malformed"),
        ("Bearer ".to_owned(), "must be Bearer"),
        ("Basic Og==".to_owned(), "must be Bearer"),
        (format!("Bearer {}", "a".repeat(10_000)), "is malformed"),
    ] {
        let request =
            Request::get("/api/public/v1/workspaces").header(header::AUTHORIZATION, &authorization);
        let answer = server
            .nobody()
            .ask(request.body(Body::empty()).expect("a request"))
            .await;
        let problem = answer.problem(401);
        let shown = &authorization[..authorization.len().min(40)];
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(
            detail.contains(expected)
                || expected == "must be Bearer" && detail.contains("malformed"),
            "{shown}: {problem}"
        );
        assert!(
            answer.header("www-authenticate").starts_with("Bearer"),
            "{shown}"
        );
    }
    let problem = server.nobody().get("/workspaces").await.problem(401);
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|text| text.contains("POST /api/v1/applications/token"))
    );
}

#[tokio::test]
async fn an_old_key_checks_its_tokens_until_its_grace_is_over() {
    let server = TestServer::start().await;
    let before = server.admin().await;
    let lifetime = server.app.tokens.lifetime;
    ferrobyte::access::keys::rotate(&server.app.db, &server.app.clock, lifetime)
        .await
        .expect("a new key");
    server.wait(1);
    let after = server.admin().await;
    let kid = |person: &crate::support::people::Person<'_>| {
        let head = person
            .token
            .as_ref()
            .and_then(|token| token.split('.').next())
            .expect("a token");
        String::from_utf8(URL_SAFE_NO_PAD.decode(head).expect("base64url")).expect("text")
    };
    assert_ne!(kid(&before), kid(&after));
    before.get("/workspaces").await.ok(200);
    after.get("/workspaces").await.ok(200);

    ferrobyte::access::keys::rotate(&server.app.db, &server.app.clock, chrono::TimeDelta::zero())
        .await
        .expect("a key");
    server.wait(1);
    before.get("/workspaces").await.problem(401);
    after.get("/workspaces").await.problem(401);
    server.admin().await.get("/workspaces").await.ok(200);
}

#[tokio::test]
async fn a_key_of_the_operator_signs_and_a_former_one_still_checks() {
    const OLD: &str = "an-old-key-0123456789-0123456789-abc";
    const NEW: &str = "a-new-key-0123456789-0123456789-abcd";
    let server = TestServer::with(&[("tokens.jwt_secret", OLD)]).await;
    let token = server.admin().await.token.expect("a token");
    let db = server.app.db.clone();
    for (settings, status) in [
        (
            vec![
                ("tokens.jwt_secret", NEW),
                ("tokens.former_jwt_secrets", OLD),
            ],
            200,
        ),
        (vec![("tokens.jwt_secret", NEW)], 401),
    ] {
        let config = crate::support::config(&settings);
        let (app, _) =
            ferrobyte::ops::setup::start_on(db.clone(), config, server.app.clock.clone())
                .await
                .expect("a server");
        let caller = app
            .callers
            .recognise(&app.db, &app.clock, &app.tokens, &token)
            .await;
        assert_eq!(caller.is_ok(), status == 200);
    }
}
