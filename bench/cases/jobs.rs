//! Lists of jobs by one filter, each in the order that people ask for with it, against the same list with
//! no filter, newest first.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::{Case, Targets, server};
use crate::load::Request;
use crate::seed::ADMIN;
use crate::stage::{Stage, Who};

const LIST: &str = "/api/public/v1/jobs";
const NEWEST: &str = "orderBy=createdAt%7CDESC";
const LAST_CHANGED: &str = "orderBy=updatedAt%7CDESC";

pub(super) async fn prepare(name: &'static str, stage: &Stage<'_>) -> Result<Case> {
    let token = stage.token(Who::Server, ADMIN).await?;
    let get = |query: &str| Request::get(&format!("{LIST}?{query}"), Some(&token));
    let against = get(NEWEST);
    let page = stage.ask(Who::Server, &against).await?;
    let (says, query) = match name {
        "jobs-connection" => (
            "the jobs of one connection, newest first / no filter",
            format!(
                "connectionId={}&{NEWEST}",
                text(&page["data"][0], "connectionId")?
            ),
        ),
        "jobs-workspace" => (
            "of one workspace, last changed first",
            format!(
                "workspaceIds={}&{LAST_CHANGED}",
                workspaces(stage, &token, 1).await?
            ),
        ),
        "jobs-workspaces" => (
            "of ten workspaces, last changed first",
            format!(
                "workspaceIds={}&{LAST_CHANGED}",
                workspaces(stage, &token, 10).await?
            ),
        ),
        "jobs-succeeded" => (
            "97.5 % of all, last changed first",
            format!("status=succeeded&{LAST_CHANGED}"),
        ),
        "jobs-failed" => (
            "2 % of all, last changed first",
            format!("status=failed&{LAST_CHANGED}"),
        ),
        "jobs-running" => (
            "40 of all, last changed first",
            format!("status=running&{LAST_CHANGED}"),
        ),
        "jobs-clears" => (
            "clears, 1 % of all, newest first",
            format!("jobType=clear&{NEWEST}"),
        ),
        "jobs-created" => (
            "asked for on one day, newest first",
            format!("{}&{NEWEST}", day("createdAt")),
        ),
        "jobs-changed" => (
            "changed on one day, last changed first",
            format!("{}&{LAST_CHANGED}", day("updatedAt")),
        ),
        _ => (
            "asked for on one day, last changed first",
            format!("{}&{LAST_CHANGED}", day("createdAt")),
        ),
    };
    let ours = get(&query);
    let found = stage.ask(Who::Server, &ours).await?;
    for page in [&page, &found] {
        let rows = page["data"].as_array().map_or(0, Vec::len);
        ensure!(rows == 20, "{name}: a page of {rows} jobs");
        ensure!(page["next"] != "", "{name}: no next page");
    }
    ensure!(
        page["data"] != found["data"],
        "{name}: nothing was filtered"
    );
    Ok(Case {
        name,
        says,
        ours: server(ours),
        against: server(against),
        // The last one is in an order that is not its own.
        targets: (name != "jobs-created-by-change").then_some(Targets {
            must: 4.0,
            aim: 2.0,
        }),
    })
}

/// So many workspaces of the middle.
async fn workspaces(stage: &Stage<'_>, token: &str, count: u32) -> Result<String> {
    let path = format!("/api/public/v1/workspaces?limit={count}&offset=500");
    let page = stage
        .ask(Who::Server, &Request::get(&path, Some(token)))
        .await?;
    let all = page["data"].as_array().context("workspaces")?;
    let ids: Result<Vec<_>> = all.iter().map(|one| text(one, "workspaceId")).collect();
    Ok(ids?.join(","))
}

/// The last day but twenty-nine.
fn day(field: &str) -> String {
    let ago = |days: u64| {
        let moment = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
        DateTime::<Utc>::from(moment).to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    format!("{field}Start={}&{field}End={}", ago(30), ago(29))
}

fn text<'a>(of: &'a Value, name: &str) -> Result<&'a str> {
    of[name].as_str().with_context(|| format!("no {name}"))
}
