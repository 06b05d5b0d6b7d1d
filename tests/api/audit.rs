//! The audit log: who changed what, when and from where; read in pages and as a stream, changed by nobody.

use axum::body::Body;
use axum::http::Request;
use ferrobyte::domain::ids::{OrganizationId, UserId};
use ferrobyte::domain::permission::PermissionScope::Organization;
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use ferrobyte::store::{self, users};
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::{Person, whole};

const ZERO: OrganizationId = OrganizationId::DEFAULT;
const LOG: &str = "/organizations/00000000-0000-0000-0000-000000000000/auditLog";

async fn rows(person: &Person<'_>, query: &str) -> Vec<Value> {
    let list = person.get(&format!("{LOG}?{query}")).await.ok(200);
    list["data"].as_array().expect("a list").clone()
}

fn operations(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["operation"].as_str().expect("a name"))
        .collect()
}

#[tokio::test]
async fn a_change_is_written_down_with_who_what_when_and_from_where() {
    let server = TestServer::start().await;
    let grant = (P::OrganizationAdmin, Organization(ZERO));
    let ada = server.person("ada", &[grant]).await;
    let request = Request::post(whole("/workspaces"))
        .header("content-type", "application/json")
        .header("x-request-id", "the-very-one")
        .body(Body::from(json!({ "name": "secret-plans" }).to_string()));
    let made = ada.ask(request.expect("a request")).await.ok(200);
    let found = rows(&ada, &format!("userId={}", ada.id)).await;
    let [row] = &found[..] else {
        panic!("{found:?}");
    };
    let mine = ada.get("/applications").await.ok(200);
    let mut expected = json!({
        "id": row["id"], "at": row["at"], "userId": ada.id, "userEmail": row["userEmail"],
        "operation": "createWorkspace", "subjectKind": "workspace", "subjectId": made["workspaceId"],
        "organizationId": ZERO, "address": "127.0.0.1", "requestId": "the-very-one", "outcome": "succeeded",
    });
    expected["applicationId"] = mine["applications"][0]["id"].clone();
    assert_eq!(row, &expected);
    assert!(row["userEmail"].as_str().expect("text").starts_with("ada-"));
}

#[tokio::test]
async fn what_is_refused_and_what_is_only_read_leaves_no_row() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let before = rows(&admin, "limit=100").await.len();
    let nameless = json!({ "name": "", "organizationId": ZERO });
    admin.post("/groups", nameless).await.problem(400);
    admin.get("/workspaces").await.ok(200);
    let member = (P::OrganizationMember, Organization(ZERO));
    let member = server.person("bob", &[member]).await;
    let group = json!({ "name": "mine", "organizationId": ZERO });
    member.post("/groups", group).await.problem(403);
    let taken = json!({ "name": "one", "organizationId": ZERO });
    admin.post("/groups", taken.clone()).await.ok(200);
    admin.post("/groups", taken).await.problem(409);
    assert_eq!(rows(&admin, "limit=100").await.len(), before + 1);
}

#[tokio::test]
async fn rows_come_in_pages_newest_first_and_by_filter() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = |name: &str| json!({ "name": name, "organizationId": ZERO });
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let made = admin.post("/groups", body(name)).await.ok(200);
        ids.push(made["groupId"].as_str().expect("an id").to_owned());
        server.wait(60);
    }
    admin.delete(&format!("/groups/{}", ids[0])).await.ok(204);
    let all = rows(&admin, "subjectKind=group").await;
    let expected = ["deleteGroup", "createGroup", "createGroup", "createGroup"];
    assert_eq!(operations(&all), expected);
    let of_first = rows(&admin, &format!("subjectId={}", ids[0])).await;
    assert_eq!(operations(&of_first), ["deleteGroup", "createGroup"]);
    let made = rows(&admin, "operation=createGroup").await;
    assert_eq!(made, all[1..]);
    let (since, until) = (&all[2]["at"], &all[1]["at"]);
    let times = format!(
        "subjectKind=group&since={}&until={}",
        since.as_str().expect("a time"),
        until.as_str().expect("a time")
    );
    let between = rows(&admin, &times).await;
    assert_eq!(between[0]["subjectId"], ids[1].as_str());
    assert_eq!(between.len(), 1);
    let first = admin
        .get(&format!("{LOG}?subjectKind=group&limit=3"))
        .await
        .ok(200);
    assert!(first["previous"].is_null());
    let next = first["next"].as_str().expect("a link");
    assert!(
        next.contains("subjectKind=group") && next.contains("offset=3"),
        "{next}"
    );
    let wrong = format!("{LOG}?since=yesterday&userId=ada");
    let faults = admin.get(&wrong).await.faults();
    assert_eq!(faults, ["query /since", "query /userId"]);

    let export = admin.get(&format!("{LOG}/export?subjectKind=group")).await;
    assert_eq!(export.headers["content-type"], "application/jsonl");
    let lines: Vec<Value> = export
        .text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines, all);
    let path = format!("{LOG}/export?subjectKind=group&operation=deleteGroup&format=csv");
    let export = admin.get(&path).await;
    assert_eq!(export.headers["content-type"], "text/csv; charset=utf-8");
    let table: Vec<_> = export.text.split_terminator("\r\n").collect();
    assert_eq!(table.len(), 2, "{table:?}");
    assert!(table[0].starts_with("at,userId,userEmail,"), "{table:?}");
    let cells: Vec<_> = table[1].trim_matches('"').split("\",\"").collect();
    for (column, cell) in table[0].split(',').zip(cells) {
        let same = all[0][column].as_str().unwrap_or_default();
        assert_eq!(cell, same, "{column}");
    }
    let empty = admin
        .get(&format!("{LOG}/export?format=csv&operation=none"))
        .await;
    assert_eq!(empty.text.lines().count(), 1);
    let faults = admin
        .get(&format!("{LOG}/export?format=xml"))
        .await
        .faults();
    assert_eq!(faults, ["query /format"]);
}

#[tokio::test]
async fn no_secret_gets_into_it() {
    const SECRET: &str = "canary-of-the-log";
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let workspace = admin.first_workspace().await;
    let source = json!({ "name": "pg", "workspaceId": workspace, "configuration": {
        "sourceType": "postgres", "host": "localhost", "port": 5432, "database": "d",
        "username": "u", "password": SECRET, "ssl_mode": { "mode": "disable" },
        "replication_method": { "method": "Standard" } } });
    admin.post("/sources", source).await.ok(200);
    let made = admin.post("/applications", json!({ "name": "etl" })).await;
    let client_secret = made.ok(200)["clientSecret"].clone();
    let body = json!({ "organizationId": ZERO, "name": "Grace", "email": "grace@example.org" });
    let grace = admin.post("/users", body).await.ok(200);
    let url = grace["invitation"]["url"].as_str().expect("a link");
    let (_, token) = url.split_once("token=").expect("a token");
    let form = format!("token={token}&password={SECRET}&repeat={SECRET}");
    for (path, form) in [
        (url, form),
        (
            "/login",
            format!("email=grace@example.org&password={SECRET}"),
        ),
    ] {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form));
        let answer = server.nobody().ask(request.expect("a request")).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
    let log = admin.get(&format!("{LOG}/export")).await.text;
    for written in [
        "createSource",
        "createApplication",
        "createUser",
        "POST /invitation",
        "POST /login",
    ] {
        assert!(log.contains(&format!("\"{written}\"")), "{written}: {log}");
    }
    let client_secret = client_secret.as_str().expect("text");
    for secret in [SECRET, client_secret, token] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn an_export_goes_on_beyond_what_is_read_at_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for number in 0..510 {
        let body = json!({ "name": format!("group {number}"), "organizationId": ZERO });
        admin.post("/groups", body).await.ok(200);
    }
    let export = admin.get(&format!("{LOG}/export?subjectKind=group")).await;
    let mut ids: Vec<_> = export.text.lines().collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 510);
}

#[tokio::test]
async fn an_organization_sees_its_own_rows_and_the_sign_ins_of_its_people() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let name = "Elsewhere".to_owned().try_into().expect("a name");
    let other = people::create_organization(&server.app, &name)
        .await
        .expect("an organization");
    let group = json!({ "name": "theirs", "organizationId": other });
    admin.post("/groups", group).await.ok(200);
    assert!(rows(&admin, "subjectKind=group").await.is_empty());
    let theirs = format!("/organizations/{other}/auditLog");
    let theirs = admin.get(&theirs).await.ok(200);
    assert_eq!(theirs["data"][0]["operation"], "createGroup");
    assert_eq!(theirs["data"].as_array().expect("a list").len(), 1);

    people::set_password(&server.app, UserId::DEFAULT, "a password of hers")
        .await
        .expect("a password");
    let person = users::fetch(
        &mut server.app.db.read().await.expect("a reader"),
        UserId::DEFAULT,
    )
    .await
    .expect("an answer")
    .expect("somebody");
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("email", &person.email);
    form.append_pair("password", "a password of hers");
    let request = Request::post("/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.finish()));
    let nobody = server.nobody();
    let answer = nobody.ask(request.expect("a request")).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let signed_in = rows(&admin, "subjectKind=user").await;
    assert_eq!(signed_in[0]["operation"], "POST /login");
    assert_eq!(signed_in[0]["subjectId"], signed_in[0]["userId"]);
    assert!(signed_in[0]["applicationId"].is_null());
}

#[test]
fn no_statement_changes_or_removes_a_row() {
    let about: Vec<_> = store::statements()
        .into_iter()
        .filter(|statement| statement.contains("audit_log"))
        .collect();
    assert_eq!(about.len(), 3);
    for statement in about {
        assert!(
            statement.starts_with("SELECT") || statement.starts_with("INSERT INTO audit_log"),
            "{statement}"
        );
    }
}
