//! Two servers on one database: what one revokes, the other forgets within a second.

use ferrobyte::access::keys;
use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::Organization;
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::json;

use crate::support::TestServer;
use crate::support::people::Person;

fn elsewhere<'a>(person: &Person<'_>, server: &'a TestServer) -> Person<'a> {
    Person::with_token(server, person.token.clone().expect("a token"))
}

#[tokio::test]
async fn what_one_replica_revokes_the_other_refuses_within_a_second() {
    let one = TestServer::start().await;
    let two = one.replica().await;
    let admin = one.admin().await;
    elsewhere(&admin, &two).get("/workspaces").await.ok(200);

    let person = one.person("ada", &[]).await;
    let there = elsewhere(&person, &two);
    there.get("/workspaces").await.ok(200);
    let list = person.get("/applications").await.ok(200);
    person
        .delete(&format!(
            "/applications/{}",
            list["applications"][0]["id"].as_str().expect("an id")
        ))
        .await
        .ok(200);
    person.get("/workspaces").await.problem(401);
    two.wait(1);
    there.get("/workspaces").await.problem(401);

    let person = one.person("eve", &[]).await;
    let there = elsewhere(&person, &two);
    there.get("/workspaces").await.ok(200);
    people::remove(&one.app, person.id).await.expect("removed");
    two.wait(1);
    there.get("/workspaces").await.problem(401);

    elsewhere(&admin, &two).get("/workspaces").await.ok(200);
    keys::rotate(&one.app.db, &one.app.clock, chrono::TimeDelta::zero())
        .await
        .expect("a key");
    two.wait(1);
    elsewhere(&admin, &two)
        .get("/workspaces")
        .await
        .problem(401);
    one.admin().await.get("/workspaces").await.ok(200);
}

#[tokio::test]
async fn what_one_replica_grants_the_other_allows_at_once() {
    let one = TestServer::start().await;
    let two = one.replica().await;
    let admin = one.admin().await;
    let workspace = admin.first_workspace().await;
    let person = one.person("ada", &[]).await;
    let there = elsewhere(&person, &two);
    let path = format!("/workspaces/{workspace}");
    there.get(&path).await.problem(403);
    let body = json!({ "permissionType": "workspace_reader", "userId": person.id, "workspaceId": workspace });
    admin.post("/permissions", body).await.ok(200);
    there.get(&path).await.ok(200);
}

#[tokio::test]
async fn a_permission_taken_away_on_one_replica_is_gone_on_the_other_within_a_second() {
    let one = TestServer::start().await;
    let two = one.replica().await;
    let admin = one.admin().await;
    let path = format!("/workspaces/{}", admin.first_workspace().await);
    let grant = (P::OrganizationReader, Organization(OrganizationId::DEFAULT));
    let person = one.person("ada", &[grant]).await;
    let there = elsewhere(&person, &two);
    there.get(&path).await.ok(200);
    let held = person.get("/permissions").await.ok(200);
    let id = held["data"][0]["permissionId"]
        .as_str()
        .expect("an id")
        .to_owned();
    admin.delete(&format!("/permissions/{id}")).await.ok(204);
    two.wait(1);
    there.get(&path).await.problem(403);
}
