//! Every statement of the store is prepared on the engine at hand: a wrong column shows here.

use ferrobyte::store;
use ferrobyte::store::db::{Exec as _, Link};
use sqlx::{Executor as _, SqlSafeStr as _};

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
