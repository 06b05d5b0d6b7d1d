//! What a source offers, as `GET /streams` shows it. It is made once, when discovery has found a
//! catalog: a catalog may have megabytes of schemas, and none of them is shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One stream on offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub full_refresh: bool,
    pub incremental: bool,
    pub default_cursor_field: Vec<String>,
    pub source_defined_cursor: bool,
    pub source_defined_primary_key: Vec<Vec<String>>,
    /// The paths of all properties, parents before children.
    pub property_fields: Vec<Vec<String>>,
}

/// How a connection moves a stream: a way to read and a way to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConnectionSyncModeEnum)]
pub enum ConnectionSyncMode {
    FullRefreshOverwrite,
    FullRefreshOverwriteDeduped,
    FullRefreshAppend,
    FullRefreshUpdate,
    FullRefreshSoftDelete,
    IncrementalAppend,
    IncrementalDedupedHistory,
    IncrementalUpdate,
    IncrementalSoftDelete,
}
