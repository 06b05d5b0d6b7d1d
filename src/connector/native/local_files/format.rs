//! How rows are written: as JSON lines, or as CSV with the record in one column as JSON. In both, a row is
//! a line.

use std::io::{BufRead, Write as _};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::protocol::line::RecordLine;

/// The columns of CSV, in order.
const COLUMNS: [&str; 5] = [
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta",
    "_airbyte_generation_id",
    "_airbyte_data",
];

/// Where the generation stands among them.
const GENERATION: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    JsonLines,
    Csv { delimiter: char },
}

/// What a destination knows of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) sync_id: Option<i64>,
    pub(super) generation: i64,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow)]
    changes: Option<&'a RawValue>,
}

impl Format {
    /// How the names of files end.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv { .. } => "csv",
        }
    }

    /// The line that a file begins with.
    pub(super) fn head(self) -> Option<String> {
        match self {
            Self::JsonLines => None,
            Self::Csv { delimiter } => Some(COLUMNS.join(&delimiter.to_string()) + "\n"),
        }
    }

    /// Writes a row. The record's parts go in as they stand, once it is sure that they are JSON.
    pub(super) fn row(
        self,
        to: &mut Vec<u8>,
        known: Known,
        record: &RecordLine<'_>,
    ) -> serde_json::Result<()> {
        let data: &RawValue = serde_json::from_slice(record.data)?;
        let meta: Option<Meta<'_>> = record.meta.map(serde_json::from_slice).transpose()?;
        let changes = meta
            .and_then(|meta| meta.changes)
            .map_or("[]", RawValue::get);
        let Known { id, generation, .. } = known;
        let sync_id = known.sync_id.map_or(Value::Null, Value::from);
        let extracted_at = record.emitted_at;
        let written = match self {
            Self::JsonLines => writeln!(
                to,
                r#"{{"_airbyte_raw_id":"{id}","_airbyte_extracted_at":{extracted_at},"_airbyte_meta":{{"sync_id":{sync_id},"changes":{changes}}},"_airbyte_generation_id":{generation},"_airbyte_data":{data}}}"#
            ),
            Self::Csv { delimiter } => write!(to, "{id}{delimiter}{extracted_at}{delimiter}")
                .map(|()| {
                    let meta = format!(r#"{{"sync_id":{sync_id},"changes":{changes}}}"#);
                    quote(to, meta.as_bytes());
                })
                .and_then(|()| write!(to, "{delimiter}{generation}{delimiter}"))
                .map(|()| {
                    quote(to, data.get().as_bytes());
                    to.push(b'\n');
                }),
        };
        written.map_err(serde_json::Error::io)
    }

    /// The generation of the first row, if there is a row.
    pub(super) fn first_generation(self, file: impl BufRead) -> std::io::Result<Option<i64>> {
        let rows = file.lines().skip(usize::from(self.head().is_some()));
        let Some(row) = rows.take(1).next().transpose()? else {
            return Ok(None);
        };
        Ok(Some(match self {
            Self::JsonLines => serde_json::from_str::<Row>(&row).map_or(NONE, |row| row.generation),
            Self::Csv { delimiter } => {
                let fields = fields(&row, delimiter);
                let found = fields.get(GENERATION).and_then(|text| text.parse().ok());
                found.unwrap_or(NONE)
            }
        }))
    }
}

/// Of a row that is not ours: no generation is this one.
const NONE: i64 = -1;

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "_airbyte_generation_id")]
    generation: i64,
}

/// Writes a text in quotation marks, those within it doubled.
fn quote(to: &mut Vec<u8>, text: &[u8]) {
    to.push(b'"');
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'"', rest) {
        to.extend_from_slice(&rest[..=at]);
        to.push(b'"');
        rest = &rest[at + 1..];
    }
    to.extend_from_slice(rest);
    to.push(b'"');
}

/// The fields of a row as we write them, still quoted.
fn fields(row: &str, delimiter: char) -> Vec<&str> {
    let mut quoted = false;
    row.split(|letter| {
        quoted ^= letter == '"';
        letter == delimiter && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_quotation_marks_hides_its_delimiters() {
        let mut row = b"1;".to_vec();
        quote(&mut row, br#"{"a;":"b\"c"}"#);
        row.extend_from_slice(b";7");
        let row = String::from_utf8(row).expect("text");
        assert_eq!(row, r#"1;"{""a;"":""b\""c""}";7"#);
        assert_eq!(fields(&row, ';').len(), 3);
        assert_eq!(fields(&row, ';')[2], "7");
    }
}
