//! PostgreSQL, as a source and as a destination. They share how they reach the server.

mod address;
mod destination;
mod session;
mod source;

pub(super) use self::destination::Postgres as Destination;
pub(super) use self::source::Postgres as Source;

/// A name as it stands in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
