//! Pages: stable order, links that can be followed and keep their filters, deep ones included.

use axum::body::Body;
use axum::http::{Request, header};
use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

fn ids(page: &Value) -> Vec<String> {
    let items = page["data"].as_array().expect("a page").iter();
    items
        .filter_map(|item| item["workspaceId"].as_str().map(str::to_owned))
        .collect()
}

/// Follows `next` from this path to the end; answers every id in order.
async fn follow(person: &Person<'_>, path: &str) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), path.to_owned());
    for _ in 0..100 {
        let page = person.get(&next).await.ok(200);
        all.extend(ids(&page));
        match page["next"].as_str() {
            Some("") => return all,
            Some(link) => {
                next = link
                    .split_once("/api")
                    .map(|(_, rest)| format!("/api{rest}"))
                    .expect("a link");
            }
            None => panic!("next is always there: {page}"),
        }
    }
    panic!("{path} never ends");
}

async fn filled(server: &TestServer, count: usize) -> Vec<String> {
    let admin = server.admin().await;
    let mut all = vec![admin.first_workspace().await];
    for number in 1..count {
        all.push(
            admin
                .creates_workspace(&format!("workspace {number}"))
                .await,
        );
        if number % 3 == 0 {
            server.wait(1);
        }
    }
    all
}

#[tokio::test]
async fn pages_are_in_order_of_creation_and_links_lead_through_all_of_them() {
    let server = TestServer::start().await;
    let all = filled(&server, 45).await;
    let admin = server.admin().await;
    assert_eq!(ids(&admin.get("/workspaces").await.ok(200)), all[..20]);
    for limit in [1, 7, 20, 44, 45, 46, 100] {
        assert_eq!(
            follow(&admin, &format!("/workspaces?limit={limit}")).await,
            all,
            "{limit}"
        );
    }
    let page = admin.get("/workspaces?limit=10&offset=15").await.ok(200);
    assert_eq!(ids(&page), all[15..25]);
    let base = "http://127.0.0.1:8000/api/public/v1/workspaces?includeDeleted=false&limit=10";
    assert_eq!(page["next"], format!("{base}&offset=25"));
    assert_eq!(page["previous"], format!("{base}&offset=5"));
    assert_eq!(
        admin.get("/workspaces?limit=10&offset=5").await.ok(200)["previous"],
        format!("{base}&offset=0")
    );
    let beyond = admin.get("/workspaces?offset=45").await.ok(200);
    assert_eq!((ids(&beyond).len(), &beyond["next"]), (0, &json!("")));
    assert_eq!(
        ids(&admin.get("/workspaces?offset=2147483647").await.ok(200)).len(),
        0
    );
}

#[tokio::test]
async fn links_keep_filters_and_point_to_the_address_that_was_used() {
    let server = TestServer::start().await;
    let all = filled(&server, 6).await;
    let admin = server.admin().await;
    let named = [all[4].clone(), all[1].clone(), all[3].clone()];
    let path = format!(
        "/workspaces?workspaceIds={}&workspaceIds={}&limit=2&includeDeleted=true",
        named[..2].join(","),
        named[2]
    );
    assert_eq!(
        follow(&admin, &path).await,
        [all[1].clone(), all[3].clone(), all[4].clone()]
    );
    let page = admin.get(&path).await.ok(200);
    let next = page["next"].as_str().expect("a link");
    assert!(
        next.contains("includeDeleted=true")
            && next.contains(&format!("workspaceIds={}", named.join("%2C"))),
        "{next}"
    );

    let asked = async |server: &TestServer, headers: &[(&str, &str)]| {
        let mut request = Request::get("/api/public/v1/workspaces?limit=1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let page = server
            .admin()
            .await
            .ask(request.body(Body::empty()).expect("a request"))
            .await
            .ok(200);
        page["next"]
            .as_str()
            .expect("a link")
            .split("/api")
            .next()
            .expect("a base")
            .to_owned()
    };
    assert_eq!(
        asked(&server, &[("host", "data.example.org:8443")]).await,
        "http://data.example.org:8443"
    );
    let forged = [
        ("host", "a.example"),
        ("x-forwarded-host", "b.example"),
        ("x-forwarded-proto", "https"),
    ];
    assert_eq!(
        asked(&server, &forged).await,
        "http://a.example",
        "nobody said to trust that proxy"
    );
    let behind = TestServer::with(&[("server.trusted_proxies", "127.0.0.1")]).await;
    behind.admin().await.creates_workspace("second").await;
    assert_eq!(asked(&behind, &forged).await, "https://b.example");
    let fixed = TestServer::with(&[("server.external_url", "https://fixed.example/")]).await;
    fixed.admin().await.creates_workspace("second").await;
    assert_eq!(asked(&fixed, &forged).await, "https://fixed.example");
    let odd = [(header::HOST.as_str(), "a b\"<script>")];
    assert_eq!(asked(&server, &odd).await, "http://127.0.0.1:8000");
}

#[tokio::test]
async fn limits_and_offsets_out_of_range_are_400() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for (query, faults) in [
        ("limit=0", vec!["query /limit"]),
        ("limit=101", vec!["query /limit"]),
        ("limit=x", vec!["query /limit"]),
        ("limit=1.5", vec!["query /limit"]),
        ("offset=-1", vec!["query /offset"]),
        ("offset=2147483648", vec!["query /offset"]),
        (
            "limit=-1&offset=x&includeDeleted=maybe&workspaceIds=1",
            vec![
                "query /workspaceIds",
                "query /includeDeleted",
                "query /limit",
                "query /offset",
            ],
        ),
    ] {
        assert_eq!(
            admin.get(&format!("/workspaces?{query}")).await.faults(),
            faults,
            "{query}"
        );
    }
    admin
        .get("/workspaces?limit=&offset=&unknown=1&includeDeleted=TRUE")
        .await
        .ok(200);
}

#[tokio::test]
async fn grants_in_several_places_page_as_one_list() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let mut organizations = vec![OrganizationId::DEFAULT];
    for name in ["Second", "Third"] {
        let name = name.to_owned().try_into().expect("a name");
        organizations.push(
            people::create_organization(&server.app, &name)
                .await
                .expect("an organization"),
        );
    }
    let mut expected = vec![admin.first_workspace().await];
    let mut single = None;
    for number in 0..30 {
        server.wait(1);
        let organization = organizations[number % 3];
        let made = admin
            .post(
                "/workspaces",
                json!({ "name": "w", "organizationId": organization }),
            )
            .await
            .ok(200);
        let id = made["workspaceId"].as_str().expect("an id").to_owned();
        if number % 3 < 2 {
            expected.push(id);
        } else if number == 14 {
            single = Some(id.clone());
            expected.push(id);
        }
    }
    let single = single.expect("one").parse().expect("an id");
    let covered = expected[0].parse().expect("an id");
    let grants = [
        (P::OrganizationReader, Organization(organizations[0])),
        (P::OrganizationEditor, Organization(organizations[1])),
        (P::OrganizationMember, Organization(organizations[2])),
        (P::WorkspaceReader, Workspace(single)),
        (P::WorkspaceRunner, Workspace(single)),
        (P::WorkspaceEditor, Workspace(covered)),
    ];
    let person = server.person("many", &grants).await;
    for limit in [1, 4, 20, 100] {
        assert_eq!(
            follow(&person, &format!("/workspaces?limit={limit}")).await,
            expected,
            "{limit}"
        );
    }
}

/// Many workspaces, put in by SQL: the API would take too long.
async fn flood(server: &TestServer, count: i64) {
    let mut db = server.app.db.write().await.expect("a writer");
    for number in 0..count {
        let made_at = server.app.clock.now() - chrono::TimeDelta::days(1)
            + chrono::TimeDelta::microseconds(number / 2);
        let statement = "INSERT INTO workspaces (id, organization_id, region_id, name, email, notifications, created_at) \
                         SELECT $1, organization_id, id, 'flood', '', '{}', $2 FROM regions";
        let id: uuid::Uuid = server.app.clock.new_id();
        match ferrobyte::store::db::Exec::link(&mut db) {
            ferrobyte::store::db::Link::Postgres(link) => sqlx::query(statement)
                .bind(id)
                .bind(made_at)
                .execute(link)
                .await
                .map(drop),
            ferrobyte::store::db::Link::Sqlite(link) => sqlx::query(statement)
                .bind(id)
                .bind(made_at)
                .execute(link)
                .await
                .map(drop),
        }
        .expect("a row");
    }
    db.commit().await.expect("a commit");
}

#[tokio::test]
async fn deep_pages_are_exactly_what_counting_would_give() {
    let server = TestServer::start().await;
    flood(&server, 3000).await;
    let admin = server.admin().await;
    let reader = server
        .person(
            "reader",
            &[(P::OrganizationReader, Organization(OrganizationId::DEFAULT))],
        )
        .await;
    let every = async || {
        let mut all = Vec::new();
        for offset in (0..3100).step_by(100) {
            all.extend(ids(&admin
                .get(&format!("/workspaces?limit=100&offset={offset}"))
                .await
                .ok(200)));
        }
        all
    };
    let check = async |all: &[String]| {
        for person in [&admin, &reader] {
            for offset in [
                1023, 1024, 1279, 1280, 1281, 2048, 2815, 2816, 2999, 3000, 3001,
            ] {
                let page = ids(&person
                    .get(&format!("/workspaces?limit=10&offset={offset}"))
                    .await
                    .ok(200));
                let (from, to) = (offset.min(all.len()), (offset + 10).min(all.len()));
                assert_eq!(page, all[from..to], "{offset}");
            }
        }
    };
    let all = every().await;
    let mut distinct = all.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((all.len(), distinct.len()), (3001, 3001));
    check(&all).await;
    // A removal far before moves everything behind it, and new ones come at the end.
    admin
        .delete(&format!("/workspaces/{}", all[5]))
        .await
        .ok(204);
    admin.creates_workspace("late").await;
    let after = every().await;
    assert_eq!(after.len(), 3001);
    assert!(!after.contains(&all[5]));
    check(&after).await;
    server.wait(120);
    check(&every().await).await;
}
