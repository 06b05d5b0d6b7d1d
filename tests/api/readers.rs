//! Connections that have been read with are kept for the next reader. What that must not do: hand on a question
//! that is still open, or a connection that broke, or keep a writer from its own.

use std::time::{Duration, Instant};

use ferrobyte::store::db::{Db, Exec as _, Link, Reader, Writer};

use crate::support::TestServer;

/// How long a question is open that nobody waits for.
const LONG: Duration = Duration::from_secs(5);

async fn reader(db: &Db) -> Reader {
    db.read().await.expect("a reader")
}

/// Asks for a number, on whichever engine.
async fn number(reader: &mut Reader, question: &'static str) -> sqlx::Result<i64> {
    match reader.link() {
        Link::Postgres(link) => sqlx::query_scalar(question).fetch_one(link).await,
        Link::Sqlite(link) => sqlx::query_scalar(question).fetch_one(link).await,
    }
}

async fn expect_an_answer(db: &Db) {
    let begun = Instant::now();
    let answer = number(&mut reader(db).await, "SELECT CAST(7 AS BIGINT)").await;
    assert_eq!(answer.expect("an answer"), 7);
    assert!(begun.elapsed() < LONG / 2, "{:?}", begun.elapsed());
}

/// More often than there are connections.
async fn expect_answers(db: &Db) {
    for _ in 0..20 {
        expect_an_answer(db).await;
    }
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_keeps_no_other_reader() {
    let server = TestServer::start().await;
    let db = &server.app.db;
    expect_an_answer(db).await;
    // On SQLite, which has no sleep: enough rows to count for longer than anybody here waits.
    let slow = match reader(db).await {
        Reader::Postgres(_) => "SELECT CAST(7 AS BIGINT) FROM (SELECT pg_sleep(5)) s",
        Reader::Sqlite(_) => {
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 3000000) SELECT COUNT(*) FROM n"
        }
    };
    let mut impatient = reader(db).await;
    let waited = tokio::time::timeout(Duration::from_millis(100), number(&mut impatient, slow));
    assert!(waited.await.is_err(), "it takes longer");
    drop(impatient);
    expect_answers(db).await;
}

#[tokio::test]
async fn a_connection_that_broke_is_not_kept() {
    let server = TestServer::start().await;
    let db = &server.app.db;
    if matches!(reader(db).await, Reader::Sqlite(_)) {
        return; // a file does not hang up
    }
    let mut broken = reader(db).await;
    let end = "SELECT CAST(pg_terminate_backend(pg_backend_pid()) AS BIGINT)";
    assert!(number(&mut broken, end).await.is_err());
    drop(broken);
    expect_answers(db).await;
}

#[tokio::test]
async fn whoever_writes_gets_what_readers_have_left() {
    let server = TestServer::start().await;
    let db = &server.app.db;
    if matches!(reader(db).await, Reader::Sqlite(_)) {
        return; // it has one writer, and that has a connection of its own
    }
    // Of the four connections that the tests have, three may be kept.
    let mut readers = Vec::new();
    for _ in 0..3 {
        readers.push(reader(db).await);
    }
    drop(readers);
    let begun = Instant::now();
    let mut writers: Vec<Writer> = Vec::new();
    for _ in 0..4 {
        writers.push(db.write().await.expect("a writer"));
    }
    assert!(begun.elapsed() < LONG / 2, "{:?}", begun.elapsed());
    drop(writers);
    expect_an_answer(db).await;
}
