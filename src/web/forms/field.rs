//! A form in memory: a tree of fields as the specification has it, each with what is written in it.
//! `fill` makes one, `read` turns it into a configuration, `view` into HTML.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::shape::{Node, Offer, Shape, written};

/// One value of the configuration, as somebody fills it in.
pub(super) struct Field {
    pub(super) node: Arc<Node>,
    /// In the posted form: a JSON pointer, in which a `#` tells options of one value apart.
    pub(super) name: String,
    /// What it is called on the page: the title, or for an item of a list its number as well.
    pub(super) caption: String,
    /// What is wrong with it, in sentences.
    pub(super) troubles: Vec<String>,
    /// Where the keyboard is after the page was shown.
    pub(super) focus: bool,
    pub(super) state: State,
}

/// What is written in a field, by the shape of its node.
pub(super) enum State {
    /// For texts, numbers, choices and JSON: as it was typed.
    Text(String),
    Switch {
        on: bool,
        /// Off is written down as well, instead of leaving the key out.
        explicit: bool,
    },
    Several(Vec<Value>),
    /// For constants and what is not shown.
    Fixed(Option<Value>),
    Group {
        fields: Vec<Field>,
        /// What is stored beside the fields that we know.
        rest: Map<String, Value>,
    },
    OneOf {
        options: Vec<Field>,
        chosen: Option<usize>,
    },
    List {
        items: Vec<Item>,
        /// The number of the next item that is added.
        next: usize,
    },
}

/// An item of a list. Its number is in the names of its fields and never changes, however many items
/// around it come and go; the numbers of those that are stored are their places there.
pub(super) struct Item {
    pub(super) number: usize,
    pub(super) field: Field,
}

impl Field {
    /// Whether there is anything to see of it.
    pub(super) fn is_shown(&self) -> bool {
        !matches!(self.state, State::Fixed(_))
    }

    /// The fields right below that count: of a choice only the option that is chosen.
    pub(super) fn below(&self) -> Vec<&Self> {
        match &self.state {
            State::Group { fields, .. } => fields.iter().collect(),
            State::OneOf { options, chosen } => {
                chosen.and_then(|at| options.get(at)).into_iter().collect()
            }
            State::List { items, .. } => items.iter().map(|item| &item.field).collect(),
            _ => Vec::new(),
        }
    }

    /// All fields right below, chosen or not.
    pub(super) fn all_below(&mut self) -> Vec<&mut Self> {
        match &mut self.state {
            State::Group { fields, .. } => fields.iter_mut().collect(),
            State::OneOf { options, .. } => options.iter_mut().collect(),
            State::List { items, .. } => items.iter_mut().map(|item| &mut item.field).collect(),
            _ => Vec::new(),
        }
    }

    /// Numbers the captions of the items again, after some came or went.
    pub(super) fn number_items(&mut self) {
        let title = self.caption.clone();
        if let State::List { items, .. } = &mut self.state {
            for (index, item) in items.iter_mut().enumerate() {
                item.field.caption = match item.field.node.title.as_str() {
                    "" => format!("{title} {}", index + 1),
                    own => format!("{own} {}", index + 1),
                };
            }
        }
    }
}

/// The name of a member of an object.
pub(super) fn member(name: &str, key: &str) -> String {
    let key = key.replace('~', "~0").replace('/', "~1");
    format!("{name}/{}", key.replace('#', "~2").replace('@', "~3"))
}

/// The name of the field that says which option is chosen.
pub(super) fn choice(name: &str) -> String {
    format!("{name}#")
}

/// The name of what an option asks for.
pub(super) fn option(name: &str, index: usize) -> String {
    format!("{name}#{index}")
}

/// The name of the fields that say which items a list has.
pub(super) fn items(name: &str) -> String {
    format!("{name}@")
}

/// What is offered for a choice, with what is chosen already although it is not on offer.
pub(super) fn on_offer(shape: &Shape, state: &State) -> Vec<Offer> {
    let (Shape::Choice(offers) | Shape::Several { offers, .. }) = shape else {
        return Vec::new();
    };
    let extra: Vec<Value> = match state {
        State::Text(text) if !text.is_empty() => vec![Value::String(text.clone())],
        State::Several(values) => values.clone(),
        _ => Vec::new(),
    };
    let known = |value: &Value| {
        let text = written(value);
        offers.iter().any(|offer| written(&offer.value) == text)
    };
    let extra = extra.iter().filter(|value| !known(value)).map(Offer::plain);
    let offers = offers.iter().map(|offer| Offer {
        value: offer.value.clone(),
        label: offer.label.clone(),
    });
    offers.chain(extra).collect()
}
