//! Tags: what people sort connections by.

use serde::Serialize;

use super::ids::{TagId, WorkspaceId};
use super::text::Name;

/// The longest name of a tag, in characters.
pub const LONGEST_NAME: usize = 30;

/// How many tags a workspace can have.
pub const MOST: i64 = 100;

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

/// The name of a tag: a name of at most [`LONGEST_NAME`] characters.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct TagName(String);

/// Why something is not the name of a tag.
#[derive(Debug, PartialEq, Eq)]
pub enum NotATagName {
    TooLong,
    NotAName(String),
}

impl TryFrom<String> for TagName {
    type Error = NotATagName;

    fn try_from(text: String) -> Result<Self, NotATagName> {
        if text.chars().count() > LONGEST_NAME {
            return Err(NotATagName::TooLong);
        }
        let name = Name::try_from(text).map_err(NotATagName::NotAName)?;
        Ok(Self(name.into()))
    }
}

impl From<TagName> for String {
    fn from(name: TagName) -> Self {
        name.0
    }
}

/// The colour of a tag: six hexadecimal digits, kept as they were sent.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Color(String);

impl TryFrom<String> for Color {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then_some(Self(text))
            .ok_or("must be six hexadecimal digits without #, such as FF8800")
    }
}

impl From<Color> for String {
    fn from(color: Color) -> Self {
        color.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_a_short_name_and_six_digits() {
        assert!(TagName::try_from("é".repeat(LONGEST_NAME)).is_ok());
        assert_eq!(
            TagName::try_from("é".repeat(LONGEST_NAME + 1)),
            Err(NotATagName::TooLong)
        );
        assert!(matches!(
            TagName::try_from(" ".to_owned()),
            Err(NotATagName::NotAName(_))
        ));
        assert_eq!(
            Color::try_from("aB01f9".to_owned()).map(String::from),
            Ok("aB01f9".to_owned())
        );
        for wrong in ["", "#FF880", "#FF8800", "FF880G", "FF88000", "éFF88"] {
            assert!(Color::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
