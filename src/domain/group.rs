//! Groups of people in an organization, their members, and what they are granted.

use serde::{Deserialize, Serialize};

use super::ids::{GroupId, GroupMemberId, OrganizationId, PermissionId, UserId, WorkspaceId};
use super::permission::PermissionType;
use super::text::Name;
use crate::clock::Timestamp;

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 4096;

/// People of an organization who are granted things together.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Group {
    pub id: GroupId,
    pub organization_id: OrganizationId,
    pub name: String,
    pub description: Option<String>,
    pub member_count: i64,
    pub deleted_at: Option<Timestamp>,
}

/// What a group is for, in a person's words. An empty one is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct Description(String);

impl Description {
    /// As it is stored.
    #[must_use]
    pub fn stored(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

impl TryFrom<String> for Description {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.chars().count() > LONGEST_DESCRIPTION {
            return Err(format!(
                "must not be longer than {LONGEST_DESCRIPTION} characters"
            ));
        }
        if text.contains('\0') {
            return Err("must not contain the NUL character".to_owned());
        }
        Ok(Self(text))
    }
}

impl From<Description> for String {
    fn from(description: Description) -> Self {
        description.0
    }
}

/// A name as names are compared: whatever its case.
#[must_use]
pub fn folded(name: &Name) -> String {
    name.as_str().to_lowercase()
}

/// Somebody in a group.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct GroupMember {
    pub id: GroupMemberId,
    pub group_id: GroupId,
    pub user_id: UserId,
    pub email: String,
    pub name: String,
}

/// What a group is granted, on its organization or on one of its workspaces.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct GroupPermission {
    pub id: PermissionId,
    pub group_id: GroupId,
    pub permission_type: PermissionType,
    pub organization_id: Option<OrganizationId>,
    pub workspace_id: Option<WorkspaceId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_description_is_none() {
        let stored = |text: &str| Description::try_from(text.to_owned()).map(Description::stored);
        assert_eq!(
            stored("who is on call"),
            Ok(Some("who is on call".to_owned()))
        );
        assert_eq!(stored(""), Ok(None));
        for wrong in ["a\0b", &"a".repeat(LONGEST_DESCRIPTION + 1)] {
            assert!(stored(wrong).is_err());
        }
    }
}
