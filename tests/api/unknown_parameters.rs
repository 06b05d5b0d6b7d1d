//! Parameters that an operation does not know: never a refusal, always a warning.

use axum::http::Method;
use ferrobyte::http::openapi;

use crate::support::TestServer;

#[tokio::test]
async fn every_operation_warns_of_parameters_that_it_does_not_know() {
    let server = TestServer::start().await;
    let document = serde_json::to_value(openapi::document()).expect("a document");
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            // A provider adds what it likes, and health is not of the API.
            if operation["operationId"] == "oauthCallback" || path.starts_with("/health") {
                continue;
            }
            let method: Method = method.to_uppercase().parse().expect("a method");
            let nobody = server.nobody();
            let answer = nobody
                .send(method.clone(), &format!("{path}?nonsense=1"), None)
                .await;
            let warning = answer.header("warning");
            assert!(
                warning.starts_with(
                    "299 - \"ignored unknown query parameters: nonsense; known here: "
                ),
                "{method} {path}: {warning}"
            );
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().expect("a name");
                if parameter["in"] == "query" {
                    assert!(warning.contains(name), "{method} {path}: {warning}");
                    let known = nobody
                        .send(method.clone(), &format!("{path}?{name}=1"), None)
                        .await;
                    assert_eq!(known.header("warning"), "", "{method} {path}?{name}");
                }
            }
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked}");
}

#[tokio::test]
async fn an_unknown_parameter_changes_nothing_but_the_header() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let plain = admin.get("/workspaces?limit=5").await;
    let answer = admin
        .get("/workspaces?limit=5&workspaceId=1&x%0d%0aSet-Cookie:a=b")
        .await;
    assert_eq!(answer.ok(200), plain.ok(200));
    assert_eq!(plain.header("warning"), "");
    assert!(
        answer
            .header("warning")
            .contains("parameters: workspaceId, x??Set-Cookie?a; known here: workspaceIds, "),
        "{answer:?}"
    );
    assert_eq!(answer.header("set-cookie"), "");
    // A refusal for another reason warns as well.
    let refused = admin.get("/workspaces?limit=0&ofset=1").await;
    assert_eq!(refused.faults(), ["query /limit"]);
    assert!(refused.header("warning").contains("ofset"));
    // Nothing of ours is there to know parameters.
    let nowhere = admin.get("/api/public/v1/nope?a=1").await;
    nowhere.problem(404);
    assert_eq!(nowhere.header("warning"), "");
}
