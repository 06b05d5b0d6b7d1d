//! What a connector asks for, as far as a form has to know it: one [`Node`] for every value of the
//! configuration. `schema` makes these of a JSON schema; everything after it knows no schema.

use std::sync::Arc;

use serde_json::{Number, Value};

use super::prose::Prose;

/// One value of a configuration, with its words.
#[derive(Debug)]
pub(super) struct Node {
    /// In the object around it; empty for the root, for an item of a list and for an option.
    pub(super) key: String,
    pub(super) title: String,
    pub(super) help: Prose,
    /// More to know about what may be written, in sentences of ours.
    pub(super) hints: Vec<String>,
    pub(super) required: bool,
    /// Never to be read by anybody looking on; what is stored of it is a mask.
    pub(super) secret: bool,
    /// Shown among the required ones although it is not.
    pub(super) always_show: bool,
    /// The part of the form that it belongs to.
    pub(super) group: Option<String>,
    pub(super) default: Option<Value>,
    pub(super) shape: Shape,
}

impl Node {
    /// One of several for the same value: it has no key, and is there when it is chosen.
    pub(super) fn option(title: &str, shape: Shape) -> Self {
        Self {
            key: String::new(),
            title: title.to_owned(),
            help: Prose::default(),
            hints: Vec::new(),
            required: true,
            secret: false,
            always_show: false,
            group: None,
            default: None,
            shape,
        }
    }
}

/// What kind of value it is.
#[derive(Debug)]
pub(super) enum Shape {
    Text(Text),
    Number {
        integer: bool,
        least: Option<Number>,
        most: Option<Number>,
    },
    Switch,
    /// One of these.
    Choice(Vec<Offer>),
    /// Any of these, as an array.
    Several {
        offers: Vec<Offer>,
        least: usize,
    },
    /// Always this, and never shown.
    Constant(Value),
    /// Not shown: what is stored stays, or else the default counts.
    Hidden,
    Group(Vec<Arc<Node>>),
    /// One of several descriptions of the same value, or none of them when it is not required. An
    /// object that may be left out is a choice between one option and none.
    OneOf(Vec<Arc<Node>>),
    List {
        item: Arc<Node>,
        least: usize,
    },
    /// Anything else, to be written as JSON.
    Json(Kind),
}

/// What JSON has to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    Any,
}

/// A string.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) multiline: bool,
    /// A day, which browsers can help to choose.
    pub(super) day: bool,
    pub(super) shortest: usize,
    pub(super) longest: Option<usize>,
}

/// Something to choose.
#[derive(Debug, PartialEq)]
pub(super) struct Offer {
    pub(super) value: Value,
    pub(super) label: String,
}

impl Offer {
    /// A value that explains itself.
    pub(super) fn plain(value: &Value) -> Self {
        Self {
            label: written(value),
            value: value.clone(),
        }
    }
}

/// A value as the text of a field: strings as they are, everything else as JSON.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
        scalar => scalar.to_string(),
    }
}
