//! The pages of connections and jobs as people with different roles get them. What they look like is the
//! browser walk's business.

use axum::body::Body;
use axum::http::{Request, header};
use ferrobyte::domain::ids::WorkspaceId;
use ferrobyte::domain::job::JobStatus;
use ferrobyte::domain::permission::PermissionType;
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::worker::Worker;
use crate::support::{EMAIL, PASSWORD, TestServer};

/// A connection with one job that waits: its address and that of the job.
async fn started(server: &TestServer) -> (String, String, String) {
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let body = json!({ "connectionId": connection, "jobType": "sync" });
    let job = admin.post("/jobs", body).await.ok(200)["jobId"].to_string();
    let one = format!("/workspaces/{home}/connections/{connection}");
    let job = format!("{one}/jobs/{job}");
    (home, one, job)
}

#[tokio::test]
async fn pages_of_connections_are_for_those_who_may_see_the_workspace() {
    let server = TestServer::start().await;
    let (home, one, job) = started(&server).await;
    let admin = server.admin().await;
    let other = admin.creates_workspace("other").await;
    let id = |text: &String| text.parse::<WorkspaceId>().expect("an id");
    let reader = Browser::with(&server, PermissionType::WorkspaceReader, id(&home)).await;
    let outsider = Browser::with(&server, PermissionType::WorkspaceAdmin, id(&other)).await;
    let list = format!("/workspaces/{home}/connections");
    for (path, of_reader) in [
        (list.clone(), 200),
        (one.clone(), 200),
        (format!("{one}/state"), 200),
        (job.clone(), 200),
        (format!("{job}/live"), 200),
        (format!("{job}/log"), 200),
        (format!("{job}/log/lines"), 200),
        (format!("{list}/new-connection"), 403),
        (format!("{list}/new-connection/configure"), 403),
        (format!("{one}/edit"), 403),
        (format!("{one}/delete"), 403),
        (format!("{one}/clear"), 403),
        (format!("{one}/refresh"), 403),
    ] {
        assert_eq!(reader.get(&path).await.status, of_reader, "{path}");
        assert_eq!(outsider.get(&path).await.status, 403, "{path}");
        let request = Request::get(&path).body(Body::empty()).expect("a request");
        let nobody = server.nobody().ask(request).await;
        assert_eq!(nobody.status, 303, "{path}");
    }
    // Not by way of another workspace or another connection.
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let second = admin.creates_connection(&home).await;
    let astray = one.replace(&home, &other);
    for path in [
        astray.clone(),
        format!("{astray}/edit"),
        format!("{list}/{second}/jobs/1"),
        format!("{list}/{second}/jobs/1/live"),
        format!("{list}/{second}/jobs/1/log"),
        format!("{one}/jobs/999"),
        format!("{one}/jobs/x"),
        format!("{list}/x"),
    ] {
        assert_eq!(ada.get(&path).await.status, 404, "{path}");
    }
    let elsewhere = ada
        .post(&format!("{list}/{second}/jobs/1/cancel"), &[])
        .await;
    assert_eq!(elsewhere.status, 404);
    assert_eq!(admin.get("/jobs/1").await.ok(200)["status"], "pending");
}

#[tokio::test]
async fn who_may_not_do_a_thing_to_a_connection_has_no_button_for_it_and_is_refused() {
    let server = TestServer::start().await;
    let (home, one, job) = started(&server).await;
    let id: WorkspaceId = home.parse().expect("an id");
    let list = format!("/workspaces/{home}/connections");
    let buttons = ["/cancel\"", "/edit\"", "/status\"", "/clear\"", "/delete\""];
    for (grant, may_run, may_edit) in [
        (PermissionType::WorkspaceSourceEditor, true, true),
        (PermissionType::WorkspaceReader, false, false),
        (PermissionType::WorkspaceRunner, true, false),
    ] {
        let browser = Browser::with(&server, grant, id).await;
        let page = browser.get(&one).await.text;
        let expected = [may_run, may_edit, may_edit, may_edit, may_edit];
        assert_eq!(
            buttons.map(|button| page.contains(button)),
            expected,
            "{grant:?}"
        );
        let shown = browser.get(&job).await.text;
        assert_eq!(shown.contains("/cancel\""), may_run, "{grant:?}");
        let listed = browser.get(&list).await.text;
        assert_eq!(listed.contains("/new-connection\""), may_edit, "{grant:?}");
        if may_edit {
            continue;
        }
        let demo = format!("/workspaces/{home}/demo");
        for path in [
            format!("{one}/edit"),
            format!("{one}/status"),
            format!("{one}/clear"),
            format!("{one}/delete"),
            demo,
        ] {
            for fields in [&[][..], &[("stream", "users"), ("name", "x")]] {
                let answer = browser.post(&path, fields).await;
                assert_eq!(answer.status, 403, "{grant:?} {path}");
                assert!(answer.text.contains("<h1>"), "a page");
            }
        }
        for path in [
            format!("{one}/sync"),
            format!("{one}/refresh"),
            format!("{job}/cancel"),
        ] {
            let refused = browser.post(&path, &[]).await.status == 403;
            assert_eq!(refused, !may_run, "{grant:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_form_of_another_site_starts_and_empties_nothing() {
    let server = TestServer::start().await;
    let (home, one, job) = started(&server).await;
    let admin = server.admin().await;
    for path in [
        format!("{one}/sync"),
        format!("{one}/clear"),
        format!("{one}/delete"),
        format!("{job}/cancel"),
        format!("/workspaces/{home}/demo"),
    ] {
        let request = Request::post(&path)
            .header(header::ORIGIN, "https://evil.example")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "cross-site")
            .body(Body::empty())
            .expect("a request");
        let answer = server.nobody().ask(request).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text.contains("came from elsewhere"), "{path}");
    }
    assert_eq!(admin.get("/jobs/1").await.ok(200)["status"], "pending");
}

#[tokio::test]
async fn a_form_makes_changes_and_removes_a_connection() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let source = admin.creates_actor("source", &home).await;
    let destination = admin.creates_actor("destination", &home).await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let list = format!("/workspaces/{home}/connections");
    let pick = ada.get(&format!("{list}/new-connection")).await;
    assert!(pick.text.contains(&source) && pick.text.contains(&destination));
    let new = format!("{list}/new-connection/configure?source={source}&destination={destination}");
    let form = ada.get(&new).await;
    assert_eq!(form.status, 200, "{}", form.text);
    assert!(form.text.contains("value=\"purchases\""), "{}", form.text);

    let none = [("name", "people"), ("schedule", "manual")];
    let refused = ada.post(&new, &none).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Choose at least one stream."));
    let wrong = [
        ("name", " "),
        ("schedule", "cron"),
        ("cron", "every noon"),
        ("s0-name", "users"),
        ("s0-on", "yes"),
        ("s0-mode", "incremental_append"),
    ];
    let refused = ada.post(&new, &wrong).await;
    assert_eq!(refused.status, 422);
    for told in ["Give the connection a name.", "This has 2 fields"] {
        assert!(refused.text.contains(told), "{}", refused.text);
    }
    assert!(refused.text.contains("value=\"every noon\""), "it is kept");
    let key = [
        ("name", "people"),
        ("s0-name", "users"),
        ("s0-on", "yes"),
        ("s0-mode", "no_such_mode"),
        ("schedule", "basic"),
        ("every", "6"),
        ("unit", "hours"),
        ("prefix", "p_"),
        ("do", "look"),
    ];
    let looked = ada.post(&new, &key).await;
    assert_eq!(looked.status, 200);
    assert!(looked.text.contains("Every 6 hours."), "{}", looked.text);
    assert_eq!(admin.get("/connections").await.ok(200)["data"], json!([]));

    let made = ada.post(&new, &key[..8]).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let (one, word) = made.header("location").split_once('?').expect("a word");
    assert_eq!(word, "done=created");
    let id = one.rsplit('/').next().expect("an id");
    let stored = admin.get(&format!("/connections/{id}")).await.ok(200);
    assert_eq!(stored["name"], "people");
    assert_eq!(stored["prefix"], "p_");
    assert_eq!(stored["schedule"]["basicTiming"], "Every 6 HOURS");
    let streams = stored["configurations"]["streams"].as_array();
    let names: Vec<_> = streams
        .expect("streams")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["users"]);
    let page = ada.get(one).await;
    for told in ["Every 6 hours", "It never ran", "Next starts"] {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }

    let changed = [
        ("name", "more people"),
        ("s0-name", "users"),
        ("s0-on", "yes"),
        ("s0-mode", "full_refresh_append"),
        ("s1-name", "products"),
        ("s1-on", "yes"),
        ("schedule", "cron"),
        ("cron", "0 30 6 ? * MON-FRI Europe/Berlin"),
    ];
    let saved = ada.post(&format!("{one}/edit"), &changed).await;
    assert_eq!(saved.header("location"), format!("{one}?done=saved"));
    let stored = admin.get(&format!("/connections/{id}")).await.ok(200);
    let streams = &stored["configurations"]["streams"];
    let mode_of = |name: &str| {
        let all = streams.as_array().expect("streams");
        let own = all.iter().find(|one| one["name"] == name);
        own.expect("the stream")["syncMode"].clone()
    };
    assert_eq!(mode_of("users"), "full_refresh_append");
    assert!(mode_of("products").is_string());
    let page = ada.get(one).await;
    let told = "Every Monday to Friday at 06:30 (Europe/Berlin)";
    assert!(page.text.contains(told), "{}", page.text);

    let paused = [("status", "inactive")];
    ada.post(&format!("{one}/status"), &paused).await;
    let page = ada.get(one).await;
    assert!(page.text.contains("Resume") && !page.text.contains("Sync now"));
    let removed = ada.post(&format!("{one}/delete"), &[]).await;
    assert_eq!(removed.header("location"), format!("{list}?done=deleted"));
    assert_eq!(ada.get(one).await.status, 404);
}

#[tokio::test]
async fn a_job_is_told_while_it_runs_and_when_it_has_failed() {
    let server = TestServer::start().await;
    let (_, one, job) = started(&server).await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let waiting = ada.get(&job).await.text;
    assert!(waiting.contains("waits for a worker"), "{waiting}");
    let mut worker = Worker::takes(&server).await;
    worker.commits("users", 1234, "{\"at\": 7}").await;
    let lines = [
        ("INFO", "<begun>"),
        ("DEBUG", "a detail"),
        ("ERROR", "no more"),
    ];
    worker.logs(&lines).await;
    server.wait(2);
    let live = ada.get(&format!("{job}/live")).await.text;
    for told in ["1,235", "617 rows and", "2 s", "users"] {
        assert!(live.contains(told), "{told}: {live}");
    }
    assert!(
        !live.contains("<html") && live.contains("data-phase=\"running-1\""),
        "{live}"
    );
    // A second press shows the same job.
    let again = ada.post(&format!("{one}/sync"), &[]).await;
    assert_eq!(again.header("location"), job);
    let shown = ada.get(&one).await.text;
    assert!(
        shown.contains(&format!("data-live=\"{job}/live\"")),
        "{shown}"
    );
    assert!(shown.contains("<noscript><meta http-equiv=\"refresh\""));

    let log = ada.get(&format!("{job}/log")).await.text;
    assert!(log.contains("&#60;begun&#62;") && log.contains("no more"));
    assert!(!log.contains("a detail") && log.contains("data-live"));
    let errors = ada.get(&format!("{job}/log?level=ERROR&from=0")).await.text;
    assert!(errors.contains("no more") && !errors.contains("begun"));
    let all = ada.get(&format!("{job}/log/lines?level=TRACE")).await.text;
    assert!(all.contains("a detail") && !all.contains("<html"));
    let state = ada.get(&format!("{one}/state")).await.text;
    assert!(state.contains("&#34;at&#34;: 7"), "{state}");

    worker.ends(JobStatus::Failed).await;
    let failed = ada.get(&job).await.text;
    for told in [
        "Why it failed",
        "The source",
        "A trouble that may pass",
        "the source went away",
        "Start again in a while",
        "1,234 rows had arrived before",
    ] {
        assert!(failed.contains(told), "{told}: {failed}");
    }
    assert!(!failed.contains("data-live") && !failed.contains("/cancel\""));
    let live = ada.get(&format!("{job}/live")).await.text;
    assert!(live.contains("data-phase=\"failed-1\""), "{live}");
    let history = ada.get(&one).await.text;
    assert!(history.contains("Failed") && !history.contains("<svg"));
}

#[tokio::test]
async fn pieces_of_pages_are_told_as_they_change_until_the_job_has_ended() {
    let server = TestServer::start().await;
    let (_, _, job) = started(&server).await;
    let admin = server.admin().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let pieces = ["live", "log/lines"].map(|piece| format!("{job}/{piece}"));
    let mut followed = Vec::new();
    for piece in &pieces {
        let mut answer = ada.follows(piece).await;
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        let first = answer.body_mut().frame().await.expect("an event");
        let first = first.expect("more").into_data().expect("data");
        let first = String::from_utf8_lossy(&first).into_owned();
        assert!(first.contains(r#"data-phase=\"pending-0\""#), "{first}");
        followed.push(answer.into_body());
    }
    admin.delete("/jobs/1").await.ok(200);
    for body in followed {
        let rest = body.collect().await.expect("an end").to_bytes();
        let rest = String::from_utf8_lossy(&rest);
        assert!(rest.contains(r#"data-phase=\"cancelled-0\""#), "{rest}");
        assert_eq!(rest.matches("data: ").count(), 1, "one change: {rest}");
    }
    // Whoever may not look is told so in the usual way.
    let other = admin.creates_workspace("other").await;
    let other: WorkspaceId = other.parse().expect("an id");
    let outsider = Browser::with(&server, PermissionType::WorkspaceAdmin, other).await;
    for piece in pieces {
        let refused = outsider.follows(&piece).await;
        assert_eq!(refused.status(), 403, "{piece}");
        let page = refused.into_body().collect().await.expect("a page");
        assert!(String::from_utf8_lossy(&page.to_bytes()).contains("<h1>"));
    }
}

#[tokio::test]
async fn streams_are_cleared_and_refreshed_all_or_some() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let connection = admin.creates_connection(&home).await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let one = format!("/workspaces/{home}/connections/{connection}");
    let page = ada.get(&format!("{one}/clear?stream=users")).await.text;
    assert!(page.contains("value=\"users\" checked"), "{page}");
    assert!(!page.contains("value=\"products\" checked"), "{page}");
    let none = ada.post(&format!("{one}/clear"), &[]).await;
    assert_eq!(none.status, 422);
    assert!(none.text.contains("Choose at least one stream."));
    for (deed, fields, only) in [
        ("refresh", &[("stream", "users")][..], Some("users")),
        (
            "clear",
            &[
                ("stream", "users"),
                ("stream", "products"),
                ("stream", "purchases"),
            ],
            None,
        ),
    ] {
        let asked = ada.post(&format!("{one}/{deed}"), fields).await;
        assert_eq!(asked.status, 303, "{}", asked.text);
        let job = asked.header("location").to_owned();
        let shown = ada.get(&job).await.text;
        assert_eq!(shown.contains("Only streams"), only.is_some(), "{shown}");
        let id = job.rsplit('/').next().expect("a number");
        let told = admin.get(&format!("/jobs/{id}")).await.ok(200);
        assert_eq!(told["jobType"], deed);
        let cancelled = ada.post(&format!("{job}/cancel"), &[]).await;
        assert_eq!(cancelled.header("location"), format!("{job}?done=cancel"));
        let told = admin.get(&format!("/jobs/{id}")).await.ok(200);
        assert_eq!(told["status"], "cancelled");
    }
    let chart = ada.get(&one).await.text;
    assert!(chart.contains("<svg") && chart.contains("Durations of the latest 2 jobs"));
}

#[tokio::test]
async fn the_first_run_makes_a_demo_connection_and_starts_it() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let ada = Browser::of(&server, EMAIL, PASSWORD).await;
    let demo = format!("/workspaces/{home}/demo");
    let form = format!("action=\"{demo}\"");
    for path in ["/".to_owned(), format!("/workspaces/{home}/connections")] {
        assert!(ada.get(&path).await.text.contains(&form), "{path}");
    }
    let started = ada.post(&demo, &[]).await;
    assert_eq!(started.status, 303, "{}", started.text);
    let job = started.header("location");
    assert!(
        job.contains("/connections/") && job.ends_with("/jobs/1"),
        "{job}"
    );
    assert_eq!(ada.get(job).await.status, 200);
    let made = admin.get("/destinations").await.ok(200);
    assert_eq!(
        made["data"][0]["configuration"]["destination_path"],
        "/local/demo"
    );
    assert!(!ada.get("/").await.text.contains(&form), "once");
    let again = ada.post(&demo, &[]).await;
    assert_eq!(
        again.header("location"),
        format!("/workspaces/{home}/connections")
    );
    let all = admin.get("/connections").await.ok(200);
    assert_eq!(all["data"].as_array().map(Vec::len), Some(1));
}
