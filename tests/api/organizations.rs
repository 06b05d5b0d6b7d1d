//! Organizations and their people.

use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::Value;

use crate::support::TestServer;

const HOME: OrganizationId = OrganizationId::DEFAULT;

fn ids(list: &Value) -> Vec<&str> {
    list["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|user| user["id"].as_str())
        .collect()
}

#[tokio::test]
async fn people_are_those_with_a_permission_on_the_organization_itself() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let scope = Workspace(admin.first_workspace().await.parse().expect("an id"));
    let member = server
        .person("member", &[(P::OrganizationMember, Organization(HOME))])
        .await;
    server.person("guest", &[(P::WorkspaceReader, scope)]).await;
    let all = member
        .get(&format!("/users?organizationId={HOME}"))
        .await
        .ok(200);
    let (zero, id) = (
        "00000000-0000-0000-0000-000000000000",
        member.id.to_string(),
    );
    assert_eq!(ids(&all), [zero, &id]);
    let email = all["data"][1]["email"]
        .as_str()
        .expect("an address")
        .to_uppercase();
    for (filter, expected) in [
        (format!("ids={id}"), vec![id.as_str()]),
        (format!("emails={email}"), vec![&id]),
        (format!("emails={email}&ids={zero}"), vec![zero, &id]),
        (format!("ids={zero},{id}"), vec![zero, &id]),
        (
            format!("ids={zero}&ids={id}&emails={email}"),
            vec![zero, &id],
        ),
        (
            "ids=99999999-9999-4999-8999-999999999999".to_owned(),
            vec![],
        ),
        ("ids=&emails=".to_owned(), vec![zero, &id]),
    ] {
        let list = member
            .get(&format!("/users?organizationId={HOME}&{filter}"))
            .await
            .ok(200);
        assert_eq!(ids(&list), expected, "{filter}");
    }
    assert_eq!(
        member.get("/users").await.faults(),
        ["query /organizationId"]
    );
    let wrong = member.get("/users?organizationId=x&ids=y&emails=z").await;
    assert_eq!(
        wrong.faults(),
        ["query /organizationId", "query /ids", "query /emails"]
    );
}

#[tokio::test]
async fn a_removed_person_is_gone_everywhere_at_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let member = server
        .person("member", &[(P::OrganizationEditor, Organization(HOME))])
        .await;
    member.get("/workspaces").await.ok(200);
    people::remove(&server.app, member.id)
        .await
        .expect("removed");
    member.get("/workspaces").await.problem(401);
    let (client_id, secret) = member.client.clone().expect("credentials");
    let body = serde_json::json!({ "client_id": client_id, "client_secret": secret });
    server
        .nobody()
        .post("/api/v1/applications/token", body)
        .await
        .problem(401);
    let left = admin
        .get(&format!("/users?organizationId={HOME}"))
        .await
        .ok(200);
    assert_eq!(ids(&left).len(), 1);
    assert!(
        people::remove(&server.app, ferrobyte::domain::ids::UserId::DEFAULT)
            .await
            .is_err(),
        "the last one stays"
    );
    admin.get("/workspaces").await.ok(200);
}

#[tokio::test]
async fn older_clients_read_the_organization_of_a_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let path = "/api/v1/workspaces/get_organization_info";
    let body = serde_json::json!({ "workspaceId": workspace });
    let read = admin.post(path, body.clone()).await.ok(200);
    assert_eq!(read["organizationId"], HOME.to_string());
    assert_eq!(read["organizationName"], "Default Organization");
    // Whoever works in the workspace alone learns nothing of the organization, belonging to it or not.
    let owner = (
        P::WorkspaceOwner,
        Workspace(workspace.parse().expect("an id")),
    );
    let member = (P::OrganizationMember, Organization(HOME));
    for (grants, status) in [
        (vec![owner], 403),
        (vec![owner, member], 403),
        (vec![(P::OrganizationReader, Organization(HOME))], 200),
    ] {
        let person = server.person("somebody", &grants).await;
        let answer = person.post(path, body.clone()).await;
        assert_eq!(answer.status, status, "{grants:?}: {}", answer.text);
    }
}
