//! Fills the workspaces with sources, destinations, connections, and a history of jobs.
//!
//! Everything lies in its table in order of creation, and the ids grow with it, as our server makes them.
//! Nothing of it runs: no connection has a next time, and the jobs that run are held by a worker that is
//! never found missing.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use super::seed::{EPOCH, Words};

/// Of each workspace.
pub(crate) const CONNECTIONS: u32 = 10;

/// The longest job of the history, in seconds. Most end within 50 minutes.
const LONGEST: u32 = 6 * 3600;
/// From one job to the next, in seconds: a million in 139 days, all of them younger than what is removed.
const APART: u32 = 12;
/// Every third of so many newest ones has not ended.
const NEWEST: u32 = 120;

const SOURCE: (&str, &str) = ("decd338e-5647-4c0b-adf4-da0e75f5a750", "source");
const DESTINATION: (&str, &str) = ("25c5221d-dce2-4163-ade9-739ef790f503", "destination");

/// As the server stores it, with the mask in the place of the secret.
const CONFIGURATION: &str = r#""host":"db.example.org","port":5432,"database":"shop","schema":"public","username":"ferrobyte","password":"**********","ssl_mode":{"mode":"require"},"jdbc_url_params":"connectTimeout=20","replication_method":{"method":"Standard"},"tunnel_method":{"tunnel_method":"NO_TUNNEL"}}"#;

const MANUAL: &str = r#"{"type":"manual"}"#;
const CRON: &str = r#"{"type":"cron","expression":"0 0 * * * ? UTC"}"#;

/// The id of the n-th of its kind.
pub(crate) fn connection(words: &Words, n: &str) -> String {
    (words.numbered)(&format!("3000000000 + {n}"))
}

/// Ten sources, destinations and connections in each workspace.
pub(crate) fn connections(words: &Words, workspaces: u32) -> Vec<String> {
    let series = (words.series)(CONNECTIONS);
    // The workspaces in turn, again and again.
    let n = format!("((n - 1) * {workspaces} + CAST(substr(w.name, 11) AS INTEGER))");
    let from = "FROM series CROSS JOIN workspaces w WHERE w.name LIKE 'Workspace %'";
    let order = match words.in_order {
        "" => String::new(),
        order => format!("{order}, w.created_at"),
    };
    let at = (words.time)(&n);
    let [source, destination] =
        [1_000_000_000_u32, 2_000_000_000].map(|first| (words.numbered)(&format!("{first} + {n}")));
    let mut all = Vec::new();
    for (id, (definition, kind)) in [(&source, SOURCE), (&destination, DESTINATION)] {
        let (definition, fingerprint) = ((words.uuid)(definition), (words.bytes)(&[7; 32]));
        all.push(format!(
            "{series} INSERT INTO actors (id, kind, organization_id, workspace_id, definition_id, \
             name, short_name, configuration, fingerprint, created_at, updated_at) \
             SELECT {id}, '{kind}', w.organization_id, w.id, {definition}, 'Shop ' || {n}, \
             'postgres', '{{\"{kind}Type\":\"postgres\",{CONFIGURATION}', {fingerprint}, {at}, {at} \
             {from} {order}"
        ));
    }
    let (id, streams) = (connection(words, &n), streams());
    let catalog = catalog();
    all.push(format!(
        "{series} INSERT INTO connections (id, organization_id, workspace_id, source_id, \
         destination_id, name, status, status_reason, schedule, namespace_definition, prefix, \
         non_breaking_changes, streams, catalog, created_at, updated_at) \
         SELECT {id}, w.organization_id, w.id, {source}, {destination}, 'Shop to shop ' || {n}, \
         'active', '', CASE n % 2 WHEN 0 THEN '{MANUAL}' ELSE '{CRON}' END, 'destination', '', \
         'ignore', '{streams}', '{catalog}', {at}, {at} {from} {order}"
    ));
    all
}

/// Jobs up to seven hours ago: of a hundred 1 clear and 1 refresh, the rest syncs; of two hundred 4
/// failed and 1 cancelled, 40 running, the rest succeeded.
pub(crate) fn jobs(words: &Words, workspaces: u32, jobs: u32) -> Result<Vec<String>> {
    let connections = workspaces * CONNECTIONS;
    let series = (words.series)(jobs);
    // A connection has jobs of every kind: how often it had its turn counts, too.
    let turn = format!("(n / {connections} + n % {connections})");
    let connection = connection(words, &format!("n % {connections} + 1"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - EPOCH;
    let created = format!("{} - ({jobs} - n) * {APART}", now - 7 * 3600);
    let length = format!("CASE n % 10007 WHEN 0 THEN {LONGEST} ELSE n % 997 * 3 END");
    let (at, ended) = (
        (words.time)(&format!("({created})")),
        (words.time)(&format!("({created} + {length})")),
    );
    let never = (words.time)("3000000000");
    let running = format!("n > {} AND n % 3 = 0", jobs.saturating_sub(NEWEST));
    let in_order = words.in_order;
    Ok(vec![
        format!(
            "{series} INSERT INTO jobs (id, connection_id, workspace_id, job_type, status, run_at, \
             lease_owner, lease_token, lease_until, attempts, complete_failures, \
             complete_failures_in_a_row, partial_failures, partial_failures_in_a_row, \
             rows_committed, bytes_committed, created_at, updated_at) \
             SELECT n, c.id, c.workspace_id, \
             CASE {turn} % 100 WHEN 50 THEN 'clear' WHEN 51 THEN 'refresh' ELSE 'sync' END, \
             CASE WHEN {running} THEN 'running' WHEN {turn} % 50 = 7 THEN 'failed' \
             WHEN {turn} % 200 = 9 THEN 'cancelled' ELSE 'succeeded' END, {at}, \
             CASE WHEN {running} THEN 'bench' END, \
             CASE WHEN {running} THEN {connection} END, \
             CASE WHEN {running} THEN {never} END, \
             1, 0, 0, 0, 0, n % 100000, n % 100000 * 600, {at}, {ended} \
             FROM series CROSS JOIN connections c WHERE c.id = {connection} {in_order}"
        ),
        format!("UPDATE counters SET value = {jobs} WHERE name = 'jobs'"),
        format!("UPDATE counters SET value = {LONGEST} WHERE name = 'longest_job_seconds'"),
    ])
}

fn streams() -> String {
    let stream = |name: &str| {
        format!(
            r#"{{"name":"{name}","syncMode":"incremental_deduped_history","cursorField":["updated_at"],"primaryKey":[["id"]],"selectedFields":[],"mappers":[]}}"#
        )
    };
    let all = ["users", "products", "purchases", "stores", "reviews"].map(stream);
    format!("[{}]", all.join(","))
}

/// As wide as a real one; lists do not read it.
fn catalog() -> String {
    let property = |number| format!(r#""field_{number}":{{"type":["null","string"]}}"#);
    let properties: Vec<_> = (0..60).map(property).collect();
    format!(
        r#"{{"streams":[{{"stream":{{"name":"users","json_schema":{{"properties":{{{}}}}}}}}}]}}"#,
        properties.join(",")
    )
}
