//! From a row of COPY's text to a record: bytes to bytes, without building anything.

use std::io::Write as _;

use super::tables::Column;
use crate::protocol::catalog::StreamDescriptor;

/// Writes the records of one stream.
#[derive(Debug)]
pub(super) struct Records {
    /// A record up to its data.
    head: Vec<u8>,
    fields: Vec<Field>,
    pub(super) emitted_at: i64,
}

#[derive(Debug)]
struct Field {
    /// The name with its quotes, as in JSON.
    name: String,
    kind: super::kinds::Kind,
}

impl Records {
    pub(super) fn new(stream: &StreamDescriptor, columns: &[&Column]) -> Self {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let namespace = stream
            .space()
            .map(|space| format!(r#""namespace":{},"#, quoted(space)))
            .unwrap_or_default();
        let head = format!(
            r#"{{"type":"RECORD","record":{{"stream":{},{namespace}"data":{{"#,
            quoted(&stream.name)
        );
        let field = |column: &&Column| Field {
            name: quoted(&column.name),
            kind: column.kind,
        };
        Self {
            head: head.into_bytes(),
            fields: columns.iter().map(field).collect(),
            emitted_at: 0,
        }
    }

    /// Writes the record of a row, which may have more values than there are fields, and not fewer: then
    /// there is no record, which is `false`.
    pub(super) fn write(&self, to: &mut Vec<u8>, row: &[u8]) -> bool {
        let begin = to.len();
        let mut rest = Some(row);
        let mut lost = Vec::new();
        to.extend_from_slice(&self.head);
        for (place, field) in self.fields.iter().enumerate() {
            let Some(row) = rest else {
                to.truncate(begin);
                return false;
            };
            let end = memchr::memchr(b'\t', row);
            let value = &row[..end.unwrap_or(row.len())];
            rest = end.map(|end| &row[end + 1..]);
            if place > 0 {
                to.push(b',');
            }
            to.extend_from_slice(field.name.as_bytes());
            to.push(b':');
            if value == b"\\N" {
                to.extend_from_slice(b"null");
            } else if !field.kind.write(to, value) {
                to.extend_from_slice(b"null");
                lost.push(field.name.as_str());
            }
        }
        let _ = write!(to, r#"}},"emitted_at":{}"#, self.emitted_at);
        for (place, name) in lost.iter().enumerate() {
            let before = if place == 0 {
                r#","meta":{"changes":["#
            } else {
                ","
            };
            let _ = write!(
                to,
                r#"{before}{{"field":{name},"change":"NULLED","reason":"SOURCE_SERIALIZATION_ERROR"}}"#
            );
        }
        to.extend_from_slice(if lost.is_empty() { b"}}\n" } else { b"]}}}\n" });
        true
    }
}
