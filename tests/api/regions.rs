//! Regions: created, changed, deleted, listed; and what they mean for workspaces.

use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::Organization;
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

const ZERO: OrganizationId = OrganizationId::DEFAULT;

async fn create(person: &Person<'_>, name: &str, organization: OrganizationId) -> Value {
    let body = json!({ "name": name, "organizationId": organization });
    person.post("/regions", body).await.ok(200)
}

async fn names(person: &Person<'_>, organization: OrganizationId) -> Vec<String> {
    let list = person
        .get(&format!("/regions?organizationId={organization}"))
        .await
        .ok(200);
    let regions = list["data"].as_array().expect("a list").iter();
    regions
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn path(region: &Value) -> String {
    format!("/regions/{}", region["regionId"].as_str().expect("an id"))
}

#[tokio::test]
async fn a_region_is_created_changed_and_deleted() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let made = create(&admin, "EU West", ZERO).await;
    assert_eq!(
        made,
        json!({
            "regionId": made["regionId"], "name": "EU West", "organizationId": ZERO, "enabled": true,
            "createdAt": "2030-01-01T00:00:00Z", "updatedAt": "2030-01-01T00:00:00Z",
        })
    );
    let path = path(&made);
    assert_eq!(admin.get(&path).await.ok(200), made);
    server.wait(60);
    let changed = admin
        .patch(&path, json!({ "enabled": false }))
        .await
        .ok(200);
    assert_eq!(changed["enabled"], false);
    assert_eq!(changed["name"], "EU West");
    assert_eq!(changed["createdAt"], "2030-01-01T00:00:00Z");
    assert_eq!(changed["updatedAt"], "2030-01-01T00:01:00Z");
    let renamed = admin.patch(&path, json!({ "name": "EU" })).await.ok(200);
    assert_eq!(
        (&renamed["name"], &renamed["enabled"]),
        (&json!("EU"), &json!(false))
    );
    assert_eq!(admin.get(&path).await.ok(200), renamed);
    assert_eq!(admin.delete(&path).await.ok(200), renamed);
    let gone = admin.get(&path).await.problem(404);
    assert_eq!(gone["data"]["resourceType"], "DATAPLANE_GROUP");
    let disabled = json!({ "name": "off", "organizationId": ZERO, "enabled": false });
    assert_eq!(
        admin.post("/regions", disabled).await.ok(200)["enabled"],
        false
    );
    let refused = admin
        .post("/regions", json!({ "name": " ", "organizationId": ZERO }))
        .await;
    assert_eq!(refused.faults(), ["body /name"]);
    assert_eq!(
        admin.get("/regions").await.faults(),
        ["query /organizationId"]
    );
}

#[tokio::test]
async fn an_organization_has_its_regions_and_those_of_the_default_one() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let name = "Elsewhere".to_owned().try_into().expect("a name");
    let other = people::create_organization(&server.app, &name)
        .await
        .expect("an organization");
    server.wait(1);
    let shared = create(&admin, "shared", ZERO).await;
    server.wait(1);
    let own = create(&admin, "own", other).await;
    assert_eq!(names(&admin, ZERO).await, ["shared", "AUTO"]);
    let theirs = names(&admin, other).await;
    assert_eq!(theirs[..2], ["own", "shared"]);
    assert_eq!(theirs.len(), 4, "{theirs:?}");
    server.wait(1);
    admin
        .patch(&path(&shared), json!({ "enabled": true }))
        .await
        .ok(200);
    assert_eq!(names(&admin, other).await[0], "shared", "changed last");

    for name in ["OWN", "Shared"] {
        let body = json!({ "name": name, "organizationId": other });
        let taken = admin.post("/regions", body).await.problem(409);
        assert_eq!(taken["type"], "error:dataplane-group-name-already-exists");
    }
    let renamed = admin.patch(&path(&own), json!({ "name": "shared" })).await;
    renamed.problem(409);
    server.wait(1);
    admin
        .patch(&path(&own), json!({ "name": "Own" }))
        .await
        .ok(200);

    let theirs = server
        .person("theirs", &[(P::OrganizationAdmin, Organization(other))])
        .await;
    assert_eq!(names(&theirs, other).await[0], "Own");
    theirs.get(&path(&shared)).await.problem(403);
    for (region, status) in [(&own, 200), (&shared, 200)] {
        let body =
            json!({ "name": "pets", "organizationId": other, "regionId": region["regionId"] });
        let made = theirs.post("/workspaces", body).await.ok(status);
        let name = admin.get(&path(region)).await.ok(200)["name"].clone();
        assert_eq!(
            made["dataResidency"],
            name.as_str().expect("a name").to_lowercase()
        );
    }
    let foreign = json!({ "name": "pets", "regionId": own["regionId"] });
    let refused = admin.post("/workspaces", foreign).await;
    assert_eq!(refused.faults(), ["body /regionId"]);
}

#[tokio::test]
async fn a_disabled_region_takes_no_new_workspaces() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let region = create(&admin, "eu", ZERO).await;
    let path = path(&region);
    let inside = json!({ "name": "pets", "regionId": region["regionId"] });
    let made = admin.post("/workspaces", inside.clone()).await.ok(200);
    assert_eq!(made["dataResidency"], "eu");
    admin
        .patch(&path, json!({ "enabled": false }))
        .await
        .ok(200);
    let refused = admin.post("/workspaces", inside).await;
    assert_eq!(refused.faults(), ["body /regionId"]);
    let home = format!(
        "/workspaces/{}",
        made["workspaceId"].as_str().expect("an id")
    );
    assert_eq!(admin.get(&home).await.ok(200)["dataResidency"], "eu");
    admin.creates_workspace("usual").await;

    let first = admin
        .get(&format!("/regions?organizationId={ZERO}"))
        .await
        .ok(200);
    let first = first["data"].as_array().expect("a list").iter();
    for one in first.filter(|one| one["name"] == "AUTO") {
        let path = format!("/regions/{}", one["regionId"].as_str().expect("an id"));
        let disabled = json!({ "enabled": false });
        admin.patch(&path, disabled).await.ok(200);
    }
    admin
        .post("/workspaces", json!({ "name": "nowhere" }))
        .await
        .problem(409);
}

#[tokio::test]
async fn a_region_with_workspaces_stays() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let region = create(&admin, "eu", ZERO).await;
    let path = path(&region);
    let body = json!({ "name": "pets", "regionId": region["regionId"] });
    let made = admin.post("/workspaces", body).await.ok(200);
    admin.delete(&path).await.problem(409);
    let home = format!(
        "/workspaces/{}",
        made["workspaceId"].as_str().expect("an id")
    );
    admin.delete(&home).await.ok(204);
    admin.delete(&path).await.ok(200);
    let again = create(&admin, "eu", ZERO).await;
    assert_ne!(again["regionId"], region["regionId"]);
}
