//! The cases: who is asked what, and how much dearer ours may be. Where both sides are our own
//! server, the case compares two requests with each other.

mod jobs;

use anyhow::{Result, ensure};

use super::load::Request;
use super::seed::{ADMIN, GRANTED, MEMBER};
use super::settings::Engine;
use super::stage::{Size, Stage, Who, token_request};

/// Every case by the name that `BENCH_ONLY` takes; the last three are measured apart from the
/// rest.
pub(crate) const NAMES: [&str; 25] = [
    "noise",
    "list",
    "token",
    "malformed",
    "wrong-secret",
    "deep-page",
    "list-large",
    "grants",
    "small-organization",
    "sources",
    "destinations",
    "connections",
    "jobs-connection",
    "jobs-workspace",
    "jobs-workspaces",
    "jobs-succeeded",
    "jobs-failed",
    "jobs-running",
    "jobs-clears",
    "jobs-created",
    "jobs-changed",
    "jobs-created-by-change",
    "start",
    "syncs",
    "memory",
];

/// What needs Python, and all but the first a package index: measured only when it is named.
pub(crate) const ASKED_FOR: [&str; 4] = ["hanging", "checks", "pypi", "pyairbyte"];

/// Names that stand for all cases which begin with them.
pub(crate) const FAMILIES: [&str; 1] = ["jobs"];

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    pub(crate) ours: Side,
    pub(crate) against: Side,
    pub(crate) targets: Option<Targets>,
}

pub(crate) struct Side {
    pub(crate) who: Who,
    pub(crate) request: Request,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Targets {
    pub(crate) must: f64,
    pub(crate) aim: f64,
}

pub(crate) fn size_of(name: &str) -> Option<Size> {
    match name {
        "noise" | "list" | "token" | "malformed" | "wrong-secret" => Some(Size::Small),
        "deep-page" => Some(Size::Middle),
        "list-large" | "grants" | "small-organization" => Some(Size::Large),
        "sources" | "destinations" | "connections" => Some(Size::Connected),
        _ if name.starts_with("jobs-") => Some(Size::Worked),
        _ => None,
    }
}

const LIST: &str = "/api/public/v1/workspaces";

/// Builds one case on its stage, and asks both sides once to see that the answers are right.
pub(crate) async fn prepare(name: &'static str, stage: &Stage<'_>) -> Result<Case> {
    if name.starts_with("jobs-") {
        return jobs::prepare(name, stage).await;
    }
    let case = match name {
        "sources" | "destinations" | "connections" => page_of(name, stage).await?,
        "deep-page" | "small-organization" | "wrong-secret" => within_ours(name, stage).await?,
        _ => against_floor(name, stage).await?,
    };
    check(&case, stage).await?;
    Ok(case)
}

async fn against_floor(name: &'static str, stage: &Stage<'_>) -> Result<Case> {
    let bare_token = stage.token(Who::Floor, ADMIN).await?;
    let bare_page = || floor(Request::get("/workspaces", Some(&bare_token)));
    let (says, ours, against, targets) = match name {
        "noise" => (
            "the floor's first page / the same again",
            bare_page(),
            bare_page(),
            None,
        ),
        "token" => (
            "token issue / bare hash + one row + signature",
            server(right_secret(Who::Server)),
            floor(right_secret(Who::Floor)),
            Some(Targets {
                must: 1.20,
                aim: 1.05,
            }),
        ),
        "malformed" => (
            "malformed bearer (401) / bare hello",
            server(Request::get(LIST, Some("not-a-token")).expecting(401)),
            floor(Request::get("/hello", None)),
            Some(Targets {
                must: 2.0,
                aim: 1.2,
            }),
        ),
        "grants" => (
            "first page of 1,000 grants / bare first page",
            server(Request::get(
                LIST,
                Some(&stage.token(Who::Server, GRANTED).await?),
            )),
            bare_page(),
            None,
        ),
        _ => (
            if name == "list" {
                "20 of 1,000 workspaces / bare verify + one query"
            } else {
                "the same in the large database: many organizations and regions"
            },
            server(Request::get(
                LIST,
                Some(&stage.token(Who::Server, ADMIN).await?),
            )),
            bare_page(),
            Some(Targets {
                must: 1.25,
                aim: if stage.engine == Engine::Sqlite {
                    0.60
                } else {
                    1.10
                },
            }),
        ),
    };
    Ok(Case {
        name,
        says,
        ours,
        against,
        targets,
    })
}

/// A page of what is configured, against the same from the floor.
async fn page_of(name: &'static str, stage: &Stage<'_>) -> Result<Case> {
    let path = format!("/api/public/v1/{name}");
    let ours = Request::get(&path, Some(&stage.token(Who::Server, ADMIN).await?));
    let bare = stage.token(Who::Floor, ADMIN).await?;
    Ok(Case {
        name,
        says: "20 of 10,000, as instance admin / bare verify + one query",
        ours: server(ours),
        against: floor(Request::get(&format!("/{name}"), Some(&bare))),
        targets: Some(Targets {
            must: 1.30,
            aim: 1.10,
        }),
    })
}

/// Both sides are our server.
async fn within_ours(name: &'static str, stage: &Stage<'_>) -> Result<Case> {
    let admin = stage.token(Who::Server, ADMIN).await?;
    let first_page = Request::get(LIST, Some(&admin));
    let (says, ours, against, targets) = match name {
        "deep-page" => (
            "offset 99,980 of 100,000 / first page",
            Request::get(&format!("{LIST}?limit=20&offset=99980"), Some(&admin)),
            first_page,
            Targets {
                must: 40.0,
                aim: 1.3,
            },
        ),
        "small-organization" => (
            "reader of 800 / instance admin, first page",
            Request::get(LIST, Some(&stage.token(Who::Server, MEMBER).await?)),
            first_page,
            Targets {
                must: 2.0,
                aim: 1.2,
            },
        ),
        _ => (
            "wrong secret (401) / right secret",
            token_request(Who::Server, &ADMIN.client_id(), &MEMBER.secret()).expecting(401),
            right_secret(Who::Server),
            Targets {
                must: 1.0,
                aim: 0.75,
            },
        ),
    };
    let (ours, against, targets) = (server(ours), server(against), Some(targets));
    Ok(Case {
        name,
        says,
        ours,
        against,
        targets,
    })
}

fn server(request: Request) -> Side {
    Side {
        who: Who::Server,
        request,
    }
}

fn floor(request: Request) -> Side {
    Side {
        who: Who::Floor,
        request,
    }
}

fn right_secret(who: Who) -> Request {
    token_request(who, &ADMIN.client_id(), &ADMIN.secret())
}

/// A page must hold 20 workspaces, the plain list exactly those that the floor's holds, and a page
/// further on or for another caller must not be the first page again.
async fn check(case: &Case, stage: &Stage<'_>) -> Result<()> {
    if matches!(case.name, "token" | "malformed" | "wrong-secret") {
        return Ok(());
    }
    let ours = stage.ask(case.ours.who, &case.ours.request).await?;
    let against = stage.ask(case.against.who, &case.against.request).await?;
    for page in [&ours, &against] {
        let rows = page["data"].as_array().map_or(0, Vec::len);
        ensure!(rows == 20, "{}: a page of {rows} rows", case.name);
    }
    let same = ours["data"] == against["data"];
    match case.name {
        "noise" | "list" | "list-large" | "sources" | "destinations" | "connections" => {
            ensure!(same, "{}: the two pages differ", case.name);
        }
        _ => ensure!(!same, "{}: the two pages are the same", case.name),
    }
    ensure!(
        ours["next"] != "",
        "{}: our page has no next page",
        case.name
    );
    Ok(())
}
