//! Running an organization: adding people and service accounts, keeping them out, moving workspaces.

use ferrobyte::domain::ids::{OrganizationId, UserId};
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::{people, sessions};
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

const ZERO: OrganizationId = OrganizationId::DEFAULT;
const SOURCE: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

async fn organization(admin: &Person<'_>, name: &str) -> OrganizationId {
    let body = json!({ "organizationName": name });
    let made = admin.post("/organizations", body).await.ok(200);
    let id = made["organizationId"].as_str().expect("an id");
    id.parse().expect("an id")
}

fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

async fn signs_in(server: &TestServer, email: &str, password: &str) -> bool {
    sessions::begin(&server.app, SOURCE, email, password)
        .await
        .is_ok()
}

#[tokio::test]
async fn a_person_is_added_with_a_link_or_with_a_password() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({ "organizationId": ZERO, "name": "Grace", "email": "Grace@Example.org",
        "permissionType": "organization_reader" });
    let made = admin.post("/users", body.clone()).await.ok(200);
    let mut expected = json!({ "id": made["id"], "name": "Grace", "email": "grace@example.org",
        "disabled": false, "serviceAccount": false, "invitation": made["invitation"] });
    assert_eq!(made, expected);
    expected
        .as_object_mut()
        .expect("members")
        .remove("invitation");
    let path = format!("/users/{}", id(&made));
    assert_eq!(admin.get(&path).await.ok(200), expected);
    assert!(!signs_in(&server, "grace@example.org", "").await);
    let holds = format!("/permissions?userId={}&organizationId={ZERO}", id(&made));
    let held = admin.get(&holds).await.ok(200);
    assert_eq!(held["data"][0]["permissionType"], "organization_reader");

    admin.post("/users", body).await.problem(409);
    let given = json!({ "organizationId": ZERO, "name": "Bob", "email": "bob@example.org",
        "password": "a password of his" });
    let made = admin.post("/users", given).await.ok(200);
    assert!(made["invitation"].is_null());
    assert!(signs_in(&server, "bob@example.org", "a password of his").await);
    for (wrong, pointer) in [
        (json!({ "email": "nobody" }), "body /email"),
        (json!({}), "body /email"),
        (
            json!({ "email": "c@d", "password": "short" }),
            "body /password",
        ),
        (
            json!({ "email": "c@d", "serviceAccount": true }),
            "body /email",
        ),
        (
            json!({ "email": "c@d", "permissionType": "workspace_reader" }),
            "body /permissionType",
        ),
    ] {
        let mut body = json!({ "organizationId": ZERO, "name": "C" });
        let members = body.as_object_mut().expect("members");
        members.extend(wrong.as_object().expect("members").clone());
        assert_eq!(admin.post("/users", body).await.faults(), [pointer]);
    }
}

#[tokio::test]
async fn nothing_of_somebody_disabled_works_on_any_replica() {
    let server = TestServer::start().await;
    let other = server.replica().await;
    let admin = server.admin().await;
    let ada = server
        .person("ada", &[(P::OrganizationReader, Organization(ZERO))])
        .await;
    let email = format!("ada-{}@example.org", ada.id);
    people::set_password(&server.app, ada.id, "a password of hers")
        .await
        .expect("a password");
    let begun = sessions::begin(&server.app, SOURCE, &email, "a password of hers")
        .await
        .expect("in");
    let there = Person::with_token(&other, ada.token.clone().expect("a token"));
    there.get("/workspaces").await.ok(200);

    let path = format!("/users/{}", ada.id);
    let changed = admin
        .patch(&path, json!({ "disabled": true }))
        .await
        .ok(200);
    assert_eq!(changed["disabled"], true);
    ada.get("/workspaces").await.problem(401);
    server.wait(1);
    other.wait(1);
    there.get("/workspaces").await.problem(401);
    let session = sessions::caller(&other.app, begun.cookie.reveal())
        .await
        .expect("asked");
    assert!(session.is_none());
    assert!(!signs_in(&server, &email, "a password of hers").await);
    let (client, secret) = ada.client.clone().expect("credentials");
    let credentials = json!({ "client_id": client, "client_secret": secret });
    let refused = ada
        .post("/api/v1/applications/token", credentials.clone())
        .await;
    assert_eq!(refused.status, 401, "{}", refused.text);

    admin
        .patch(&path, json!({ "disabled": false }))
        .await
        .ok(200);
    ada.get("/workspaces").await.ok(200);
    ada.post("/api/v1/applications/token", credentials)
        .await
        .ok(200);
    assert!(signs_in(&server, &email, "a password of hers").await);
}

#[tokio::test]
async fn nobody_disables_themselves_or_the_last_administrator() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let disable = json!({ "disabled": true });
    let oneself = format!("/users/{}", UserId::DEFAULT);
    admin.patch(&oneself, disable.clone()).await.problem(409);
    let other = organization(&admin, "Elsewhere").await;
    let ada = server
        .person("ada", &[(P::OrganizationAdmin, Organization(other))])
        .await;
    let path = format!("/users/{}", ada.id);
    admin.patch(&path, disable.clone()).await.problem(409);
    server
        .person("bob", &[(P::OrganizationAdmin, Organization(other))])
        .await;
    admin.patch(&path, disable).await.ok(200);
}

#[tokio::test]
async fn somebody_who_belongs_elsewhere_too_is_not_ours_alone_to_disable() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let other = organization(&admin, "Elsewhere").await;
    let boss = server
        .person("boss", &[(P::OrganizationAdmin, Organization(ZERO))])
        .await;
    let both = [
        (P::OrganizationMember, Organization(ZERO)),
        (P::OrganizationMember, Organization(other)),
    ];
    let both = server.person("both", &both).await;
    let disable = json!({ "disabled": true });
    boss.patch(&format!("/users/{}", both.id), disable.clone())
        .await
        .problem(403);
    boss.patch(&format!("/users/{}", UserId::DEFAULT), disable.clone())
        .await
        .problem(403);
    let ours = server
        .person("ours", &[(P::OrganizationMember, Organization(ZERO))])
        .await;
    boss.patch(&format!("/users/{}", ours.id), disable)
        .await
        .ok(200);
}

#[tokio::test]
async fn a_service_account_owns_applications_and_does_not_sign_in() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({ "organizationId": ZERO, "name": "nightly", "serviceAccount": true,
        "permissionType": "organization_editor" });
    let made = admin.post("/users", body).await.ok(200);
    assert_eq!(
        (&made["serviceAccount"], &made["invitation"]),
        (&json!(true), &Value::Null)
    );
    let path = format!("/users/{}/applications", id(&made));
    let application = admin.post(&path, json!({ "name": "etl" })).await.ok(200);
    let text = |name: &str| application[name].as_str().expect("text").to_owned();
    let token = admin.token(&text("clientId"), &text("clientSecret")).await;
    let service = Person::with_token(&server, token);
    service.creates_workspace("made by night").await;

    let account = format!("/users/{}", id(&made));
    let switch = |disabled: bool| json!({ "disabled": disabled });
    admin.patch(&account, switch(true)).await.ok(200);
    let late = admin.post(&path, json!({ "name": "late" })).await.ok(200);
    let credentials =
        json!({ "client_id": late["clientId"], "client_secret": late["clientSecret"] });
    let refused = service
        .post("/api/v1/applications/token", credentials.clone())
        .await;
    assert_eq!(refused.status, 401, "made while its owner is disabled");
    admin.patch(&account, switch(false)).await.ok(200);
    service
        .post("/api/v1/applications/token", credentials)
        .await
        .ok(200);
    let listed = admin.get(&path).await.ok(200);
    assert_eq!(listed["applications"][0]["id"], application["id"]);
    assert_ne!(
        listed["applications"][0]["clientSecret"],
        application["clientSecret"]
    );

    let email = made["email"].as_str().expect("text");
    let user: UserId = id(&made).parse().expect("an id");
    people::set_password(&server.app, user, "a password of it")
        .await
        .expect("a password");
    assert!(!signs_in(&server, email, "a password of it").await);

    admin
        .delete(&format!("{path}/{}", id(&application)))
        .await
        .ok(204);
    service.get("/workspaces").await.problem(401);
    let ada = server
        .person("ada", &[(P::OrganizationReader, Organization(ZERO))])
        .await;
    admin
        .get(&format!("/users/{}/applications", ada.id))
        .await
        .problem(422);
}

#[tokio::test]
async fn a_workspace_moves_with_all_that_is_in_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let other = organization(&admin, "Elsewhere").await;
    let workspace = admin.creates_workspace("pets").await;
    let connection = admin.creates_connection(&workspace).await;
    let theirs = server
        .person("theirs", &[(P::OrganizationReader, Organization(other))])
        .await;
    let ours = server
        .person("ours", &[(P::OrganizationReader, Organization(ZERO))])
        .await;
    ours.get(&format!("/connections/{connection}"))
        .await
        .ok(200);
    theirs
        .get(&format!("/connections/{connection}"))
        .await
        .problem(403);

    let path = format!("/workspaces/{workspace}/move");
    let moved = admin
        .post(&path, json!({ "organizationId": other }))
        .await
        .ok(200);
    let expected = json!({ "workspaceId": workspace, "name": "pets", "organizationId": other });
    assert_eq!(moved, expected);
    // The organization that it leaves is told.
    let log = |of: OrganizationId| format!("/organizations/{of}/auditLog?operation=moveWorkspace");
    let left = admin.get(&log(ZERO)).await.ok(200);
    assert_eq!(left["data"][0]["subjectId"], workspace);
    assert_eq!(left["data"][0]["subjectKind"], "workspace");
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1));
    let entered = admin.get(&log(other)).await.ok(200);
    assert_eq!(entered["data"], json!([]));
    ours.get(&format!("/connections/{connection}"))
        .await
        .problem(403);
    for (list, key) in [
        ("/workspaces", "workspaceId"),
        ("/connections", "connectionId"),
        ("/sources", "sourceId"),
        ("/destinations", "destinationId"),
    ] {
        let there = theirs.get(list).await.ok(200);
        assert_eq!(there["data"].as_array().expect("a list").len(), 1, "{list}");
        let moved = &there["data"][0][key];
        let here = ours.get(list).await.ok(200);
        let mut here = here["data"].as_array().expect("a list").iter();
        assert!(here.all(|one| one[key] != *moved), "{list}");
    }
}

#[tokio::test]
async fn a_workspace_stays_where_groups_hold_something_on_it_and_for_who_is_not_admin_of_both() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let other = organization(&admin, "Elsewhere").await;
    let workspace = admin.creates_workspace("pets").await;
    let body = json!({ "name": "keepers", "organizationId": ZERO });
    let group = admin.post("/groups", body).await.ok(200);
    let group = group["groupId"].as_str().expect("an id");
    let body = json!({ "permissionType": "workspace_reader", "workspaceId": workspace });
    let granted = format!("/groups/{group}/permissions");
    admin.post(&granted, body).await.ok(201);
    let path = format!("/workspaces/{workspace}/move");
    let to = json!({ "organizationId": other });
    let problem = admin.post(&path, to.clone()).await.problem(409);
    assert!(
        problem["detail"].as_str().expect("text").contains("groups"),
        "{problem}"
    );

    let scope = Workspace(workspace.parse().expect("an id"));
    for grants in [
        vec![(P::OrganizationAdmin, Organization(ZERO))],
        vec![(P::OrganizationAdmin, Organization(other))],
        vec![
            (P::OrganizationAdmin, Organization(other)),
            (P::WorkspaceAdmin, scope),
        ],
    ] {
        let half = server.person("half", &grants).await;
        half.post(&path, to.clone()).await.problem(403);
    }
    admin.delete(&format!("/groups/{group}")).await.ok(204);
    admin.post(&path, to).await.ok(200);
}
