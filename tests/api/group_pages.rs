//! The pages of groups as people with different roles get them. What they look like is the browser walk's
//! business.

use axum::body::Body;
use axum::http::{Request, header};
use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::Organization;
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::{EMAIL, PASSWORD, TestServer};

const ZERO: OrganizationId = OrganizationId::DEFAULT;

fn list() -> String {
    format!("/organizations/{ZERO}/groups")
}

/// A group made by the API: its address and its path in the API.
async fn made(server: &TestServer, name: &str) -> (String, String) {
    let body = json!({ "name": name, "organizationId": ZERO });
    let made = server.admin().await.post("/groups", body).await.ok(200);
    let id = made["groupId"].as_str().expect("an id");
    (format!("{}/{id}", list()), format!("/groups/{id}"))
}

async fn of_api(server: &TestServer, path: &str) -> Vec<Value> {
    let answer = server.admin().await.get(path).await.ok(200);
    answer["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_group_is_made_named_anew_and_deleted_on_pages() {
    let server = TestServer::start().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let list = list();
    assert!(ada.get("/").await.text.contains("href=\"/organizations\""));
    let first = ada.get("/organizations").await;
    let first = ada.get(first.header("location")).await;
    assert!(first.text.contains(&format!("href=\"{list}\"")));
    let none = ada.get(&list).await;
    assert!(none.text.contains("No groups yet"), "{}", none.text);

    let new = format!("{list}/new");
    let refused = ada.post(&new, &[("name", " "), ("description", "x")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Give the group a name."));
    assert!(refused.text.contains("\nx</textarea>"), "it is kept");
    let sent = [("name", "On <Call>"), ("description", "who is\r\nasked")];
    let answer = ada.post(&new, &sent).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let (one, word) = answer.header("location").split_once('?').expect("a word");
    assert_eq!(word, "done=created");
    let again = ada.post(&new, &[("name", "on <call>")]).await;
    assert_eq!(again.status, 422);
    assert!(again.text.contains("a group of this name already"));

    let stored = &of_api(&server, &format!("/groups?organizationId={ZERO}")).await[0];
    assert_eq!(stored["name"], "On <Call>");
    assert_eq!(stored["description"], "who is\nasked");
    let page = ada.get(one).await;
    for told in [
        "On &#60;Call&#62;",
        "Nobody is in it yet",
        "granted nothing",
    ] {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }
    let edit = format!("{one}/edit");
    assert!(ada.get(&edit).await.text.contains("who is\nasked"));
    assert_eq!(ada.post(&edit, &[("name", "")]).await.status, 422);
    let saved = ada
        .post(&edit, &[("name", "Night"), ("description", "")])
        .await;
    assert_eq!(saved.header("location"), format!("{one}?done=saved"));
    let stored = &of_api(&server, &format!("/groups?organizationId={ZERO}")).await[0];
    assert_eq!(
        (&stored["name"], stored.get("description")),
        (&json!("Night"), None)
    );

    let delete = format!("{one}/delete");
    assert!(
        ada.get(&delete)
            .await
            .text
            .contains("Delete <bdi>Night</bdi>?")
    );
    let gone = ada.post(&delete, &[]).await;
    assert_eq!(gone.header("location"), format!("{list}?done=deleted"));
    assert_eq!(ada.get(one).await.status, 404);
    assert!(
        of_api(&server, &format!("/groups?organizationId={ZERO}"))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn members_come_by_their_email_and_go() {
    let server = TestServer::start().await;
    let (one, path) = made(&server, "night").await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let grace = server
        .person("grace", &[(P::OrganizationMember, Organization(ZERO))])
        .await;
    let stranger = server.person("stranger", &[]).await;
    let email = format!("grace-{}@example.org", grace.id);
    assert!(
        ada.get(&one)
            .await
            .text
            .contains(&format!("value=\"{email}\""))
    );
    let members = format!("{one}/members");
    let foreign = format!("stranger-{}@example.org", stranger.id);
    for (sent, told) in [
        ("", "Write somebody’s e-mail."),
        ("grace", "This must be an e-mail address"),
        (foreign.as_str(), "Nobody with this e-mail belongs"),
    ] {
        let refused = ada.post(&members, &[("email", sent)]).await;
        assert_eq!(refused.status, 422, "{sent}");
        assert!(refused.text.contains(told), "{sent}: {}", refused.text);
    }
    let added = ada
        .post(&members, &[("email", &email.to_uppercase())])
        .await;
    assert_eq!(added.header("location"), format!("{one}?done=added"));
    let twice = ada.post(&members, &[("email", &email)]).await;
    assert_eq!(twice.status, 422);
    assert!(twice.text.contains("grace is in the group already."));
    let stored = of_api(&server, &format!("{path}/members")).await;
    assert_eq!(stored[0]["userEmail"], json!(email));
    let page = ada.get(&one).await.text;
    assert!(page.contains("Members <span class=\"quiet\">(1)"), "{page}");
    assert!(
        !page.contains(&format!("<option value=\"{email}\"")),
        "suggested no more"
    );

    let remove = format!("{members}/remove");
    assert_eq!(ada.post(&remove, &[("user", "x")]).await.status, 404);
    let id = grace.id.to_string();
    let removed = ada.post(&remove, &[("user", &id)]).await;
    assert_eq!(removed.header("location"), format!("{one}?done=removed"));
    assert!(of_api(&server, &format!("{path}/members")).await.is_empty());
}

#[tokio::test]
async fn a_group_is_granted_roles_and_they_are_taken_away() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let (one, path) = made(&server, "night").await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let permissions = format!("{one}/permissions");
    let unknown = "99999999-9999-4999-8999-999999999999";
    for (role, workspace, told) in [
        ("", "", "Choose a role."),
        ("instance_admin", "", "cannot be granted to a group"),
        ("workspace_reader", "", "Choose a workspace."),
        ("workspace_reader", unknown, "no such workspace"),
    ] {
        let sent = [("role", role), ("workspace", workspace)];
        let refused = ada.post(&permissions, &sent).await;
        assert_eq!(refused.status, 422, "{role}");
        assert!(refused.text.contains(told), "{role}: {}", refused.text);
    }
    let sent = [("role", "workspace_runner"), ("workspace", home.as_str())];
    let granted = ada.post(&permissions, &sent).await;
    assert_eq!(granted.header("location"), format!("{one}?done=granted"));
    let twice = ada.post(&permissions, &sent).await;
    assert!(
        twice.text.contains("granted the same already"),
        "{}",
        twice.text
    );
    // Whatever workspace is chosen beside it.
    let whole = [
        ("role", "organization_reader"),
        ("workspace", home.as_str()),
    ];
    assert_eq!(ada.post(&permissions, &whole).await.status, 303);
    let stored = of_api(&server, &format!("{path}/permissions")).await;
    assert_eq!(stored[0]["workspaceId"], json!(home));
    assert_eq!(stored[1]["organizationId"], json!(ZERO));
    let page = ada.get(&one).await.text;
    for told in [
        "Workspace runner",
        "Default Workspace",
        "The whole organization",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let revoke = format!("{permissions}/revoke");
    let id = stored[0]["permissionId"].as_str().expect("an id");
    let gone = ada.post(&revoke, &[("permission", id)]).await;
    assert_eq!(gone.header("location"), format!("{one}?done=revoked"));
    assert_eq!(
        of_api(&server, &format!("{path}/permissions")).await.len(),
        1
    );
}

#[tokio::test]
async fn pages_of_groups_are_for_those_who_administer_the_organization() {
    let server = TestServer::start().await;
    let (one, path) = made(&server, "night").await;
    let name = "Elsewhere".to_owned().try_into().expect("a name");
    let elsewhere = people::create_organization(&server.app, &name)
        .await
        .expect("an organization");
    let editor = Browser::holding(&server, &[(P::OrganizationEditor, Organization(ZERO))]).await;
    let foreign =
        Browser::holding(&server, &[(P::OrganizationAdmin, Organization(elsewhere))]).await;
    assert!(
        !editor
            .get("/")
            .await
            .text
            .contains("href=\"/organizations\"")
    );
    assert!(
        editor
            .get("/organizations")
            .await
            .text
            .contains("No organization to administer")
    );
    let own = foreign.get("/organizations").await;
    let users = format!("/organizations/{elsewhere}/users");
    assert_eq!(own.header("location"), users);
    let own = format!("/organizations/{elsewhere}/groups");
    for path in [
        list(),
        format!("{}/new", list()),
        one.clone(),
        format!("{one}/edit"),
        format!("{one}/delete"),
        format!("{one}/members"),
        format!("{one}/permissions"),
    ] {
        let request = Request::get(&path).body(Body::empty()).expect("a request");
        assert_eq!(server.nobody().ask(request).await.status, 303, "{path}");
        for person in [&editor, &foreign] {
            assert_eq!(person.get(&path).await.status, 403, "{path}");
        }
    }
    for part in [
        "edit",
        "delete",
        "members",
        "members/remove",
        "permissions",
        "permissions/revoke",
    ] {
        let path = format!("{one}/{part}");
        let fields = [
            ("name", "mine"),
            ("user", &ZERO.to_string()),
            ("permission", &ZERO.to_string()),
        ];
        for person in [&editor, &foreign] {
            assert_eq!(person.post(&path, &fields).await.status, 403, "{path}");
        }
        // Not by way of one's own organization.
        let astray = path.replace(&list(), &own);
        assert_eq!(foreign.post(&astray, &fields).await.status, 403, "{astray}");
        let request = Request::post(&path)
            .header(header::ORIGIN, "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .body(Body::empty());
        let forged = server.nobody().ask(request.expect("a request")).await;
        assert_eq!(forged.status, 403, "{path}");
        assert!(forged.text.contains("came from elsewhere"), "{path}");
    }
    // Nor for somebody who administers both.
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let astray = one.replace(&list(), &own);
    assert_eq!(ada.get(&astray).await.status, 404);
    assert_eq!(ada.post(&format!("{astray}/delete"), &[]).await.status, 404);
    let stored = server.admin().await.get(&path).await.ok(200);
    assert_eq!(stored["name"], "night");
    assert!(ada.get("/organizations").await.text.contains("Elsewhere"));
}
