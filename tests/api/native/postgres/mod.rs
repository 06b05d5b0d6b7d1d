//! `source-postgres` and `destination-postgres` against a real server, whatever engine the other tests are
//! run on.

mod dedup;
mod encryption;
mod interruptions;
mod raw;
mod source;
mod syncs;
mod tables;
mod types;

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{Place, Run, Way, block_on, status};
use crate::support::postgres::Cluster;

/// A database of a test's own.
struct Base {
    place: Place,
    url: String,
}

impl Base {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("destination_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        run(
            &Cluster::shared().url("postgres"),
            &format!("CREATE DATABASE {name}"),
        );
        Self {
            place: Place::new(),
            url: Cluster::shared().url(&name),
        }
    }

    fn configuration(&self) -> Value {
        let (host, database) = self.url.rsplit_once('/').expect("an address");
        let (_, port) = host.rsplit_once(':').expect("a port");
        let port: u16 = port.parse().expect("a number");
        json!({"host": "127.0.0.1", "port": port, "database": database, "username": "tests",
            "password": "hunter2", "schema": "public", "ssl_mode": {"mode": "disable"},
            "tunnel_method": {"tunnel_method": "NO_TUNNEL"}})
    }

    fn write(&self, way: Way, catalog: &Value, input: &[String]) -> Run {
        self.place.write(
            way,
            "postgres",
            &self.configuration(),
            catalog,
            &input.concat(),
        )
    }

    /// Writes, and expects that all goes well.
    fn load(&self, catalog: &Value, input: &[String]) {
        let run = self.write(Way::Inside, catalog, input);
        assert_eq!((run.code, run.error()), (Some(0), None));
    }

    fn run(&self, statements: &str) {
        run(&self.url, statements);
    }

    /// The rows of a query, as objects.
    fn rows(&self, query: &str) -> Vec<Value> {
        let query = format!("SELECT row_to_json(its_row)::text FROM ({query}) its_row");
        let rows: Vec<String> = block_on(async {
            let mut connection = PgConnection::connect(&self.url).await.expect("a server");
            sqlx::query_scalar(AssertSqlSafe(query.as_str()))
                .fetch_all(&mut connection)
                .await
                .expect(&query)
        });
        rows.iter()
            .map(|row| serde_json::from_str(row).expect(row))
            .collect()
    }

    /// One number.
    fn count(&self, query: &str) -> i64 {
        let rows = self.rows(&format!("SELECT count(*) AS n FROM ({query}) q"));
        rows[0]["n"].as_i64().expect("a number")
    }

    /// The columns of a table, with their types.
    fn columns(&self, table: &str) -> Vec<(String, String)> {
        let rows = self.rows(&format!(
            "SELECT column_name AS c, data_type AS t FROM information_schema.columns \
             WHERE table_name = '{table}' AND column_name NOT LIKE '\\_airbyte%' ORDER BY column_name"
        ));
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        rows.iter()
            .map(|row| (text(&row["c"]), text(&row["t"])))
            .collect()
    }

    /// The tables that are beside the real ones.
    fn left_beside(&self) -> usize {
        self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'airbyte_internal'")
            .len()
    }
}

fn run(url: &str, statements: &str) {
    block_on(async {
        let mut connection = PgConnection::connect(url).await.expect("a server");
        let running = connection.execute(sqlx::raw_sql(AssertSqlSafe(statements)));
        running.await.expect(statements);
    });
}

/// A catalog of the stream `pets` with these fields.
fn pets(properties: &Value, mode: &str, generations: (i64, i64)) -> Value {
    let mut stream = super::configured("pets", mode, Some(generations));
    stream["stream"]["json_schema"] = json!({"type": "object", "properties": properties});
    if mode == "append_dedup" {
        stream["primary_key"] = json!([["id"]]);
    }
    json!({"streams": [stream]})
}

fn id_and_name() -> Value {
    json!({"id": {"type": "integer"}, "name": {"type": ["null", "string"]}})
}

fn pet(data: &Value, emitted_at: i64) -> String {
    format!(
        "{}\n",
        json!({"type": "RECORD", "record": {"stream": "pets", "data": data, "emitted_at": emitted_at}})
    )
}

fn complete() -> String {
    status("pets", "COMPLETE")
}
