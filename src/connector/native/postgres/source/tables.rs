//! What there is to read: tables and views with their columns, and how one is asked for its rows.

use serde_json::{Map, Value, json};

use super::kinds::Kind;
use crate::connector::native::interface::Fault;
use crate::connector::native::postgres::quoted;
use crate::connector::native::postgres::session::Session;
use crate::protocol::catalog::{Catalog, Stream, SyncMode};

/// Something with rows.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    /// Whether its rows have places of their own, which a view, a foreign table and one that consists of
    /// others have not.
    pub(super) has_places: bool,
    pub(super) columns: Vec<Column>,
    key: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// As PostgreSQL spells it.
    pub(super) type_name: String,
}

/// One column of one table. Partitions are read as the table that they are parts of.
const COLUMNS: &str = "SELECT n.nspname::text, c.relname::text, c.relkind IN ('r', 'm') AND NOT c.relhassubclass, \
     a.attname::text, COALESCE(b.typname, t.typname)::text, COALESCE(b.typcategory, t.typcategory) = 'A', \
     pg_catalog.format_type(a.atttypid, a.atttypmod) \
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped \
     AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
     AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') AND ";
const KEYS: &str = "SELECT n.nspname::text, c.relname::text, a.attname::text \
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
     WHERE i.indisprimary AND k.place <= i.indnkeyatts AND ";

type ColumnRow = (String, String, bool, String, String, bool, String);

/// A text as it stands in a statement.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Everything in these schemas that may be read, in the order of the names.
pub(super) fn list(session: &mut Session, schemas: &[String]) -> Result<Vec<Table>, Fault> {
    let names: Vec<_> = schemas.iter().map(|schema| literal(schema)).collect();
    let within = if names.is_empty() {
        "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'".to_owned()
    } else {
        format!("n.nspname IN ({})", names.join(", "))
    };
    let columns = format!("{COLUMNS}{within} ORDER BY n.nspname, c.relname, a.attnum");
    let mut tables: Vec<Table> = Vec::new();
    for row in session.rows::<ColumnRow>(&columns, &[])? {
        let (schema, name, has_places, column, type_name, is_array, spelled) = row;
        let column = Column {
            name: column,
            kind: Kind::of(&type_name, is_array),
            type_name: spelled,
        };
        match tables.last_mut() {
            Some(last) if last.schema == schema && last.name == name => last.columns.push(column),
            _ => tables.push(Table {
                schema,
                name,
                has_places,
                columns: vec![column],
                key: Vec::new(),
            }),
        }
    }
    let keys = format!("{KEYS}{within} ORDER BY n.nspname, c.relname, k.place");
    for (schema, name, column) in session.rows::<(String, String, String)>(&keys, &[])? {
        let table = tables
            .iter_mut()
            .find(|table| table.schema == schema && table.name == name);
        if let Some(table) = table {
            table.key.push(column);
        }
    }
    Ok(tables)
}

pub(super) fn catalog(tables: &[Table]) -> Catalog {
    Catalog {
        streams: tables.iter().map(Table::stream).collect(),
    }
}

impl Table {
    fn stream(&self) -> Stream {
        let properties: Map<_, _> = self
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.kind.schema()))
            .collect();
        // A key that is not wholly readable is of no use.
        let readable = |name: &String| self.columns.iter().any(|column| column.name == *name);
        let key: Vec<_> = self.key.iter().map(|name| vec![name.clone()]).collect();
        let has_key = !key.is_empty() && self.key.iter().all(readable);
        Stream {
            name: self.name.clone(),
            namespace: Some(self.schema.clone()),
            json_schema: json!({"type": "object", "properties": Value::Object(properties)}),
            supported_sync_modes: vec![SyncMode::FullRefresh, SyncMode::Incremental],
            source_defined_cursor: None,
            default_cursor_field: Some(Vec::new()),
            source_defined_primary_key: has_key.then_some(key),
            is_resumable: Some(self.has_places),
            rest: Map::new(),
        }
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// As it stands behind FROM.
    pub(super) fn quoted(&self) -> String {
        let only = if self.has_places { "ONLY " } else { "" };
        format!("{only}{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}
