//! What programs need that embed us: organizations with roles, and tokens for their end users.

use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

const ZERO: OrganizationId = OrganizationId::DEFAULT;

async fn end_user<'a>(admin: &Person<'a>, workspace: &str) -> Person<'a> {
    let body = json!({ "workspaceId": workspace });
    let made = admin.post("/embedded/scoped_token", body).await.ok(200);
    assert_eq!(made.as_object().map(serde_json::Map::len), Some(1));
    let token = made["token"].as_str().expect("a token").to_owned();
    Person::with_token(admin.server, token)
}

#[tokio::test]
async fn organizations_come_with_the_widest_role_on_them() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let name = "Elsewhere".to_owned().try_into().expect("a name");
    let other = people::create_organization(&server.app, &name)
        .await
        .expect("an organization");
    let body = json!({ "name": "there", "organizationId": other });
    let there = admin.post("/workspaces", body).await.ok(200)["workspaceId"].clone();
    let there = there.as_str().expect("an id").parse().expect("an id");
    let seen = async |person: &Person<'_>| -> Value {
        let list = person.get("/embedded/organizations").await.ok(200);
        list["organizations"].clone()
    };
    let item = |id: OrganizationId, name: &str, role: &str| json!({ "organizationId": id, "organizationName": name, "permission": role });
    assert_eq!(
        seen(&admin).await,
        json!([
            item(ZERO, "Default Organization", "instance_admin"),
            item(other, "Elsewhere", "instance_admin"),
        ])
    );
    let grants = [
        (P::OrganizationMember, Organization(ZERO)),
        (P::OrganizationRunner, Organization(ZERO)),
        (P::OrganizationReader, Organization(ZERO)),
        (P::WorkspaceAdmin, Workspace(there)),
    ];
    let person = server.person("ada", &grants).await;
    assert_eq!(
        seen(&person).await,
        json!([item(ZERO, "Default Organization", "organization_runner")])
    );
    assert_eq!(seen(&server.person("bob", &[]).await).await, json!([]));
}

#[tokio::test]
async fn an_end_user_edits_the_sources_of_one_workspace_for_twenty_minutes() {
    let server = TestServer::start().await;
    let mut admin = server.admin().await;
    let home = admin.first_workspace().await;
    let elsewhere = admin.creates_workspace("elsewhere").await;
    let foreign = admin.creates_actor("source", &elsewhere).await;
    let user = end_user(&admin, &home).await;
    let source = user.creates_actor("source", &home).await;
    let list = user.get("/sources").await.ok(200);
    assert_eq!(list["data"][0]["sourceId"], source);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    user.get(&format!("/sources/{foreign}")).await.problem(403);
    let body = json!({ "name": "x", "workspaceId": home,
        "configuration": { "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } } });
    user.post("/destinations", body).await.problem(403);
    let more = json!({ "workspaceId": home });
    user.post("/embedded/scoped_token", more).await.problem(403);
    let application = json!({ "name": "for ever" });
    user.post("/applications", application.clone())
        .await
        .problem(403);
    user.post("/api/v1/applications/create", application)
        .await
        .problem(403);

    // The same account again, also after it has thrown away what its tokens were bought with.
    let again = end_user(&admin, &home).await;
    again.get(&format!("/sources/{source}")).await.ok(200);
    let list = user.get("/applications").await;
    let applications = list.ok(200);
    let own = applications["applications"].as_array().expect("a list");
    assert_eq!(own.len(), 1, "{}", list.text);
    let id = own[0]["id"].as_str().expect("an id");
    user.delete(&format!("/applications/{id}")).await.ok(200);
    again.get("/sources").await.problem(401);
    let third = end_user(&admin, &home).await;
    third.get(&format!("/sources/{source}")).await.ok(200);

    server.wait(20 * 60 - 1);
    third.get("/sources").await.ok(200);
    server.wait(1);
    third.get("/sources").await.problem(401);
    admin = server.admin().await;
    let fourth = end_user(&admin, &home).await;
    admin.delete(&format!("/workspaces/{home}")).await.ok(204);
    fourth.get(&format!("/sources/{source}")).await.problem(404);
}

#[tokio::test]
async fn there_is_no_widget_and_the_answer_says_what_there_is() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({ "organizationId": ZERO, "allowedOrigin": "https://example.org", "externalUserId": "7" });
    let answer = admin
        .post("/embedded/widget_token", body)
        .await
        .problem(501);
    assert_eq!(
        answer["type"],
        "error:implementation/not-implemented-in-oss"
    );
    let told = answer["detail"].as_str().expect("a sentence");
    assert!(told.contains("/embedded/scoped_token"), "{told}");
    let nothing = admin.post("/embedded/widget_token", json!({})).await;
    nothing.problem(400);
}
