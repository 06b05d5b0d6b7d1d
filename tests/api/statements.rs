//! Every statement of the store is prepared on the engine at hand: a wrong column shows here.

use ferrobyte::store;
use ferrobyte::store::db::{Exec as _, Link};
use sqlx::{AssertSqlSafe, Executor as _, Row as _, SqlSafeStr as _};

use crate::support::TestServer;

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let server = TestServer::start().await;
    let mut db = server.app.db.write().await.expect("a writer");
    let statements = store::statements();
    assert!(statements.len() > 50, "{}", statements.len());
    for statement in statements {
        let prepared = match db.link() {
            Link::Postgres(link) => link.prepare(statement.into_sql_str()).await.map(drop),
            Link::Sqlite(link) => link.prepare(statement.into_sql_str()).await.map(drop),
        };
        prepared.expect(statement);
    }
}

/// Whoever removes a definition may have few sources, beside somebody who has a million.
#[tokio::test]
async fn the_removal_of_a_definition_reads_no_table_of_many_whole() {
    let server = TestServer::start().await;
    let mut db = server.app.db.write().await.expect("a writer");
    let removes = |statement: &&str| {
        (statement.starts_with("DELETE ") || statement.starts_with("UPDATE "))
            && statement.contains("definition_id = $1")
    };
    let removals: Vec<_> = store::statements().into_iter().filter(removes).collect();
    assert_eq!(removals.len(), 5, "{removals:#?}");
    for statement in removals {
        let plan = plan(db.link(), statement).await;
        for line in plan.lines() {
            let line = line.trim().trim_start_matches("->").trim_start();
            let table = line
                .strip_prefix("SCAN ")
                .or_else(|| line.strip_prefix("Seq Scan on "))
                .and_then(|rest| rest.split(' ').next());
            let many = ["actors", "connections", "c", "secrets", "oauth_overrides"];
            assert!(
                table.is_none_or(|table| !many.contains(&table)),
                "{statement}: {plan}"
            );
        }
    }
}

/// How the engine would go about it, on tables of which it thinks that they are large.
async fn plan(link: Link<'_>, statement: &str) -> String {
    match link {
        Link::Postgres(link) => {
            for setting in [
                "enable_seqscan = off",
                "plan_cache_mode = force_generic_plan",
            ] {
                let set = AssertSqlSafe(format!("SET LOCAL {setting}"));
                link.execute(set).await.expect("set");
            }
            let values = (1..=9).filter(|number| statement.contains(&format!("${number}")));
            let values = vec!["NULL"; values.count()].join(", ");
            let prepare = AssertSqlSafe(format!("PREPARE asked AS {statement}"));
            link.execute(prepare).await.expect("prepared");
            let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE asked({values})"));
            let lines = sqlx::query_scalar::<_, String>(explain)
                .fetch_all(&mut *link)
                .await;
            link.execute("DEALLOCATE asked").await.expect("forgotten");
            lines.expect("a plan").join("\n")
        }
        Link::Sqlite(link) => {
            let value = |text: String, number| text.replace(&format!("${number}"), "'x'");
            let literal = (1..=9).fold(statement.to_owned(), value);
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {literal}"));
            let lines = sqlx::query(explain).fetch_all(link).await.expect("a plan");
            let detail = |row: &sqlx::sqlite::SqliteRow| row.get::<String, _>("detail");
            lines.iter().map(detail).collect::<Vec<_>>().join("\n")
        }
    }
}
