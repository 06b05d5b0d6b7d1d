//! Typed ids, so that a workspace's cannot be handed in where an organization's belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// Said of every text that is not an id.
pub const NOT_AN_ID: &str = "must be a UUID, such as 871d7e5a-2c0b-4f3e-9d6a-0c1f0a6f2b11";

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self).map_err(|_| NOT_AN_ID)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A source or a destination.
    ActorId;
    ApplicationId;
    ConnectionId;
    DataplaneId;
    DefinitionId;
    GroupId;
    GroupMemberId;
    OrganizationId;
    PermissionId;
    RegionId;
    TagId;
    UserId;
    WorkspaceId;
}

impl OrganizationId {
    /// The organization that exists from the first start on.
    pub const DEFAULT: Self = Self(Uuid::nil());
}

impl UserId {
    /// The administrator who exists from the first start on.
    pub const DEFAULT: Self = Self(Uuid::nil());
}
