//! Answers with tags, and changes that hang on them.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, header};
use ferrobyte::http::openapi;
use serde_json::{Value, json};

use crate::definitions::{brings, list_of};
use crate::support::TestServer;
use crate::support::answer::Answer;
use crate::support::people::{Person, whole};

/// Something that can be read and changed at one address, and a change that fits it.
struct Thing {
    path: String,
    /// The parts of `path` that are ids, as the document names them.
    pattern: &'static str,
    change: Option<(Method, Value)>,
    deleted: Option<u16>,
}

fn thing(pattern: &'static str, ids: &[&str]) -> Thing {
    let mut ids = ids.iter();
    let parts = pattern.split('/').map(|part| {
        if part.starts_with('{') {
            ids.next().expect("an id")
        } else {
            part
        }
    });
    Thing {
        path: parts.collect::<Vec<_>>().join("/"),
        pattern,
        change: None,
        deleted: Some(204),
    }
}

impl Thing {
    fn changed_by(self, method: Method, body: Value) -> Self {
        let change = Some((method, body));
        Self { change, ..self }
    }

    fn deleted_with(self, deleted: Option<u16>) -> Self {
        Self { deleted, ..self }
    }
}

fn id(made: &Value, name: &str) -> String {
    match &made[name] {
        Value::String(id) => id.clone(),
        number => number.to_string(),
    }
}

/// One of each kind.
async fn things(server: &TestServer, admin: &Person<'_>) -> Vec<Thing> {
    let home = admin.creates_workspace("home").await;
    let other = server.person("other", &[]).await.id;
    let made = async |path: &str, body: Value| admin.post(path, body).await.ok(200);
    let organization = "00000000-0000-0000-0000-000000000000";
    let source = admin.creates_actor("source", &home).await;
    let destination = admin.creates_actor("destination", &home).await;
    let connection = admin.creates_connection(&home).await;
    let job = made(
        "/jobs",
        json!({ "connectionId": admin.creates_connection(&home).await, "jobType": "sync" }),
    )
    .await;
    let permission = made(
        "/permissions",
        json!({ "permissionType": "workspace_reader", "userId": other, "workspaceId": home }),
    )
    .await;
    let region = made(
        "/regions",
        json!({ "name": "eu", "organizationId": organization }),
    )
    .await;
    let region = id(&region, "regionId");
    let dataplane = made("/dataplanes", json!({ "name": "one", "regionId": region })).await;
    let group = made(
        "/groups",
        json!({ "name": "all", "organizationId": organization }),
    )
    .await;
    let application = made("/applications", json!({ "name": "mine" })).await;
    let manifest = json!({ "name": "api", "manifest": { "spec": { "connection_specification": { "type": "object" } } } });
    let low_code = made(&list_of(&home, "declarative_sources"), manifest.clone()).await;
    let name = || json!({ "name": "renamed" });
    let tag = json!({ "name": "renamed", "dockerImageTag": "1.2.3" });
    vec![
        thing("/applications/{applicationId}", &[&id(&application, "id")]).deleted_with(Some(200)),
        thing("/workspaces/{workspaceId}", &[&admin.creates_workspace("w").await])
            .changed_by(Method::PATCH, name()),
        thing("/sources/{sourceId}", &[&source]).changed_by(Method::PATCH, name()),
        thing("/destinations/{destinationId}", &[&destination]).changed_by(
            Method::PUT,
            json!({ "name": "renamed", "configuration": { "test_destination": { "test_destination_type": "SILENT" } } }),
        ),
        thing("/connections/{connectionId}", &[&connection]).changed_by(Method::PATCH, name()),
        thing("/connections/{connectionId}/state", &[&admin.creates_connection(&home).await])
            .changed_by(
                Method::PUT,
                json!({ "stateType": "legacy", "state": { "cursor": 1 } }),
            )
            .deleted_with(None),
        thing("/jobs/{jobId}", &[&id(&job, "jobId")]).deleted_with(Some(200)),
        thing("/workspaces/{workspaceId}/definitions/sources/{definitionId}", &[&home, &brings(admin, &home, "sources").await])
            .changed_by(Method::PUT, tag.clone())
            .deleted_with(Some(200)),
        thing("/workspaces/{workspaceId}/definitions/destinations/{definitionId}", &[&home, &brings(admin, &home, "destinations").await])
            .changed_by(Method::PUT, tag)
            .deleted_with(Some(200)),
        thing("/workspaces/{workspaceId}/definitions/declarative_sources/{definitionId}", &[&home, &id(&low_code, "id")])
            .changed_by(Method::PUT, manifest)
            .deleted_with(Some(200)),
        thing("/tags/{tagId}", &[&admin.creates_tag("t", &home).await]).changed_by(Method::PATCH, name()),
        thing("/regions/{regionId}", &[&{
            let region = made("/regions", json!({ "name": "us", "organizationId": organization })).await;
            id(&region, "regionId")
        }])
        .changed_by(Method::PATCH, name())
        .deleted_with(Some(200)),
        thing("/dataplanes/{dataplaneId}", &[&id(&dataplane, "dataplaneId")])
            .changed_by(Method::PATCH, name())
            .deleted_with(Some(200)),
        thing("/groups/{groupId}", &[&id(&group, "groupId")]).changed_by(Method::PATCH, name()),
        thing("/permissions/{permissionId}", &[&id(&permission, "permissionId")])
            .changed_by(Method::PATCH, json!({ "permissionType": "workspace_editor" })),
        thing("/users/{userId}", &[&other.to_string()])
            .changed_by(Method::PATCH, json!({ "disabled": true }))
            .deleted_with(None),
    ]
}

async fn asked(
    who: &Person<'_>,
    method: Method,
    path: &str,
    condition: (header::HeaderName, &str),
    body: Option<&Value>,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(whole(path))
        .header(condition.0, condition.1)
        .header(header::CONTENT_TYPE, "application/json");
    let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
    who.ask(request.body(body).expect("a request")).await
}

async fn matching(
    who: &Person<'_>,
    method: Method,
    path: &str,
    tag: &str,
    body: Option<&Value>,
) -> Answer {
    asked(who, method, path, (header::IF_MATCH, tag), body).await
}

#[tokio::test]
async fn whatever_is_read_and_changed_at_one_address_has_a_tag_that_guards_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let things = things(&server, &admin).await;
    let document = serde_json::to_value(openapi::document()).expect("a document");
    let resources: BTreeSet<_> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .filter(|(_, item)| {
            let there = |method: &str| item.get(method).is_some();
            there("get") && (there("put") || there("patch") || there("delete"))
        })
        .map(|(path, _)| path.clone())
        .collect();
    let tried: BTreeSet<_> = things.iter().map(|thing| whole(thing.pattern)).collect();
    assert_eq!(resources, tried);

    for Thing {
        path,
        change,
        deleted,
        ..
    } in things
    {
        let before = admin.get(&path).await;
        let tag = before.header("etag").to_owned();
        assert!(
            tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10,
            "{path}: {tag}"
        );
        assert_eq!(admin.get(&path).await.header("etag"), tag, "{path}");
        let same = asked(
            &admin,
            Method::GET,
            &path,
            (header::IF_NONE_MATCH, &tag),
            None,
        )
        .await;
        assert_eq!(
            (same.status.as_u16(), same.text.as_str()),
            (304, ""),
            "{path}"
        );
        assert_eq!(
            (same.header("etag"), same.header("content-type")),
            (tag.as_str(), ""),
            "{path}"
        );
        let other = asked(
            &admin,
            Method::GET,
            &path,
            (header::IF_NONE_MATCH, "\"x\""),
            None,
        )
        .await;
        assert_eq!(other.ok(200), before.ok(200), "{path}");

        let mut current = tag.clone();
        if let Some((method, body)) = change {
            server.wait(1);
            let stale = matching(&admin, method.clone(), &path, "\"x\"", Some(&body)).await;
            assert_eq!(stale.problem(412)["title"], "precondition-failed", "{path}");
            assert_eq!(admin.get(&path).await.ok(200), before.ok(200), "{path}");
            matching(&admin, method.clone(), &path, &tag, Some(&body))
                .await
                .ok(200);
            let after = admin.get(&path).await;
            current = after.header("etag").to_owned();
            assert_ne!(current, tag, "{path}: {}", after.text);
            matching(&admin, method, &path, &tag, Some(&body))
                .await
                .problem(412);
        }
        if let Some(deleted) = deleted {
            matching(&admin, Method::DELETE, &path, "\"x\"", None)
                .await
                .problem(412);
            assert_eq!(admin.get(&path).await.header("etag"), current, "{path}");
            matching(&admin, Method::DELETE, &path, &current, None)
                .await
                .ok(deleted);
        }
    }
}

#[tokio::test]
async fn of_two_changes_that_saw_the_same_one_is_refused() {
    // Fewer connections than changes: none of them may wait for another for ever.
    let server = TestServer::with(&[("database.connections", "2")]).await;
    let admin = server.admin().await;
    let path = format!("/workspaces/{}", admin.first_workspace().await);
    for round in 0..5 {
        let tag = admin.get(&path).await.header("etag").to_owned();
        let names = [1, 2, 3, 4, 5].map(|number| json!({ "name": format!("{round}.{number}") }));
        let change =
            |number: usize| matching(&admin, Method::PATCH, &path, &tag, Some(&names[number]));
        let answers = tokio::join!(change(0), change(1), change(2), change(3), change(4));
        let answers: [Answer; 5] = answers.into();
        let done: Vec<_> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .collect();
        assert_eq!(done.len(), 1, "{answers:?}");
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            refused.problem(412);
        }
        assert_eq!(admin.get(&path).await.ok(200), done[0].ok(200));
    }
}

#[tokio::test]
async fn tags_come_in_lists_and_weakened_and_a_star_stands_for_any() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = format!("/workspaces/{}", admin.first_workspace().await);
    let body = json!({ "name": "other" });
    let before = admin.get(&path).await;
    let tag = before.header("etag");
    for refused in ["", "\"\"", "x", "W/\"x\", \"y\"", "\"*\"x"] {
        matching(&admin, Method::PATCH, &path, refused, Some(&body))
            .await
            .problem(412);
    }
    for accepted in [format!("\"x\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        matching(&admin, Method::PATCH, &path, &accepted, Some(&body))
            .await
            .ok(200);
        // What is as it was has the tag that it had.
        let back = json!({ "name": before.ok(200)["name"] });
        admin.patch(&path, back).await.ok(200);
        assert_eq!(admin.get(&path).await.header("etag"), tag);
    }
    let any = asked(
        &admin,
        Method::GET,
        &path,
        (header::IF_NONE_MATCH, "*"),
        None,
    )
    .await;
    assert_eq!(any.status, 304);
}

#[tokio::test]
async fn other_refusals_come_first_and_lists_have_no_tag() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = format!("/workspaces/{}", admin.first_workspace().await);
    let unknown = "/workspaces/99999999-9999-4999-8999-999999999999";
    matching(&admin, Method::DELETE, unknown, "\"x\"", None)
        .await
        .problem(404);
    let body = json!({ "name": 1 });
    matching(&admin, Method::PATCH, &path, "\"x\"", Some(&body))
        .await
        .problem(400);
    let body = json!({ "name": "mine" });
    let stranger = server.person("stranger", &[]).await;
    matching(&stranger, Method::PATCH, &path, "\"x\"", Some(&body))
        .await
        .problem(403);
    matching(&server.nobody(), Method::PATCH, &path, "*", Some(&body))
        .await
        .problem(401);
    assert_eq!(admin.get("/workspaces").await.header("etag"), "");
    assert_eq!(admin.get("/health").await.header("etag"), "");
    // What is asked with a POST hangs on nothing.
    matching(&admin, Method::POST, "/workspaces", "\"x\"", Some(&body))
        .await
        .ok(200);
}
