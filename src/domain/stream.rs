//! Streams as a connection wants them.

use serde::{Deserialize, Deserializer, Serialize};

use super::mapper::Mapper;

/// How a stream is synced, in the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
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

impl SyncMode {
    #[must_use]
    pub fn is_incremental(self) -> bool {
        matches!(
            self,
            Self::IncrementalAppend
                | Self::IncrementalDedupedHistory
                | Self::IncrementalUpdate
                | Self::IncrementalSoftDelete
        )
    }

    /// Whether rows are told apart by a primary key.
    #[must_use]
    pub fn needs_primary_key(self) -> bool {
        matches!(
            self,
            Self::FullRefreshOverwriteDeduped
                | Self::FullRefreshUpdate
                | Self::IncrementalDedupedHistory
                | Self::IncrementalUpdate
        )
    }
}

/// One stream of a connection, as it was sent and as it comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamChoice {
    pub name: String,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "filled"
    )]
    pub namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_mode: Option<SyncMode>,
    /// The path of the cursor.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "or_none"
    )]
    pub cursor_field: Vec<String>,
    /// The paths of the key's parts.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "or_none"
    )]
    pub primary_key: Vec<Vec<String>>,
    #[serde(default, deserialize_with = "or_none")]
    pub include_files: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_object_name: Option<String>,
    /// Only these columns; all when empty.
    #[serde(default, deserialize_with = "or_none")]
    pub selected_fields: Vec<SelectedField>,
    #[serde(default, deserialize_with = "or_none")]
    pub mappers: Vec<Mapper>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelectedField {
    #[serde(default)]
    pub field_path: Vec<String>,
}

/// The name of a stream of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamName {
    pub stream_name: String,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "filled"
    )]
    pub stream_namespace: Option<String>,
}

impl StreamChoice {
    /// A stream that is wanted without further wishes.
    #[must_use]
    pub fn named(name: impl Into<String>, namespace: Option<String>) -> Self {
        Self {
            name: name.into(),
            namespace,
            sync_mode: Some(SyncMode::FullRefreshOverwrite),
            cursor_field: Vec::new(),
            primary_key: Vec::new(),
            include_files: false,
            destination_object_name: None,
            selected_fields: Vec::new(),
            mappers: Vec::new(),
        }
    }

    #[must_use]
    pub fn mode(&self) -> SyncMode {
        self.sync_mode.unwrap_or(SyncMode::FullRefreshOverwrite)
    }
}

/// Null counts as absent.
fn or_none<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// An empty namespace counts as none.
fn filled<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_clients_send_for_nothing_is_nothing() {
        let sent = json!({"name": "users", "namespace": "", "cursorField": [], "primaryKey": [], "selectedFields": [], "mappers": null, "includeFiles": null});
        let stream: StreamChoice = serde_json::from_value(sent).expect("a stream");
        assert_eq!(stream.mode(), SyncMode::FullRefreshOverwrite);
        let answer = serde_json::to_value(&stream).expect("JSON");
        assert_eq!(
            answer,
            json!({"name": "users", "includeFiles": false, "selectedFields": [], "mappers": []})
        );
    }
}
