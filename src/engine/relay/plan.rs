//! What becomes of each stream on its way: where it goes, and whether its records have to be rewritten.
//! Most do not; then their bytes are handed on as they came.

use std::collections::HashMap;

use serde_json::Value;

use super::rewrite::Rewrite;
use crate::domain::connection::Namespace;
use crate::domain::mapper::Mapper;
use crate::protocol::catalog::{ConfiguredCatalog, StreamDescriptor};

/// What a connection says about all of its streams.
#[derive(Debug, Clone)]
pub struct Naming {
    pub namespace: Namespace,
    pub format: Option<String>,
    pub prefix: String,
}

/// What a connection says about one stream besides the catalog: the columns to keep (all when empty),
/// and what happens to its records.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    pub columns: Vec<String>,
    pub mappers: Vec<Mapper>,
}

/// The streams of a run, in the order of the catalog.
#[derive(Debug)]
pub struct Plan {
    pub streams: Vec<StreamPlan>,
    by_name: HashMap<String, Vec<usize>>,
}

/// One stream of a run.
#[derive(Debug)]
pub struct StreamPlan {
    pub at_source: StreamDescriptor,
    pub at_destination: StreamDescriptor,
    /// Absent when records are handed on as they are.
    pub rewrite: Option<Rewrite>,
}

impl Plan {
    /// Plans a run and gives the catalog for the destination: with the names and columns that streams
    /// have there.
    ///
    /// # Errors
    /// A sentence, when a mapper cannot be applied.
    pub fn new(
        catalog: &ConfiguredCatalog,
        naming: &Naming,
        wishes: &[Wishes],
    ) -> Result<(Self, ConfiguredCatalog), String> {
        let mut there = catalog.clone();
        let mut plan = Self {
            streams: Vec::new(),
            by_name: HashMap::new(),
        };
        for (index, configured) in there.streams.iter_mut().enumerate() {
            let at_source = configured.stream.descriptor();
            let at_destination = StreamDescriptor {
                name: format!("{}{}", naming.prefix, at_source.name),
                namespace: naming
                    .namespace
                    .at_destination(naming.format.as_deref(), at_source.space()),
            };
            let wishes = wishes.get(index).cloned().unwrap_or_default();
            let renamed = at_source != at_destination;
            let rewrite = (renamed || !wishes.columns.is_empty() || !wishes.mappers.is_empty())
                .then(|| Rewrite::new(&at_destination, &wishes))
                .transpose()
                .map_err(|why| format!("stream {at_source}: {why}"))?;
            configured.stream.name.clone_from(&at_destination.name);
            configured
                .stream
                .namespace
                .clone_from(&at_destination.namespace);
            if let Some(rewrite) = &rewrite {
                rewrite.reshape(&mut configured.stream.json_schema);
                rewrite.rename_paths(&mut configured.primary_key);
                let mut cursor = [std::mem::take(&mut configured.cursor_field)];
                rewrite.rename_paths(&mut cursor);
                [configured.cursor_field] = cursor;
            }
            plan.by_name
                .entry(at_source.name.clone())
                .or_default()
                .push(index);
            plan.streams.push(StreamPlan {
                at_source,
                at_destination,
                rewrite,
            });
        }
        Ok((plan, there))
    }

    /// The stream of this name, if the run has it.
    #[must_use]
    pub fn find(&self, name: &str, namespace: Option<&str>) -> Option<usize> {
        let candidates = self.by_name.get(name)?;
        let here = |index: &&usize| self.streams[**index].at_source.space() == namespace;
        candidates.iter().find(here).copied()
    }

    /// The same for a descriptor.
    #[must_use]
    pub fn find_stream(&self, stream: &StreamDescriptor) -> Option<usize> {
        self.find(&stream.name, stream.space())
    }
}

/// The message that tells a destination how a stream ended.
#[must_use]
pub fn ended(stream: &StreamDescriptor, complete: bool, now_ms: i64) -> Value {
    let status = if complete { "COMPLETE" } else { "INCOMPLETE" };
    serde_json::json!({
        "type": "TRACE",
        "trace": {
            "type": "STREAM_STATUS",
            "emitted_at": now_ms,
            "stream_status": { "stream_descriptor": stream, "status": status },
        },
    })
}
