//! The pages of workspaces: making one, naming it anew, deleting it.

use ferrobyte::domain::ids::WorkspaceId;
use ferrobyte::domain::permission::PermissionType;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::{EMAIL, PASSWORD, TestServer};

#[tokio::test]
async fn a_workspace_is_made_named_anew_and_deleted() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    assert!(ada.get("/").await.text.contains("href=\"/workspaces/new\""));
    assert_eq!(ada.get("/workspaces/new").await.status, 200);
    let refused = ada.post("/workspaces/new", &[("name", " ")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Give the workspace a name."));
    let made = ada.post("/workspaces/new", &[("name", "second")]).await;
    let list = made.header("location").to_owned();
    let id = list.split('/').nth(2).expect("an id").to_owned();
    let home = format!("/workspaces/{id}");
    assert_eq!(list, format!("{home}/connections"));
    let settings = format!("{home}/settings");
    assert!(ada.get(&list).await.text.contains(&settings));
    let refused = ada.post(&settings, &[("name", "")]).await;
    assert_eq!(refused.status, 422);
    let saved = ada.post(&settings, &[("name", "third")]).await;
    assert_eq!(saved.header("location"), format!("{settings}?done=saved"));
    let told = admin.get(&home).await.ok(200);
    assert_eq!(told["name"], "third");
    let delete = format!("{home}/delete");
    let unsure = ada.post(&delete, &[("name", "second")]).await;
    assert_eq!(unsure.status, 422);
    assert!(unsure.text.contains("not the name of the workspace"));
    let gone = ada.post(&delete, &[("name", "third")]).await;
    assert_eq!(gone.header("location"), "/");
    admin.get(&home).await.problem(404);
}

#[tokio::test]
async fn workspaces_are_changed_by_those_who_may() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let id: WorkspaceId = home.parse().expect("an id");
    let reader = Browser::with(&server, PermissionType::WorkspaceRunner, id).await;
    let start = reader.get("/").await.text;
    assert!(!start.contains("/workspaces/new") && !start.contains("/demo\""));
    let list = reader.get(&format!("/workspaces/{home}/connections")).await;
    assert!(!list.text.contains("/settings\">Workspace"));
    for path in [
        "/workspaces/new".to_owned(),
        format!("/workspaces/{home}/settings"),
        format!("/workspaces/{home}/delete"),
    ] {
        assert_eq!(reader.get(&path).await.status, 403, "{path}");
        let name = [("name", "Default Workspace")];
        assert_eq!(reader.post(&path, &name).await.status, 403, "{path}");
    }
    let all = admin.get("/workspaces").await.ok(200);
    let names: Vec<_> = all["data"].as_array().expect("some").iter().collect();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0]["name"], json!("Default Workspace"));
}
