//! The public connectors: from the snapshot at a start, from a registry on request, and run as the
//! operator says.

use ferrobyte::domain::definition::Runtime;
use ferrobyte::error::Error;
use ferrobyte::ops;
use ferrobyte::ops::registry::Outcome;
use serde_json::{Value, json};

use crate::command_line::Place;
use crate::definitions::{DEV_NULL, FAKER, brings, entry, list_of, refresh};
use crate::support::TestServer;

const KNOWN: &str = "11111111-1111-4111-8111-111111111111";
const GITHUB: &str = "ef69ef6e-aa7f-4af1-a01d-ef775033524e";
const POSTGRES: &str = "25c5221d-dce2-4163-ade9-739ef790f503";
const SNOWFLAKE: &str = "424892c4-daac-4491-b35d-c6688ba547ba";
const LOCAL_JSON: &str = "a625d593-bba5-4a1c-a53d-2d246268a816";

/// How each of these public connectors is run.
async fn runtimes(server: &TestServer, ids: &[&str]) -> Vec<String> {
    let all = ops::registry::overview(&server.app).await.expect("a list");
    let of = |id: &&str| {
        let one = all.iter().find(|one| one.id.to_string() == **id).expect(id);
        let runtime: Runtime = serde_json::from_str(&one.runtime).expect("a runtime");
        runtime.to_string()
    };
    ids.iter().map(of).collect()
}

async fn shown(server: &TestServer, kind: &str, id: &str) -> Value {
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let path = format!("{}/{id}", list_of(&workspace, kind));
    admin.get(&path).await.ok(200)
}

fn outcome(added: usize, changed: usize, unchanged: usize, specifications: usize) -> Outcome {
    Outcome {
        added,
        changed,
        unchanged,
        specifications,
        left_out: Vec::new(),
    }
}

#[tokio::test]
async fn a_connector_is_run_the_first_way_that_there_is() {
    for (order, runtimes_of) in [
        (
            "native,python,image",
            [
                "native:faker",
                "native:dev-null",
                "native:local-json",
                "native:postgres",
                "python:airbyte-source-github==2.7.1",
                "image",
            ],
        ),
        (
            "python,native,image",
            [
                "python:airbyte-source-faker==7.2.1",
                "native:dev-null",
                "native:local-json",
                "native:postgres",
                "python:airbyte-source-github==2.7.1",
                "image",
            ],
        ),
        ("image", ["image"; 6]),
    ] {
        // The database has seen the usual order before.
        let server = TestServer::with(&[("connectors.runtimes", order)]).await;
        let ids = [FAKER, DEV_NULL, LOCAL_JSON, POSTGRES, GITHUB, SNOWFLAKE];
        assert_eq!(runtimes(&server, &ids).await, runtimes_of, "{order}");
        let tag = match order {
            "native,python,image" => env!("CARGO_PKG_VERSION"),
            _ => "7.2.1",
        };
        assert_eq!(
            shown(&server, "sources", FAKER).await["dockerImageTag"],
            tag
        );
    }
}

#[tokio::test]
async fn an_own_definition_of_a_known_image_is_run_like_the_public_one() {
    for (order, repository, tag, runtime) in [
        (
            "native,python,image",
            "airbyte/source-faker",
            "6.0.0",
            "native:faker",
        ),
        (
            "python,native",
            "airbyte/source-faker",
            "6.0.0",
            "python:airbyte-source-faker==6.0.0",
        ),
        (
            "native,python,image",
            "airbyte/source-github",
            "2.0.0",
            "python:airbyte-source-github==2.0.0",
        ),
        (
            "native,python,image",
            "airbyte/source-github",
            "dev",
            "image",
        ),
        (
            "native,python,image",
            "example.org/source-github",
            "2.0.0",
            "image",
        ),
        (
            "native,python,image",
            "pypi:airbyte-source-x",
            "1.0",
            "python:airbyte-source-x==1.0",
        ),
    ] {
        let server = TestServer::with(&[("connectors.runtimes", order)]).await;
        let admin = server.admin().await;
        // The registry knows what it prints, so nothing has to be run here.
        let edition = match runtime.split_once(':') {
            Some(("python", pinned)) => pinned,
            _ => "",
        };
        let mut known = entry(repository, tag);
        if let Some((package, _)) = edition.split_once("==") {
            known["remoteRegistries"] =
                json!({ "pypi": { "enabled": true, "packageName": package } });
        }
        refresh(&server, &json!({ "sources": [known], "destinations": [] })).await;
        let list = list_of(&admin.first_workspace().await, "sources");
        let body = json!({ "name": "mine", "dockerRepository": repository, "dockerImageTag": tag });
        let made = admin.post(&list, body).await.ok(200);
        let id = made["id"].as_str().expect("an id");
        assert_eq!(
            runtimes(&server, &[id]).await,
            [runtime],
            "{order} {repository}"
        );
        assert_eq!(made["dockerImageTag"], tag);
    }
}

#[tokio::test]
async fn a_registry_is_merged_once_and_again_without_a_change() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let own = brings(&admin, &workspace, "sources").await;
    let before = shown(&server, "sources", &own).await;
    let mut faker = entry("airbyte/source-faker", "8.0.0");
    faker["sourceDefinitionId"] = json!(FAKER);
    faker["name"] = json!("Sample Data");
    let mut registry =
        json!({ "sources": [faker, entry("airbyte/source-known", "1.0.0")], "destinations": [] });

    // The specification of faker's image says nothing of ours.
    assert_eq!(refresh(&server, &registry).await, outcome(1, 1, 0, 1));
    assert_eq!(refresh(&server, &registry).await, outcome(0, 0, 2, 0));
    let known = json!({
        "id": KNOWN, "name": "Known", "dockerRepository": "airbyte/source-known", "dockerImageTag": "1.0.0",
        "documentationUrl": "https://example.org/known",
    });
    assert_eq!(shown(&server, "sources", KNOWN).await, known);
    let faker = shown(&server, "sources", FAKER).await;
    assert_eq!(faker["name"], "Sample Data");
    assert_eq!(faker["dockerImageTag"], env!("CARGO_PKG_VERSION"));
    assert_eq!(runtimes(&server, &[FAKER]).await, ["native:faker"]);

    registry["sources"][1]["dockerImageTag"] = json!("1.1.0");
    registry["sources"][1]["supportLevel"] = json!("certified");
    assert_eq!(refresh(&server, &registry).await, outcome(0, 1, 1, 1));
    assert_eq!(
        shown(&server, "sources", KNOWN).await["dockerImageTag"],
        "1.1.0"
    );
    assert_eq!(shown(&server, "sources", &own).await, before);

    // A later start does not go back to the snapshot, in any order of runtimes.
    let replica = server
        .replica_with(&[("connectors.runtimes", "python,image")])
        .await;
    assert_eq!(
        shown(&replica, "sources", FAKER).await["name"],
        "Sample Data"
    );
    assert_eq!(
        shown(&replica, "sources", FAKER).await["dockerImageTag"],
        "8.0.0"
    );
    assert_eq!(
        shown(&replica, "sources", KNOWN).await["dockerImageTag"],
        "1.1.0"
    );
}

#[tokio::test]
async fn a_registry_takes_nothing_from_a_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let own = brings(&admin, &admin.first_workspace().await, "sources").await;
    let before = shown(&server, "sources", &own).await;
    let mut thief = entry("airbyte/source-thief", "1.0.0");
    thief["sourceDefinitionId"] = json!(own);
    let mut turncoat = entry("airbyte/destination-faker", "1.0.0");
    turncoat["destinationDefinitionId"] = json!(FAKER);
    let registry = json!({
        "sources": [thief, { "name": "Torn" }, entry("airbyte/source-good", "1.0.0")], "destinations": [turncoat],
    });
    let done = refresh(&server, &registry).await;
    assert_eq!(
        done.left_out,
        [
            format!("Known: its id {own} is taken"),
            format!("Known: its id {FAKER} is taken"),
            "Torn: sourceDefinitionId is missing".to_owned(),
        ]
    );
    assert_eq!((done.added, done.changed), (1, 0));
    assert_eq!(shown(&server, "sources", &own).await, before);
}

#[tokio::test]
async fn something_else_than_a_registry_changes_nothing() {
    let server = TestServer::start().await;
    for wrong in ["", "<html>", "{}", "{\"sources\":{}}"] {
        let refused = ops::registry::refresh(&server.app, wrong.as_bytes()).await;
        assert!(
            matches!(refused, Err(Error::Unprocessable(_))),
            "{refused:?}"
        );
    }
    let absent = ops::registry::fetch(&server.app, "/nowhere/registry.json").await;
    assert!(matches!(absent, Err(Error::Unprocessable(_))), "{absent:?}");
    // Calls inwards need the operator's permission.
    let inward = ops::registry::fetch(&server.app, "http://127.0.0.1:1/registry.json").await;
    let why = inward.expect_err("not public").to_string();
    assert!(why.contains("net.allow"), "{why}");
}

#[tokio::test]
async fn a_chosen_runtime_stays_until_it_is_given_back() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let own = brings(&admin, &admin.first_workspace().await, "sources").await;
    let set = async |id: &str, wish: &str| {
        let id = id.parse().expect("an id");
        let wish = match wish {
            "auto" => None,
            wish => Some(wish.parse().expect("a runtime")),
        };
        ops::registry::set_runtime(&server.app, id, wish).await
    };
    for id in [FAKER, own.as_str()] {
        set(id, "python:airbyte-source-faker==6.2.20")
            .await
            .expect("done");
    }
    assert_eq!(
        shown(&server, "sources", FAKER).await["dockerImageTag"],
        "6.2.20"
    );
    let mut faker = entry("airbyte/source-faker", "8.0.0");
    faker["sourceDefinitionId"] = json!(FAKER);
    refresh(&server, &json!({ "sources": [faker], "destinations": [] })).await;
    let replica = server
        .replica_with(&[("connectors.runtimes", "image")])
        .await;
    let pinned = "python:airbyte-source-faker==6.2.20";
    assert_eq!(runtimes(&replica, &[FAKER, &own]).await, [pinned, pinned]);

    // The usual order again.
    server.replica().await;
    for id in [FAKER, own.as_str()] {
        set(id, "auto").await.expect("done");
    }
    assert_eq!(
        runtimes(&server, &[FAKER, &own]).await,
        ["native:faker", "native:faker"]
    );

    for (id, wish) in [
        (FAKER, "native:dev-null"),
        (FAKER, "native:nothing"),
        ("99999999-9999-4999-8999-999999999999", "image"),
    ] {
        let refused = set(id, wish).await;
        assert!(
            matches!(refused, Err(Error::Unprocessable(_))),
            "{wish}: {refused:?}"
        );
    }
}

#[test]
fn the_registry_and_runtimes_are_kept_at_the_command_line() {
    let place = Place::new();
    let list = place.run(&["definitions", "list"]);
    let line = |list: &str, id: &str| {
        let found = list.lines().find(|line| line.starts_with(id));
        found.expect(id).to_owned()
    };
    assert!(line(&list, FAKER).ends_with("native:faker"), "{list}");
    // Only the server puts another order into effect.
    let list = place.run(&["definitions", "list", "--connector-runtimes", "image"]);
    assert!(line(&list, FAKER).ends_with("native:faker"), "{list}");
    let chosen = place.run(&["definitions", "runtime", FAKER, "image"]);
    assert_eq!(chosen.trim(), format!("{FAKER} is run by image"));
    let list = place.run(&["definitions", "list"]);
    assert!(
        line(&list, FAKER).ends_with("7.2.1  image (chosen)"),
        "{list}"
    );
    place.run(&["definitions", "runtime", FAKER, "auto"]);
    let wrong = place.fail(&["definitions", "runtime", FAKER, "docker"]);
    assert!(wrong.contains("must be native:NAME"), "{wrong}");

    let file = place.file("registry.json");
    let registry =
        json!({ "sources": [entry("airbyte/source-known", "1.0.0")], "destinations": [] });
    std::fs::write(&file, registry.to_string()).expect("a file");
    let file = file.to_str().expect("a path");
    let first = place.run(&["registry", "refresh", file]);
    assert!(first.contains("added      1"), "{first}");
    let second = place.run(&["registry", "refresh", "--registry-url", file]);
    assert!(
        second.contains("added      0") && second.contains("unchanged  1"),
        "{second}"
    );
    let untold = place.fail(&["registry", "refresh"]);
    assert!(untold.contains("registry.url"), "{untold}");
    let list = place.run(&["definitions", "list"]);
    assert!(
        line(&list, KNOWN).ends_with("airbyte/source-known:1.0.0  image"),
        "{list}"
    );
}
