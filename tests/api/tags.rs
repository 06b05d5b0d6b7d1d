//! Tags: created, changed, deleted, listed; and what connections keep of them.

use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";

fn wish(name: &str, color: &str, workspace: &str) -> Value {
    json!({ "name": name, "color": color, "workspaceId": workspace })
}

async fn names(person: &Person<'_>, path: &str) -> Vec<String> {
    let list = person.get(path).await.ok(200);
    assert_eq!(list.as_object().map(serde_json::Map::len), Some(1));
    let tags = list["data"].as_array().expect("a list").iter();
    tags.map(|tag| tag["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn a_tag_comes_back_as_it_was_sent_and_changes_in_part() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let made = admin
        .post("/tags", wish(" täglich ✓", "aB01f9", &home))
        .await
        .ok(200);
    let id = made["tagId"].as_str().expect("an id").to_owned();
    assert_eq!(
        made,
        json!({ "tagId": id, "name": " täglich ✓", "color": "aB01f9", "workspaceId": home })
    );
    let path = format!("/tags/{id}");
    assert_eq!(admin.get(&path).await.ok(200), made);
    let mut expected = made.clone();
    for (change, field) in [
        (json!({ "color": "000000" }), "color"),
        (json!({ "name": "daily", "color": null }), "name"),
        (json!({ "name": "daily" }), "name"),
    ] {
        expected[field] = change[field].clone();
        assert_eq!(admin.patch(&path, change).await.ok(200), expected);
    }
    assert_eq!(admin.patch(&path, json!({})).await.ok(200), expected);
    assert_eq!(admin.get(&path).await.ok(200), expected);
    let gone = admin.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    let problem = admin.get(&path).await.problem(404);
    assert_eq!(problem["data"]["resourceType"], "TAG");
    admin.delete(&path).await.problem(404);
}

#[tokio::test]
async fn a_tag_without_a_usable_name_or_colour_is_refused_by_the_field() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let path = format!("/tags/{}", admin.creates_tag("daily", &home).await);
    let long = "é".repeat(31);
    for (name, color, title, field) in [
        (long.as_str(), "FF8800", "Tag name too long", "body /name"),
        (" ", "FF8800", "bad-request", "body /name"),
        ("a", "#FF880", "Invalid hex color", "body /color"),
        ("a", "FF880", "Invalid hex color", "body /color"),
        ("a", "GG8800", "Invalid hex color", "body /color"),
    ] {
        let refused = admin.post("/tags", wish(name, color, &home)).await;
        assert_eq!(refused.faults(), [field], "{name} {color}");
        assert_eq!(refused.problem(400)["title"], title);
        let refused = admin
            .patch(&path, json!({ "name": name, "color": color }))
            .await;
        assert_eq!(refused.faults(), [field], "{name} {color}");
    }
    admin
        .post("/tags", wish(&"é".repeat(30), "FF8800", &home))
        .await
        .ok(200);
    let refused = admin.post("/tags", json!({ "name": "a" })).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
}

#[tokio::test]
async fn a_name_is_there_once_in_a_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let elsewhere = admin.creates_workspace("elsewhere").await;
    let id = admin.creates_tag("daily", &home).await;
    let other = admin.creates_tag("hourly", &home).await;
    admin.creates_tag("daily", &elsewhere).await;
    admin.creates_tag("Daily", &home).await;
    let again = admin.post("/tags", wish("daily", "000000", &home)).await;
    assert_eq!(again.problem(409)["title"], "Tag already exists");
    let renamed = admin
        .patch(&format!("/tags/{other}"), json!({ "name": "daily" }))
        .await;
    assert_eq!(renamed.problem(409)["type"], "error:tag-already-exists");
    let same = json!({ "name": "daily", "color": "00ff00" });
    admin.patch(&format!("/tags/{id}"), same).await.ok(200);
}

#[tokio::test]
async fn a_workspace_has_room_for_a_hundred_tags() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    for number in 0..100 {
        admin.creates_tag(&format!("tag {number}"), &home).await;
    }
    let refused = admin.post("/tags", wish("more", "000000", &home)).await;
    assert_eq!(
        refused.problem(400)["type"],
        "error:tag-limit-for-workspace-reached"
    );
    let listed = names(&admin, "/tags").await;
    assert_eq!(listed.len(), 100);
    assert_eq!(
        (listed[0].as_str(), listed[99].as_str()),
        ("tag 0", "tag 99")
    );
}

#[tokio::test]
async fn tags_are_listed_to_those_who_read_their_workspaces() {
    use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
    use ferrobyte::domain::permission::PermissionType as P;

    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (a, b, c) = (
        admin.first_workspace().await,
        admin.creates_workspace("b").await,
        admin.creates_workspace("c").await,
    );
    for (name, home) in [("one", &b), ("two", &a), ("three", &b), ("four", &c)] {
        admin.creates_tag(name, home).await;
    }
    assert_eq!(
        names(&admin, "/tags").await,
        ["one", "two", "three", "four"]
    );
    let some = format!("/tags?workspaceIds={a},{b}");
    assert_eq!(names(&admin, &some).await, ["one", "two", "three"]);
    let unknown = format!("/tags?workspaceIds={UNKNOWN}");
    assert_eq!(names(&admin, &unknown).await, Vec::<String>::new());
    let workspace = |id: &str| Workspace(id.parse().expect("an id"));
    let reader = server
        .person(
            "reader",
            &[
                (P::WorkspaceReader, workspace(&b)),
                (P::WorkspaceReader, workspace(&c)),
            ],
        )
        .await;
    assert_eq!(names(&reader, "/tags").await, ["one", "three", "four"]);
    reader.get(&some).await.problem(403);
    let everywhere = Organization(ferrobyte::domain::ids::OrganizationId::DEFAULT);
    let member = server
        .person("member", &[(P::OrganizationReader, everywhere)])
        .await;
    assert_eq!(
        names(&member, "/tags").await,
        ["one", "two", "three", "four"]
    );
    admin.delete(&format!("/workspaces/{c}")).await.ok(204);
    assert_eq!(names(&admin, "/tags").await, ["one", "two", "three"]);
    let nobody = server.person("nobody", &[]).await;
    assert_eq!(names(&nobody, "/tags").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_deleted_tag_leaves_its_connections_and_a_renamed_one_stays() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let path = format!("/connections/{connection}");
    let (a, b) = (
        admin.creates_tag("a", &home).await,
        admin.creates_tag("b", &home).await,
    );
    let whole = |id: &str, name: &str| json!({ "tagId": id, "workspaceId": home, "name": name, "color": "ff0000" });
    let both = json!({ "tags": [whole(&b, "b"), whole(&a, "a")] });
    admin.patch(&path, both).await.ok(200);
    let renamed = json!({ "name": "c" });
    admin.patch(&format!("/tags/{a}"), renamed).await.ok(200);
    assert_eq!(
        admin.get(&path).await.ok(200)["tags"],
        json!([whole(&b, "b"), whole(&a, "c")])
    );
    admin.delete(&format!("/tags/{b}")).await.ok(204);
    assert_eq!(
        admin.get(&path).await.ok(200)["tags"],
        json!([whole(&a, "c")])
    );
    let found = admin.get(&format!("/connections?tagIds={b}")).await.ok(200);
    assert_eq!(found["data"], json!([]));
    admin.delete(&format!("/tags/{a}")).await.ok(204);
    assert_eq!(admin.get(&path).await.ok(200)["tags"], json!([]));
    let refused = admin
        .patch(&path, json!({ "tags": [whole(&a, "c")] }))
        .await;
    assert_eq!(refused.faults(), ["body /tags/0/tagId"]);
}
