//! The pages of one stream of a connection: its columns and mappers, and its state.

use ferrobyte::domain::ids::WorkspaceId;
use ferrobyte::domain::permission::PermissionType;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::people::Person;
use crate::support::{EMAIL, PASSWORD, TestServer};

/// A connection of the first workspace: its page and its path in the API.
async fn made(admin: &Person<'_>) -> (String, String) {
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let page = format!("/workspaces/{home}/connections/{connection}");
    (page, format!("/connections/{connection}"))
}

/// A stream as the API tells of it.
async fn stored(admin: &Person<'_>, path: &str, name: &str) -> Value {
    let whole = admin.get(path).await.ok(200);
    let streams = whole["configurations"]["streams"].as_array();
    let mut all = streams.expect("streams").iter();
    all.find(|one| one["name"] == name)
        .expect("the stream")
        .clone()
}

#[tokio::test]
async fn a_form_chooses_columns_of_a_stream_and_what_is_changed_on_the_way() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (one, path) = made(&admin).await;
    let others = stored(&admin, &path, "products").await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let form = format!("{one}/stream?stream=users");
    assert!(ada.get(&one).await.text.contains(&form));
    let first = ada.get(&form).await;
    assert_eq!(first.status, 200, "{}", first.text);
    for told in [
        "value=\"email\" checked",
        "Nothing is changed on the way",
        "Hash a column",
    ] {
        assert!(first.text.contains(told), "{told}: {}", first.text);
    }

    // Buttons change the form and keep nothing.
    let added = ada
        .post(
            &form,
            &[("columns", "all"), ("do", "add"), ("kind", "rename")],
        )
        .await;
    assert_eq!(added.status, 200);
    assert!(
        added.text.contains("name=\"m0-newFieldName\""),
        "{}",
        added.text
    );
    let two = [
        ("columns", "all"),
        ("mapper", "0"),
        ("m0-kind", "rename"),
        ("m0-originalFieldName", "email"),
        ("m0-newFieldName", "mail"),
        ("mapper", "3"),
        ("m3-kind", "hash"),
        ("m3-targetField", "mail"),
        ("m3-method", "SHA-512"),
        ("m3-fieldNameSuffix", "_h"),
    ];
    let with = |pairs: &[(&'static str, &'static str)]| [&two[..], pairs].concat();
    let swapped = ada.post(&form, &with(&[("do", "up:3")])).await.text;
    let place =
        |text: &str, what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(place(&swapped, "1. Hash") < place(&swapped, "2. Rename"));
    let fewer = ada.post(&form, &with(&[("do", "remove:0")])).await.text;
    assert!(fewer.contains("1. Hash a column") && !fewer.contains("Rename a column</legend>"));
    let third = ada
        .post(&form, &with(&[("do", "add"), ("kind", "aes")]))
        .await
        .text;
    assert!(
        third.contains("name=\"m4-key\""),
        "numbers are not used again: {third}"
    );
    assert_eq!(stored(&admin, &path, "users").await["mappers"], json!([]));

    let saved = ada.post(&form, &two).await;
    assert_eq!(
        saved.header("location"),
        format!("{one}?done=saved"),
        "{}",
        saved.text
    );
    let users = stored(&admin, &path, "users").await;
    assert_eq!(users["selectedFields"], json!([]));
    assert_eq!(
        users["mappers"][0]["mapperConfiguration"]["newFieldName"],
        "mail"
    );
    let hashing = json!({ "targetField": "mail", "method": "SHA-512", "fieldNameSuffix": "_h" });
    assert_eq!(users["mappers"][1]["mapperConfiguration"], hashing);
    assert_eq!(
        stored(&admin, &path, "products").await,
        others,
        "others stay"
    );

    // Columns.
    let some = [("columns", "some"), ("column", "id"), ("column", "name")];
    assert_eq!(ada.post(&form, &some).await.status, 303);
    let users = stored(&admin, &path, "users").await;
    let selected = json!([{ "fieldPath": ["id"] }, { "fieldPath": ["name"] }]);
    assert_eq!(users["selectedFields"], selected);
    assert_eq!(users["mappers"], json!([]));
    let again = ada.get(&form).await.text;
    assert!(
        again.contains("value=\"name\" checked") && again.contains("value=\"email\">"),
        "{again}"
    );
    assert!(ada.get(&one).await.text.contains("Changed on the way"));
}

#[tokio::test]
async fn what_cannot_be_kept_of_a_stream_is_told_beside_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (one, path) = made(&admin).await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let form = format!("{one}/stream?stream=users");
    let hash = |field: &'static str| {
        vec![
            ("columns", "some"),
            ("column", "id"),
            ("mapper", "0"),
            ("m0-kind", "hash"),
            ("m0-targetField", field),
            ("m0-method", "MD5"),
            ("m0-fieldNameSuffix", "_h"),
        ]
    };
    let conditions = |text: &'static str| {
        vec![
            ("mapper", "0"),
            ("m0-kind", "conditions"),
            ("m0-conditions", text),
        ]
    };
    let aes = |key: &'static str| {
        vec![
            ("mapper", "7"),
            ("m7-kind", "aes"),
            ("m7-targetField", "email"),
            ("m7-fieldNameSuffix", "_e"),
            ("m7-key", key),
            ("m7-mode", "CBC"),
        ]
    };
    for (sent, told) in [
        (vec![("columns", "some")], "Choose at least one column."),
        (hash(""), "“Column” is empty."),
        (hash("email"), "There is no field email."),
        (conditions("{"), "The conditions are not JSON"),
        (conditions(r#"{"type":"MAYBE"}"#), "Unknown variant"),
        (
            conditions(r#"{"type":"NOT","conditions":[]}"#),
            "NOT needs a condition.",
        ),
        (aes("beef"), "“Key” must be a key of 16, 24 or 32 bytes"),
        (aes("**********"), "“Key” is a mask"),
    ] {
        let refused = ada.post(&form, &sent).await;
        assert_eq!(refused.status, 422, "{told}: {}", refused.text);
        assert!(refused.text.contains(told), "{told}: {}", refused.text);
    }
    let before = stored(&admin, &path, "users").await;
    assert_eq!(
        (&before["mappers"], &before["selectedFields"]),
        (&json!([]), &json!([]))
    );

    // A key stays sealed, and the mask in its place keeps it.
    let secret = "00112233445566778899aabbccddeeff";
    assert_eq!(ada.post(&form, &aes(secret)).await.status, 303);
    let page = ada.get(&form).await.text;
    assert!(
        !page.contains(secret) && page.contains("value=\"**********\""),
        "{page}"
    );
    let mapper = stored(&admin, &path, "users").await["mappers"][0].clone();
    assert_eq!(mapper["mapperConfiguration"]["padding"], "PKCS5Padding");
    let id = mapper["id"].as_str().expect("an id").to_owned();
    let kept = [
        ("mapper", "0"),
        ("m0-kind", "aes"),
        ("m0-id", id.as_str()),
        ("m0-targetField", "name"),
        ("m0-fieldNameSuffix", ""),
        ("m0-key", "**********"),
        ("m0-mode", "GCM"),
    ];
    let saved = ada.post(&form, &kept).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let mapper = stored(&admin, &path, "users").await["mappers"][0].clone();
    assert_eq!(mapper["id"], json!(id));
    assert_eq!(mapper["mapperConfiguration"]["targetField"], "name");
}

#[tokio::test]
async fn the_state_of_a_stream_is_set_on_a_page() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (one, path) = made(&admin).await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let (page, set) = (format!("{one}/state"), format!("{one}/state/set"));
    let of = |stream: &str| format!("{set}?stream={stream}");
    assert!(ada.get(&page).await.text.contains(&of("users")));
    assert!(ada.get(&one).await.text.contains(&of("users")));
    let state = || async { admin.get(&format!("{path}/state")).await.ok(200) };
    for (sent, told) in [
        ("{", "This is not JSON"),
        ("[1]", "This must be a JSON object."),
    ] {
        let refused = ada.post(&of("users"), &[("state", sent)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains(told), "{told}: {}", refused.text);
    }
    assert_eq!(state().await["stateType"], "not_set");
    for (stream, sent) in [
        ("users", r#"{ "cursor": 7 }"#),
        ("products", r#"{"cursor":8}"#),
    ] {
        let answer = ada.post(&of(stream), &[("state", sent)]).await;
        assert_eq!(
            answer.header("location"),
            format!("{page}?done=set"),
            "{}",
            answer.text
        );
    }
    let both = state().await["streamState"].clone();
    assert_eq!(both.as_array().expect("states").len(), 2);
    let form = ada.get(&of("users")).await.text;
    assert!(form.contains("&#34;cursor&#34;: 7"), "{form}");
    ada.post(&of("users"), &[("state", " ")]).await;
    let rest =
        json!([{ "streamDescriptor": { "name": "products" }, "streamState": { "cursor": 8 } }]);
    assert_eq!(
        state().await["streamState"],
        rest,
        "forgotten, and the other one stays"
    );

    // As a whole: of every kind.
    let global = json!({ "stateType": "global", "globalState": { "sharedState": { "lsn": 1 }, "streamStates": [] } });
    assert_eq!(
        ada.post(&set, &[("state", &global.to_string())])
            .await
            .status,
        303
    );
    ada.post(&of("users"), &[("state", r#"{"at":2}"#)]).await;
    let told = state().await;
    assert_eq!(told["globalState"]["sharedState"], json!({ "lsn": 1 }));
    assert_eq!(
        told["globalState"]["streamStates"][0]["streamState"],
        json!({ "at": 2 })
    );
    assert!(ada.get(&of("users")).await.text.contains("&#34;at&#34;: 2"));
    let legacy = json!({ "stateType": "legacy", "state": { "date": "2026-01-01" } });
    assert_eq!(
        ada.post(&set, &[("state", &legacy.to_string())])
            .await
            .status,
        303
    );
    let whole = ada.post(&of("users"), &[("state", "{}")]).await;
    assert_eq!(whole.status, 409);
    assert!(
        whole.text.contains("can only be set as a whole."),
        "{}",
        whole.text
    );
    for (sent, told) in [
        ("{}", "This is not a state"),
        (r#"{"stateType":"stream"}"#, "StreamState is required"),
    ] {
        let refused = ada.post(&set, &[("state", sent)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains(told), "{told}: {}", refused.text);
    }
    assert!(ada.get(&set).await.text.contains("2026-01-01"));
    ada.post(&set, &[("state", "")]).await;
    assert_eq!(state().await["stateType"], "not_set");

    // Not under a job's feet.
    let id = path.rsplit('/').next().expect("an id");
    let job = json!({ "connectionId": id, "jobType": "sync" });
    admin.post("/jobs", job).await.ok(200);
    for address in [of("users"), set.clone()] {
        let refused = ada
            .post(&address, &[("state", r#"{"stateType":"not_set"}"#)])
            .await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(
            refused.text.contains("{&#34;stateType"),
            "it is kept: {}",
            refused.text
        );
    }
    assert_eq!(state().await["stateType"], "not_set");
}

#[tokio::test]
async fn streams_are_changed_by_those_who_may() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (one, path) = made(&admin).await;
    let home: WorkspaceId = admin.first_workspace().await.parse().expect("an id");
    let runner = Browser::with(&server, PermissionType::WorkspaceRunner, home).await;
    let page = runner.get(&one).await.text;
    assert!(
        !page.contains("/stream?stream=") && !page.contains("/state/set"),
        "{page}"
    );
    let state = runner.get(&format!("{one}/state")).await;
    assert!(!state.text.contains("/state/set"), "{}", state.text);
    let fields = [
        ("columns", "some"),
        ("column", "id"),
        ("state", r#"{"a":1}"#),
    ];
    for part in ["stream?stream=users", "state/set?stream=users", "state/set"] {
        let address = format!("{one}/{part}");
        assert_eq!(runner.get(&address).await.status, 403, "{part}");
        assert_eq!(runner.post(&address, &fields).await.status, 403, "{part}");
    }
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    for part in ["stream", "stream?stream=ghosts", "state/set?stream=ghosts"] {
        let address = format!("{one}/{part}");
        assert_eq!(ada.get(&address).await.status, 404, "{part}");
        assert_eq!(ada.post(&address, &fields).await.status, 404, "{part}");
    }
    let told = admin.get(&format!("{path}/state")).await.ok(200);
    assert_eq!(told["stateType"], "not_set");
    assert_eq!(
        stored(&admin, &path, "users").await["selectedFields"],
        json!([])
    );
}
