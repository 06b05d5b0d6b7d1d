//! Links with which people choose their password.

use axum::body::Body;
use axum::http::{Method, Request};
use ferrobyte::domain::ids::OrganizationId;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::people::Person;
use crate::support::{EMAIL, PASSWORD, TestServer};

const GRACE: &str = "grace@example.org";
const CHOSEN: &str = "a password of grace";

/// Grace as she is added, with her link.
async fn added(admin: &Person<'_>) -> Value {
    let body =
        json!({ "organizationId": OrganizationId::DEFAULT, "name": "Grace", "email": GRACE });
    admin.post("/users", body).await.ok(200)
}

/// The token of a link.
fn token(invitation: &Value) -> &str {
    let url = invitation["url"].as_str().expect("a link");
    let (page, token) = url.split_once("/invitation?token=").expect("a token");
    assert!(page.starts_with("http://"), "{url}");
    assert_eq!(token.len(), 43);
    token
}

async fn open(server: &TestServer, token: &str) -> Answer {
    let request = Request::get(format!("/invitation?token={token}")).body(Body::empty());
    server.nobody().ask(request.expect("a request")).await
}

async fn choose(server: &TestServer, token: &str, password: &str, repeat: &str) -> Answer {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([("token", token), ("password", password), ("repeat", repeat)]);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/invitation")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.finish()));
    server.nobody().ask(request.expect("a request")).await
}

#[tokio::test]
async fn somebody_with_a_link_chooses_their_password_once_and_is_signed_in() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let grace = added(&admin).await;
    let token = token(&grace["invitation"]);
    let page = open(&server, token).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(GRACE), "{}", page.text);

    let refused = choose(&server, token, CHOSEN, "another").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("not the same"), "{}", refused.text);
    let refused = choose(&server, token, "short", "short").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("at least 8"), "{}", refused.text);

    let done = choose(&server, token, CHOSEN, CHOSEN).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/"));
    assert!(done.header("set-cookie").starts_with("ferrobyte_session="));
    Browser::of(&server, GRACE, CHOSEN).await;
    for again in [
        open(&server, token).await,
        choose(&server, token, "another password", "another password").await,
    ] {
        assert_eq!(again.status, 404);
        assert!(again.text.contains("does not work any more"));
    }

    let log = "/organizations/00000000-0000-0000-0000-000000000000/auditLog";
    let of_grace = format!("{log}?userId={}", grace["id"].as_str().expect("an id"));
    let rows = admin.get(&of_grace).await.ok(200);
    assert_eq!(rows["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(rows["data"][0]["operation"], "POST /invitation");
    assert_eq!(rows["data"][0]["subjectId"], grace["id"]);
}

#[tokio::test]
async fn a_link_ends_with_its_week_and_with_the_next_one() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let grace = added(&admin).await;
    let first = token(&grace["invitation"]);
    let path = format!("/users/{}/invitation", grace["id"].as_str().expect("an id"));
    let next = admin.post(&path, json!({})).await.ok(200);
    let second = token(&next);
    assert_eq!(open(&server, first).await.status, 404);
    assert_eq!(open(&server, second).await.status, 200);
    server.wait(7 * 86_400 - 1);
    assert_eq!(open(&server, second).await.status, 200);
    server.wait(1);
    assert_eq!(open(&server, second).await.status, 404);
    let late = choose(&server, second, CHOSEN, CHOSEN).await;
    assert_eq!(late.status, 404);
}

#[tokio::test]
async fn a_link_for_who_forgot_a_password_leaves_it_until_it_is_used() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let grace = added(&admin).await;
    choose(&server, token(&grace["invitation"]), CHOSEN, CHOSEN).await;
    let id = grace["id"].as_str().expect("an id");
    let path = format!("/users/{id}/invitation");
    let link = admin.post(&path, json!({})).await.ok(200);
    Browser::of(&server, GRACE, CHOSEN).await;

    // Disabled, she has no link; enabled again, the one that she had.
    let switch = async |disabled: bool| {
        let body = json!({ "disabled": disabled });
        admin.patch(&format!("/users/{id}"), body).await.ok(200)
    };
    switch(true).await;
    assert_eq!(open(&server, token(&link)).await.status, 404);
    admin.post(&path, json!({})).await.problem(409);
    switch(false).await;
    let other = "another password";
    let done = choose(&server, token(&link), other, other).await;
    assert_eq!(done.status, 303);
    Browser::of(&server, GRACE, other).await;

    // A password changed otherwise ends the link too.
    let link = admin.post(&path, json!({})).await.ok(200);
    let grace = Browser::of(&server, GRACE, other).await;
    let fields = [("current", other), ("new", CHOSEN), ("repeat", CHOSEN)];
    assert_eq!(grace.post("/settings/password", &fields).await.status, 303);
    assert_eq!(open(&server, token(&link)).await.status, 404);
}

#[tokio::test]
async fn a_service_account_is_not_invited() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body =
        json!({ "organizationId": OrganizationId::DEFAULT, "name": "etl", "serviceAccount": true });
    let made = admin.post("/users", body).await.ok(200);
    let path = format!("/users/{}/invitation", made["id"].as_str().expect("an id"));
    admin.post(&path, json!({})).await.problem(422);
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    assert_eq!(ada.get("/invitation").await.status, 404);
    assert_eq!(ada.get("/invitation?token=").await.status, 404);
}
