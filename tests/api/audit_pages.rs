//! The page of the audit log.

use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::Organization;
use ferrobyte::domain::permission::PermissionType as P;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::{EMAIL, PASSWORD, TestServer};

const ZERO: OrganizationId = OrganizationId::DEFAULT;
const AUDIT: &str = "/organizations/00000000-0000-0000-0000-000000000000/audit";

/// The operations in the table, from its first row on.
fn operations(page: &str) -> Vec<&str> {
    let rows = page.split("<th role=\"rowheader\" scope=\"row\" data-label=\"What\">");
    let cells = rows.skip(1).map(|row| row.split_once("</code>"));
    cells
        .map(|cell| cell.expect("a cell").0)
        .map(|cell| cell.rsplit('>').next().expect("a name"))
        .collect()
}

#[tokio::test]
async fn the_log_is_filtered_by_who_what_and_when() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let group = |name: &str| json!({ "name": name, "organizationId": ZERO });
    admin.post("/groups", group("first")).await.ok(200);
    server.wait(86_400);
    let today = server.app.clock.now().format("%Y-%m-%d").to_string();
    let other = server
        .person("grace", &[(P::OrganizationAdmin, Organization(ZERO))])
        .await;
    other.post("/groups", group("second")).await.ok(200);
    other.creates_workspace("third").await;

    let shown = async |query: &str| {
        let page = ada.get(&format!("{AUDIT}?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        page.text
    };
    let all = shown("").await;
    assert_eq!(
        operations(&all),
        ["createWorkspace", "createGroup", "createGroup"]
    );
    assert!(all.contains("127.0.0.1") && all.contains("by an application"));
    for (query, expected) in [
        (format!("who={EMAIL}"), &["createGroup"][..]),
        (format!("who=+{}", EMAIL.to_uppercase()), &["createGroup"]),
        ("what=createWorkspace".to_owned(), &["createWorkspace"]),
        (
            format!("since={today}"),
            &["createWorkspace", "createGroup"],
        ),
        (
            format!("until={today}"),
            &["createWorkspace", "createGroup", "createGroup"],
        ),
        (format!("since={today}&what=createGroup"), &["createGroup"]),
    ] {
        assert_eq!(operations(&shown(&query).await), expected, "{query}");
    }
    assert!(shown("who=eve@example.org").await.contains("Nothing fits"));
    let wrong = ada.get(&format!("{AUDIT}?since=yesterday")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("Write a day as"), "{}", wrong.text);
    let reader = (P::OrganizationEditor, Organization(ZERO));
    let reader = Browser::holding(&server, &[reader]).await;
    assert_eq!(reader.get(AUDIT).await.status, 403);
    assert_eq!(reader.get(&format!("{AUDIT}/export")).await.status, 403);
}

#[tokio::test]
async fn the_log_comes_in_pages_and_as_a_file() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    assert!(
        ada.get(AUDIT)
            .await
            .text
            .contains("Nothing was changed yet")
    );
    for number in 0..22 {
        let body = json!({ "name": format!("group {number}"), "organizationId": ZERO });
        admin.post("/groups", body).await.ok(200);
    }
    admin.creates_workspace("one").await;
    let first = ada.get(&format!("{AUDIT}?what=createGroup")).await.text;
    assert_eq!(operations(&first).len(), 20);
    let next = format!("{AUDIT}?page=2&#38;what=createGroup");
    assert!(first.contains(&next), "{first}");
    let second = ada.get(&format!("{AUDIT}?page=2&what=createGroup")).await;
    assert_eq!(operations(&second.text).len(), 2);

    let export = format!("{AUDIT}/export?what=createGroup");
    let link = format!("href=\"{export}&amp;format=csv\"");
    assert!(first.contains(&link), "{first}");
    let table = ada.get(&format!("{export}&format=csv")).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(table.text.lines().count(), 23);
    let lines = ada.get(&format!("{export}&format=jsonl")).await;
    assert_eq!(lines.header("content-type"), "application/jsonl");
    assert_eq!(lines.text.lines().count(), 22);
    assert!(
        lines
            .header("content-disposition")
            .starts_with("attachment")
    );
}
