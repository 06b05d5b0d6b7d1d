//! The columns of one stream: its fields in the order of its schema, between our own. A table of raw
//! records has one for all of its fields.

use std::collections::HashMap;

use super::names::distinct;
use super::types::Type;
use crate::connector::native::interface::Fault;
use crate::connector::native::postgres::quoted;
use crate::protocol::catalog::ConfiguredStream;

/// What we add to each row. No field may take these names.
const OWN: [(&str, &str); 4] = [
    ("_airbyte_raw_id", "character varying NOT NULL"),
    ("_airbyte_extracted_at", "timestamp with time zone NOT NULL"),
    ("_airbyte_meta", "jsonb NOT NULL"),
    ("_airbyte_generation_id", "bigint"),
];

/// What tables of raw records have in addition: a mark for whoever types the records later. We leave it
/// empty.
const LOADED_AT: (&str, &str) = ("_airbyte_loaded_at", "timestamp with time zone");
/// The record as it came.
const DATA: &str = "_airbyte_data";

/// What PostgreSQL keeps for itself.
const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// A field and its column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) field: String,
    pub(super) name: String,
    pub(super) kind: Type,
}

#[derive(Debug)]
pub(super) struct Columns {
    /// Whether the one field is the whole record.
    is_raw: bool,
    fields: Vec<Column>,
    places: HashMap<String, usize>,
}

impl Columns {
    pub(super) fn of(configured: &ConfiguredStream) -> Self {
        let properties = configured.stream.json_schema["properties"].as_object();
        let names: Vec<_> = properties
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        let taken: Vec<_> = OWN.iter().map(|(name, _)| *name).chain(SYSTEM).collect();
        let fields: Vec<_> = distinct(&names, &taken)
            .into_iter()
            .zip(properties.into_iter().flatten())
            .map(|((field, name), (_, schema))| Column {
                field: field.to_owned(),
                name,
                kind: Type::of(schema),
            })
            .collect();
        let places = fields
            .iter()
            .map(|column| column.field.clone())
            .zip(0..)
            .collect();
        Self {
            is_raw: false,
            fields,
            places,
        }
    }

    pub(super) fn raw() -> Self {
        Self {
            is_raw: true,
            fields: vec![Column {
                field: DATA.to_owned(),
                name: DATA.to_owned(),
                kind: Type::Json,
            }],
            places: HashMap::new(),
        }
    }

    pub(super) fn is_raw(&self) -> bool {
        self.is_raw
    }

    /// Ours, with their types.
    pub(super) fn own(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let more = self.is_raw.then_some(LOADED_AT);
        OWN.into_iter().chain(more)
    }

    pub(super) fn fields(&self) -> &[Column] {
        &self.fields
    }

    /// The place of a field; the likely one is looked at first.
    pub(super) fn place(&self, field: &str, likely: usize) -> Option<usize> {
        match self.fields.get(likely) {
            Some(column) if column.field == field => Some(likely),
            _ => self.places.get(field).copied(),
        }
    }

    /// The column that a path leads to, quoted.
    pub(super) fn at(&self, path: &[String]) -> Result<String, Fault> {
        let place = match path {
            [field] => self.place(field, 0),
            _ => None,
        };
        match place {
            Some(place) => Ok(quoted(&self.fields[place].name)),
            None => {
                let path = path.join(".");
                let message =
                    format!("{path} is not a field of the stream, so it can be no key or cursor");
                Err(Fault::configuration(message))
            }
        }
    }

    /// The columns that are loaded, quoted, in the order in which rows have them.
    pub(super) fn list(&self) -> String {
        let [id, extracted_at, meta, generation] = OWN.map(|(name, _)| quoted(name));
        let mut all = vec![id, extracted_at];
        all.extend(self.fields.iter().map(|column| quoted(&column.name)));
        all.extend([meta, generation]);
        all.join(", ")
    }

    /// As they stand in CREATE TABLE.
    pub(super) fn definitions(&self) -> String {
        let own = self
            .own()
            .map(|(name, kind)| format!("{} {kind}", quoted(name)));
        let fields = self.fields.iter();
        let fields = fields.map(|column| format!("{} {}", quoted(&column.name), column.kind.sql()));
        own.chain(fields).collect::<Vec<_>>().join(", ")
    }
}
