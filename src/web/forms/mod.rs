//! Forms that are made from a connector's specification. [`Form`] is a form in memory: made fresh, from
//! a stored configuration or from what a browser posted; changed by the buttons that add and remove
//! items; read into a configuration; rendered into HTML. It works without script: whatever may be
//! chosen is in the page, and the style shows what is.
//!
//! `schema` reads the specification into `shape`s, `fill` puts values into `field`s, `read` takes them
//! out again, `view` shows them. `prose` is for descriptions, `words` for what we add to them.

mod field;
mod fill;
pub(super) mod prose;
mod read;
mod schema;
mod shape;
mod view;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::form::Fields;
use field::{Field, State};
use fill::{Origin, Posted};
use shape::Shape;
pub(super) use view::Trouble;

/// A form and what is written in it. Secrets are, too: so nothing here can be printed for debugging.
pub(super) struct Form {
    root: Field,
    /// The parts of the form, as (key, title).
    groups: Vec<(String, String)>,
}

/// What the buttons of a form ask for, apart from sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// One more item for the list of this name.
    Add(String),
    /// One less: the name of the list, and the number of the item.
    Remove(String, usize),
}

impl Change {
    /// As the value of a button.
    pub(super) fn of(text: &str) -> Option<Self> {
        if let Some(list) = text.strip_prefix("add:") {
            return Some(Self::Add(list.to_owned()));
        }
        let (list, number) = text.strip_prefix("remove:")?.rsplit_once('/')?;
        Some(Self::Remove(list.to_owned(), number.parse().ok()?))
    }
}

impl Form {
    /// A form for something new.
    pub(super) fn fresh(specification: &Value) -> Self {
        Self::filled(specification, Origin::Fresh)
    }

    /// A form with what is stored.
    pub(super) fn stored(specification: &Value, configuration: &Value) -> Self {
        Self::filled(specification, Origin::Stored(Some(configuration)))
    }

    /// A form as it was posted. What is stored says what is to be kept beside the fields.
    pub(super) fn posted(specification: &Value, fields: &Fields, stored: Option<&Value>) -> Self {
        let posted = Origin::Posted {
            fields: &Posted::of(fields),
            stored,
            fresh: stored.is_none(),
        };
        Self::filled(specification, posted)
    }

    fn filled(specification: &Value, origin: Origin<'_>) -> Self {
        let (root, groups) = schema::read(specification);
        let mut root = fill::field(&root, String::new(), origin);
        root.caption.clear();
        Self { root, groups }
    }

    /// Adds or removes an item.
    pub(super) fn change(&mut self, change: &Change) {
        let (Change::Add(name) | Change::Remove(name, _)) = change;
        let Some(list) = find(&mut self.root, name) else {
            return;
        };
        let (State::List { items, next }, Shape::List { item, .. }) =
            (&mut list.state, &list.node.shape)
        else {
            return;
        };
        match change {
            Change::Add(_) => {
                let mut added = fill::item(item, name, *next);
                added.field.focus = true;
                items.push(added);
                *next += 1;
            }
            Change::Remove(_, number) => {
                items.retain(|item| item.number != *number);
                list.focus = true;
            }
        }
        list.number_items();
    }

    /// The configuration, unless something that was written cannot be meant.
    pub(super) fn read(&mut self) -> Option<Value> {
        let value = self.root.read();
        value.filter(|_| !self.root.is_troubled())
    }

    /// Tells what others found wrong with the configuration, by JSON pointer. Answers whether there is a
    /// field to tell it at.
    pub(super) fn tell(&mut self, pointer: &str, message: &str) -> bool {
        let parts = pointer.split('/').skip(1);
        let parts: Vec<_> = parts
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect();
        self.root.tell(&parts, message)
    }
}

fn find<'a>(field: &'a mut Field, name: &str) -> Option<&'a mut Field> {
    if field.name == name && matches!(field.state, State::List { .. }) {
        return Some(field);
    }
    field
        .all_below()
        .into_iter()
        .find_map(|below| find(below, name))
}
