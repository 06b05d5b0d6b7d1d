//! Tables on the server: whether one is there, making one, and bringing one to the columns of today.

use std::collections::HashMap;
use std::fmt;

use super::columns::Columns;
use super::names::marked;
use crate::connector::native::interface::Fault;
use crate::connector::native::postgres::quoted;
use crate::connector::native::postgres::session::Session;

/// A table, there or not. It shows as it stands in statements.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
}

/// What a table holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Nothing,
    /// Rows of this generation, as one of them says.
    Generation(Option<i64>),
}

const SCHEMA: &str = "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = $1";
const KIND: &str = "SELECT c.relkind::text FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2";
const COLUMNS: &str = "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod) \
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped";

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// Makes a schema. It is looked for first: who may not make one may still use one.
pub(super) fn make_schema(session: &mut Session, schema: &str) -> Result<(), Fault> {
    if !session.rows::<(String,)>(SCHEMA, &[schema])?.is_empty() {
        return Ok(());
    }
    session.run(&format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema)))
}

impl Table {
    pub(super) fn exists(&self, session: &mut Session) -> Result<bool, Fault> {
        let kinds: Vec<(String,)> = session.rows(KIND, &[&self.schema, &self.name])?;
        match kinds.first() {
            None => Ok(false),
            Some((kind,)) if kind == "r" || kind == "p" => Ok(true),
            Some(_) => Err(self.not_ours()),
        }
    }

    /// What there is in it; `None` when there is no such table.
    pub(super) fn content(&self, session: &mut Session) -> Result<Option<Content>, Fault> {
        if !self.exists(session)? {
            return Ok(None);
        }
        let there = self.columns(session)?;
        self.expect_ours(&there)?;
        let known = there.contains_key("_airbyte_generation_id");
        let column = if known {
            "_airbyte_generation_id"
        } else {
            "NULL::bigint"
        };
        let query = format!("SELECT {column} FROM {self} LIMIT 1");
        let rows: Vec<(Option<i64>,)> = session.rows(&query, &[])?;
        Ok(Some(match rows.first() {
            None => Content::Nothing,
            Some((generation,)) => Content::Generation(*generation),
        }))
    }

    pub(super) fn create(&self, session: &mut Session, columns: &Columns) -> Result<(), Fault> {
        session.run(&format!("CREATE TABLE {self} ({})", columns.definitions()))
    }

    pub(super) fn drop(&self, session: &mut Session) -> Result<(), Fault> {
        session.run(&format!("DROP TABLE {self}"))
    }

    /// Makes the table, or gives it the columns and types of today, all at once or not at all.
    pub(super) fn bring_up(
        &self,
        session: &mut Session,
        columns: &Columns,
        cascade: &str,
    ) -> Result<(), Fault> {
        if !self.exists(session)? {
            return self.create(session, columns);
        }
        let there = self.columns(session)?;
        self.expect_ours(&there)?;
        let changes = changes(&there, columns, cascade);
        if changes.is_empty() {
            return Ok(());
        }
        let statement = format!("ALTER TABLE {self} {}", changes.join(", "));
        session.run(&statement).map_err(|fault| {
            let message = format!(
                "{self} cannot be brought to its new columns: {}",
                fault.message
            );
            Fault { message, ..fault }
        })
    }

    /// Makes an index of these columns, which are quoted, if it is not there.
    pub(super) fn index(&self, session: &mut Session, columns: &str) -> Result<(), Fault> {
        let name = quoted(&marked(&self.name, &format!("{self} {columns}")));
        session.run(&format!(
            "CREATE INDEX IF NOT EXISTS {name} ON {self} ({columns})"
        ))
    }

    fn columns(&self, session: &mut Session) -> Result<HashMap<String, String>, Fault> {
        let rows = session.rows(COLUMNS, &[&self.schema, &self.name])?;
        Ok(rows.into_iter().collect())
    }

    /// Anything that has not our columns was made by somebody else, and is neither changed nor dropped.
    fn expect_ours(&self, there: &HashMap<String, String>) -> Result<(), Fault> {
        let ours = ["_airbyte_raw_id", "_airbyte_extracted_at"];
        if ours.iter().all(|name| there.contains_key(*name)) {
            return Ok(());
        }
        Err(self.not_ours())
    }

    fn not_ours(&self) -> Fault {
        Fault::configuration(format!(
            "{self} is there already and was not made by a destination"
        ))
    }
}

/// What has to change about a table.
fn changes(there: &HashMap<String, String>, columns: &Columns, cascade: &str) -> Vec<String> {
    let mut changes = Vec::new();
    for (name, definition) in columns.own() {
        if !there.contains_key(name) {
            // Tables of older destinations lack some of ours; their rows get an empty value.
            let value = if name == "_airbyte_meta" {
                " DEFAULT '{}'"
            } else {
                ""
            };
            changes.push(format!("ADD COLUMN {} {definition}{value}", quoted(name)));
        }
    }
    for column in columns.fields() {
        let (name, wanted) = (quoted(&column.name), column.kind.sql());
        match there.get(&column.name).map(String::as_str) {
            None => changes.push(format!("ADD COLUMN {name} {wanted}")),
            Some(is) if is == wanted => {}
            Some(is) => {
                let using = conversion(&name, is, wanted);
                changes.push(format!("ALTER COLUMN {name} TYPE {wanted} USING {using}"));
            }
        }
    }
    let mut gone: Vec<_> = there
        .keys()
        .filter(|name| !columns.own().any(|(own, _)| own == **name))
        .filter(|name| !columns.fields().iter().any(|column| column.name == **name))
        .collect();
    gone.sort();
    changes.extend(
        gone.iter()
            .map(|name| format!("DROP COLUMN {}{cascade}", quoted(name))),
    );
    changes
}

fn conversion(name: &str, is: &str, wanted: &str) -> String {
    match (is, wanted) {
        (_, "jsonb") => format!("to_jsonb({name})"),
        ("jsonb", _) => format!("CAST({name} #>> '{{}}' AS {wanted})"),
        _ => format!("CAST({name} AS {wanted})"),
    }
}
