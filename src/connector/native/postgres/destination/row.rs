//! From a record to a row of COPY's text: one walk over the record's fields, each to its column.

use std::fmt;
use std::io::Write as _;

use chrono::DateTime;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::columns::Columns;
use super::json;
use super::value::{self, Kept};
use crate::protocol::line::RecordLine;

/// Makes the rows of one stream.
#[derive(Debug)]
pub(super) struct Rows {
    /// `_airbyte_meta` up to the changes.
    meta: String,
    generation: String,
    /// The time of the last record and its text: most often the next one has the same.
    last_time: (i64, String),
    changes: String,
}

/// The last millisecond of the year 9999.
const LATEST: i64 = 253_402_300_799_999;

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow)]
    changes: Option<&'a RawValue>,
}

impl Rows {
    pub(super) fn new(sync_id: Option<i64>, generation: i64) -> Self {
        let sync_id = sync_id.map_or_else(|| "null".to_owned(), |id| id.to_string());
        Self {
            meta: format!(r#"{{"sync_id":{sync_id},"changes":["#),
            generation: generation.to_string(),
            last_time: (0, time(0)),
            changes: String::new(),
        }
    }

    /// Adds the row of a record.
    pub(super) fn add(
        &mut self,
        to: &mut Vec<u8>,
        columns: &Columns,
        id: Uuid,
        record: &RecordLine<'_>,
    ) -> serde_json::Result<()> {
        let mut slots = vec![None; columns.fields().len()];
        if columns.is_raw() {
            slots[0] = Some(serde_json::from_slice(record.data)?);
        } else if record.data != b"null" {
            let mut data = serde_json::Deserializer::from_slice(record.data);
            data.deserialize_map(Fields {
                columns,
                slots: &mut slots,
            })?;
            data.end()?;
        }
        self.changes.clear();
        self.take_changes(record)?;
        if record.emitted_at != self.last_time.0 {
            self.last_time = (record.emitted_at, time(record.emitted_at));
        }
        to.extend_from_slice(
            id.as_hyphenated()
                .encode_lower(&mut Uuid::encode_buffer())
                .as_bytes(),
        );
        to.push(b'\t');
        to.extend_from_slice(self.last_time.1.as_bytes());
        to.push(b'\t');
        // The changes are known after the fields, so the columns that hold them come last.
        for (slot, column) in slots.iter().zip(columns.fields()) {
            match slot.map_or(Kept::Null, |raw: &RawValue| {
                value::coerce(raw.get(), column.kind)
            }) {
                Kept::Null => to.extend_from_slice(b"\\N"),
                Kept::Plain(text) => to.extend_from_slice(text.as_bytes()),
                Kept::Value(text) => value::write(to, &text),
                Kept::Lost(why) => {
                    to.extend_from_slice(b"\\N");
                    self.lose(&column.field, why);
                }
            }
            to.push(b'\t');
        }
        value::write(to, &self.meta);
        value::write(to, &self.changes);
        let _ = writeln!(to, "]}}\t{}", self.generation);
        Ok(())
    }

    /// What others changed in the record before.
    fn take_changes(&mut self, record: &RecordLine<'_>) -> serde_json::Result<()> {
        let Some(meta) = record.meta else {
            return Ok(());
        };
        let changes = serde_json::from_slice::<Meta<'_>>(meta)?.changes;
        let list = changes.and_then(|changes| json::clean(changes.get()));
        let inner = list.as_deref().and_then(|list| list.strip_prefix('['));
        if let Some(inner) = inner.and_then(|list| list.strip_suffix(']')) {
            self.changes.push_str(inner.trim_ascii());
        }
        Ok(())
    }

    fn lose(&mut self, field: &str, why: &str) {
        if !self.changes.is_empty() {
            self.changes.push(',');
        }
        let field = serde_json::Value::from(field).to_string();
        self.changes.push_str(r#"{"field":"#);
        self.changes.push_str(&json::mend(&field));
        self.changes.push_str(r#","change":"NULLED","reason":""#);
        self.changes.push_str(why);
        self.changes.push_str(r#""}"#);
    }
}

/// A time that PostgreSQL takes; what no clock shows is 1970.
fn time(milliseconds: i64) -> String {
    let milliseconds = if (0..=LATEST).contains(&milliseconds) {
        milliseconds
    } else {
        0
    };
    let time = DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
    time.format("%Y-%m-%d %H:%M:%S%.3f+00").to_string()
}

/// Takes the fields of a record to their slots.
struct Fields<'c, 'a> {
    columns: &'c Columns,
    slots: &'c mut [Option<&'a RawValue>],
}

impl<'de> Visitor<'de> for Fields<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a record")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut likely = 0;
        while let Some(place) = map.next_key_seed(Key {
            columns: self.columns,
            likely,
        })? {
            match place {
                Some(place) => {
                    self.slots[place] = Some(map.next_value()?);
                    likely = place + 1;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The place of a field, if it has one. Records have their fields in the same order most often.
struct Key<'c> {
    columns: &'c Columns,
    likely: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.columns.place(name, self.likely))
    }
}
