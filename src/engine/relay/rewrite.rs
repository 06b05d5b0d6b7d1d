//! Rewriting records, where a connection asks for it: another name or namespace, fewer columns, mappers.
//! The values themselves stay the text that the source wrote, unless a mapper makes new ones.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::plan::Wishes;
use crate::domain::mapper::{Condition, Deed, Mapper};
use crate::protocol::catalog::StreamDescriptor;
use crate::protocol::line::RecordLine;

/// How the records of one stream are rewritten.
#[derive(Debug)]
pub struct Rewrite {
    /// The beginning of every record, up to its data.
    head: Vec<u8>,
    columns: HashSet<String>,
    mappers: Vec<Mapper>,
}

/// The fields of one record, in order.
type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, RawValue>)>;

impl Rewrite {
    /// # Errors
    /// A sentence, when a mapper cannot be applied.
    pub fn new(there: &StreamDescriptor, wishes: &Wishes) -> Result<Self, String> {
        let mut head = br#"{"type":"RECORD","record":{"stream":"#.to_vec();
        let text = |text: &str| serde_json::to_vec(text).unwrap_or_default();
        head.extend(text(&there.name));
        if let Some(space) = there.space() {
            head.extend_from_slice(br#","namespace":"#);
            head.extend(text(space));
        }
        head.extend_from_slice(br#","data":"#);
        for mapper in &wishes.mappers {
            super::values::prepare(&mapper.deed)?;
        }
        Ok(Self {
            head,
            columns: wishes.columns.iter().cloned().collect(),
            mappers: wishes.mappers.clone(),
        })
    }

    /// Appends the rewritten record and its line end. `false`: the record is filtered out.
    ///
    /// # Errors
    /// A sentence, when the record's data cannot be read.
    pub fn apply(&self, record: &RecordLine<'_>, out: &mut Vec<u8>) -> Result<bool, String> {
        let before = out.len();
        out.extend_from_slice(&self.head);
        if self.columns.is_empty() && self.mappers.is_empty() {
            out.extend_from_slice(record.data);
        } else {
            let mut fields = read(record.data)?;
            if !self.columns.is_empty() {
                fields.retain(|(name, _)| self.columns.contains(name.as_ref()));
            }
            for mapper in &self.mappers {
                if !map(&mapper.deed, &mut fields)? {
                    out.truncate(before);
                    return Ok(false);
                }
            }
            write(&fields, out);
        }
        out.extend_from_slice(br#","emitted_at":"#);
        out.extend_from_slice(record.emitted_at.to_string().as_bytes());
        if let Some(meta) = record.meta {
            out.extend_from_slice(br#","meta":"#);
            out.extend_from_slice(meta);
        }
        out.extend_from_slice(b"}}\n");
        Ok(true)
    }

    /// The schema as it is behind the mappers.
    pub fn reshape(&self, schema: &mut Value) {
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            return;
        };
        if !self.columns.is_empty() {
            properties.retain(|name, _| self.columns.contains(name));
        }
        for mapper in &self.mappers {
            let (old, new, text) = match &mapper.deed {
                Deed::Hashing(hashing) => {
                    let new = format!("{}{}", hashing.target_field, hashing.field_name_suffix);
                    (hashing.target_field.clone(), Some(new), true)
                }
                Deed::Encryption(encryption) => {
                    let (field, suffix) = encryption.field();
                    (field.to_owned(), Some(format!("{field}{suffix}")), true)
                }
                Deed::FieldRenaming(renaming) => {
                    let new = renaming.new_field_name.clone();
                    (renaming.original_field_name.clone(), Some(new), false)
                }
                Deed::FieldFiltering(filtering) => (filtering.target_field.clone(), None, false),
                Deed::RowFiltering(_) => continue,
            };
            let Some(kept) = properties.shift_remove(&old) else {
                continue;
            };
            if let Some(new) = new {
                properties.insert(
                    new,
                    if text {
                        json!({"type": ["null", "string"]})
                    } else {
                        kept
                    },
                );
            }
        }
    }

    /// The paths of keys and cursors as they are behind the mappers.
    pub fn rename_paths(&self, paths: &mut [Vec<String>]) {
        for first in paths.iter_mut().filter_map(|path| path.first_mut()) {
            for mapper in &self.mappers {
                let (old, new) = match &mapper.deed {
                    Deed::Hashing(hashing) => {
                        let new = format!("{}{}", hashing.target_field, hashing.field_name_suffix);
                        (hashing.target_field.as_str(), new)
                    }
                    Deed::Encryption(encryption) => {
                        let (field, suffix) = encryption.field();
                        (field, format!("{field}{suffix}"))
                    }
                    Deed::FieldRenaming(renaming) => (
                        renaming.original_field_name.as_str(),
                        renaming.new_field_name.clone(),
                    ),
                    _ => continue,
                };
                if first.as_str() == old {
                    *first = new;
                }
            }
        }
    }
}

/// Reads the top level of a record's data; the values stay text.
fn read(data: &[u8]) -> Result<Fields<'_>, String> {
    struct TopLevel;
    impl<'de> serde::de::Visitor<'de> for TopLevel {
        type Value = Fields<'de>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(16));
            while let Some(name) = map.next_key::<Name<'de>>()? {
                fields.push((name.0, Cow::Borrowed(map.next_value::<&'de RawValue>()?)));
            }
            Ok(fields)
        }
    }
    let mut parser = serde_json::Deserializer::from_slice(data);
    // What exactly is wrong would show the data.
    serde::Deserializer::deserialize_map(&mut parser, TopLevel)
        .map_err(|why| format!("a record's data is not JSON at column {}", why.column()))
}

/// A name, borrowed when it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

fn write(fields: &Fields<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        // Writing to a vector does not fail.
        let _ = serde_json::to_writer(&mut *out, name);
        out.push(b':');
        out.extend_from_slice(value.get().as_bytes());
    }
    out.push(b'}');
}

/// Applies one mapper. `false`: the record does not pass.
fn map(deed: &Deed, fields: &mut Fields<'_>) -> Result<bool, String> {
    let position =
        |fields: &Fields<'_>, wanted: &str| fields.iter().position(|(name, _)| name == wanted);
    match deed {
        Deed::FieldRenaming(renaming) => {
            if let Some(index) = position(fields, &renaming.original_field_name) {
                fields[index].0 = Cow::Owned(renaming.new_field_name.clone());
            }
        }
        Deed::FieldFiltering(filtering) => {
            fields.retain(|(name, _)| name != &filtering.target_field);
        }
        Deed::RowFiltering(filtering) => return Ok(meets(&filtering.conditions, fields)),
        Deed::Hashing(hashing) => {
            if let Some(index) = position(fields, &hashing.target_field) {
                let value = super::values::hashed(hashing.method, &fields[index].1);
                let name = format!("{}{}", hashing.target_field, hashing.field_name_suffix);
                fields[index] = (Cow::Owned(name), Cow::Owned(value));
            }
        }
        Deed::Encryption(encryption) => {
            let (field, suffix) = encryption.field();
            if let Some(index) = position(fields, field) {
                let value = super::values::encrypted(encryption, &fields[index].1)?;
                fields[index] = (Cow::Owned(format!("{field}{suffix}")), Cow::Owned(value));
            }
        }
    }
    Ok(true)
}

fn meets(condition: &Condition, fields: &Fields<'_>) -> bool {
    match condition {
        Condition::Equal {
            field_name,
            comparison_value,
        } => fields
            .iter()
            .find(|(name, _)| name == field_name)
            .is_some_and(|(_, value)| super::values::text(value) == *comparison_value),
        Condition::Not { conditions } => !conditions.iter().any(|one| meets(one, fields)),
    }
}
