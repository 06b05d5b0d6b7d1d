//! Lists read by cursors: the same items in the same order as by counting, and steady while things come and go.

use ferrobyte::domain::ids::OrganizationId;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

fn ids(page: &Value, name: &str) -> Vec<String> {
    let items = page["data"].as_array().expect("a page").iter();
    items.map(|item| item[name].to_string()).collect()
}

/// The path that `next` leads to, if there is one.
fn next(page: &Value) -> Option<String> {
    let link = page["next"].as_str().filter(|link| !link.is_empty())?;
    let (_, rest) = link.split_once("/api").expect("a link");
    Some(format!("/api{rest}"))
}

/// Reads a list to its end by whatever `next` says; answers every id, and how each page was asked for.
async fn read(person: &Person<'_>, first: &str, name: &str) -> (Vec<String>, Vec<String>) {
    let (mut all, mut asked) = (Vec::new(), vec![first.to_owned()]);
    for _ in 0..200 {
        let page = person.get(asked.last().expect("a path")).await.ok(200);
        all.extend(ids(&page, name));
        match next(&page) {
            Some(path) => asked.push(path),
            None => return (all, asked),
        }
    }
    panic!("{first} never ends");
}

/// Holds what cursors give against what counting gives, for some lengths of pages.
async fn same(person: &Person<'_>, list: &str, name: &str, least: usize) {
    let and = if list.contains('?') { '&' } else { '?' };
    let (counted, _) = read(person, &format!("{list}{and}limit=100"), name).await;
    assert!(counted.len() >= least, "{list}: {counted:?}");
    for limit in [1, 3, 100] {
        let first = format!("{list}{and}limit={limit}&cursor=start");
        let (found, asked) = read(person, &first, name).await;
        assert_eq!(found, counted, "{first}");
        for path in &asked[1..] {
            assert!(
                path.contains("cursor=") && !path.contains("offset="),
                "{path}"
            );
        }
    }
}

/// Three organizations with workspaces, connections and jobs, some of them gone.
async fn filled(server: &TestServer) -> (Vec<OrganizationId>, Vec<String>) {
    let admin = server.admin().await;
    let mut organizations = vec![OrganizationId::DEFAULT];
    for name in ["Second", "Third"] {
        let name = name.to_owned().try_into().expect("a name");
        organizations.push(
            people::create_organization(&server.app, &name)
                .await
                .expect("one"),
        );
    }
    let mut homes = Vec::new();
    for number in 0..9 {
        if number % 2 == 0 {
            // Half of all things are as old as another.
            server.wait(1);
        }
        let body = json!({ "name": "w", "organizationId": organizations[number % 3] });
        let made = admin.post("/workspaces", body).await.ok(200);
        let home = made["workspaceId"].as_str().expect("an id").to_owned();
        let connection = admin.creates_connection(&home).await;
        let body = json!({ "connectionId": connection, "jobType": "sync" });
        admin.post("/jobs", body).await.ok(200);
        if number % 4 == 3 {
            let gone = admin.creates_connection(&home).await;
            admin.delete(&format!("/connections/{gone}")).await.ok(204);
            let gone = admin.creates_actor("source", &home).await;
            admin.delete(&format!("/sources/{gone}")).await.ok(204);
        }
        homes.push(home);
    }
    (organizations, homes)
}

#[tokio::test]
async fn cursors_lead_through_every_list_as_counting_does() {
    let server = TestServer::start().await;
    let (organizations, homes) = filled(&server).await;
    let admin = server.admin().await;
    let one = server
        .person(
            "one",
            &[(P::OrganizationReader, Organization(organizations[1]))],
        )
        .await;
    let single = homes[2].parse().expect("an id");
    let single = (P::WorkspaceReader, Workspace(single));
    let alone = server.person("alone", &[single]).await;
    let several = server
        .person(
            "several",
            &[
                single,
                (P::OrganizationEditor, Organization(organizations[0])),
            ],
        )
        .await;
    for (person, things) in [(&admin, 9), (&one, 3), (&alone, 1), (&several, 4)] {
        for (list, name) in [
            ("/workspaces", "workspaceId"),
            ("/sources", "sourceId"),
            ("/destinations", "destinationId"),
            ("/connections", "connectionId"),
            ("/jobs", "jobId"),
        ] {
            same(person, list, name, things).await;
            if list != "/jobs" {
                same(person, &format!("{list}?includeDeleted=true"), name, things).await;
            }
        }
        for order in [
            "createdAt|ASC",
            "createdAt|DESC",
            "updatedAt|ASC",
            "updatedAt|DESC",
        ] {
            let order = order.replace('|', "%7C");
            same(person, &format!("/jobs?orderBy={order}"), "jobId", things).await;
        }
    }
    let named = homes[..5].join(",");
    for (list, name) in [
        ("/workspaces", "workspaceId"),
        ("/sources", "sourceId"),
        ("/destinations", "destinationId"),
        ("/connections", "connectionId"),
        ("/jobs", "jobId"),
    ] {
        same(&admin, &format!("{list}?workspaceIds={named}"), name, 5).await;
    }
    let tag = admin.creates_tag("t", &homes[0]).await;
    for _ in 0..4 {
        let connection = admin.creates_connection(&homes[0]).await;
        let path = format!("/connections/{connection}");
        admin
            .patch(&path, json!({ "tags": [{ "tagId": tag }] }))
            .await
            .ok(200);
    }
    same(
        &admin,
        &format!("/connections?tagIds={tag}"),
        "connectionId",
        4,
    )
    .await;
}

#[tokio::test]
async fn what_comes_and_goes_meanwhile_moves_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let mut sources = Vec::new();
    for _ in 0..6 {
        server.wait(1);
        sources.push(admin.creates_actor("source", &home).await);
    }
    let first = admin.get("/sources?limit=3&cursor=start").await.ok(200);
    assert_eq!(first["previous"], "");
    // One that was read goes, so does the very one that the cursor points to, and a new one comes.
    for gone in [0, 2] {
        admin
            .delete(&format!("/sources/{}", sources[gone]))
            .await
            .ok(204);
    }
    server.wait(1);
    sources.push(admin.creates_actor("source", &home).await);
    let rest = admin.get(&next(&first).expect("more")).await.ok(200);
    let quoted =
        |range: &[String]| -> Vec<String> { range.iter().map(|id| format!("\"{id}\"")).collect() };
    assert_eq!(ids(&rest, "sourceId"), quoted(&sources[3..6]));
    assert_eq!(rest["previous"], "");
    let last = admin.get(&next(&rest).expect("more")).await.ok(200);
    assert_eq!(ids(&last, "sourceId"), quoted(&sources[6..]));
    assert_eq!(last["next"], "");
}

#[tokio::test]
async fn a_cursor_is_refused_when_it_is_none_or_comes_with_an_offset() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for list in [
        "/workspaces",
        "/sources",
        "/destinations",
        "/connections",
        "/jobs",
    ] {
        for (query, faults) in [
            ("cursor=x", vec!["query /cursor"]),
            ("cursor=1-", vec!["query /cursor"]),
            ("cursor=7fffffffffffffff-1", vec!["query /cursor"]),
            ("cursor=start&offset=1", vec!["query /offset"]),
        ] {
            assert_eq!(
                admin.get(&format!("{list}?{query}")).await.faults(),
                faults,
                "{list}?{query}"
            );
        }
        admin.get(&format!("{list}?cursor=&offset=0")).await.ok(200);
        // Made up, but it could be one.
        let beyond = admin
            .get(&format!(
                "{list}?cursor=384440ccc735fff-ffffffffffffffffffffffffffffffff"
            ))
            .await
            .ok(200);
        assert_eq!(ids(&beyond, "name").len(), 0, "{list}");
    }
}
