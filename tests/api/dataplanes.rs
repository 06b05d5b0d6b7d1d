//! Data planes: created with credentials that are shown once, changed, deleted, listed.

use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::Organization;
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

async fn region(person: &Person<'_>, name: &str, organization: OrganizationId) -> String {
    let body = json!({ "name": name, "organizationId": organization });
    let made = person.post("/regions", body).await.ok(200);
    made["regionId"].as_str().expect("an id").to_owned()
}

async fn create(person: &Person<'_>, name: &str, region: &str) -> Value {
    let body = json!({ "name": name, "regionId": region });
    person.post("/dataplanes", body).await.ok(200)
}

fn path(dataplane: &Value) -> String {
    format!(
        "/dataplanes/{}",
        dataplane["dataplaneId"].as_str().expect("an id")
    )
}

async fn names(person: &Person<'_>, path: &str) -> Vec<String> {
    let list = person.get(path).await.ok(200);
    let all = list["data"].as_array().expect("a list").iter();
    all.map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn a_data_plane_shows_its_secret_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = region(&admin, "eu", OrganizationId::DEFAULT).await;
    let mut made = create(&admin, "first", &home).await;
    let path = path(&made);
    let members = made.as_object_mut().expect("members");
    let id = members.remove("clientId").expect("an id");
    let secret = members.remove("clientSecret").expect("a secret");
    let (id, secret) = (
        id.as_str().expect("an id"),
        secret.as_str().expect("a secret"),
    );
    assert_eq!(
        made,
        json!({
            "dataplaneId": made["dataplaneId"], "name": "first", "regionId": home, "enabled": true,
            "createdAt": "2030-01-01T00:00:00Z", "updatedAt": "2030-01-01T00:00:00Z",
        })
    );
    let read = admin.get(&path).await;
    assert_eq!(read.ok(200), made);
    assert!(!read.text.contains(secret));

    let plane = Person::with_token(&server, server.nobody().token(id, secret).await);
    assert_eq!(
        plane.get("/workspaces").await.ok(200)["data"],
        json!([]),
        "it may do nothing"
    );
    plane.get(&path).await.problem(403);
    server.wait(60);
    let changed = admin
        .patch(&path, json!({ "enabled": false, "name": "second" }))
        .await
        .ok(200);
    assert_eq!(
        changed,
        json!({
            "dataplaneId": made["dataplaneId"], "name": "second", "regionId": home, "enabled": false,
            "createdAt": "2030-01-01T00:00:00Z", "updatedAt": "2030-01-01T00:01:00Z",
        })
    );
    assert_eq!(admin.delete(&path).await.ok(200), changed);
    admin.get(&path).await.problem(404);
    plane.get("/workspaces").await.problem(401);
    let credentials = json!({ "client_id": id, "client_secret": secret });
    server
        .nobody()
        .post("/api/v1/applications/token", credentials)
        .await
        .problem(401);
}

#[tokio::test]
async fn a_name_is_there_once_in_a_region() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = region(&admin, "eu", OrganizationId::DEFAULT).await;
    let elsewhere = region(&admin, "us", OrganizationId::DEFAULT).await;
    let first = create(&admin, "first", &home).await;
    let second = create(&admin, "second", &home).await;
    create(&admin, "first", &elsewhere).await;
    let again = admin
        .post("/dataplanes", json!({ "name": "first", "regionId": home }))
        .await;
    assert_eq!(
        again.problem(409)["type"],
        "error:dataplane-name-already-exists"
    );
    let renamed = json!({ "name": "first" });
    admin
        .patch(&path(&second), renamed.clone())
        .await
        .problem(409);
    admin.patch(&path(&first), renamed).await.ok(200);
    admin.delete(&path(&first)).await.ok(200);
    create(&admin, "first", &home).await;
}

#[tokio::test]
async fn data_planes_are_listed_to_administrators_and_go_with_their_region() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let name = "Elsewhere".to_owned().try_into().expect("a name");
    let other = people::create_organization(&server.app, &name)
        .await
        .expect("an organization");
    let (here, there) = (
        region(&admin, "eu", OrganizationId::DEFAULT).await,
        region(&admin, "us", other).await,
    );
    create(&admin, "one", &there).await;
    let two = create(&admin, "two", &here).await;
    create(&admin, "three", &there).await;
    assert_eq!(names(&admin, "/dataplanes").await, ["one", "two", "three"]);
    let both = format!("/dataplanes?regionIds={here}&regionIds={there}");
    assert_eq!(names(&admin, &both).await, ["one", "two", "three"]);
    let grants = [(P::OrganizationAdmin, Organization(other))];
    let theirs = server.person("theirs", &grants).await;
    assert_eq!(names(&theirs, "/dataplanes").await, ["one", "three"]);
    theirs.get(&both).await.problem(403);
    let grants = [(P::OrganizationEditor, Organization(other))];
    let editor = server.person("editor", &grants).await;
    assert_eq!(names(&editor, "/dataplanes").await, Vec::<String>::new());

    let id = two["clientId"].as_str().expect("an id");
    let secret = two["clientSecret"].as_str().expect("a secret");
    let plane = Person::with_token(&server, server.nobody().token(id, secret).await);
    plane.get("/workspaces").await.ok(200);
    admin.delete(&format!("/regions/{here}")).await.ok(200);
    admin.get(&path(&two)).await.problem(404);
    plane.get("/workspaces").await.problem(401);
    assert_eq!(names(&admin, "/dataplanes").await, ["one", "three"]);
}

#[tokio::test]
async fn a_request_that_is_sent_again_shows_no_secret() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = region(&admin, "eu", OrganizationId::DEFAULT).await;
    let body = json!({ "name": "first", "regionId": home });
    let ask = || {
        let request = axum::http::Request::post("/api/public/v1/dataplanes")
            .header("content-type", "application/json")
            .header("idempotency-key", "k")
            .body(axum::body::Body::from(body.to_string()))
            .expect("a request");
        admin.ask(request)
    };
    let made = ask().await.ok(200);
    let mut again = ask().await.ok(200);
    assert_eq!(again["clientSecret"], "**********");
    again["clientSecret"] = made["clientSecret"].clone();
    assert_eq!(again, made);
}
