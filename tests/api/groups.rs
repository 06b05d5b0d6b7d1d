//! Groups: created, changed, deleted, listed; their members and permissions, and what those mean.

use axum::body::Body;
use axum::http::Request;
use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::answer::Answer;
use crate::support::people::{Person, whole};

const ZERO: OrganizationId = OrganizationId::DEFAULT;
const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";

async fn create(person: &Person<'_>, name: &str) -> String {
    let body = json!({ "name": name, "organizationId": ZERO });
    let made = person.post("/groups", body).await.ok(200);
    format!("/groups/{}", made["groupId"].as_str().expect("an id"))
}

async fn elsewhere(server: &TestServer) -> OrganizationId {
    let name = "Elsewhere".to_owned().try_into().expect("a name");
    people::create_organization(&server.app, &name)
        .await
        .expect("an organization")
}

async fn member<'a>(server: &'a TestServer, name: &str) -> Person<'a> {
    let grant = (P::OrganizationMember, Organization(ZERO));
    server.person(name, &[grant]).await
}

async fn add(admin: &Person<'_>, group: &str, person: &Person<'_>) -> Value {
    let body = json!({ "userId": person.id });
    admin.post(&format!("{group}/members"), body).await.ok(201)
}

async fn grant(admin: &Person<'_>, group: &str, what: P, workspace: Option<&str>) -> String {
    let body = match workspace {
        Some(workspace) => json!({ "permissionType": what, "workspaceId": workspace }),
        None => json!({ "permissionType": what, "organizationId": ZERO }),
    };
    let path = format!("{group}/permissions");
    let made = admin.post(&path, body).await.ok(201);
    let id = made["permissionId"].as_str().expect("an id");
    format!("{path}/{id}")
}

async fn listed(person: &Person<'_>, path: &str, id: &str) -> Vec<String> {
    let list = person.get(path).await.ok(200);
    let items = list["data"].as_array().expect("a list").iter();
    items
        .map(|one| one[id].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn a_group_is_created_changed_and_deleted() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({ "name": "On Call", "description": "who is asked", "organizationId": ZERO });
    let made = admin.post("/groups", body).await.ok(200);
    let mut expected = json!({
        "groupId": made["groupId"], "name": "On Call", "description": "who is asked",
        "organizationId": ZERO, "memberCount": 0,
    });
    assert_eq!(made, expected);
    let path = format!("/groups/{}", made["groupId"].as_str().expect("an id"));
    assert_eq!(admin.get(&path).await.ok(200), made);
    let nothing = json!({ "name": null, "description": null });
    assert_eq!(admin.patch(&path, nothing).await.ok(200), expected);
    expected["name"] = json!("on call");
    let change = json!({ "name": "on call" });
    assert_eq!(admin.patch(&path, change).await.ok(200), expected);
    let change = json!({ "description": "" });
    expected
        .as_object_mut()
        .expect("members")
        .remove("description");
    assert_eq!(admin.patch(&path, change).await.ok(200), expected);
    add(&admin, &path, &member(&server, "ada").await).await;
    expected["memberCount"] = json!(1);
    assert_eq!(admin.get(&path).await.ok(200), expected);
    let gone = admin.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    let problem = admin.get(&path).await.problem(404);
    assert_eq!(problem["data"]["resourceType"], "GROUP");
    admin.delete(&path).await.problem(404);
    for wrong in [
        json!({ "name": " ", "organizationId": ZERO }),
        json!({ "name": "a\u{0}b", "organizationId": ZERO }),
    ] {
        assert_eq!(admin.post("/groups", wrong).await.faults(), ["body /name"]);
    }
}

#[tokio::test]
async fn a_name_is_there_once_in_an_organization_whatever_its_case() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let other = elsewhere(&server).await;
    let first = create(&admin, "Ärzte").await;
    let second = create(&admin, "other").await;
    let taken = |organization| json!({ "name": "äRZTE", "organizationId": organization });
    let again = admin.post("/groups", taken(ZERO)).await.problem(409);
    assert_eq!(again["type"], "error:group-already-exists");
    admin.post("/groups", taken(other)).await.ok(200);
    let renamed = json!({ "name": "ärzte" });
    admin.patch(&second, renamed.clone()).await.problem(409);
    admin.patch(&first, renamed).await.ok(200);
    admin.delete(&first).await.ok(204);
    create(&admin, "ÄRZTE").await;
}

#[tokio::test]
async fn groups_and_members_come_in_pages() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let other = elsewhere(&server).await;
    let foreign = json!({ "name": "foreign", "organizationId": other });
    admin.post("/groups", foreign).await.ok(200);
    let mut made = Vec::new();
    for name in ["c", "A", "b", "e", "D"] {
        made.push(create(&admin, name).await);
    }
    for (index, name) in ["one", "two", "three"].into_iter().enumerate() {
        let person = member(&server, name).await;
        let body = add(&admin, &made[0], &person).await;
        assert_eq!(body["userId"], json!(person.id), "{index}");
    }
    for (list, id, wanted) in [
        (
            format!("/groups?organizationId={ZERO}"),
            "name",
            &["A", "b", "c", "D", "e"][..],
        ),
        (
            format!("{}/members", made[0]),
            "userName",
            &["one", "two", "three"],
        ),
    ] {
        assert_eq!(listed(&admin, &list, id).await, wanted);
        for limit in [1, 2, 3, 5] {
            let separator = if list.contains('?') { '&' } else { '?' };
            let mut next = format!("{list}{separator}limit={limit}");
            let mut found: Vec<String> = Vec::new();
            loop {
                let page = admin.get(&next).await.ok(200);
                let first = found.is_empty();
                assert_eq!(page.get("previous").is_none(), first, "{page}");
                let items = page["data"].as_array().expect("a list").iter();
                found.extend(items.map(|one| one[id].as_str().expect("a name").to_owned()));
                let Some(link) = page.get("next") else { break };
                let link = link.as_str().expect("a link");
                next = link.replace("http://127.0.0.1:8000", "");
                assert_ne!(next, link, "an absolute link");
            }
            assert_eq!(found, wanted, "{limit}");
        }
    }
    assert_eq!(
        admin.get("/groups").await.faults(),
        ["query /organizationId"]
    );
    let wrong = format!("/groups?organizationId={ZERO}&limit=101");
    assert_eq!(admin.get(&wrong).await.faults(), ["query /limit"]);
}

#[tokio::test]
async fn a_member_belongs_to_the_organization_and_is_in_a_group_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let group = create(&admin, "on call").await;
    let members = format!("{group}/members");
    let ada = member(&server, "ada").await;
    let made = add(&admin, &group, &ada).await;
    let email = format!("ada-{}@example.org", ada.id);
    assert_eq!(
        made,
        json!({
            "memberId": made["memberId"], "groupId": group.replace("/groups/", ""),
            "userId": ada.id, "userEmail": email, "userName": "ada",
        })
    );
    let list = admin.get(&members).await.ok(200);
    assert_eq!(list, json!({ "data": [made] }));
    let again = admin.post(&members, json!({ "userId": ada.id })).await;
    assert_eq!(
        again.problem(409)["type"],
        "error:group-member-already-exists"
    );

    let reader = (P::WorkspaceReader, Workspace(home.parse().expect("an id")));
    let outsider = server.person("outsider", &[reader]).await;
    let voices = [outsider.id.to_string(), UNKNOWN.to_owned()].map(|id| {
        let (admin, members) = (admin.clone(), members.clone());
        async move {
            let answer = admin.post(&members, json!({ "userId": id })).await;
            answer.problem(404)["detail"]
                .as_str()
                .expect("a sentence")
                .replace(&id, "ID")
        }
    });
    let [outside, unknown] = voices;
    assert_eq!(outside.await, unknown.await);
    let path = format!("{members}/{}", ada.id);
    admin.delete(&path).await.ok(204);
    admin.delete(&path).await.ok(204);
    assert_eq!(admin.get(&members).await.ok(200), json!({ "data": [] }));
    add(&admin, &group, &ada).await;
    people::remove(&server.app, ada.id).await.expect("removed");
    assert_eq!(admin.get(&group).await.ok(200)["memberCount"], 0);
}

#[tokio::test]
async fn a_permission_of_a_group_has_one_scope_within_the_organization() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let other = elsewhere(&server).await;
    let body = json!({ "name": "there", "organizationId": other });
    let there = admin.post("/workspaces", body).await.ok(200)["workspaceId"].clone();
    let group = create(&admin, "on call").await;
    let id = group.replace("/groups/", "");
    let path = format!("{group}/permissions");
    let ask = |kind: &str, more: Value| {
        let mut body = more;
        body["permissionType"] = json!(kind);
        let (admin, path) = (admin.clone(), path.clone());
        async move { admin.post(&path, body).await }
    };
    let made = ask("organization_editor", json!({ "organizationId": ZERO }))
        .await
        .ok(201);
    assert_eq!(
        made,
        json!({
            "permissionId": made["permissionId"], "groupId": id,
            "permissionType": "organization_editor", "organizationId": ZERO,
        })
    );
    let on_workspace = json!({ "workspaceId": home, "organizationId": null });
    let second = ask("workspace_runner", on_workspace.clone()).await.ok(201);
    assert_eq!(
        second,
        json!({
            "permissionId": second["permissionId"], "groupId": id,
            "permissionType": "workspace_runner", "workspaceId": home,
        })
    );
    let list = admin.get(&path).await.ok(200);
    assert_eq!(list, json!({ "data": [made, second] }));
    let same = ask("workspace_runner", on_workspace).await.problem(409);
    assert_eq!(same["type"], "error:group-permission-already-exists");

    for (kind, body, fault) in [
        (
            "workspace_reader",
            json!({ "workspaceId": home, "organizationId": ZERO }),
            "body /workspaceId",
        ),
        ("workspace_reader", json!({}), "body /workspaceId"),
        (
            "workspace_reader",
            json!({ "organizationId": ZERO }),
            "body /permissionType",
        ),
        (
            "organization_reader",
            json!({ "workspaceId": home }),
            "body /permissionType",
        ),
        (
            "instance_admin",
            json!({ "organizationId": ZERO }),
            "body /permissionType",
        ),
        (
            "boss",
            json!({ "organizationId": ZERO }),
            "body /permissionType",
        ),
    ] {
        assert_eq!(ask(kind, body).await.faults(), [fault], "{kind}");
    }
    for (kind, body) in [
        ("workspace_reader", json!({ "workspaceId": there })),
        ("workspace_reader", json!({ "workspaceId": UNKNOWN })),
        ("organization_reader", json!({ "organizationId": other })),
        ("organization_reader", json!({ "organizationId": UNKNOWN })),
    ] {
        ask(kind, body).await.problem(404);
    }

    let first = format!("{path}/{}", made["permissionId"].as_str().expect("an id"));
    let foreign = create(&admin, "other").await;
    let wrong = first.replace(&group, &foreign);
    admin.delete(&wrong).await.problem(404);
    admin.delete(&first).await.ok(204);
    admin.delete(&first).await.problem(404);
    let list = admin.get(&path).await.ok(200);
    assert_eq!(list, json!({ "data": [second] }));
}

#[tokio::test]
async fn what_a_group_is_granted_counts_for_its_members_in_checks_and_lists() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (a, b) = (
        admin.first_workspace().await,
        admin.creates_workspace("b").await,
    );
    let connection = admin.creates_connection(&b).await;
    admin.creates_tag("daily", &b).await;
    let ada = member(&server, "ada").await;
    let group = create(&admin, "on call").await;
    let path = format!("/workspaces/{b}");
    ada.get(&path).await.problem(403);

    add(&admin, &group, &ada).await;
    ada.get(&path).await.problem(403);
    let reader = grant(&admin, &group, P::WorkspaceReader, Some(&b)).await;
    ada.get(&path).await.ok(200);
    ada.patch(&path, json!({ "name": "x" })).await.problem(403);
    let own = listed(&ada, "/workspaces", "workspaceId").await;
    assert_eq!(own, std::slice::from_ref(&b));
    let own = listed(&ada, "/connections", "connectionId").await;
    assert_eq!(own, [connection]);
    for (list, id) in [
        ("/sources", "sourceId"),
        ("/destinations", "destinationId"),
        ("/tags", "tagId"),
    ] {
        assert_eq!(listed(&ada, list, id).await.len(), 1, "{list}");
    }
    let named = format!("/workspaces?workspaceIds={a},{b}");
    ada.get(&named).await.problem(403);
    assert_eq!(
        ada.get("/permissions").await.ok(200)["data"]
            .as_array()
            .map(Vec::len),
        Some(1),
        "what she holds herself"
    );

    grant(&admin, &group, P::OrganizationEditor, None).await;
    let both = listed(&ada, "/workspaces", "workspaceId").await;
    assert_eq!(both, [a.clone(), b.clone()]);
    ada.get(&named).await.ok(200);
    ada.patch(&path, json!({ "name": "x" })).await.ok(200);
    ada.creates_workspace("c").await;
    admin.delete(&reader).await.ok(204);
    ada.get(&path).await.ok(200);

    // The union of several groups, and of what one holds oneself.
    let second = create(&admin, "second").await;
    let bob = member(&server, "bob").await;
    for (group, role) in [
        (&second, P::WorkspaceSourceEditor),
        (
            &create(&admin, "third").await,
            P::WorkspaceDestinationEditor,
        ),
    ] {
        add(&admin, group, &bob).await;
        grant(&admin, group, role, Some(&a)).await;
    }
    bob.creates_actor("source", &a).await;
    bob.creates_actor("destination", &a).await;
    assert_eq!(
        listed(&bob, "/workspaces", "workspaceId").await,
        std::slice::from_ref(&a),
        "once"
    );
}

#[tokio::test]
async fn who_leaves_a_group_loses_what_it_gave_at_once_and_elsewhere_within_a_second() {
    let server = TestServer::start().await;
    let replica = server.replica().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let path = format!("/workspaces/{home}");
    let ada = member(&server, "ada").await;
    let there = Person::with_token(&replica, ada.token.clone().expect("a token"));
    let sees = async |here: bool, elsewhere: bool| {
        for (who, seen) in [(&ada, here), (&there, elsewhere)] {
            let status = if seen { 200 } else { 403 };
            assert_eq!(who.get(&path).await.status, status);
            let list = listed(who, "/workspaces", "workspaceId").await;
            assert_eq!(list.contains(&home), seen);
        }
    };
    for leave in 0..5 {
        let group = create(&admin, &format!("group {leave}")).await;
        add(&admin, &group, &ada).await;
        let permission = grant(&admin, &group, P::WorkspaceReader, Some(&home)).await;
        server.wait(1);
        sees(true, true).await;
        match leave {
            0 => admin
                .delete(&format!("{group}/members/{}", ada.id))
                .await
                .ok(204),
            1 => admin.delete(&permission).await.ok(204),
            2 => admin.delete(&group).await.ok(204),
            3 => {
                // The last thing that she holds on the organization herself takes her out of its groups.
                let own = listed(&ada, "/permissions", "permissionId").await;
                let gone = admin.delete(&format!("/permissions/{}", own[0])).await;
                gone.ok(204);
                assert_eq!(admin.get(&group).await.ok(200)["memberCount"], 0);
                Value::Null
            }
            _ => {
                people::grant(
                    &server.app,
                    ada.id,
                    P::OrganizationMember,
                    Organization(ZERO),
                )
                .await
                .expect("a grant");
                admin.delete(&group).await.ok(204)
            }
        };
        assert_eq!(ada.get(&path).await.status, 403, "{leave}: here at once");
        server.wait(1);
        sees(false, false).await;
        if leave == 3 {
            // Coming back does not bring back what was lost.
            let member = (P::OrganizationMember, Organization(ZERO));
            people::grant(&server.app, ada.id, member.0, member.1)
                .await
                .expect("a grant");
            sees(false, false).await;
        }
    }
}

async fn keyed(person: &Person<'_>, key: &str, path: &str, body: &Value) -> Answer {
    let request = Request::post(whole(path))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .expect("a request");
    person.ask(request).await
}

#[tokio::test]
async fn what_is_sent_again_with_its_key_is_made_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let ada = member(&server, "ada").await;
    let body = json!({ "name": "on call", "organizationId": ZERO });
    let made = keyed(&admin, "k", "/groups", &body).await.ok(200);
    assert_eq!(keyed(&admin, "k", "/groups", &body).await.ok(200), made);
    let group = format!("/groups/{}", made["groupId"].as_str().expect("an id"));
    let other = create(&admin, "other").await;
    for (path, body) in [
        ("members", json!({ "userId": ada.id })),
        (
            "permissions",
            json!({ "permissionType": "workspace_reader", "workspaceId": home }),
        ),
    ] {
        let list = format!("{group}/{path}");
        let made = keyed(&admin, "k", &list, &body).await.ok(201);
        assert_eq!(keyed(&admin, "k", &list, &body).await.ok(201), made);
        keyed(&admin, "l", &list, &body).await.problem(409);
        let elsewhere = format!("{other}/{path}");
        keyed(&admin, "k", &elsewhere, &body).await.problem(422);
    }
}
