//! Lists of jobs: every filter, in either order, against the same done by hand.

use ferrobyte::domain::job::JobStatus;
use ferrobyte::domain::permission::PermissionScope::{Organization, Workspace};
use ferrobyte::domain::permission::PermissionType as P;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;
use crate::support::worker::Worker;

const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";

/// Follows `next` to the end; answers every job in order.
async fn follow(person: &Person<'_>, query: &str) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), format!("/jobs?{query}"));
    while !next.is_empty() {
        let page = person.get(&next).await.ok(200);
        all.extend(page["data"].as_array().expect("a page").clone());
        let link = page["next"].as_str().expect("next is always there");
        next = link.replace("http://127.0.0.1:8000", "");
    }
    all
}

fn ids(jobs: &[Value]) -> Vec<i64> {
    jobs.iter()
        .map(|job| job["jobId"].as_i64().expect("a number"))
        .collect()
}

/// A time as two texts that compare like times.
fn text<'a>(job: &'a Value, field: &str) -> &'a str {
    job[field].as_str().expect("a time")
}

/// What happened before somebody asks.
struct History {
    homes: [String; 2],
    /// In the first workspace, the second, and the first again.
    connections: Vec<String>,
    /// Every job as it is told, the oldest first. The last one runs.
    jobs: Vec<Value>,
}

impl History {
    async fn of(server: &TestServer) -> Self {
        let admin = server.admin().await;
        let homes = [
            admin.first_workspace().await,
            admin.creates_workspace("second").await,
        ];
        let mut connections = Vec::new();
        for home in homes.iter().chain(&homes[..1]) {
            connections.push(admin.creates_connection(home).await);
        }
        let kinds = ["sync", "sync", "clear", "sync", "refresh", "sync", "reset"];
        for round in 0..14 {
            // Time goes by, and tokens with it.
            let admin = server.admin().await;
            for connection in &connections {
                let body =
                    json!({ "connectionId": connection, "jobType": kinds[round % kinds.len()] });
                admin.post("/jobs", body).await.ok(200);
                server.wait(7);
            }
            for number in round..round + connections.len() {
                let worker = Worker::takes(server).await;
                server.wait(if number.is_multiple_of(5) { 4000 } else { 3 });
                let outcome = match number % 4 {
                    0 => JobStatus::Failed,
                    1 => JobStatus::Cancelled,
                    _ => JobStatus::Succeeded,
                };
                worker.ends(outcome).await;
            }
        }
        let admin = server.admin().await;
        let body = json!({ "connectionId": connections[0], "jobType": "sync" });
        admin.post("/jobs", body).await.ok(200);
        Worker::takes(server).await;
        let jobs = follow(&admin, "limit=100").await;
        assert_eq!(ids(&jobs), (1..=43).collect::<Vec<_>>());
        Self {
            homes,
            connections,
            jobs,
        }
    }
}

/// When a job has changed, as a text; one that runs has changed last.
fn changed(job: &Value) -> &str {
    job.get("lastUpdatedAt")
        .map_or("9", |at| at.as_str().expect("a time"))
}

type Fits<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

/// Filters, each with the same done by hand.
fn filters(history: &History) -> Vec<(String, Fits<'_>)> {
    let time = |number: usize| text(&history.jobs[number], "startTime");
    let (early, late) = (time(10), time(30));
    vec![
        (String::new(), Box::new(|_| true)),
        (
            "jobType=sync".into(),
            Box::new(move |job| job["jobType"] == "sync"),
        ),
        (
            "jobType=clear".into(),
            Box::new(move |job| job["jobType"] == "clear"),
        ),
        (
            "status=failed".into(),
            Box::new(move |job| job["status"] == "failed"),
        ),
        (
            "status=running".into(),
            Box::new(move |job| job["status"] == "running"),
        ),
        ("status=queued".into(), Box::new(|_| false)),
        (
            format!("connectionId={}", history.connections[1]),
            Box::new(move |job| job["connectionId"] == history.connections[1].as_str()),
        ),
        (
            format!("workspaceIds={}", history.homes[1]),
            Box::new(move |job| job["connectionId"] == history.connections[1].as_str()),
        ),
        (
            format!(
                "workspaceIds={},{}&workspaceIds={UNKNOWN},{}",
                history.homes[1], history.homes[0], history.homes[1]
            ),
            Box::new(|_| true),
        ),
        (
            format!(
                "workspaceIds={},{}&status=failed&updatedAtStart={early}",
                history.homes[0], history.homes[1]
            ),
            Box::new(move |job| job["status"] == "failed" && changed(job) >= early),
        ),
        (
            format!("createdAtStart={early}&createdAtEnd={late}"),
            Box::new(move |job| (early..=late).contains(&text(job, "startTime"))),
        ),
        (
            format!("createdAtStart={late}"),
            Box::new(move |job| text(job, "startTime") >= late),
        ),
        (
            format!("createdAtEnd={early}"),
            Box::new(move |job| text(job, "startTime") <= early),
        ),
        (
            format!("updatedAtStart={early}&updatedAtEnd={late}"),
            Box::new(move |job| (early..=late).contains(&changed(job))),
        ),
        (
            format!("updatedAtStart={late}"),
            Box::new(move |job| changed(job) >= late),
        ),
        (
            format!("updatedAtEnd={early}"),
            Box::new(move |job| changed(job) <= early),
        ),
        (
            format!(
                "status=succeeded&jobType=sync&createdAtStart={early}&connectionId={}",
                history.connections[0]
            ),
            Box::new(move |job| {
                job["status"] == "succeeded"
                    && job["jobType"] == "sync"
                    && text(job, "startTime") >= early
                    && job["connectionId"] == history.connections[0].as_str()
            }),
        ),
    ]
}

#[tokio::test]
async fn filters_and_orders_give_what_they_say() {
    let server = TestServer::start().await;
    let history = History::of(&server).await;
    let admin = server.admin().await;
    for (filter, fits) in filters(&history) {
        let expected: Vec<_> = history
            .jobs
            .iter()
            .filter(|job| fits(job))
            .cloned()
            .collect();
        for (order, descending) in [
            ("createdAt|ASC", false),
            ("createdAt|DESC", true),
            ("updatedAt|ASC", false),
            ("updatedAt|DESC", true),
        ] {
            let mut expected = expected.clone();
            if order.starts_with("updated") {
                expected.sort_by_key(|job| (changed(job).to_owned(), job["jobId"].as_i64()));
            }
            if descending {
                expected.reverse();
            }
            for limit in [3, 20, 100] {
                let query = format!(
                    "{filter}&orderBy={}&limit={limit}",
                    order.replace('|', "%7C")
                );
                assert_eq!(
                    ids(&follow(&admin, &query).await),
                    ids(&expected),
                    "{query}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_list_shows_the_jobs_of_what_the_caller_may_read() {
    let server = TestServer::start().await;
    let homes = History::of(&server).await.homes;
    let workspace = Workspace(homes[1].parse().expect("an id"));
    let home = Organization(ferrobyte::domain::ids::OrganizationId::DEFAULT);
    for (grants, seen) in [
        (vec![], 0),
        (vec![(P::WorkspaceReader, workspace)], 14),
        (vec![(P::OrganizationReader, home)], 43),
        (
            vec![
                (P::OrganizationReader, home),
                (P::WorkspaceReader, workspace),
            ],
            43,
        ),
        (vec![(P::OrganizationMember, home)], 0),
    ] {
        let person = server.person("somebody", &grants).await;
        for query in ["limit=5", "limit=100&orderBy=updatedAt%7CDESC"] {
            assert_eq!(follow(&person, query).await.len(), seen, "{grants:?}");
        }
    }
}

#[tokio::test]
async fn links_keep_every_filter() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    for _ in 0..3 {
        admin
            .post(
                "/jobs",
                json!({ "connectionId": connection, "jobType": "sync" }),
            )
            .await
            .ok(200);
        Worker::takes(&server)
            .await
            .ends(JobStatus::Succeeded)
            .await;
    }
    let filters = format!(
        "jobType=sync&connectionId={connection}&workspaceIds={home}&status=succeeded&createdAtStart=2020-01-01T00%3A00%3A00Z\
         &createdAtEnd=2040-01-01T00%3A00%3A00%2B02%3A00&updatedAtStart=2020-01-01T00%3A00%3A00Z\
         &updatedAtEnd=2040-01-01T00%3A00%3A00.123456Z&orderBy=updatedAt%7CDESC"
    );
    let page = admin
        .get(&format!("/jobs?{filters}&limit=1&offset=1"))
        .await
        .ok(200);
    let base = format!("http://127.0.0.1:8000/api/public/v1/jobs?{filters}&limit=1");
    assert_eq!(page["next"], format!("{base}&offset=2"));
    assert_eq!(page["previous"], format!("{base}&offset=0"));
    let last = admin
        .get(&format!("/jobs?{filters}&limit=1&offset=2"))
        .await
        .ok(200);
    assert_eq!(last["next"], "");
}

#[tokio::test]
async fn wrong_filters_are_named() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for (query, place) in [
        ("jobType=check", "jobType"),
        ("status=done", "status"),
        ("connectionId=x", "connectionId"),
        ("workspaceIds=x", "workspaceIds"),
        ("createdAtStart=yesterday", "createdAtStart"),
        ("updatedAtEnd=2024-01-01", "updatedAtEnd"),
        ("orderBy=createdAt", "orderBy"),
        ("orderBy=created_at%7CASC", "orderBy"),
        ("orderBy=createdAt%7Cdesc", "orderBy"),
        ("limit=0", "limit"),
    ] {
        assert_eq!(
            admin.get(&format!("/jobs?{query}")).await.faults(),
            [format!("query /{place}")]
        );
    }
    admin
        .get(&format!("/jobs?connectionId={UNKNOWN}"))
        .await
        .problem(404);
}
