//! Connections: as they are sent and as they come back, changed, removed, listed.

mod changing;
mod creating;
mod parts;
mod reading;
mod removing;

use ferrobyte::store::db::{Exec as _, Link};
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::people::Person;

const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";
const MASK: &str = "**********";
const KEY: &str = "00112233445566778899aabbccddeeff";

/// A source and a destination in a workspace, as the body of a connection.
async fn pair(person: &Person<'_>, workspace: &str) -> Value {
    let source = person.creates_actor("source", workspace).await;
    let destination = person.creates_actor("destination", workspace).await;
    json!({ "sourceId": source, "destinationId": destination })
}

fn with(base: &Value, more: Value) -> Value {
    let (mut body, Value::Object(more)) = (base.clone(), more) else {
        panic!("more is no object");
    };
    body.as_object_mut().expect("an object").extend(more);
    body
}

fn names(connection: &Value) -> Vec<&str> {
    let streams = connection["configurations"]["streams"].as_array();
    let streams = streams.expect("streams").iter();
    streams
        .map(|stream| stream["name"].as_str().expect("a name"))
        .collect()
}

async fn one(server: &TestServer, text: &'static str) -> Option<i64> {
    let mut db = server.app.db.read().await.expect("a reader");
    match db.link() {
        Link::Postgres(link) => sqlx::query_scalar(text).fetch_one(link).await,
        Link::Sqlite(link) => sqlx::query_scalar(text).fetch_one(link).await,
    }
    .expect("a number")
}
