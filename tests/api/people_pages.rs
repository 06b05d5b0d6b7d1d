//! The pages of users and service accounts.

use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::people::Person;
use crate::support::{EMAIL, PASSWORD, TestServer};

const ZERO: OrganizationId = OrganizationId::DEFAULT;
const USERS: &str = "/organizations/00000000-0000-0000-0000-000000000000/users";
const SERVICES: &str = "/organizations/00000000-0000-0000-0000-000000000000/service-accounts";

/// The value of the field with this id.
fn value<'a>(answer: &'a Answer, field: &str) -> &'a str {
    let (_, rest) = answer
        .text
        .split_once(&format!("<input id=\"{field}\""))
        .unwrap_or_else(|| panic!("no {field}: {}", answer.text));
    let (_, rest) = rest.split_once("value=\"").expect("a value");
    rest.split_once('"').expect("its end").0
}

fn led_to(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location")
}

async fn permissions(admin: &Person<'_>, user: &str) -> Vec<Value> {
    let path = format!("/permissions?userId={user}&organizationId={ZERO}");
    let held = admin.get(&path).await.ok(200);
    held["data"].as_array().expect("a list").clone()
}

/// The address of the page of whoever has this name in a list.
fn address_of(list: &Answer, name: &str) -> String {
    let (before, _) = list
        .text
        .split_once(&format!("\"><bdi>{name}</bdi></a>"))
        .unwrap_or_else(|| panic!("no {name}: {}", list.text));
    before.rsplit_once("href=\"").expect("a link").1.to_owned()
}

#[tokio::test]
async fn a_user_is_invited_and_the_link_shown_once() {
    let server = TestServer::start().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let new = format!("{USERS}/new");
    assert_eq!(ada.get(&new).await.status, 200);
    for (fields, told) in [
        (&[("email", "grace@example.org")][..], "Give them a name."),
        (&[("name", "Grace")], "Write their e-mail."),
        (
            &[("name", "Grace"), ("email", "grace")],
            "must be an e-mail address",
        ),
        (&[("name", "Grace"), ("email", EMAIL)], "has this e-mail"),
    ] {
        let refused = ada.post(&new, fields).await;
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(refused.text.contains(told), "{fields:?}: {}", refused.text);
        assert!(refused.text.contains("aria-invalid=\"true\""));
    }
    let fields = [
        ("name", "Grace <b>"),
        ("email", "grace@example.org"),
        ("role", "organization_reader"),
    ];
    let made = ada.post(&new, &fields).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let link = value(&made, "link").to_owned();
    assert!(link.contains("/invitation?token="), "{link}");

    let list = ada.get(USERS).await;
    for part in ["Grace &#60;b&#62;", ">Invited<", "Organization reader"] {
        assert!(list.text.contains(part), "{part}: {}", list.text);
    }
    let one = address_of(&list, "Grace &#60;b&#62;");
    assert!(!ada.get(&one).await.text.contains("token="));
    let again = ada.post(&format!("{one}/invitation"), &[]).await;
    assert_ne!(value(&again, "link"), link);
    assert_eq!(ada.get(&link).await.status, 404);

    let token = value(&again, "link").split_once("token=").expect("one").1;
    let chosen = "a password of grace";
    let fields = [("token", token), ("password", chosen), ("repeat", chosen)];
    assert_eq!(led_to(&ada.post("/invitation", &fields).await), "/");
    let grace = Browser::of(&server, "grace@example.org", chosen).await;
    assert_eq!(grace.get(USERS).await.status, 403);
    let list = ada.get(USERS).await;
    assert!(!list.text.contains(">Invited<"), "{}", list.text);
}

#[tokio::test]
async fn a_list_is_searched_and_paged_and_knows_those_of_workspaces() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let empty = ada.get(SERVICES).await;
    assert!(empty.text.contains("No service accounts yet"));
    for number in 0..22 {
        let body = json!({ "organizationId": ZERO, "name": format!("Robot {number} 100%"), "serviceAccount": true });
        admin.post("/users", body).await.ok(200);
    }
    let first = ada.get(SERVICES).await;
    assert!(first.text.contains("Robot 19 ") && !first.text.contains("Robot 20 "));
    assert!(first.text.contains("?page=2&#38;q=") && !first.text.contains("Previous page"));
    let second = ada.get(&format!("{SERVICES}?page=2&q=")).await;
    assert!(second.text.contains("Robot 21 ") && second.text.contains("Previous page"));
    let found = ada.get(&format!("{SERVICES}?q=ROBOT+7+100%25")).await;
    assert!(found.text.contains("Robot 7 ") && !found.text.contains("Robot 17 "));
    for nothing in ["%25_%25", "!", "Robot%207%20100_"] {
        let found = ada.get(&format!("{SERVICES}?q={nothing}")).await;
        assert!(found.text.contains("Nobody of that name"), "{nothing}");
    }
    assert!(!ada.get(USERS).await.text.contains("Robot"));

    let home = admin.first_workspace().await.parse().expect("an id");
    server
        .person("grace", &[(P::WorkspaceReader, Workspace(home))])
        .await;
    let users = ada.get(USERS).await;
    assert!(users.text.contains("Single workspaces"), "{}", users.text);
    server.person("nobody", &[]).await;
    assert!(!ada.get(USERS).await.text.contains("nobody"));
}

#[tokio::test]
async fn permissions_are_granted_changed_and_revoked() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let grace = server
        .person("grace", &[(P::OrganizationMember, Organization(ZERO))])
        .await
        .id
        .to_string();
    let one = format!("{USERS}/{grace}");
    let grants = format!("{one}/permissions");
    for (fields, told) in [
        (&[("role", "")][..], "Choose a role."),
        (&[("role", "instance_admin")], "cannot be granted here"),
        (&[("role", "workspace_reader")], "Choose a workspace."),
        (
            &[("role", "workspace_reader"), ("workspace", &grace)],
            "no such workspace",
        ),
    ] {
        let refused = ada.post(&grants, fields).await;
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(refused.text.contains(told), "{fields:?}: {}", refused.text);
    }
    let fields = [("role", "workspace_reader"), ("workspace", &*home)];
    let granted = ada.post(&grants, &fields).await;
    assert_eq!(led_to(&granted), format!("{one}?done=granted"));
    let page = ada.get(&one).await;
    for part in ["Workspace reader", "The whole organization"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let held = permissions(&admin, &grace).await;
    let of = |kind: &str| {
        let found = held.iter().find(|one| one["scope"] == kind);
        let id = found.expect("a permission")["permissionId"].as_str();
        id.expect("an id").to_owned()
    };
    let (wide, narrow) = (of("organization"), of("workspace"));

    let fields = [("permission", &*narrow), ("role", "workspace_editor")];
    let changed = ada.post(&format!("{grants}/change"), &fields).await;
    assert_eq!(led_to(&changed), format!("{one}?done=changed"));
    let held = admin.get(&format!("/permissions/{narrow}")).await.ok(200);
    assert_eq!(held["permissionType"], "workspace_editor");

    let revoke = format!("{grants}/revoke");
    let revoked = ada.post(&revoke, &[("permission", &narrow)]).await;
    assert_eq!(led_to(&revoked), format!("{one}?done=revoked"));
    let log = "/organizations/00000000-0000-0000-0000-000000000000/auditLog";
    let rows = admin.get(&format!("{log}?subjectId={narrow}")).await;
    assert_eq!(rows.ok(200)["data"].as_array().map(Vec::len), Some(3));
    let left = ada.post(&revoke, &[("permission", &wide)]).await;
    assert_eq!(led_to(&left), format!("{USERS}?done=left"));
    assert_eq!(ada.get(&one).await.status, 404);
    assert!(permissions(&admin, &grace).await.is_empty());
}

#[tokio::test]
async fn the_last_administrator_stays_and_nobody_changes_others_by_a_wrong_page() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let me = ferrobyte::domain::ids::UserId::DEFAULT.to_string();
    let held = permissions(&admin, &me).await;
    let mine = held[0]["permissionId"].as_str().expect("an id");
    let one = format!("{USERS}/{me}");
    let revoke = format!("{one}/permissions/revoke");
    let refused = ada.post(&revoke, &[("permission", mine)]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("without an administrator"));
    let change = format!("{one}/permissions/change");
    let fields = [("permission", mine), ("role", "organization_reader")];
    let refused = ada.post(&change, &fields).await;
    assert!(refused.text.contains("without an administrator"));
    let page = ada.get(&one).await.text;
    assert!(!page.contains(&format!("{one}/disable")), "{page}");
    assert_eq!(ada.post(&format!("{one}/disable"), &[]).await.status, 422);

    let grant = (P::OrganizationMember, Organization(ZERO));
    let grace = server.person("grace", &[grant]).await.id;
    let theirs = format!("{USERS}/{grace}/permissions/revoke");
    assert_eq!(ada.post(&theirs, &[("permission", mine)]).await.status, 404);
    // A person is not among the service accounts.
    assert_eq!(ada.get(&format!("{SERVICES}/{grace}")).await.status, 404);
}

#[tokio::test]
async fn somebody_is_disabled_and_enabled_by_who_may() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let grant = (P::OrganizationMember, Organization(ZERO));
    let grace = server.person("grace", &[grant]).await;
    let one = format!("{USERS}/{}", grace.id);
    assert_eq!(ada.get(&format!("{one}/disable")).await.status, 200);
    let disabled = ada.post(&format!("{one}/disable"), &[]).await;
    assert_eq!(led_to(&disabled), format!("{one}?done=disabled"));
    grace.get("/workspaces").await.problem(401);
    assert!(ada.get(USERS).await.text.contains(">Disabled<"));
    let told = ada.get(&one).await.text;
    assert!(told.contains("Disabled since") && told.contains(&format!("{one}/enable")));
    assert_eq!(ada.get(&format!("{one}/disable")).await.status, 404);
    let log = "/organizations/00000000-0000-0000-0000-000000000000/auditLog";
    let rows = admin.get(&format!("{log}?subjectKind=user")).await.ok(200);
    let path = "/organizations/{organization}/users/{id}/disable";
    assert_eq!(rows["data"][0]["operation"], format!("POST {path}"));
    assert_eq!(rows["data"][0]["subjectId"], grace.id.to_string());
    assert_eq!(rows["data"][0]["organizationId"], ZERO.to_string());
    let enabled = ada.post(&format!("{one}/enable"), &[]).await;
    assert_eq!(led_to(&enabled), format!("{one}?done=enabled"));
    grace.get("/workspaces").await.ok(200);

    // Somebody who belongs elsewhere too.
    let body = json!({ "organizationName": "Elsewhere" });
    let made = admin.post("/organizations", body).await.ok(200);
    let other = made["organizationId"].as_str().expect("an id");
    let other = Organization(other.parse().expect("an id"));
    let both = server
        .person("both", &[grant, (P::OrganizationMember, other)])
        .await;
    let boss = (P::OrganizationAdmin, Organization(ZERO));
    let boss = Browser::holding(&server, &[boss]).await;
    let theirs = format!("{USERS}/{}", both.id);
    let page = boss.get(&theirs).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("elsewhere too") && !page.text.contains("/disable\""));
    for deed in ["disable", "enable", "invitation"] {
        let refused = boss.post(&format!("{theirs}/{deed}"), &[]).await;
        assert_eq!(refused.status, 403, "{deed}");
    }
}

#[tokio::test]
async fn a_service_account_gets_applications() {
    let server = TestServer::start().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let refused = ada.post(&format!("{SERVICES}/new"), &[("name", "")]).await;
    assert_eq!(refused.status, 422);
    let fields = [("name", "nightly"), ("role", "organization_editor")];
    let made = ada.post(&format!("{SERVICES}/new"), &fields).await;
    let one = led_to(&made).strip_suffix("?done=created").expect("done");
    let page = ada.get(one).await;
    assert!(page.text.contains("No applications yet"), "{}", page.text);
    assert!(!page.text.contains("/invitation\""));
    let applications = format!("{one}/applications");
    let refused = ada.post(&applications, &[("name", " ")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Give the application a name."));
    let form = uuid::Uuid::from_u128(7).to_string();
    let fields = [("name", "etl"), ("form", &*form)];
    let made = ada.post(&applications, &fields).await;
    let (id, secret) = (value(&made, "client-id"), value(&made, "client-secret"));
    let token = server.nobody().token(id, secret).await;
    let service = Person::with_token(&server, token);
    service.creates_workspace("made by night").await;
    let again = ada.post(&applications, &fields).await;
    assert_eq!(led_to(&again), format!("{one}?done=already"));
    let page = ada.get(one).await;
    assert!(page.text.contains(id) && !page.text.contains(secret));

    let delete = format!("{applications}/{form}/delete");
    assert!(ada.get(&delete).await.text.contains(id));
    let deleted = ada.post(&delete, &[]).await;
    assert_eq!(led_to(&deleted), format!("{one}?done=deleted"));
    service.get("/workspaces").await.problem(401);
    assert_eq!(ada.get(&delete).await.status, 404);
}
