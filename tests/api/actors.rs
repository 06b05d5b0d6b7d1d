//! What holds for sources and destinations alike: lists and their pages, deletion with the workspace,
//! what is refused.

use axum::http::Method;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use ferrobyte::ops::people;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";
const KINDS: [&str; 2] = ["source", "destination"];

fn ids(page: &Value, kind: &str) -> Vec<String> {
    let items = page["data"].as_array().expect("a page").iter();
    items
        .filter_map(|item| item[format!("{kind}Id")].as_str().map(str::to_owned))
        .collect()
}

/// Follows `next` from this path to the end; answers every id in order.
async fn follow(person: &Person<'_>, path: &str, kind: &str) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), path.to_owned());
    for _ in 0..100 {
        let page = person.get(&next).await.ok(200);
        all.extend(ids(&page, kind));
        let link = page["next"].as_str().expect("next is always there");
        let Some((_, rest)) = link.split_once("/api") else {
            return all;
        };
        next = format!("/api{rest}");
    }
    panic!("{path} never ends");
}

#[tokio::test]
async fn lists_are_in_order_and_show_what_the_caller_may_read() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let name = "Elsewhere".to_owned().try_into().expect("a name");
    let foreign = people::create_organization(&server.app, &name)
        .await
        .expect("an organization");
    let body = json!({ "name": "there", "organizationId": foreign });
    let there = admin.post("/workspaces", body).await.ok(200)["workspaceId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let homes = [
        admin.first_workspace().await,
        admin.creates_workspace("second").await,
        there,
    ];
    for kind in KINDS {
        let mut made = Vec::new();
        for number in 0..24 {
            made.push(admin.creates_actor(kind, &homes[number % 3]).await);
            if number % 5 == 0 {
                server.wait(1);
            }
        }
        let of = |places: &[usize]| -> Vec<String> {
            let fits = |number: &usize| places.contains(&(number % 3));
            (0..24).filter(fits).map(|n| made[n].clone()).collect()
        };
        let path = format!("/{kind}s");
        assert_eq!(ids(&admin.get(&path).await.ok(200), kind), made[..20]);
        for limit in [1, 7, 20, 23, 24, 100] {
            let path = format!("{path}?limit={limit}");
            assert_eq!(follow(&admin, &path, kind).await, made, "{limit}");
        }
        for (places, query) in [
            (vec![1], homes[1].clone()),
            (vec![0, 2], format!("{},{}", homes[2], homes[0])),
            (vec![0], format!("{}&workspaceIds={UNKNOWN}", homes[0])),
        ] {
            for limit in [3, 20, 100] {
                let path = format!("{path}?workspaceIds={query}&limit={limit}");
                assert_eq!(follow(&admin, &path, kind).await, of(&places), "{path}");
            }
        }

        let workspace = |at: usize| Workspace(homes[at].parse().expect("an id"));
        let home = ferrobyte::domain::ids::OrganizationId::DEFAULT;
        for (grants, places) in [
            (vec![], vec![]),
            (vec![(P::OrganizationMember, Organization(home))], vec![]),
            (
                vec![(P::OrganizationReader, Organization(home))],
                vec![0, 1],
            ),
            (vec![(P::WorkspaceReader, workspace(2))], vec![2]),
            (
                vec![
                    (P::WorkspaceReader, workspace(1)),
                    (P::OrganizationReader, Organization(foreign)),
                ],
                vec![1, 2],
            ),
        ] {
            let person = server.person("somebody", &grants).await;
            for limit in [5, 20] {
                let path = format!("{path}?limit={limit}");
                assert_eq!(
                    follow(&person, &path, kind).await,
                    of(&places),
                    "{grants:?}"
                );
            }
        }
        let reader = server
            .person("reader", &[(P::WorkspaceReader, workspace(1))])
            .await;
        let foreign = format!("{path}?workspaceIds={},{}", homes[1], homes[0]);
        let unknown = format!("{path}?workspaceIds={UNKNOWN}");
        assert_eq!(
            reader.get(&foreign).await.problem(403)["detail"],
            reader.get(&unknown).await.problem(403)["detail"]
        );
    }
}

#[tokio::test]
async fn links_keep_the_filters() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    for kind in KINDS {
        for _ in 0..3 {
            admin.creates_actor(kind, &home).await;
        }
        let path = format!("/{kind}s?workspaceIds={home}&includeDeleted=true&limit=1&offset=1");
        let page = admin.get(&path).await.ok(200);
        let base = format!(
            "http://127.0.0.1:8000/api/public/v1/{kind}s?includeDeleted=true&workspaceIds={home}&limit=1"
        );
        assert_eq!(page["next"], format!("{base}&offset=2"));
        assert_eq!(page["previous"], format!("{base}&offset=0"));
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_for_whoever_could_see_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.creates_workspace("pets").await;
    let scope = Workspace(home.parse().expect("an id"));
    let reader = server
        .person("reader", &[(P::WorkspaceReader, scope)])
        .await;
    for kind in KINDS {
        let (kept, id) = (
            admin.creates_actor(kind, &home).await,
            admin.creates_actor(kind, &home).await,
        );
        let path = format!("/{kind}s/{id}");
        reader.get(&path).await.ok(200);
        let gone = admin.delete(&path).await;
        assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
        let kind_of_resource = format!("{}_CONNECTION", kind.to_uppercase());
        for person in [&admin, &reader] {
            let problem = person.get(&path).await.problem(404);
            assert_eq!(problem["data"]["resourceType"], kind_of_resource);
            assert_eq!(problem["data"]["resourceId"], id.as_str());
            for filter in ["", &format!("&workspaceIds={home}")] {
                let list = format!("/{kind}s?limit=20{filter}");
                let found = person.get(&list).await.ok(200);
                assert_eq!(ids(&found, kind), std::slice::from_ref(&kept));
                let found = person.get(&format!("{list}&includeDeleted=true")).await;
                let found = found.ok(200);
                assert_eq!(ids(&found, kind), [kept.clone(), id.clone()]);
                assert_eq!(found["data"][1]["configuration"], json!({}));
            }
        }
        admin.delete(&path).await.problem(404);
        admin
            .patch(&path, json!({ "name": "cats" }))
            .await
            .problem(404);
        admin
            .post(&format!("{path}/check"), json!({}))
            .await
            .problem(404);
        let outsider = server.person("outsider", &[]).await;
        outsider.get(&path).await.problem(403);
    }
}

#[tokio::test]
async fn a_workspace_goes_with_its_sources_and_destinations() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.creates_workspace("pets").await;
    let mut paths = Vec::new();
    for kind in KINDS {
        for _ in 0..25 {
            let id = admin.creates_actor(kind, &home).await;
            paths.push(format!("/{kind}s/{id}"));
        }
    }
    assert_eq!(
        admin.delete(&format!("/workspaces/{home}")).await.status,
        204
    );
    for path in paths {
        admin.get(&path).await.problem(404);
    }
    for kind in KINDS {
        let list = admin.get(&format!("/{kind}s")).await.ok(200);
        assert_eq!(list["data"], json!([]));
        let body = json!({ "name": "late", "workspaceId": home, "configuration": {} });
        admin.post(&format!("/{kind}s"), body).await.problem(404);
    }
}

#[tokio::test]
async fn wrong_bodies_are_400_and_name_the_field() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    for kind in KINDS {
        let id = admin.creates_actor(kind, &home).await;
        let list = format!("/{kind}s");
        let whole = |key: &str, value: Value| {
            let mut body = json!({ "name": "a", "workspaceId": home, "configuration": {} });
            body[key] = value;
            body
        };
        for (key, value) in [
            ("name", json!(null)),
            ("name", json!(" ")),
            ("name", json!(1)),
            ("workspaceId", json!("x")),
            ("workspaceId", json!(null)),
            ("definitionId", json!("x")),
            ("configuration", json!(null)),
            ("configuration", json!("x")),
            ("configuration", json!([])),
            ("resourceAllocation", json!("x")),
        ] {
            let answer = admin.post(&list, whole(key, value.clone())).await;
            assert_eq!(answer.faults(), [format!("body /{key}")], "{key}: {value}");
        }
        let job = json!({ "jobSpecific": [{ "jobType": "x", "resourceRequirements": {} }] });
        let answer = admin.post(&list, whole("resourceAllocation", job)).await;
        assert_eq!(
            answer.faults(),
            ["body /resourceAllocation/jobSpecific/0/jobType"]
        );
        let path = format!("{list}/{id}");
        let answer = admin.patch(&path, json!({ "configuration": 1 })).await;
        assert_eq!(answer.faults(), ["body /configuration"]);
        let answer = admin
            .send(Method::PUT, &path, Some(json!({ "name": "a" })))
            .await;
        assert_eq!(answer.faults(), ["body /configuration"]);
    }
}

#[tokio::test]
async fn the_connector_must_be_named_and_be_one_that_there_is() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    for (kind, noun) in [
        ("source", "STANDARD_SOURCE_DEFINITION"),
        ("destination", "STANDARD_DESTINATION_DEFINITION"),
    ] {
        let list = format!("/{kind}s");
        let ask = async |definition: Value, configuration: Value| {
            let body = json!({ "name": "a", "workspaceId": home, "definitionId": definition, "configuration": configuration });
            admin.post(&list, body).await
        };
        let neither = ask(json!(null), json!({ "count": 1 })).await.problem(422);
        let said = neither["detail"].as_str().expect("text");
        assert!(said.contains(&format!("{kind}Type")), "{said}");
        let tag = json!({ format!("{kind}Type"): "no-such \"thing\"" });
        let unknown = ask(json!(null), tag).await.problem(400);
        assert_eq!(unknown["title"], "value-not-found");
        assert_eq!(unknown["data"]["value"], "no-such \"thing\"");
        let missing = ask(json!(UNKNOWN), json!({})).await.problem(404);
        assert_eq!(missing["data"]["resourceType"], noun);
        // Of the other kind.
        let other = match kind {
            "source" => "a7bcc9d8-13b3-4e49-b80d-d020b90045e3",
            _ => "dfd88b22-b603-4c3d-aad7-3701784586b1",
        };
        ask(json!(other), json!({})).await.problem(404);
    }
}

#[tokio::test]
async fn resources_come_back_and_only_put_clears_them() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let wanted = json!({
        "default": { "cpu_request": "0.5", "ephemeral_storage_limit": "1Gi" },
        "jobSpecific": [{ "jobType": "sync", "resourceRequirements": { "memory_limit": "much" } }],
    });
    for kind in KINDS {
        let path = format!("/{kind}s/{}", admin.creates_actor(kind, &home).await);
        let made = admin.get(&path).await.ok(200);
        assert_eq!(made.get("resourceAllocation"), None);
        let body = json!({ "resourceAllocation": wanted });
        assert_eq!(
            admin.patch(&path, body).await.ok(200)["resourceAllocation"],
            wanted
        );
        for nothing in [json!({}), json!({ "resourceAllocation": null })] {
            let kept = admin.patch(&path, nothing).await.ok(200);
            assert_eq!(kept["resourceAllocation"], wanted);
        }
        let whole = json!({ "name": "pets", "configuration": made["configuration"], "workspaceId": UNKNOWN });
        let cleared = admin.send(Method::PUT, &path, Some(whole)).await.ok(200);
        assert_eq!(cleared, made);
        assert_eq!(admin.get(&path).await.ok(200), made);
    }
}
