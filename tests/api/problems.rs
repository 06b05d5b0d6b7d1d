//! Failures: one shape everywhere, the right code, a sentence that helps.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn unknown_routes_are_404_and_known_ones_say_which_methods_they_answer() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for path in [
        "/api/public/v1/nope",
        "/api/v1/connections/nope",
        "/nope",
        "/api",
        "/v1/nope/",
    ] {
        for person in [&server.nobody(), &admin] {
            let problem = person
                .send(Method::POST, path, Some(json!({})))
                .await
                .problem(404);
            assert!(
                problem["detail"]
                    .as_str()
                    .is_some_and(|text| text.contains("openapi.json")),
                "{problem}"
            );
        }
    }
    for (path, allowed) in [
        ("/workspaces", "GET"),
        ("/applications", "POST"),
        ("/organizations", "GET"),
    ] {
        let answer = admin.send(Method::PUT, path, Some(json!({}))).await;
        answer.problem(405);
        assert!(
            answer.header("allow").contains(allowed),
            "{path}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn bodies_must_be_json_and_of_a_sane_size() {
    let server = TestServer::with(&[("server.body_limit", "1000")]).await;
    let admin = server.admin().await;
    let ask = async |media_type: &str, body: &str| {
        let request =
            Request::post("/api/public/v1/workspaces").header(header::CONTENT_TYPE, media_type);
        admin
            .ask(
                request
                    .body(Body::from(body.to_owned()))
                    .expect("a request"),
            )
            .await
    };
    ask("text/plain", "{}").await.problem(415);
    ask("application/x-www-form-urlencoded", "name=x")
        .await
        .problem(415);
    ask(
        "application/json",
        &format!(r#"{{"name":"{}"}}"#, "x".repeat(1000)),
    )
    .await
    .problem(413);
    for broken in [
        "",
        "{",
        "nonsense",
        r#"{"name":"a"} x"#,
        r#"{"name":"a",}"#,
        "\u{feff}{}",
        r#"{"name":"\ud800"}"#,
    ] {
        let problem = ask("application/json", broken).await.problem(400);
        assert_eq!(problem["title"], "bad-request", "{broken}");
    }
    let deep = format!(
        r#"{{"name":"a","notifications":{}{}}}"#,
        "[".repeat(300),
        "]".repeat(300)
    );
    ask("application/json", &deep).await.problem(400);
    ask("application/merge-patch+json", r#"{"name":"a"}"#)
        .await
        .ok(200);
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let server = TestServer::start().await;
    let ask = async |id: &str| {
        let request = Request::get("/api/public/v1/workspaces").header("x-request-id", id);
        let answer = server
            .nobody()
            .ask(request.body(Body::empty()).expect("a request"))
            .await;
        answer.problem(401);
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(ask("trace-1.2:3_4").await, "trace-1.2:3_4");
    for odd in ["", "with space", "<script>", &"a".repeat(65)] {
        let id = ask(odd).await;
        assert!(id != odd && id.len() > 10, "{odd}: {id}");
    }
    assert_ne!(ask("").await, ask("").await);
}

#[tokio::test]
async fn a_missing_database_is_503_and_tells_the_caller_nothing_of_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    server.app.db.close().await;
    server.wait(10);
    for path in [
        "/health",
        "/api/public/v1/health",
        "/api/v1/health",
        "/health/ready",
        "/api/public/v1/workspaces",
    ] {
        let problem = admin.get(path).await.problem(503);
        assert_eq!(problem["title"], "service-unavailable", "{path}");
        assert!(
            !problem.to_string().to_lowercase().contains("pool"),
            "{problem}"
        );
    }
    admin.get("/health/live").await.ok(200);
}

#[tokio::test]
async fn health_is_open_to_everybody() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    assert_eq!(
        nobody.get("/api/public/v1/health").await.ok(200),
        "Successful operation"
    );
    for path in [
        "/health",
        "/health/live",
        "/health/ready",
        "/api/v1/health",
        "/api/v1/health/",
    ] {
        assert_eq!(
            nobody.get(path).await.ok(200),
            json!({ "available": true }),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_documentation_and_the_numbers_are_open_to_everybody() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    for path in [
        "/api/public",
        "/api/public/",
        "/api/public/v1",
        "/api/public/v1/",
    ] {
        let page = nobody.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{path}"
        );
        assert!(
            page.text
                .contains("/api/public/v1/workspaces/{workspaceId}"),
            "{path}"
        );
        assert!(
            page.header("content-security-policy")
                .contains("default-src 'none'"),
            "{path}"
        );
    }
    assert_eq!(
        nobody.get("/api/public/v1/openapi.json").await.ok(200)["openapi"],
        "3.1.0"
    );
    let numbers = nobody.get("/metrics").await;
    assert_eq!(numbers.status, 200);
    assert!(
        numbers
            .text
            .contains("ferrobyte_http_request_duration_seconds_count{"),
        "{}",
        numbers.text
    );
    let off = TestServer::with(&[("server.metrics", "off")]).await;
    off.nobody().get("/metrics").await.problem(404);
}
