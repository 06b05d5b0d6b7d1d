//! The pages of connectors as people with different roles get them. What they look like is the browser
//! walk's business.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use ferrobyte::connector::Failure;
use ferrobyte::domain::ids::WorkspaceId;
use ferrobyte::domain::permission::PermissionType;
use ferrobyte::engine::probes::{Asked, Errand, Subject};
use ferrobyte::ops::people;
use serde_json::json;

use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::{EMAIL, PASSWORD, TestServer};

const FAKER: &str = "dfd88b22-b603-4c3d-aad7-3701784586b1";
const DEV_NULL: &str = "a7bcc9d8-13b3-4e49-b80d-d020b90045e3";

/// The id at the end of where an answer leads.
fn made(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let (path, _) = answer
        .header("location")
        .split_once('?')
        .expect("a word on it");
    path.rsplit('/').next().expect("an id").to_owned()
}

#[tokio::test]
async fn pages_are_for_those_who_may_see_the_workspace() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let other = admin.creates_workspace("other").await;
    let source = admin.creates_actor("source", &home).await;
    let reader = Browser::with(
        &server,
        PermissionType::WorkspaceReader,
        home.parse().expect("an id"),
    )
    .await;
    let outsider = Browser::with(
        &server,
        PermissionType::WorkspaceAdmin,
        other.parse().expect("an id"),
    )
    .await;
    let new = format!("/workspaces/{home}/source/new-source");
    for (path, of_reader) in [
        (format!("/workspaces/{home}/connectors"), 200),
        (format!("/workspaces/{home}/source"), 200),
        (format!("/workspaces/{home}/destination"), 200),
        (format!("/workspaces/{home}/source/{source}"), 200),
        (format!("/workspaces/{home}/destination/{source}"), 403),
        (format!("/workspaces/{home}/source/{source}/edit"), 403),
        (format!("/workspaces/{home}/source/{source}/delete"), 403),
        (format!("{new}/{FAKER}"), 403),
        (new, 403),
    ] {
        assert_eq!(reader.get(&path).await.status, of_reader, "{path}");
        assert_eq!(outsider.get(&path).await.status, 403, "{path}");
        let nobody = server.nobody();
        let request = Request::get(&path).body(Body::empty()).expect("a request");
        assert_eq!(nobody.ask(request).await.status, 303, "{path}");
    }
    // Not even by way of a workspace that one may see.
    for page in ["", "/edit", "/delete"] {
        let path = format!("/workspaces/{other}/source/{source}{page}");
        assert_eq!(outsider.get(&path).await.status, 403, "{path}");
    }
    let mistaken = format!("/workspaces/{other}/source/{source}");
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    assert_eq!(ada.get(&mistaken).await.status, 404);
    let gone = ada.post(&format!("{mistaken}/delete"), &[]).await;
    assert_eq!(gone.status, 404);
    admin.get(&format!("/sources/{source}")).await.ok(200);
}

#[tokio::test]
async fn who_may_not_change_a_thing_has_no_button_for_it_and_is_refused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let source = admin.creates_actor("source", &home).await;
    let list = format!("/workspaces/{home}/source");
    let one = format!("{list}/{source}");
    let buttons = ["/new-source\"", "/edit\"", "/delete\"", "/test\""];
    let shown = async |browser: &Browser<'_>| {
        let text = browser.get(&list).await.text + &browser.get(&one).await.text;
        buttons.map(|button| text.contains(button))
    };
    let id: WorkspaceId = home.parse().expect("an id");
    let editor = Browser::with(&server, PermissionType::WorkspaceSourceEditor, id).await;
    assert_eq!(shown(&editor).await, [true; 4]);
    for (grant, may_test) in [
        (PermissionType::WorkspaceReader, false),
        (PermissionType::WorkspaceRunner, true),
        (PermissionType::WorkspaceDestinationEditor, true),
    ] {
        let browser = Browser::with(&server, grant, id).await;
        assert_eq!(
            shown(&browser).await,
            [false, false, false, may_test],
            "{grant:?}"
        );
        let tested = browser.post(&format!("{one}/test"), &[]).await;
        assert_eq!(tested.status.is_success(), may_test, "{grant:?}");
        for (path, fields) in [
            (format!("{list}/new-source/{FAKER}"), &[("name", "x")][..]),
            (format!("{one}/edit"), &[("name", "x")]),
            (format!("{one}/edit"), &[("do", "test")]),
            (format!("{one}/delete"), &[]),
        ] {
            let answer = browser.post(&path, fields).await;
            assert_eq!(answer.status, 403, "{grant:?} {path}");
        }
    }
    let there = admin.get("/sources").await.ok(200);
    assert_eq!(there["data"].as_array().map(Vec::len), Some(1));
    assert_ne!(there["data"][0]["name"], "x");
}

#[tokio::test]
async fn a_form_makes_changes_and_removes_a_source() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let list = format!("/workspaces/{home}/source");
    let new = format!("{list}/new-source/{FAKER}");
    let fields = [
        ("name", "people"),
        ("/count", "50"),
        ("/seed", "-1"),
        ("/always_updated", "true"),
    ];
    let id = made(&ada.post(&new, &fields).await);
    let stored = admin.get(&format!("/sources/{id}")).await.ok(200);
    assert_eq!(stored["name"], "people");
    assert_eq!(stored["configuration"]["count"], json!(50));
    assert_eq!(stored["configuration"]["always_updated"], json!(true));

    let one = format!("{list}/{id}");
    let page = ada.get(&one).await;
    assert!(page.text.contains("purchases"), "{}", page.text);
    let tested = ada.post(&format!("{one}/test"), &[]).await;
    assert!(
        tested.text.contains("The test succeeded"),
        "{}",
        tested.text
    );

    let changed = [("name", "more people"), ("/count", "60")];
    made(&ada.post(&format!("{one}/edit"), &changed).await);
    let stored = admin.get(&format!("/sources/{id}")).await.ok(200);
    assert_eq!(stored["name"], "more people");
    assert_eq!(stored["configuration"]["count"], json!(60));
    assert_eq!(stored["configuration"]["always_updated"], json!(false));

    let removed = ada.post(&format!("{one}/delete"), &[]).await;
    assert_eq!(removed.header("location"), format!("{list}?done=deleted"));
    admin.get(&format!("/sources/{id}")).await.problem(404);
}

#[tokio::test]
async fn what_cannot_be_stored_is_told_and_nothing_is() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let new = format!("/workspaces/{home}/source/new-source/{FAKER}");
    for (fields, told) in [
        (
            &[("name", ""), ("/count", "1")][..],
            "Give the source a name.",
        ),
        (&[("name", "x"), ("/count", "many")], "Write a whole number"),
        (
            &[("name", "x"), ("/count", "99999999999999999999")],
            "Write a whole number",
        ),
    ] {
        let answer = ada.post(&new, fields).await;
        assert_eq!(answer.status, 422, "{fields:?}");
        assert!(answer.text.contains(told), "{fields:?}: {}", answer.text);
        assert!(answer.text.contains("aria-invalid=\"true\""), "{fields:?}");
    }
    assert_eq!(admin.get("/sources").await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn a_form_may_be_as_long_as_configurations_are_but_not_longer() {
    let server = TestServer::start().await;
    let home = server.admin().await.first_workspace().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let new = format!("/workspaces/{home}/source/new-source/{FAKER}");
    for (length, status) in [(500_000, 422), (1_100_000, 413)] {
        let answer = ada.post(&new, &[("name", &"x".repeat(length))]).await;
        assert_eq!(answer.status, status, "{length}");
    }
    let odd = ada.send(Method::DELETE, &new, String::new()).await;
    assert_eq!(odd.status, 405);
    assert!(
        odd.text.contains("<h1>That does not work here"),
        "{}",
        odd.text
    );
}

#[tokio::test]
async fn the_short_addresses_lead_into_the_only_workspace_or_ask_which_one() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    for (short, long) in [
        ("/connections", "connections"),
        ("/sources", "source"),
        ("/destinations", "destination"),
        ("/connectors", "connectors"),
    ] {
        let answer = ada.get(short).await;
        assert_eq!(
            answer.header("location"),
            format!("/workspaces/{home}/{long}")
        );
    }
    let other = admin.creates_workspace("other").await;
    let answer = ada.get("/destinations").await;
    assert_eq!(answer.status, 200);
    for id in [&home, &other] {
        let link = format!("href=\"/workspaces/{id}/destination\"");
        assert!(answer.text.contains(&link), "{}", answer.text);
    }
    let page = ada.get(&format!("/workspaces/{home}/connectors")).await;
    let over = format!("href=\"/workspaces/{other}/connectors\"");
    assert!(page.text.contains(&over), "{}", page.text);
    let outsider = server.person("grace", &[]).await;
    people::set_password(&server.app, outsider.id, PASSWORD)
        .await
        .expect("a password");
    let email = format!("grace-{}@example.org", outsider.id);
    let nothing = Browser::of(&server, &email, PASSWORD)
        .await
        .get("/sources")
        .await;
    assert!(
        nothing.text.contains("No workspace yet"),
        "{}",
        nothing.text
    );
}

#[tokio::test]
async fn a_test_that_takes_long_gets_a_page_that_comes_again() {
    let server = TestServer::with(&[("connectors.probes_concurrency", "2")]).await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let (open, door) = tokio::sync::watch::channel(());
    // Something else is in the one lane that the workspace may have.
    let errand = Errand {
        subject: Subject {
            asked: Asked::Check,
            edition: "slow".to_owned(),
            fingerprint: Vec::new(),
        },
        tenant: home.parse().expect("an id"),
        deadline: Duration::from_mins(10),
        afresh: true,
    };
    let work = move || async move {
        let mut door = door;
        let _ = door.changed().await;
        Err(Failure::missing("released"))
    };
    let outcome = server.app.probes.ask(errand, Duration::ZERO, work).await;
    assert!(outcome.is_err(), "it goes on");
    let new = format!("/workspaces/{home}/destination/new-destination/{DEV_NULL}");
    let fields = [
        ("name", "my <null>"),
        ("/test_destination#", "0"),
        ("do", "test"),
    ];
    let began = std::time::Instant::now();
    let waiting = ada.post(&new, &fields).await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(waiting.status, 200, "{}", waiting.text);
    for part in [
        "data-again=\"2\"",
        "name=\"name\" value=\"my &#60;null&#62;\"",
        "name=\"/test_destination#\" value=\"0\"",
        "name=\"do\" value=\"test\"",
    ] {
        assert!(waiting.text.contains(part), "{part}: {}", waiting.text);
    }
    let back = [&fields[..], &[("back", "yes")]].concat();
    let form = ada.post(&new, &back).await;
    assert!(
        form.text.contains("value=\"my &#60;null&#62;\""),
        "{}",
        form.text
    );
    assert!(
        form.text.contains("value=\"0\" data-option checked"),
        "{}",
        form.text
    );

    drop(open);
    let mut answer = ada.post(&new, &fields).await;
    for _ in 0..5 {
        if !answer.text.contains("data-again") {
            break;
        }
        answer = ada.post(&new, &fields).await;
    }
    assert!(
        answer.text.contains("The test succeeded"),
        "{}",
        answer.text
    );
}
