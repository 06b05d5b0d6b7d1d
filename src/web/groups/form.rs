//! The form of a group, new or not: its name and what it is for.

use askama::Template;

use crate::domain::group::{Description, Group};
use crate::domain::text::{LONGEST_NAME, Name};
use crate::error::Error;
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::organizations::house::{Hall, House, Wing};

/// The page with the form.
#[derive(Debug, Template)]
#[template(path = "groups/form.html")]
pub(super) struct FormPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    /// The name that is stored; absent for a new one.
    stored: Option<String>,
    /// Where it is sent.
    address: String,
    /// Where one comes from.
    back: String,
    longest: usize,
    pub(super) filled: Filled,
}

/// What stands in the fields.
#[derive(Debug, Default)]
pub(super) struct Filled {
    name: String,
    description: String,
    name_trouble: Option<String>,
    description_trouble: Option<String>,
}

impl FormPage {
    /// The form of a group to be.
    pub(super) fn new(house: &House, filled: Filled) -> Self {
        let back = house.address(Wing::Groups);
        Self {
            frame: house.frame(),
            hall: house.hall.clone(),
            at: Wing::Groups,
            stored: None,
            address: format!("{back}/new"),
            back,
            longest: LONGEST_NAME,
            filled,
        }
    }

    /// The form of one that is there.
    pub(super) fn of(house: &House, group: &Group, filled: Filled) -> Self {
        let back = format!("{}/{}", house.address(Wing::Groups), group.id);
        Self {
            stored: Some(group.name.clone()),
            address: format!("{back}/edit"),
            back,
            ..Self::new(house, filled)
        }
    }
}

impl Filled {
    pub(super) fn of(group: &Group) -> Self {
        Self {
            name: group.name.clone(),
            description: group.description.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    pub(super) fn sent(fields: &Fields) -> Self {
        Self {
            name: fields.get("name").trim().to_owned(),
            description: fields.get("description").trim().replace("\r\n", "\n"),
            ..Self::default()
        }
    }

    /// What is wanted; nothing when something is wrong with it, which is told beside its field.
    pub(super) fn meant(&mut self) -> Option<(Name, Description)> {
        let name = Name::try_from(self.name.clone()).map_err(|why| match self.name.as_str() {
            "" => "Give the group a name.".to_owned(),
            _ => format!("The name {why}."),
        });
        let description = Description::try_from(self.description.clone());
        match (name, description) {
            (Ok(name), Ok(description)) => Some((name, description)),
            (name, description) => {
                self.name_trouble = name.err();
                let tell = |why| format!("The description {why}.");
                self.description_trouble = description.err().map(tell);
                None
            }
        }
    }

    fn in_trouble(&self) -> bool {
        self.name_trouble.is_some() || self.description_trouble.is_some()
    }

    /// The same form with a failure told beside the name, if it is about that.
    pub(super) fn blame(self, error: Error) -> Result<Self, Error> {
        match error {
            Error::Taken { .. } => Ok(Self {
                name_trouble: Some("The organization has a group of this name already.".to_owned()),
                ..self
            }),
            error => Err(error),
        }
    }
}
