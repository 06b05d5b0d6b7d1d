//! The form of a tag, new or not: its name and its colour.

use askama::Template;

use super::{Spot, address};
use crate::domain::tag::{LONGEST_NAME, Tag};
use crate::error::{Error, Result};
use crate::web::connectors::ground::{Ground, Room};
use crate::web::form::Fields;
use crate::web::frame::{Frame, Nav};

/// The colour that a new tag has at first.
const FIRST_COLOR: &str = "ad4119";

/// The page with the form.
#[derive(Debug, Template)]
#[template(path = "tags/form.html")]
pub(super) struct FormPage {
    frame: Frame,
    room: Room,
    /// The name that is stored; absent for a new one.
    stored: Option<String>,
    /// Where it is sent.
    address: String,
    /// Where one comes from.
    back: String,
    longest: usize,
    filled: Filled,
}

/// What stands in the fields.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) name: String,
    /// Six hexadecimal digits, as far as it is right.
    pub(super) color: String,
    name_trouble: Option<String>,
    color_trouble: Option<String>,
    /// What is wrong with the whole.
    trouble: Option<String>,
}

impl FormPage {
    /// The form of a tag to be.
    pub(super) fn new(ground: &Ground, filled: Filled) -> Self {
        let back = address(ground);
        Self {
            frame: ground.frame_at(Nav::Connections),
            room: ground.room.clone(),
            stored: None,
            address: format!("{back}/new"),
            back,
            longest: LONGEST_NAME,
            filled,
        }
    }

    /// The form of one that is there.
    pub(super) fn of(spot: &Spot, tag: &Tag, filled: Filled) -> Self {
        Self {
            stored: Some(tag.name.clone()),
            address: spot.address(),
            ..Self::new(&spot.ground, filled)
        }
    }
}

impl Filled {
    pub(super) fn new() -> Self {
        Self {
            color: FIRST_COLOR.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn of(tag: &Tag) -> Self {
        Self {
            name: tag.name.clone(),
            color: tag.color.clone(),
            ..Self::default()
        }
    }

    pub(super) fn sent(fields: &Fields) -> Self {
        Self {
            name: fields.get("name").trim().to_owned(),
            color: fields.get("color").trim().replace('#', ""),
            ..Self::default()
        }
    }

    /// The same form with what was wrong beside its field.
    pub(super) fn blame(mut self, error: Error) -> Result<Self> {
        match error {
            Error::Taken { .. } => {
                let told = "The workspace has a tag of this name already.";
                self.name_trouble = Some(told.to_owned());
            }
            Error::Invalid { faults, .. } => {
                for fault in faults {
                    let message = fault.message;
                    match fault.pointer.as_str() {
                        "/name" if self.name.is_empty() => {
                            self.name_trouble = Some("Give the tag a name.".to_owned());
                        }
                        "/name" => self.name_trouble = Some(format!("The name {message}.")),
                        "/color" => self.color_trouble = Some(format!("The colour {message}.")),
                        _ => self.trouble = Some(format!("Not saved: {message}.")),
                    }
                }
            }
            error => return Err(error),
        }
        Ok(self)
    }

    fn in_trouble(&self) -> bool {
        [&self.name_trouble, &self.color_trouble, &self.trouble]
            .into_iter()
            .any(Option::is_some)
    }
}
