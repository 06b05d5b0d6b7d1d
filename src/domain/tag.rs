//! Tags: what people sort connections by.

use serde::Serialize;

use super::ids::{TagId, WorkspaceId};

/// A tag of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConnectionTag)]
pub struct Tag {
    #[serde(rename = "tagId")]
    pub id: TagId,
    pub workspace_id: WorkspaceId,
    pub name: String,
    /// Six hexadecimal digits.
    pub color: String,
}
