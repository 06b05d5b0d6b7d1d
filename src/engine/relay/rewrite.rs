//! Rewriting records, where a connection asks for it: another name or namespace, fewer columns, mappers.
//! The values themselves stay the text that the source wrote, unless a mapper makes new ones.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::plan::Wishes;
use super::steps::{Fields, Step};
use crate::protocol::catalog::StreamDescriptor;
use crate::protocol::line::RecordLine;

/// How the records of one stream are rewritten.
#[derive(Debug)]
pub struct Rewrite {
    /// The beginning of every record, up to its data.
    head: Vec<u8>,
    columns: HashSet<String>,
    steps: Vec<Step>,
}

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
        let steps = wishes.mappers.iter().map(|mapper| Step::new(&mapper.deed));
        Ok(Self {
            head,
            columns: wishes.columns.iter().cloned().collect(),
            steps: steps.collect::<Result<_, _>>()?,
        })
    }

    /// Appends the rewritten record and its line end. `false`: the record is filtered out.
    ///
    /// # Errors
    /// A sentence, when the record's data cannot be read.
    pub fn apply(&self, record: &RecordLine<'_>, out: &mut Vec<u8>) -> Result<bool, String> {
        let before = out.len();
        out.extend_from_slice(&self.head);
        if self.columns.is_empty() && self.steps.is_empty() {
            out.extend_from_slice(record.data);
        } else {
            let mut fields = read(record.data)?;
            if !self.columns.is_empty() {
                fields.retain(|(name, _)| self.columns.contains(name.as_ref()));
            }
            for step in &self.steps {
                if !step.apply(&mut fields)? {
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
        for step in &self.steps {
            match step {
                Step::Make { old, new, .. } => {
                    if properties.shift_remove(old).is_some() {
                        properties.insert(new.clone(), json!({"type": ["null", "string"]}));
                    }
                }
                Step::Rename { old, new } => {
                    if let Some(kept) = properties.shift_remove(old) {
                        properties.insert(new.clone(), kept);
                    }
                }
                Step::Drop(field) => drop(properties.shift_remove(field)),
                Step::Pass(_) => {}
            }
        }
    }

    /// The paths of keys and cursors as they are behind the mappers.
    pub fn rename_paths(&self, paths: &mut [Vec<String>]) {
        for first in paths.iter_mut().filter_map(|path| path.first_mut()) {
            for (old, new) in self.steps.iter().filter_map(Step::renames) {
                if first.as_str() == old {
                    new.clone_into(first);
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
