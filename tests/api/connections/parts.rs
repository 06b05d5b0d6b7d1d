//! What a connection has besides its streams: tags, and the keys of its mappers.

use ferrobyte::ops::mapper_keys;
use serde_json::{Value, json};

use super::{KEY, MASK, one, pair, with};
use crate::support::TestServer;

#[tokio::test]
async fn tags_come_back_in_the_order_sent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let elsewhere = admin.creates_workspace("elsewhere").await;
    let (a, b) = (
        admin.creates_tag("a", &home).await,
        admin.creates_tag("b", &home).await,
    );
    let foreign = admin.creates_tag("c", &elsewhere).await;
    let whole = |id: &str, name: &str| json!({ "tagId": id, "workspaceId": home, "name": name, "color": "ff0000" });
    let base = pair(&admin, &home).await;
    let tags = json!([whole(&b, "b"), whole(&a, "a")]);
    let made = admin
        .post("/connections", with(&base, json!({ "tags": tags })))
        .await
        .ok(200);
    assert_eq!(made["tags"], tags);
    let path = format!(
        "/connections/{}",
        made["connectionId"].as_str().expect("an id")
    );
    let plain = admin.creates_connection(&home).await;
    let list = admin.get("/connections").await.ok(200);
    assert_eq!(
        (&list["data"][0]["tags"], &list["data"][1]["tags"]),
        (&tags, &json!([]))
    );
    for (filter, found) in [(&a, 1), (&b, 1), (&foreign, 0)] {
        let list = admin
            .get(&format!("/connections?tagIds={filter}"))
            .await
            .ok(200);
        assert_eq!(list["data"].as_array().expect("a page").len(), found);
    }
    let both = admin
        .get(&format!("/connections?tagIds={a},{b}&workspaceIds={home}"))
        .await
        .ok(200);
    assert_eq!(both["data"].as_array().expect("a page").len(), 1);
    let elsewhere = admin
        .get(&format!("/connections?tagIds={a}&workspaceIds={elsewhere}"))
        .await
        .ok(200);
    assert_eq!(elsewhere["data"], json!([]));
    let refused = admin
        .patch(
            &path,
            json!({ "tags": [whole(&a, "a"), whole(&foreign, "c")] }),
        )
        .await;
    assert_eq!(refused.faults(), ["body /tags/1/tagId"]);
    // Null stays, a list replaces.
    assert_eq!(
        admin.patch(&path, json!({ "tags": null })).await.ok(200)["tags"],
        tags
    );
    let only = json!([whole(&a, "a")]);
    assert_eq!(
        admin.patch(&path, json!({ "tags": only })).await.ok(200)["tags"],
        only
    );
    assert_eq!(
        admin.patch(&path, json!({ "tags": [] })).await.ok(200)["tags"],
        json!([])
    );
    assert_eq!(
        admin.get(&format!("/connections/{plain}")).await.ok(200)["tags"],
        json!([])
    );
}

#[tokio::test]
async fn keys_of_mappers_are_secrets() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let base = pair(&admin, &home).await;
    let mapper = |field: &str, key: &str| {
        json!({ "type": "encryption", "mapperConfiguration": { "algorithm": "AES", "targetField": field,
            "fieldNameSuffix": "_e", "key": key, "mode": "GCM", "padding": "NoPadding" } })
    };
    let streams = |streams: Value| json!({ "configurations": { "streams": streams } });
    let key_place = "body /configurations/streams/0/mappers/0/mapperConfiguration/key";
    for key in [MASK, "zz", "0011", "secret_coordinate::nowhere"] {
        let body = streams(json!([{ "name": "users", "mappers": [mapper("name", key)] }]));
        let answer = admin.post("/connections", with(&base, body)).await;
        assert_eq!(answer.faults(), [key_place], "{key}");
    }
    let other = "ffeeddccbbaa99887766554433221100";
    let body = streams(json!([
        { "name": "products" },
        { "name": "users", "mappers": [mapper("name", KEY), mapper("email", other)] },
    ]));
    let answer = admin.post("/connections", with(&base, body)).await;
    let made = answer.ok(200);
    assert!(
        !answer.text.contains(KEY) && !answer.text.contains(other),
        "{}",
        answer.text
    );
    let mappers = &made["configurations"]["streams"][1]["mappers"];
    assert_eq!(mappers[0]["mapperConfiguration"]["key"], MASK);
    assert!(mappers[0]["id"].is_string() && mappers[0]["id"] != mappers[1]["id"]);
    let id: ferrobyte::domain::ids::ConnectionId = made["connectionId"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("an id");
    let path = format!("/connections/{id}");
    let keys = async || {
        let shown = admin.get(&path).await.ok(200)["configurations"]["streams"].to_string();
        let mut db = server.app.db.read().await.expect("a reader");
        let opened = mapper_keys::open(&server.app, &mut db, id, &shown).await;
        let opened = opened.expect("keys that open");
        let run = mapper_keys::for_run(&server.app, opened).await;
        let (streams, secrets) = run.expect("keys");
        assert!(secrets.values().all(|secret| secret.reveal() != MASK));
        serde_json::to_value(streams).expect("JSON")
    };
    let first = keys().await;
    assert_eq!(first[1]["mappers"][0]["mapperConfiguration"]["key"], KEY);
    assert_eq!(first[1]["mappers"][1]["mapperConfiguration"]["key"], other);

    // In another order, the ids tell which is which; the stream has moved, too.
    let moved = streams(json!([{ "name": "users", "mappers": [mappers[1], mappers[0]] }]));
    let answer = admin.patch(&path, moved).await;
    answer.ok(200);
    let after = keys().await;
    assert_eq!(after[0]["mappers"][0]["mapperConfiguration"]["key"], other);
    assert_eq!(after[0]["mappers"][1]["mapperConfiguration"]["key"], KEY);
    // Without ids, as Terraform sends them: what they do to which field.
    let unnamed = streams(json!([{ "name": "users", "mappers": [mapper("name", MASK)] }]));
    admin.patch(&path, unnamed).await.ok(200);
    assert_eq!(
        keys().await[0]["mappers"][0]["mapperConfiguration"]["key"],
        KEY
    );
    let secrets = "SELECT COUNT(*) FROM secrets WHERE field LIKE '%mapperConfiguration/key'";
    assert_eq!(one(&server, secrets).await, Some(1));
    let none = streams(json!([{ "name": "users", "mappers": [mapper("email", MASK)] }]));
    assert_eq!(admin.patch(&path, none).await.faults(), [key_place]);
    admin.delete(&path).await.ok(204);
    assert_eq!(one(&server, secrets).await, Some(0));
}
