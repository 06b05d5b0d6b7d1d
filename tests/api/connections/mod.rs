//! Connections: as they are sent and as they come back, changed, removed, listed.

use axum::http::Method;
use ferrobyte::domain::job::JobStatus;
use ferrobyte::ops::mapper_keys;
use ferrobyte::store::db::{Exec as _, Link};
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;
use crate::support::worker::Worker;

const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";
const MASK: &str = "**********";
const KEY: &str = "00112233445566778899aabbccddeeff";

/// A source and a destination in a workspace, as the body of a connection.
async fn pair(person: &Person<'_>, workspace: &str) -> Value {
    let source = person.creates_actor("source", workspace).await;
    let destination = person.creates_actor("destination", workspace).await;
    json!({ "sourceId": source, "destinationId": destination })
}

fn with(base: &Value, more: Value) -> Value {
    let (mut body, Value::Object(more)) = (base.clone(), more) else {
        panic!("more is no object");
    };
    body.as_object_mut().expect("an object").extend(more);
    body
}

fn names(connection: &Value) -> Vec<&str> {
    let streams = connection["configurations"]["streams"].as_array();
    let streams = streams.expect("streams").iter();
    streams
        .map(|stream| stream["name"].as_str().expect("a name"))
        .collect()
}

async fn one(server: &TestServer, text: &'static str) -> Option<i64> {
    let mut db = server.app.db.read().await.expect("a reader");
    match db.link() {
        Link::Postgres(link) => sqlx::query_scalar(text).fetch_one(link).await,
        Link::Sqlite(link) => sqlx::query_scalar(text).fetch_one(link).await,
    }
    .expect("a number")
}

#[tokio::test]
async fn the_least_request_takes_everything_that_the_source_offers() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    for nothing in [
        json!({}),
        json!({ "configurations": null, "schedule": null, "namespaceFormat": null, "tags": null, "status": null }),
        json!({ "configurations": { "streams": [] }, "dataResidency": "auto", "tags": [] }),
        json!({ "configurations": { "streams": null }, "dataResidency": null }),
    ] {
        let answer = admin.post("/connections", with(&base, nothing)).await;
        let made = answer.ok(200);
        let id = made["connectionId"].as_str().expect("an id");
        let stream = |name| {
            json!({ "name": name, "syncMode": "full_refresh_overwrite", "includeFiles": false,
                    "selectedFields": [], "mappers": [] })
        };
        let expected = json!({
            "connectionId": id, "name": "pets <> pets", "sourceId": base["sourceId"],
            "destinationId": base["destinationId"], "workspaceId": home, "status": "active",
            "schedule": { "scheduleType": "manual" }, "dataResidency": "auto",
            "nonBreakingSchemaUpdatesBehavior": "ignore", "namespaceDefinition": "destination", "prefix": "",
            "configurations": { "streams": [stream("products"), stream("users"), stream("purchases")] },
            "createdAt": 1_893_456_000, "tags": [],
        });
        assert_eq!(answer.text, expected.to_string());
        let read = admin.get(&format!("/connections/{id}")).await;
        assert_eq!(read.text, answer.text);
    }
}

#[tokio::test]
async fn what_was_sent_comes_back_in_the_order_sent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let streams = json!([
        { "name": "users", "syncMode": "incremental_deduped_history", "cursorField": ["updated_at"],
          "primaryKey": [["id"]], "includeFiles": false,
          "selectedFields": [{ "fieldPath": ["updated_at"] }, { "fieldPath": ["id"] }, { "fieldPath": ["name"] }],
          "mappers": [{ "id": "1f0a6f2b-2c0b-4f3e-9d6a-0c1f871d7e5a", "type": "hashing", "mapperConfiguration":
              { "targetField": "name", "method": "SHA-256", "fieldNameSuffix": "_hashed" } }] },
        // Ignored by the mode, and still what the caller has in mind.
        { "name": "products", "syncMode": "full_refresh_append", "cursorField": ["price"],
          "primaryKey": [["make"], ["model"]], "includeFiles": false, "selectedFields": [], "mappers": [] },
    ]);
    let sent = json!({ "name": "my way", "status": "inactive", "prefix": "raw_",
        "namespaceDefinition": "custom_format", "namespaceFormat": "lake_${SOURCE_NAMESPACE}",
        "nonBreakingSchemaUpdatesBehavior": "propagate_fully",
        "schedule": { "scheduleType": "cron", "cronExpression": "0 30 6 ? * MON-FRI Europe/Berlin" },
        "configurations": { "streams": streams } });
    let made = admin
        .post("/connections", with(&base, sent.clone()))
        .await
        .ok(200);
    for (name, value) in sent.as_object().expect("members") {
        assert_eq!(made[name], *value, "{name}");
    }
    assert_eq!(
        made["configurations"].to_string(),
        sent["configurations"].to_string()
    );
    // What comes back can be sent back.
    let id = made["connectionId"].as_str().expect("an id");
    let path = format!("/connections/{id}");
    assert_eq!(admin.patch(&path, made.clone()).await.ok(200), made);
}

#[tokio::test]
async fn what_does_not_fit_is_400_and_names_its_place() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let stream = |stream: Value| json!({ "configurations": { "streams": [stream] } });
    let cron =
        |text: &str| json!({ "schedule": { "scheduleType": "cron", "cronExpression": text } });
    for (more, place) in [
        (json!({ "sourceId": "x" }), "sourceId"),
        (json!({ "destinationId": null }), "destinationId"),
        (json!({ "name": " " }), "name"),
        (json!({ "prefix": "a\u{0}" }), "prefix"),
        (json!({ "namespaceFormat": "a\u{0}" }), "namespaceFormat"),
        (json!({ "namespaceDefinition": "x" }), "namespaceDefinition"),
        (json!({ "status": "deprecated" }), "status"),
        (
            json!({ "schedule": { "scheduleType": "basic" } }),
            "schedule/scheduleType",
        ),
        (
            json!({ "schedule": { "scheduleType": "cron" } }),
            "schedule/cronExpression",
        ),
        (cron("* * * * * ?"), "schedule/cronExpression"),
        (cron("0 0 12 * * ? Nowhere/Land"), "schedule/cronExpression"),
        (cron("0 99 * * * ?"), "schedule/cronExpression"),
        (json!({ "tags": [{ "tagId": UNKNOWN }] }), "tags/0/tagId"),
        (
            stream(json!({ "name": "ghosts" })),
            "configurations/streams/0/name",
        ),
        (
            stream(json!({ "name": "users", "selectedFields": [{ "fieldPath": ["ghost"] }] })),
            "configurations/streams/0/selectedFields",
        ),
        (
            stream(json!({ "name": "users", "syncMode": "incremental_soft_delete" })),
            "configurations/streams/0/syncMode",
        ),
        (
            stream(
                json!({ "name": "users", "mappers": [{ "type": "field-filtering", "mapperConfiguration": { "targetField": "ghost" } }] }),
            ),
            "configurations/streams/0/mappers/0",
        ),
    ] {
        let answer = admin.post("/connections", with(&base, more.clone())).await;
        assert_eq!(answer.faults(), [format!("body /{place}")], "{more}");
    }
    assert_eq!(
        one(&server, "SELECT COUNT(*) FROM connections").await,
        Some(0)
    );
}

#[tokio::test]
async fn both_ends_must_exist_and_be_of_one_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let there = admin.creates_workspace("there").await;
    let (here, other) = (pair(&admin, &home).await, pair(&admin, &there).await);
    let body = json!({ "sourceId": here["sourceId"], "destinationId": other["destinationId"] });
    admin.post("/connections", body).await.problem(422);
    for (body, kind) in [
        (
            with(&here, json!({ "sourceId": UNKNOWN })),
            "SOURCE_CONNECTION",
        ),
        (
            with(&here, json!({ "destinationId": UNKNOWN })),
            "DESTINATION_CONNECTION",
        ),
    ] {
        let problem = admin.post("/connections", body).await.problem(404);
        assert_eq!(problem["data"]["resourceType"], kind);
    }
    let problem = admin
        .get(&format!("/connections/{UNKNOWN}"))
        .await
        .problem(404);
    assert_eq!(problem["data"]["resourceType"], "STANDARD_SYNC");
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let id = admin.creates_connection(&home).await;
    let path = format!("/connections/{id}");
    let before = admin.get(&path).await.ok(200);
    for nothing in [
        json!({}),
        json!({ "name": null, "configurations": { "streams": [] }, "namespaceFormat": null, "sourceId": UNKNOWN }),
        json!({ "configurations": {}, "dataResidency": "us", "schedule": null, "tags": null }),
    ] {
        assert_eq!(admin.patch(&path, nothing).await.ok(200), before);
    }
    for (name, value) in [
        ("name", json!("cats")),
        ("prefix", json!("raw_")),
        ("prefix", json!("")),
        ("namespaceDefinition", json!("source")),
        ("namespaceFormat", json!("x")),
        (
            "nonBreakingSchemaUpdatesBehavior",
            json!("disable_connection"),
        ),
        ("status", json!("inactive")),
        (
            "schedule",
            json!({ "scheduleType": "cron", "cronExpression": "0 0 12 * * ?" }),
        ),
    ] {
        let mut expected = admin.get(&path).await.ok(200);
        expected[name] = value.clone();
        let changed = admin.patch(&path, json!({ name: value })).await.ok(200);
        assert_eq!(changed, expected);
        assert_eq!(admin.get(&path).await.ok(200), expected);
    }
    // As Terraform turns a schedule manual.
    let manual =
        json!({ "schedule": { "scheduleType": "manual", "cronExpression": "0 0 12 * * ?" } });
    let changed = admin.patch(&path, manual).await.ok(200);
    assert_eq!(changed["schedule"], json!({ "scheduleType": "manual" }));
    let two =
        json!({ "configurations": { "streams": [{ "name": "users" }, { "name": "products" }] } });
    assert_eq!(
        names(&admin.patch(&path, two).await.ok(200)),
        ["users", "products"]
    );
    let wrong =
        json!({ "configurations": { "streams": [{ "name": "users" }, { "name": "ghosts" }] } });
    let wrong = admin.patch(&path, wrong).await;
    assert_eq!(wrong.faults(), ["body /configurations/streams/1/name"]);
}

#[tokio::test]
async fn the_next_run_follows_schedule_and_status() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let hourly = json!({ "schedule": { "scheduleType": "cron", "cronExpression": "0 0 * * * ?" } });
    let made = admin
        .post("/connections", with(&base, hourly.clone()))
        .await
        .ok(200);
    let path = format!(
        "/connections/{}",
        made["connectionId"].as_str().expect("an id")
    );
    let next = async || {
        use ferrobyte::store::due;
        due::next(&mut server.app.db.read().await.expect("a reader"))
            .await
            .expect("a time")
    };
    let at = |text: &str| Some(text.parse().expect("a time"));
    assert_eq!(next().await, at("2030-01-01T01:00:00Z"));
    admin
        .patch(&path, json!({ "status": "inactive" }))
        .await
        .ok(200);
    assert_eq!(next().await, None);
    server.wait(2 * 3600);
    let admin = server.admin().await;
    admin
        .patch(&path, json!({ "status": "active" }))
        .await
        .ok(200);
    assert_eq!(next().await, at("2030-01-01T03:00:00Z"));
    admin.patch(&path, json!({ "name": "later" })).await.ok(200);
    assert_eq!(next().await, at("2030-01-01T03:00:00Z"));
    let daily =
        json!({ "schedule": { "scheduleType": "cron", "cronExpression": "0 0 12 * * ? UTC" } });
    admin.patch(&path, daily).await.ok(200);
    assert_eq!(next().await, at("2030-01-01T12:00:00Z"));
    admin
        .patch(&path, json!({ "schedule": { "scheduleType": "manual" } }))
        .await
        .ok(200);
    assert_eq!(next().await, None);
    admin.patch(&path, hourly).await.ok(200);
    assert_eq!(next().await, at("2030-01-01T03:00:00Z"));
    admin.delete(&path).await.ok(204);
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_deleted_connection_is_deprecated_and_its_jobs_end() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (kept, id) = (
        admin.creates_connection(&home).await,
        admin.creates_connection(&home).await,
    );
    let path = format!("/connections/{id}");
    let job = admin
        .post("/jobs", json!({ "connectionId": id, "jobType": "sync" }))
        .await
        .ok(200);
    let mut expected = admin.get(&path).await.ok(200);
    expected["status"] = json!("deprecated");
    for _ in 0..2 {
        let gone = admin.delete(&path).await;
        assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
        assert_eq!(admin.get(&path).await.ok(200), expected);
    }
    let job = admin.get(&format!("/jobs/{}", job["jobId"])).await.ok(200);
    assert_eq!(job["status"], "cancelled");
    let ids = |page: Value| -> Vec<String> {
        let items = page["data"].as_array().expect("a page").iter();
        items
            .map(|item| item["connectionId"].as_str().expect("an id").to_owned())
            .collect()
    };
    for filter in ["limit=20", &format!("workspaceIds={home}")] {
        let list = admin.get(&format!("/connections?{filter}")).await.ok(200);
        assert_eq!(ids(list), std::slice::from_ref(&kept));
        let list = admin
            .get(&format!("/connections?includeDeleted=true&{filter}"))
            .await
            .ok(200);
        assert_eq!(ids(list), [kept.clone(), id.clone()]);
    }
    admin
        .patch(&path, json!({ "name": "cats" }))
        .await
        .problem(409);
    let refused = admin
        .post("/jobs", json!({ "connectionId": id, "jobType": "sync" }))
        .await;
    refused.problem(409);
    // The other way to delete.
    let path = format!("/connections/{kept}");
    let gone = admin
        .patch(&path, json!({ "status": "deprecated" }))
        .await
        .ok(200);
    assert_eq!(gone["status"], "deprecated");
    assert_eq!(ids(admin.get("/connections").await.ok(200)), [""; 0]);
}

#[tokio::test]
async fn a_connection_goes_with_whatever_it_hangs_on() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for what in ["sources", "destinations", "workspaces"] {
        let home = admin.creates_workspace("pets").await;
        let id = admin.creates_connection(&home).await;
        let job = admin
            .post("/jobs", json!({ "connectionId": id, "jobType": "sync" }))
            .await
            .ok(200);
        let running = Worker::takes(&server).await;
        let path = format!("/connections/{id}");
        let whole = admin.get(&path).await.ok(200);
        let end = match what {
            "sources" => whole["sourceId"].as_str(),
            "destinations" => whole["destinationId"].as_str(),
            _ => Some(home.as_str()),
        };
        admin
            .delete(&format!("/{what}/{}", end.expect("an id")))
            .await
            .ok(204);
        assert_eq!(
            admin.get(&path).await.ok(200)["status"],
            "deprecated",
            "{what}"
        );
        // A worker is at it: it is asked to end.
        let job = admin.get(&format!("/jobs/{}", job["jobId"])).await.ok(200);
        assert_eq!(job["status"], "running");
        let asked = "SELECT COUNT(*) FROM jobs WHERE status = 'running' AND cancel_requested_at IS NOT NULL";
        assert_eq!(one(&server, asked).await, Some(1), "{what}");
        running.ends(JobStatus::Cancelled).await;
    }
}

#[tokio::test]
async fn tags_come_back_in_the_order_sent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let elsewhere = admin.creates_workspace("elsewhere").await;
    let (a, b) = (
        admin.creates_tag("a", &home).await,
        admin.creates_tag("b", &home).await,
    );
    let foreign = admin.creates_tag("c", &elsewhere).await;
    let whole = |id: &str, name: &str| json!({ "tagId": id, "workspaceId": home, "name": name, "color": "ff0000" });
    let base = pair(&admin, &home).await;
    let tags = json!([whole(&b, "b"), whole(&a, "a")]);
    let made = admin
        .post("/connections", with(&base, json!({ "tags": tags })))
        .await
        .ok(200);
    assert_eq!(made["tags"], tags);
    let path = format!(
        "/connections/{}",
        made["connectionId"].as_str().expect("an id")
    );
    let plain = admin.creates_connection(&home).await;
    let list = admin.get("/connections").await.ok(200);
    assert_eq!(
        (&list["data"][0]["tags"], &list["data"][1]["tags"]),
        (&tags, &json!([]))
    );
    for (filter, found) in [(&a, 1), (&b, 1), (&foreign, 0)] {
        let list = admin
            .get(&format!("/connections?tagIds={filter}"))
            .await
            .ok(200);
        assert_eq!(list["data"].as_array().expect("a page").len(), found);
    }
    let both = admin
        .get(&format!("/connections?tagIds={a},{b}&workspaceIds={home}"))
        .await
        .ok(200);
    assert_eq!(both["data"].as_array().expect("a page").len(), 1);
    let elsewhere = admin
        .get(&format!("/connections?tagIds={a}&workspaceIds={elsewhere}"))
        .await
        .ok(200);
    assert_eq!(elsewhere["data"], json!([]));
    let refused = admin
        .patch(
            &path,
            json!({ "tags": [whole(&a, "a"), whole(&foreign, "c")] }),
        )
        .await;
    assert_eq!(refused.faults(), ["body /tags/1/tagId"]);
    // Null stays, a list replaces.
    assert_eq!(
        admin.patch(&path, json!({ "tags": null })).await.ok(200)["tags"],
        tags
    );
    let only = json!([whole(&a, "a")]);
    assert_eq!(
        admin.patch(&path, json!({ "tags": only })).await.ok(200)["tags"],
        only
    );
    assert_eq!(
        admin.patch(&path, json!({ "tags": [] })).await.ok(200)["tags"],
        json!([])
    );
    assert_eq!(
        admin.get(&format!("/connections/{plain}")).await.ok(200)["tags"],
        json!([])
    );
}

#[tokio::test]
async fn keys_of_mappers_are_secrets() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let mapper = |field: &str, key: &str| {
        json!({ "type": "encryption", "mapperConfiguration": { "algorithm": "AES", "targetField": field,
            "fieldNameSuffix": "_e", "key": key, "mode": "GCM", "padding": "NoPadding" } })
    };
    let streams = |streams: Value| json!({ "configurations": { "streams": streams } });
    let key_place = "body /configurations/streams/0/mappers/0/mapperConfiguration/key";
    for key in [MASK, "zz", "0011", "secret_coordinate::nowhere"] {
        let body = streams(json!([{ "name": "users", "mappers": [mapper("name", key)] }]));
        let answer = admin.post("/connections", with(&base, body)).await;
        assert_eq!(answer.faults(), [key_place], "{key}");
    }
    let other = "ffeeddccbbaa99887766554433221100";
    let body = streams(json!([
        { "name": "products" },
        { "name": "users", "mappers": [mapper("name", KEY), mapper("email", other)] },
    ]));
    let answer = admin.post("/connections", with(&base, body)).await;
    let made = answer.ok(200);
    assert!(
        !answer.text.contains(KEY) && !answer.text.contains(other),
        "{}",
        answer.text
    );
    let mappers = &made["configurations"]["streams"][1]["mappers"];
    assert_eq!(mappers[0]["mapperConfiguration"]["key"], MASK);
    assert!(mappers[0]["id"].is_string() && mappers[0]["id"] != mappers[1]["id"]);
    let id: ferrobyte::domain::ids::ConnectionId = made["connectionId"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("an id");
    let path = format!("/connections/{id}");
    let keys = async || {
        let shown = admin.get(&path).await.ok(200)["configurations"]["streams"].to_string();
        let mut db = server.app.db.read().await.expect("a reader");
        let opened = mapper_keys::open(&server.app, &mut db, id, &shown).await;
        let opened = opened.expect("keys that open");
        let run = mapper_keys::for_run(&server.app, opened).await;
        let (streams, secrets) = run.expect("keys");
        assert!(secrets.values().all(|secret| secret.reveal() != MASK));
        serde_json::to_value(streams).expect("JSON")
    };
    let first = keys().await;
    assert_eq!(first[1]["mappers"][0]["mapperConfiguration"]["key"], KEY);
    assert_eq!(first[1]["mappers"][1]["mapperConfiguration"]["key"], other);

    // In another order, the ids tell which is which; the stream has moved, too.
    let moved = streams(json!([{ "name": "users", "mappers": [mappers[1], mappers[0]] }]));
    let answer = admin.patch(&path, moved).await;
    answer.ok(200);
    let after = keys().await;
    assert_eq!(after[0]["mappers"][0]["mapperConfiguration"]["key"], other);
    assert_eq!(after[0]["mappers"][1]["mapperConfiguration"]["key"], KEY);
    // Without ids, as Terraform sends them: what they do to which field.
    let unnamed = streams(json!([{ "name": "users", "mappers": [mapper("name", MASK)] }]));
    admin.patch(&path, unnamed).await.ok(200);
    assert_eq!(
        keys().await[0]["mappers"][0]["mapperConfiguration"]["key"],
        KEY
    );
    let secrets = "SELECT COUNT(*) FROM secrets WHERE field LIKE '%mapperConfiguration/key'";
    assert_eq!(one(&server, secrets).await, Some(1));
    let none = streams(json!([{ "name": "users", "mappers": [mapper("email", MASK)] }]));
    assert_eq!(admin.patch(&path, none).await.faults(), [key_place]);
    admin.delete(&path).await.ok(204);
    assert_eq!(one(&server, secrets).await, Some(0));
}

#[tokio::test]
async fn a_stream_that_is_read_in_another_way_begins_anew() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let streams = |users: &str| {
        json!({ "configurations": { "streams": [
            { "name": "users", "syncMode": users }, { "name": "products", "syncMode": "incremental_append" } ] } })
    };
    let made = admin
        .post("/connections", with(&base, streams("incremental_append")))
        .await
        .ok(200);
    let id = made["connectionId"].as_str().expect("an id");
    admin
        .post("/jobs", json!({ "connectionId": id, "jobType": "sync" }))
        .await
        .ok(200);
    let worker = Worker::takes(&server).await;
    worker.commits("users", 1, r#"{"at":1}"#).await;
    worker.commits("products", 1, r#"{"at":2}"#).await;
    worker.ends(JobStatus::Succeeded).await;
    let path = format!("/connections/{id}");
    let stored = async || {
        let state = admin.get(&format!("{path}/state")).await.ok(200);
        state["streamState"].as_array().expect("states").len()
    };
    // Another way to write is the same way to read.
    admin
        .patch(&path, streams("incremental_deduped_history"))
        .await
        .ok(200);
    assert_eq!(stored().await, 2);
    admin
        .patch(&path, streams("full_refresh_overwrite"))
        .await
        .ok(200);
    assert_eq!(stored().await, 1);
}

#[tokio::test]
async fn lists_have_pages_that_keep_their_filters() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let mut made = Vec::new();
    for _ in 0..23 {
        let one = admin.post("/connections", base.clone()).await.ok(200);
        made.push(one["connectionId"].as_str().expect("an id").to_owned());
    }
    for limit in [1, 7, 20, 100] {
        for filter in ["", &format!("&workspaceIds={home}"), "&includeDeleted=true"] {
            let (mut found, mut next) = (Vec::new(), format!("/connections?limit={limit}{filter}"));
            while !next.is_empty() {
                let page = admin.get(&next).await.ok(200);
                let items = page["data"].as_array().expect("a page").iter();
                found.extend(
                    items.map(|one| one["connectionId"].as_str().expect("an id").to_owned()),
                );
                next = page["next"]
                    .as_str()
                    .expect("a link")
                    .replace("http://127.0.0.1:8000", "");
            }
            assert_eq!(found, made, "{limit}{filter}");
        }
    }
    let page = admin
        .get(&format!(
            "/connections?workspaceIds={home}&tagIds=&limit=2&offset=2"
        ))
        .await
        .ok(200);
    let base = format!(
        "http://127.0.0.1:8000/api/public/v1/connections?includeDeleted=false&workspaceIds={home}&limit=2"
    );
    assert_eq!(page["next"], format!("{base}&offset=4"));
    assert_eq!(page["previous"], format!("{base}&offset=0"));
}

#[tokio::test]
async fn older_clients_read_the_catalog_and_the_state() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let body = json!({ "prefix": "raw_", "configurations": { "streams": [{ "name": "users", "syncMode": "incremental_append" }] } });
    let made = admin.post("/connections", with(&base, body)).await.ok(200);
    let id = made["connectionId"].as_str().expect("an id");
    let request = json!({ "connectionId": id });
    let read = admin
        .post("/api/v1/connections/get", request.clone())
        .await
        .ok(200);
    for name in [
        "connectionId",
        "name",
        "prefix",
        "sourceId",
        "destinationId",
        "workspaceId",
        "status",
    ] {
        assert_eq!(read[name], made[name], "{name}");
    }
    let stream = &read["syncCatalog"]["streams"][0];
    assert_eq!(stream["stream"]["name"], "users");
    assert!(stream["stream"]["jsonSchema"]["properties"]["email"].is_object());
    assert_eq!(stream["config"]["selected"], true);
    assert_eq!(stream["config"]["syncMode"], "incremental");
    assert_eq!(stream["config"]["destinationSyncMode"], "append");

    let unset = admin
        .post("/api/v1/state/get", request.clone())
        .await
        .ok(200);
    assert_eq!(unset, json!({ "stateType": "not_set", "connectionId": id }));
    let number = r#"{"at":12345678901234567890.10}"#;
    let text = format!(
        r#"{{"connectionId":"{id}","connectionState":{{"stateType":"stream","connectionId":"{id}","streamState":[{{"streamDescriptor":{{"name":"users"}},"streamState":{number}}}]}}}}"#
    );
    let request_made = axum::http::Request::builder()
        .method(Method::POST)
        .uri("/api/v1/state/create_or_update_safe")
        .header("content-type", "application/json")
        .body(axum::body::Body::from(text))
        .expect("a request");
    let put = admin.ask(request_made).await;
    assert!(
        put.ok(200)["stateType"] == "stream" && put.text.contains(number),
        "{}",
        put.text
    );
    let get = admin.get(&format!("/connections/{id}/state")).await;
    assert_eq!(
        get.text, put.text,
        "numbers of any size come back as they were"
    );

    let synced = admin
        .post("/api/v1/connections/sync", request.clone())
        .await
        .ok(200);
    assert_eq!(
        (&synced["job"]["status"], &synced["job"]["configId"]),
        (&json!("pending"), &json!(id))
    );
    let state = json!({ "connectionId": id, "connectionState": { "stateType": "not_set" } });
    admin
        .post("/api/v1/state/create_or_update_safe", state)
        .await
        .problem(423);
    let put = admin
        .put(
            &format!("/connections/{id}/state"),
            json!({ "stateType": "not_set" }),
        )
        .await;
    assert_eq!(put.problem(409)["data"]["jobId"], synced["job"]["id"]);
    let wrong = admin
        .put(
            &format!("/connections/{id}/state"),
            json!({ "stateType": "stream" }),
        )
        .await;
    assert_eq!(wrong.faults(), ["body /streamState"]);
}

#[tokio::test]
async fn states_of_every_kind_come_and_go() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let id = admin.creates_connection(&home).await;
    let path = format!("/connections/{id}/state");
    let stream = json!({ "streamDescriptor": { "name": "users", "namespace": "public" }, "streamState": { "at": 1 } });
    for state in [
        json!({ "stateType": "stream", "connectionId": id, "streamState": [stream] }),
        json!({ "stateType": "global", "connectionId": id, "globalState": { "sharedState": { "lsn": 7 }, "streamStates": [stream] } }),
        json!({ "stateType": "legacy", "connectionId": id, "state": { "cursor": 3 } }),
        json!({ "stateType": "not_set", "connectionId": id }),
    ] {
        assert_eq!(admin.put(&path, state.clone()).await.ok(200), state);
        assert_eq!(admin.get(&path).await.ok(200), state);
    }
}
