//! Connector definitions: listed, brought, changed, removed, each in its own workspace.

use ferrobyte::store::db::{Exec as _, Link};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::TestServer;
use crate::support::people::Person;

pub const FAKER: &str = "dfd88b22-b603-4c3d-aad7-3701784586b1";
pub const DEV_NULL: &str = "a7bcc9d8-13b3-4e49-b80d-d020b90045e3";
const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";
/// Nothing listens there, so no machine can run it.
const NOWHERE: &str = "localhost:1/nobody/source-nothing";

/// The path of a list of definitions.
pub fn list_of(workspace: &str, kind: &str) -> String {
    format!("/workspaces/{workspace}/definitions/{kind}")
}

pub fn field<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let items = list["data"].as_array().expect("a list");
    items
        .iter()
        .map(|item| item[name].as_str().expect("a text"))
        .collect()
}

/// Brings a connector that is compiled in, under another name.
pub async fn brings(who: &Person<'_>, workspace: &str, kind: &str) -> String {
    let repository = match kind {
        "sources" => "airbyte/source-faker",
        _ => "airbyte/destination-dev-null",
    };
    let body = json!({ "name": "mine", "dockerRepository": repository, "dockerImageTag": "1.2.3" });
    let made = who.post(&list_of(workspace, kind), body).await.ok(200);
    made["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn public_connectors_are_there_from_the_start_in_order() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    for (kind, list, id, repository) in [
        ("source", "sources", FAKER, "airbyte/source-faker"),
        (
            "destination",
            "destinations",
            DEV_NULL,
            "airbyte/destination-dev-null",
        ),
    ] {
        let all = admin.get(&list_of(&workspace, list)).await.ok(200);
        let names = field(&all, "name");
        assert!(names.len() >= 15, "{names:?}");
        let keys = all.as_object().expect("an object").keys();
        assert_eq!(keys.collect::<Vec<_>>(), ["data"], "no links that are null");
        let one = admin
            .get(&format!("{}/{id}", list_of(&workspace, list)))
            .await
            .ok(200);
        assert_eq!(one["dockerRepository"], repository);
        // What runs is our own, so its version is ours.
        assert_eq!(one["dockerImageTag"], env!("CARGO_PKG_VERSION"));
        assert!(
            one["documentationUrl"]
                .as_str()
                .is_some_and(|url| url.starts_with("https://"))
        );
        assert!(all["data"].as_array().expect("a list").contains(&one));

        let short = admin
            .get(&format!("/connector_definitions?type={kind}"))
            .await
            .ok(200);
        assert_eq!(field(&short, "name"), names);
        let expected = json!({
            "id": id, "name": one["name"], "connectorDefinitionType": kind, "version": one["dockerImageTag"],
        });
        assert!(
            short["data"]
                .as_array()
                .expect("a list")
                .contains(&expected),
            "{short}"
        );
    }
    let mut names = field(
        &admin
            .get(&list_of(&workspace, "destinations"))
            .await
            .ok(200),
        "name",
    )
    .into_iter()
    .map(str::to_ascii_lowercase)
    .collect::<Vec<_>>();
    let as_listed = names.clone();
    names.sort();
    assert_eq!(as_listed, names);
}

#[tokio::test]
async fn the_short_list_needs_a_type_and_knows_the_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let faults = admin.get("/connector_definitions").await.faults();
    assert_eq!(faults, ["query /type"]);
    let faults = admin
        .get("/connector_definitions?type=both&workspaceId=x")
        .await
        .faults();
    assert_eq!(faults, ["query /type", "query /workspaceId"]);
    let id = brings(&admin, &workspace, "sources").await;
    let mine = admin
        .get(&format!(
            "/connector_definitions?type=SOURCE&workspaceId={workspace}"
        ))
        .await
        .ok(200);
    assert!(field(&mine, "id").contains(&id.as_str()));
    for path in [
        "/connector_definitions?type=source".to_owned(),
        format!("/connector_definitions?type=destination&workspaceId={workspace}"),
        format!(
            "/connector_definitions?type=source&workspaceId={}",
            admin.creates_workspace("cats").await
        ),
    ] {
        let others = admin.get(&path).await.ok(200);
        assert!(!field(&others, "id").contains(&id.as_str()), "{path}");
    }
}

#[tokio::test]
async fn a_definition_comes_back_as_it_was_brought_and_changed() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    for (kind, repository) in [
        ("sources", "airbyte/source-faker"),
        ("sources", "docker.io/airbyte/source-faker"),
        ("destinations", "airbyte/destination-dev-null"),
    ] {
        let list = list_of(&workspace, kind);
        let wish = json!({
            "name": "My own", "dockerRepository": repository, "dockerImageTag": "0.0.7-anything",
            "documentationUrl": "https://example.org/docs?a=b#c", "unknown": true,
        });
        let made = admin.post(&list, wish.clone()).await.ok(200);
        for name in [
            "name",
            "dockerRepository",
            "dockerImageTag",
            "documentationUrl",
        ] {
            assert_eq!(made[name], wish[name]);
        }
        let path = format!("{list}/{}", made["id"].as_str().expect("an id"));
        assert_eq!(admin.get(&path).await.ok(200), made);
        let all = admin.get(&list).await.ok(200);
        assert!(all["data"].as_array().expect("a list").contains(&made));

        let change = json!({ "name": "Yours", "dockerImageTag": "0.0.8" });
        let changed = admin.put(&path, change).await.ok(200);
        assert_eq!(changed["name"], "Yours");
        assert_eq!(changed["dockerImageTag"], "0.0.8");
        assert_eq!(changed["dockerRepository"], repository);
        assert_eq!(changed["documentationUrl"], wish["documentationUrl"]);
        assert_eq!(admin.get(&path).await.ok(200), changed);

        assert_eq!(admin.delete(&path).await.ok(200), changed);
        for gone in [admin.get(&path).await, admin.delete(&path).await] {
            let problem = gone.problem(404);
            let noun = if kind == "sources" {
                "SOURCE"
            } else {
                "DESTINATION"
            };
            assert_eq!(
                problem["data"]["resourceType"],
                format!("STANDARD_{noun}_DEFINITION")
            );
        }
        let all = admin.get(&list).await.ok(200);
        assert!(!field(&all, "id").contains(&changed["id"].as_str().expect("an id")));
    }
}

#[tokio::test]
async fn without_documentation_the_address_is_an_empty_text() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let list = list_of(&admin.first_workspace().await, "sources");
    for documentation in [Value::Null, json!("")] {
        let body = json!({
            "name": "mine", "dockerRepository": "airbyte/source-faker", "dockerImageTag": "1",
            "documentationUrl": documentation,
        });
        let made = admin.post(&list, body).await.ok(200);
        assert_eq!(made["documentationUrl"], "");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let list = list_of(&admin.first_workspace().await, "sources");
    let good = json!({ "name": "mine", "dockerRepository": "airbyte/source-faker", "dockerImageTag": "1" });
    for (name, wrong) in [
        ("name", json!("")),
        ("name", Value::Null),
        ("dockerRepository", json!("--privileged")),
        ("dockerRepository", json!("a b")),
        (
            "dockerRepository",
            json!("airbyte/source-declarative-manifest"),
        ),
        ("dockerRepository", json!("pypi:--index-url")),
        ("dockerImageTag", json!("")),
        ("dockerImageTag", json!("a b")),
        ("documentationUrl", json!("javascript:alert(1)")),
    ] {
        let mut body = good.clone();
        body[name] = wrong;
        let faults = admin.post(&list, body).await.faults();
        assert_eq!(faults, [format!("body /{name}")]);
    }
    let floating = json!({ "name": "x", "dockerRepository": "pypi:airbyte-source-x", "dockerImageTag": "latest" });
    let answer = admin.post(&list, floating).await;
    assert_eq!(answer.faults(), ["body /dockerImageTag"]);
    for missing in ["name", "dockerRepository", "dockerImageTag"] {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(missing);
        let faults = admin.post(&list, body).await.faults();
        assert_eq!(faults, [format!("body /{missing}")]);
    }
}

#[tokio::test]
async fn a_connector_that_prints_no_specification_is_not_taken() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let list = list_of(&workspace, "sources");
    let before = admin.get(&list).await.ok(200);
    let body = json!({ "name": "mine", "dockerRepository": NOWHERE, "dockerImageTag": "1" });
    let problem = admin.post(&list, body).await.problem(409);
    assert_eq!(problem["title"], "state-conflict");
    let why = problem["detail"].as_str().expect("a text");
    assert!(
        why.starts_with(&format!("{NOWHERE}:1 gave no specification: ")),
        "{why}"
    );
    assert_eq!(admin.get(&list).await.ok(200), before);

    // Neither is a change to one.
    let registry = json!({ "sources": [entry(NOWHERE, "1")], "destinations": [] });
    refresh(&server, &registry).await;
    let body = json!({ "name": "mine", "dockerRepository": NOWHERE, "dockerImageTag": "1" });
    let made = admin.post(&list, body).await.ok(200);
    let path = format!("{list}/{}", made["id"].as_str().expect("an id"));
    let change = json!({ "name": "yours", "dockerImageTag": "2" });
    admin.put(&path, change).await.problem(409);
    assert_eq!(admin.get(&path).await.ok(200), made);
}

/// An entry of a registry that knows what this image prints.
pub fn entry(repository: &str, tag: &str) -> Value {
    json!({
        "sourceDefinitionId": "11111111-1111-4111-8111-111111111111",
        "name": "Known", "dockerRepository": repository, "dockerImageTag": tag,
        "documentationUrl": "https://example.org/known",
        "spec": { "connectionSpecification": { "type": "object", "properties": {} } },
    })
}

pub async fn refresh(server: &TestServer, registry: &Value) -> ferrobyte::ops::registry::Outcome {
    let file = registry.to_string();
    ferrobyte::ops::registry::refresh(&server.app, file.as_bytes())
        .await
        .expect("a registry")
}

#[tokio::test]
async fn public_definitions_cannot_be_changed() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    for (kind, id) in [("sources", FAKER), ("destinations", DEV_NULL)] {
        let path = format!("{}/{id}", list_of(&workspace, kind));
        let change = json!({ "name": "mine", "dockerImageTag": "1" });
        let faults = admin.put(&path, change).await.faults();
        assert_eq!(faults, ["path /definitionId"]);
        assert_eq!(admin.delete(&path).await.faults(), ["path /definitionId"]);
        admin.get(&path).await.ok(200);
    }
}

#[tokio::test]
async fn a_definition_belongs_to_its_workspace_and_kind() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let mine = admin.first_workspace().await;
    let theirs = admin.creates_workspace("theirs").await;
    let change = json!({ "name": "stolen", "dockerImageTag": "6.6.6" });
    for (kind, other) in [("sources", "destinations"), ("destinations", "sources")] {
        let id = brings(&admin, &theirs, kind).await;
        let home = format!("{}/{id}", list_of(&theirs, kind));
        let before = admin.get(&home).await.ok(200);
        for elsewhere in [
            format!("{}/{id}", list_of(&mine, kind)),
            format!("{}/{id}", list_of(&theirs, other)),
            format!("{}/{id}", list_of(&theirs, "declarative_sources")),
        ] {
            admin.get(&elsewhere).await.problem(404);
            admin.delete(&elsewhere).await.problem(404);
            if !elsewhere.contains("declarative") {
                admin.put(&elsewhere, change.clone()).await.problem(404);
            }
        }
        assert_eq!(admin.get(&home).await.ok(200), before);
        let listed = admin.get(&list_of(&mine, kind)).await.ok(200);
        assert!(!field(&listed, "id").contains(&id.as_str()));
    }
    let path = format!("{}/{UNKNOWN}", list_of(&mine, "sources"));
    admin.get(&path).await.problem(404);
    let faults = admin
        .get("/workspaces/x/definitions/sources/y")
        .await
        .faults();
    assert_eq!(faults, ["path /workspaceId", "path /definitionId"]);
}

const KEY: &str = "INSERT INTO secret_keys (id, sealed, created_at) VALUES ('k', $1, $2)";
const SOURCE: &str = "INSERT INTO actors (id, kind, organization_id, workspace_id, definition_id, name, short_name, \
                      configuration, fingerprint, created_at, updated_at) \
                      SELECT $1, 'source', organization_id, id, $3, 'made', 'made', '{}', $4, $5, $5 \
                      FROM workspaces WHERE id = $2";
const SECRET: &str = "INSERT INTO secrets (owner_id, field, key_id, sealed, created_at) \
                      VALUES ($1, '/password', 'k', $2, $3)";
const LEFT: &str = "SELECT COUNT(CASE WHEN a.deleted_at IS NULL THEN 1 END), COUNT(s.field) FROM actors a \
                    LEFT JOIN secrets s ON s.owner_id = a.id WHERE a.definition_id = $1";

macro_rules! on {
    ($db:expr, $link:ident => $query:expr) => {
        match $db.link() {
            Link::Postgres($link) => $query.map(drop),
            Link::Sqlite($link) => $query.map(drop),
        }
    };
}

#[tokio::test]
async fn what_is_made_of_a_definition_goes_with_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let gone = brings(&admin, &workspace, "sources").await;
    let kept = brings(&admin, &workspace, "sources").await;
    let clock = &server.app.clock;
    let (now, bytes) = (clock.now(), vec![0_u8]);
    let uuid = |id: &str| id.parse::<Uuid>().expect("an id");
    let mut db = server.app.db.write().await.expect("a writer");
    on!(db, link => sqlx::query(KEY).bind(&bytes).bind(now).execute(link).await).expect("a key");
    for definition in [&gone, &kept] {
        let source = clock.new_id();
        on!(db, link => {
            let query = sqlx::query(SOURCE).bind(source).bind(uuid(&workspace)).bind(uuid(definition));
            query.bind(&bytes).bind(now).execute(link).await
        })
        .expect("a source");
        on!(db, link => sqlx::query(SECRET).bind(source).bind(&bytes).bind(now).execute(link).await)
            .expect("a secret");
    }
    db.commit().await.expect("a commit");

    let path = format!("{}/{gone}", list_of(&workspace, "sources"));
    admin.delete(&path).await.ok(200);

    let mut db = server.app.db.read().await.expect("a reader");
    for (definition, left) in [(&gone, (0, 0)), (&kept, (1, 1))] {
        let mut found = (-1_i64, -1_i64);
        on!(db, link => {
            let query = sqlx::query_as(LEFT).bind(uuid(definition));
            query.fetch_one(link).await.map(|row| found = row)
        })
        .expect("a count");
        assert_eq!(found, left);
    }
}
