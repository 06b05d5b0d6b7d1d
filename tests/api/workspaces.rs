//! Workspaces: created, read, changed, deleted.

use ferrobyte::domain::ids::{OrganizationId, UserId};
use serde_json::{Value, json};

use crate::support::TestServer;

const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";

fn channels(email: bool) -> Value {
    json!({ "email": { "enabled": email }, "webhook": { "enabled": false } })
}

fn usual() -> Value {
    json!({
        "failure": channels(true),
        "success": channels(false),
        "connectionUpdate": channels(true),
        "connectionUpdateActionRequired": channels(true),
        "syncDisabled": channels(true),
        "syncDisabledWarning": channels(true),
    })
}

#[tokio::test]
async fn the_first_start_brings_a_workspace_an_organization_and_an_administrator() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let list = admin.get("/workspaces").await.ok(200);
    assert_eq!((&list["previous"], &list["next"]), (&json!(""), &json!("")));
    let first = &list["data"][0];
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(first["name"], "Default Workspace");
    assert_eq!(first["dataResidency"], "auto");
    assert_eq!(first["notifications"], usual());
    let id = first["workspaceId"].as_str().expect("an id");
    assert_eq!(
        &admin.get(&format!("/workspaces/{id}")).await.ok(200),
        first
    );

    let zero = OrganizationId::DEFAULT.to_string();
    let organizations = admin.get("/organizations").await.ok(200);
    let expected = json!({ "organizationId": zero, "organizationName": "Default Organization", "email": "ada@example.org" });
    assert_eq!(organizations, json!({ "data": [expected] }));
    let users = admin
        .get(&format!("/users?organizationId={zero}"))
        .await
        .ok(200);
    let expected =
        json!({ "id": UserId::DEFAULT, "name": "Default User", "email": "ada@example.org" });
    assert_eq!(users, json!({ "data": [expected] }));
    let permissions = admin.get("/permissions").await.ok(200);
    let held: Vec<_> = permissions["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (&one["permissionType"], &one["scope"]))
        .collect();
    assert_eq!(
        held,
        [
            (&json!("organization_admin"), &json!("organization")),
            (&json!("instance_admin"), &json!("none"))
        ]
    );
    assert!(
        permissions["data"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|one| one["scopeId"] == zero.as_str())
    );
}

#[tokio::test]
async fn a_workspace_comes_back_as_it_was_sent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for name in [
        "pets",
        " spaces ",
        "emoji 🐈 \"quoted\" \\ /",
        "line\nbreak",
        &"é".repeat(256),
    ] {
        let made = admin
            .post("/workspaces", json!({ "name": name }))
            .await
            .ok(200);
        assert_eq!(made["name"], name);
        assert_eq!(made["notifications"], usual());
        let path = format!(
            "/workspaces/{}",
            made["workspaceId"].as_str().expect("an id")
        );
        assert_eq!(admin.get(&path).await.ok(200), made);
    }
}

#[tokio::test]
async fn notifications_take_their_defaults_and_change_channel_by_channel() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let wish = json!({ "success": { "webhook": { "enabled": true, "url": "https://hooks.example.org/x" } }, "failure": {} });
    let made = admin
        .post(
            "/workspaces",
            json!({ "name": "pets", "notifications": wish }),
        )
        .await
        .ok(200);
    let mut expected = usual();
    expected["success"]["webhook"] =
        json!({ "enabled": true, "url": "https://hooks.example.org/x" });
    assert_eq!(made["notifications"], expected);

    let path = format!(
        "/workspaces/{}",
        made["workspaceId"].as_str().expect("an id")
    );
    let change =
        json!({ "notifications": { "success": { "email": { "enabled": true } } }, "name": null });
    let changed = admin.patch(&path, change).await.ok(200);
    expected["success"]["email"]["enabled"] = json!(true);
    assert_eq!(changed["notifications"], expected);
    assert_eq!(changed["name"], "pets");
    assert_eq!(admin.patch(&path, json!({})).await.ok(200), changed);
    assert_eq!(admin.get(&path).await.ok(200), changed);

    let missing =
        json!({ "notifications": { "syncDisabled": { "webhook": { "enabled": true } } } });
    let answer = admin.patch(&path, missing).await;
    assert_eq!(
        answer.faults(),
        ["body /notifications/syncDisabled/webhook/url"]
    );
    assert_eq!(
        answer.json()["type"],
        "error:notification/config/missing-url"
    );
    assert_eq!(admin.get(&path).await.ok(200), changed);
}

#[tokio::test]
async fn a_deleted_workspace_is_gone_for_whoever_could_see_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = admin.creates_workspace("pets").await;
    let path = format!("/workspaces/{id}");
    let scope =
        ferrobyte::domain::permission::PermissionScope::Workspace(id.parse().expect("an id"));
    let reader = server
        .person(
            "reader",
            &[(
                ferrobyte::domain::permission::PermissionType::WorkspaceReader,
                scope,
            )],
        )
        .await;
    reader.get(&path).await.ok(200);
    let gone = admin.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    for person in [&admin, &reader] {
        let problem = person.get(&path).await.problem(404);
        assert_eq!(problem["data"]["resourceType"], "STANDARD_WORKSPACE");
        assert_eq!(problem["data"]["resourceId"], id.as_str());
        let named = format!("/workspaces?workspaceIds={id}");
        assert_eq!(person.get(&named).await.ok(200)["data"], json!([]));
        let deleted = person
            .get(&format!("{named}&includeDeleted=true"))
            .await
            .ok(200);
        assert_eq!(deleted["data"][0]["workspaceId"], id.as_str());
    }
    server
        .person("outsider", &[])
        .await
        .get(&path)
        .await
        .problem(403);
    admin.delete(&path).await.problem(404);
    admin
        .patch(&path, json!({ "name": "cats" }))
        .await
        .problem(404);
    assert!(
        !admin
            .get("/workspaces?includeDeleted=true")
            .await
            .text
            .contains(&id)
    );
    assert_eq!(reader.get("/workspaces").await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn wrong_bodies_are_400_and_name_the_field() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = format!("/workspaces/{}", admin.first_workspace().await);
    for (body, fault) in [
        (json!({}), "body /name"),
        (json!({ "name": null }), "body /name"),
        (json!({ "name": "  " }), "body /name"),
        (json!({ "name": "a".repeat(257) }), "body /name"),
        (json!({ "name": ["a"] }), "body /name"),
        (
            json!({ "name": "a", "organizationId": "x" }),
            "body /organizationId",
        ),
        (
            json!({ "name": "a", "regionId": UNKNOWN }),
            "body /regionId",
        ),
        (
            json!({ "name": "a", "notifications": [] }),
            "body /notifications",
        ),
        (
            json!({ "name": "a", "notifications": { "success": { "email": { "enabled": "yes" } } } }),
            "body /notifications/success/email/enabled",
        ),
        (json!([]), "body "),
        (json!("text"), "body "),
    ] {
        assert_eq!(
            admin.post("/workspaces", body.clone()).await.faults(),
            [fault],
            "{body}"
        );
    }
    assert_eq!(
        admin.patch(&path, json!({ "name": "" })).await.faults(),
        ["body /name"]
    );
    assert_eq!(
        admin
            .patch(&path, json!({ "regionId": UNKNOWN }))
            .await
            .faults(),
        ["body /regionId"]
    );
    admin
        .post(
            "/workspaces",
            json!({ "name": "a", "unknown": 1, "organizationId": null }),
        )
        .await
        .ok(200);
    admin
        .post(
            "/workspaces",
            json!({ "name": "a", "organizationId": UNKNOWN }),
        )
        .await
        .problem(404);
}

#[tokio::test]
async fn changes_at_the_same_time_lose_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = format!("/workspaces/{}", admin.creates_workspace("pets").await);
    let kinds = [
        "failure",
        "success",
        "connectionUpdate",
        "syncDisabled",
        "syncDisabledWarning",
    ];
    let flip = async |kind: &str| {
        let webhook = json!({ "webhook": { "enabled": true, "url": "https://hooks.example.org" } });
        admin
            .patch(&path, json!({ "notifications": { kind: webhook } }))
            .await
            .ok(200)
    };
    let [one, two, three, four, five] = kinds.map(flip);
    tokio::join!(one, two, three, four, five);
    let after = admin.get(&path).await.ok(200);
    for kind in kinds {
        assert_eq!(
            after["notifications"][kind]["webhook"]["enabled"], true,
            "{kind}: {after}"
        );
    }
}
