//! The pages of tags, and tags on the pages of connections. What they look like is the browser walk's
//! business.

use ferrobyte::domain::ids::WorkspaceId;
use ferrobyte::domain::permission::PermissionType;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::people::Person;
use crate::support::{EMAIL, PASSWORD, TestServer};

async fn of_api(admin: &Person<'_>) -> Vec<Value> {
    let answer = admin.get("/tags").await.ok(200);
    answer["data"].as_array().expect("a list").clone()
}

async fn made(admin: &Person<'_>, home: &str, name: &str) -> String {
    let body = json!({ "name": name, "color": "aB01f9", "workspaceId": home });
    let made = admin.post("/tags", body).await.ok(200);
    made["tagId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_tag_is_made_changed_and_deleted_on_pages() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let list = format!("/workspaces/{home}/tags");
    let connections = ada.get(&format!("/workspaces/{home}/connections")).await;
    assert!(connections.text.contains(&format!("href=\"{list}\"")));
    assert!(ada.get(&list).await.text.contains("No tags yet"));
    let new = format!("{list}/new");
    assert!(ada.get(&new).await.text.contains("type=\"color\""));
    for (name, color, told) in [
        ("", "#aabbcc", "Give the tag a name."),
        (
            &*"x".repeat(31),
            "#aabbcc",
            "The name must not be longer than 30",
        ),
        ("x", "red", "The colour must be six hexadecimal digits"),
    ] {
        let refused = ada.post(&new, &[("name", name), ("color", color)]).await;
        assert_eq!(refused.status, 422, "{told}");
        assert!(refused.text.contains(told), "{told}: {}", refused.text);
    }
    let answer = ada
        .post(&new, &[("name", "<team>"), ("color", "#FF8800")])
        .await;
    assert_eq!(answer.header("location"), format!("{list}?done=created"));
    let twice = ada
        .post(&new, &[("name", "<team>"), ("color", "#000000")])
        .await;
    assert_eq!(twice.status, 422);
    assert!(twice.text.contains("a tag of this name already"));
    let stored = &of_api(&admin).await[0];
    assert_eq!(
        (&stored["name"], &stored["color"]),
        (&json!("<team>"), &json!("FF8800"))
    );
    let page = ada.get(&list).await.text;
    assert!(
        page.contains("&#60;team&#62;") && page.contains("fill=\"#FF8800\""),
        "{page}"
    );

    let one = format!("{list}/{}", stored["tagId"].as_str().expect("an id"));
    assert!(ada.get(&one).await.text.contains("value=\"#FF8800\""));
    let saved = ada
        .post(&one, &[("name", "team"), ("color", "#ff8800")])
        .await;
    assert_eq!(saved.header("location"), format!("{list}?done=saved"));
    let stored = &of_api(&admin).await[0];
    assert_eq!(stored["name"], "team");
    assert_eq!(
        stored["color"], "FF8800",
        "the same colour stays as it was sent"
    );
    ada.post(&one, &[("name", "team"), ("color", "#00ff00")])
        .await;
    assert_eq!(of_api(&admin).await[0]["color"], "00ff00");
    made(&admin, &home, "other").await;
    let taken = ada
        .post(&one, &[("name", "other"), ("color", "#00ff00")])
        .await;
    assert!(
        taken.text.contains("a tag of this name already"),
        "{}",
        taken.text
    );
    let delete = format!("{one}/delete");
    assert!(
        ada.get(&delete)
            .await
            .text
            .contains("Delete <bdi>team</bdi>?")
    );
    let gone = ada.post(&delete, &[]).await;
    assert_eq!(gone.header("location"), format!("{list}?done=deleted"));
    assert_eq!(ada.get(&one).await.status, 404);
    assert_eq!(of_api(&admin).await.len(), 1);
}

#[tokio::test]
async fn a_connection_gets_tags_on_its_page_and_is_found_by_them() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let other = admin.creates_connection(&home).await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let list = format!("/workspaces/{home}/connections");
    let one = format!("{list}/{connection}");
    assert!(
        ada.get(&one)
            .await
            .text
            .contains("The workspace has no tags yet.")
    );
    let (red, blue) = (
        made(&admin, &home, "red").await,
        made(&admin, &home, "blue").await,
    );
    let form = ada.get(&one).await.text;
    assert!(
        form.contains(&format!("value=\"{red}\">")),
        "not ticked: {form}"
    );
    let tags = format!("{one}/tags");
    let answer = ada.post(&tags, &[("tag", &red), ("tag", &blue)]).await;
    assert_eq!(answer.header("location"), format!("{one}?done=tagged"));
    let stored = admin
        .get(&format!("/connections/{connection}"))
        .await
        .ok(200);
    let names = |stored: &Value| -> Vec<_> {
        let all = stored["tags"].as_array().expect("tags").iter();
        all.map(|tag| tag["name"].clone()).collect()
    };
    assert_eq!(names(&stored), ["red", "blue"]);
    let form = ada.get(&one).await.text;
    assert!(
        form.contains(&format!("value=\"{red}\" checked>")),
        "{form}"
    );

    let all = ada.get(&list).await.text;
    assert!(all.contains(&format!("{list}?tag={red}")), "{all}");
    let of_red = ada.get(&format!("{list}?tag={red}")).await.text;
    assert!(
        of_red.contains(&connection) && !of_red.contains(&other),
        "{of_red}"
    );
    ada.post(&tags, &[("tag", &blue)]).await;
    let of_red = ada.get(&format!("{list}?tag={red}")).await.text;
    assert!(of_red.contains("No connection has this tag"), "{of_red}");
    ada.post(&tags, &[]).await;
    let stored = admin
        .get(&format!("/connections/{connection}"))
        .await
        .ok(200);
    assert!(names(&stored).is_empty());
    let unknown = "99999999-9999-4999-8999-999999999999";
    assert_eq!(ada.get(&format!("{list}?tag={unknown}")).await.status, 404);
    let gone = ada.post(&tags, &[("tag", unknown)]).await;
    assert_eq!(gone.status, 409);
    assert!(
        gone.text.contains("One of the tags has been deleted"),
        "{}",
        gone.text
    );
    assert_eq!(ada.post(&tags, &[("tag", "x")]).await.status, 404);
}

#[tokio::test]
async fn tags_are_changed_by_those_who_may_and_seen_by_those_who_see_the_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let other = admin.creates_workspace("other").await;
    let connection = admin.creates_connection(&home).await;
    let tag = made(&admin, &home, "red").await;
    let id = |text: &String| text.parse::<WorkspaceId>().expect("an id");
    let reader = Browser::with(&server, PermissionType::WorkspaceReader, id(&home)).await;
    let outsider = Browser::with(&server, PermissionType::WorkspaceAdmin, id(&other)).await;
    let list = format!("/workspaces/{home}/tags");
    let seen = reader.get(&list).await;
    assert!(
        seen.text.contains("red") && !seen.text.contains("/new\""),
        "{}",
        seen.text
    );
    assert_eq!(outsider.get(&list).await.status, 403);
    let connections = format!("/workspaces/{home}/connections");
    let page = reader
        .get(&format!("{connections}/{connection}"))
        .await
        .text;
    assert!(!page.contains("Change tags"), "{page}");
    let of_connection = format!("{connections}/{connection}/tags");
    for path in [
        format!("{list}/new"),
        format!("{list}/{tag}"),
        format!("{list}/{tag}/delete"),
        of_connection.clone(),
    ] {
        if path != of_connection {
            assert_eq!(reader.get(&path).await.status, 403, "{path}");
        }
        for person in [&reader, &outsider] {
            let fields = [
                ("name", "mine"),
                ("color", "#000000"),
                ("tag", tag.as_str()),
            ];
            assert_eq!(person.post(&path, &fields).await.status, 403, "{path}");
        }
    }
    // Not by way of another workspace.
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    for path in [
        format!("/workspaces/{other}/tags/{tag}"),
        format!("/workspaces/{other}/tags/{tag}/delete"),
    ] {
        assert_eq!(ada.get(&path).await.status, 404, "{path}");
        assert_eq!(
            ada.post(&path, &[("name", "x"), ("color", "#000000")])
                .await
                .status,
            404,
            "{path}"
        );
    }
    let foreign = format!("/workspaces/{other}/connections?tag={tag}");
    assert_eq!(ada.get(&foreign).await.status, 404);
    assert_eq!(of_api(&admin).await[0]["name"], "red");
}
