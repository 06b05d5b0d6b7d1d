//! Secrets: sealed in the database, the keys that seal them, and where they must never be found.

mod canaries;
mod keys;
mod running;
mod sealed;

use std::sync::Arc;

use ferrobyte::app::App;
use ferrobyte::error::Error;
use ferrobyte::ops::secrets;
use ferrobyte::store::db::{Exec as _, Link};
use ferrobyte::vault::configuration::{SecretValue, Secrets};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

pub const ADA: Uuid = Uuid::from_u128(0xada);
pub const EVE: Uuid = Uuid::from_u128(0xe0e);

/// Secrets by pointer.
pub fn some(pairs: &[(&str, &str)]) -> Secrets {
    let pair =
        |(pointer, text): &(&str, &str)| ((*pointer).to_owned(), SecretValue::new(json!(text)));
    pairs.iter().map(pair).collect()
}

pub async fn put(app: &App, owner: Uuid, secrets: &Secrets) {
    let mut writer = app.db.write().await.expect("a writer");
    secrets::put(app, &mut writer, owner, secrets)
        .await
        .expect("stored");
    writer.commit().await.expect("committed");
}

pub async fn open(app: &App, owner: Uuid) -> Result<Secrets, Error> {
    let mut reader = app.db.read().await.expect("a reader");
    secrets::open(app, &mut reader, owner).await
}

/// The text of a secret.
pub fn text(secrets: &Secrets, pointer: &str) -> Value {
    secrets[pointer].reveal().clone()
}

/// What the log would say of a failure.
pub fn story(error: Error) -> String {
    match error {
        Error::Internal(story) => story.to_string(),
        other => panic!("{other}"),
    }
}

/// Changes the database behind the program's back, and says how many rows.
pub async fn tamper(app: &Arc<App>, statement: &str) -> u64 {
    let mut writer = app.db.write().await.expect("a writer");
    let query = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
    let rows = match writer.link() {
        Link::Postgres(link) => query.execute(link).await.map(|done| done.rows_affected()),
        Link::Sqlite(link) => query.execute(link).await.map(|done| done.rows_affected()),
    };
    writer.commit().await.expect("committed");
    rows.expect(statement)
}
