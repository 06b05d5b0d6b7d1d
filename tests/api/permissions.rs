//! Granting, changing and taking away.

use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

const HOME: OrganizationId = OrganizationId::DEFAULT;

fn id(of: &Value) -> String {
    of["permissionId"].as_str().expect("an id").to_owned()
}

async fn grant(
    by: &Person<'_>,
    to: &Person<'_>,
    permission_type: &str,
    workspace: Option<&str>,
) -> Value {
    let mut body = json!({ "permissionType": permission_type, "userId": to.id });
    match workspace {
        Some(workspace) => body["workspaceId"] = workspace.into(),
        None => body["organizationId"] = json!(HOME),
    }
    by.post("/permissions", body).await.ok(200)
}

#[tokio::test]
async fn a_grant_takes_effect_at_once_and_so_does_its_end() {
    let server = TestServer::start().await;
    let (admin, ada) = (server.admin().await, server.person("ada", &[]).await);
    let workspace = admin.first_workspace().await;
    let path = format!("/workspaces/{workspace}");
    ada.get(&path).await.problem(403);
    let granted = grant(&admin, &ada, "WORKSPACE_reader", Some(&workspace)).await;
    let expected = json!({ "permissionId": id(&granted), "permissionType": "workspace_reader", "userId": ada.id, "workspaceId": workspace });
    assert_eq!(granted, expected);
    ada.get(&path).await.ok(200);
    ada.patch(&path, json!({ "name": "cats" }))
        .await
        .problem(403);
    let one = format!("/permissions/{}", id(&granted));
    let changed = admin
        .patch(&one, json!({ "permissionType": "workspace_editor" }))
        .await
        .ok(200);
    assert_eq!(
        (&changed["permissionType"], &changed["permissionId"]),
        (&json!("workspace_editor"), &granted["permissionId"])
    );
    ada.patch(&path, json!({ "name": "cats" })).await.ok(200);
    assert_eq!(admin.get(&one).await.ok(200), changed);
    admin.delete(&one).await.ok(204);
    ada.get(&path).await.problem(403);
    admin.get(&one).await.problem(404);
}

#[tokio::test]
async fn granting_the_same_again_answers_what_exists() {
    let server = TestServer::start().await;
    let (admin, ada) = (server.admin().await, server.person("ada", &[]).await);
    let first = grant(&admin, &ada, "organization_reader", None).await;
    assert_eq!(
        grant(&admin, &ada, "organization_reader", None).await,
        first
    );
    assert_eq!(
        ada.get("/permissions").await.ok(200)["data"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn wrong_grants_are_400_and_name_the_field() {
    let server = TestServer::start().await;
    let (admin, ada) = (server.admin().await, server.person("ada", &[]).await);
    let workspace = admin.first_workspace().await;
    let nobody = "99999999-9999-4999-8999-999999999999";
    for (body, fault) in [
        (
            json!({ "permissionType": "workspace_reader", "userId": ada.id }),
            "body /workspaceId",
        ),
        (
            json!({ "permissionType": "workspace_reader", "userId": ada.id, "workspaceId": workspace, "organizationId": HOME }),
            "body /workspaceId",
        ),
        (
            json!({ "permissionType": "organization_reader", "userId": ada.id, "workspaceId": workspace }),
            "body /permissionType",
        ),
        (
            json!({ "permissionType": "workspace_reader", "userId": ada.id, "organizationId": HOME }),
            "body /permissionType",
        ),
        (
            json!({ "permissionType": "instance_admin", "userId": ada.id, "organizationId": HOME }),
            "body /permissionType",
        ),
        (
            json!({ "permissionType": "king", "userId": ada.id, "organizationId": HOME }),
            "body /permissionType",
        ),
        (
            json!({ "permissionType": "workspace_reader", "userId": nobody, "workspaceId": workspace }),
            "body /userId",
        ),
        (
            json!({ "permissionType": "workspace_reader", "userId": "ada", "workspaceId": workspace }),
            "body /userId",
        ),
        (
            json!({ "userId": ada.id, "workspaceId": workspace }),
            "body /permissionType",
        ),
    ] {
        assert_eq!(
            admin.post("/permissions", body.clone()).await.faults(),
            [fault],
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_a_wider_role_includes_is_superfluous() {
    let server = TestServer::start().await;
    let (admin, ada) = (server.admin().await, server.person("ada", &[]).await);
    let workspace = admin.first_workspace().await;
    grant(&admin, &ada, "workspace_reader", Some(&workspace)).await;
    let editor = grant(&admin, &ada, "workspace_editor", Some(&workspace)).await;
    let wide = grant(&admin, &ada, "organization_reader", None).await;
    let held = ada.get("/permissions").await.ok(200);
    let mut left: Vec<_> = held["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(id)
        .collect();
    left.sort();
    let mut expected = vec![id(&editor), id(&wide)];
    expected.sort();
    assert_eq!(
        left, expected,
        "the organization's reader made the workspace's reader superfluous"
    );
    let body =
        json!({ "permissionType": "workspace_reader", "userId": ada.id, "workspaceId": workspace });
    let problem = admin.post("/permissions", body).await.problem(409);
    assert_eq!(problem["title"], "state-conflict");
    let path = format!("/permissions/{}", id(&editor));
    admin
        .patch(&path, json!({ "permissionType": "workspace_reader" }))
        .await
        .problem(409);
    assert_eq!(
        admin.get(&path).await.ok(200),
        editor,
        "and nothing was deleted"
    );
}

#[tokio::test]
async fn a_type_changes_only_within_its_scope() {
    let server = TestServer::start().await;
    let (admin, ada) = (server.admin().await, server.person("ada", &[]).await);
    let path = format!(
        "/permissions/{}",
        id(&grant(&admin, &ada, "organization_reader", None).await)
    );
    let problem = admin
        .patch(&path, json!({ "permissionType": "instance_admin" }))
        .await
        .problem(422);
    assert_eq!(problem["title"], "unprocessable-entity");
    let change = json!({ "permissionType": "workspace_reader" });
    assert_eq!(
        admin.patch(&path, change).await.faults(),
        ["body /permissionType"]
    );
    grant(&admin, &ada, "organization_editor", None).await;
    admin
        .patch(&path, json!({ "permissionType": "organization_editor" }))
        .await
        .problem(409);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = TestServer::start().await;
    let (admin, ada) = (server.admin().await, server.person("ada", &[]).await);
    let held = admin.get("/permissions").await.ok(200);
    for permission in held["data"].as_array().expect("a list") {
        let path = format!("/permissions/{}", id(permission));
        let problem = admin.delete(&path).await.problem(409);
        assert_eq!(problem["title"], "state-conflict");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.contains("without an administrator")),
            "{problem}"
        );
    }
    let first = format!("/permissions/{}", id(&held["data"][0]));
    admin
        .patch(&first, json!({ "permissionType": "organization_editor" }))
        .await
        .problem(409);
    grant(&admin, &ada, "organization_admin", None).await;
    admin
        .patch(&first, json!({ "permissionType": "organization_editor" }))
        .await
        .ok(200);
}

#[tokio::test]
async fn with_an_organization_s_permission_go_those_on_its_workspaces() {
    let server = TestServer::start().await;
    let (admin, ada) = (server.admin().await, server.person("ada", &[]).await);
    let workspace = admin.first_workspace().await;
    let wide = grant(&admin, &ada, "organization_member", None).await;
    grant(&admin, &ada, "workspace_editor", Some(&workspace)).await;
    admin
        .delete(&format!("/permissions/{}", id(&wide)))
        .await
        .ok(204);
    assert_eq!(ada.get("/permissions").await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn others_permissions_are_listed_to_their_organization_s_administrator() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let scope = Workspace(workspace.parse().expect("an id"));
    let ada = server
        .person(
            "ada",
            &[
                (P::OrganizationMember, Organization(HOME)),
                (P::WorkspaceReader, scope),
            ],
        )
        .await;
    let list = admin
        .get(&format!(
            "/permissions?userId={}&organizationId={HOME}",
            ada.id
        ))
        .await
        .ok(200);
    assert_eq!(list, ada.get("/permissions").await.ok(200));
    assert_eq!(list["data"][0]["scope"], "organization");
    assert_eq!(
        (&list["data"][1]["scope"], &list["data"][1]["scopeId"]),
        (&json!("workspace"), &json!(workspace))
    );
    assert_eq!(
        admin
            .get(&format!("/permissions?userId={}", ada.id))
            .await
            .faults(),
        ["query /organizationId"]
    );
    let own = format!(
        "/permissions?userId={}&organizationId=99999999-9999-4999-8999-999999999999",
        ada.id
    );
    assert_eq!(
        ada.get(&own).await.ok(200),
        list,
        "the organization does not matter for one's own"
    );
    ada.get(&format!(
        "/permissions?userId=00000000-0000-0000-0000-000000000000&organizationId={HOME}"
    ))
    .await
    .problem(403);
}
