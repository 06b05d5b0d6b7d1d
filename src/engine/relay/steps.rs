//! What mappers do to the fields of one record, one step each.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::values::{Maker, text};
use crate::domain::mapper::{Condition, Deed};

/// The fields of one record, in order.
pub(super) type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, RawValue>)>;

/// What one mapper does, made ready.
#[derive(Debug)]
pub(super) enum Step {
    /// Another text under another name.
    Make {
        old: String,
        new: String,
        maker: Maker,
    },
    Rename {
        old: String,
        new: String,
    },
    Drop(String),
    Pass(Condition),
}

impl Step {
    /// # Errors
    /// A sentence, when a key is none.
    pub(super) fn new(deed: &Deed) -> Result<Self, String> {
        Ok(match deed {
            Deed::Hashing(hashing) => Self::Make {
                old: hashing.target_field.clone(),
                new: format!("{}{}", hashing.target_field, hashing.field_name_suffix),
                maker: Maker::Hash(hashing.method),
            },
            Deed::Encryption(encryption) => {
                let (field, suffix) = encryption.field();
                Self::Make {
                    old: field.to_owned(),
                    new: format!("{field}{suffix}"),
                    maker: Maker::encryption(encryption)?,
                }
            }
            Deed::FieldRenaming(renaming) => Self::Rename {
                old: renaming.original_field_name.clone(),
                new: renaming.new_field_name.clone(),
            },
            Deed::FieldFiltering(filtering) => Self::Drop(filtering.target_field.clone()),
            Deed::RowFiltering(filtering) => Self::Pass(filtering.conditions.clone()),
        })
    }

    /// Another name that it gives.
    pub(super) fn renames(&self) -> Option<(&str, &str)> {
        match self {
            Self::Make { old, new, .. } | Self::Rename { old, new } => Some((old, new)),
            Self::Drop(_) | Self::Pass(_) => None,
        }
    }

    /// `false`: the record does not pass.
    ///
    /// # Errors
    /// A sentence, when no value can be made.
    pub(super) fn apply(&self, fields: &mut Fields<'_>) -> Result<bool, String> {
        let position =
            |fields: &Fields<'_>, wanted: &str| fields.iter().position(|(name, _)| name == wanted);
        match self {
            Self::Make { old, new, maker } => {
                if let Some(index) = position(fields, old) {
                    let made = maker.make(&fields[index].1);
                    let made = made.map_err(|why| format!("field {old}: {why}"))?;
                    fields[index] = (Cow::Owned(new.clone()), Cow::Owned(made));
                }
            }
            Self::Rename { old, new } => {
                if let Some(index) = position(fields, old) {
                    fields[index].0 = Cow::Owned(new.clone());
                }
            }
            Self::Drop(field) => fields.retain(|(name, _)| name != field),
            Self::Pass(condition) => return Ok(meets(condition, fields)),
        }
        Ok(true)
    }
}

fn meets(condition: &Condition, fields: &Fields<'_>) -> bool {
    match condition {
        Condition::Equal {
            field_name,
            comparison_value,
        } => fields
            .iter()
            .find(|(name, _)| name == field_name)
            .is_some_and(|(_, value)| text(value) == *comparison_value),
        Condition::Not { conditions } => !conditions.iter().any(|one| meets(one, fields)),
    }
}
