//! Filling a form in: with the defaults, with a stored configuration, or with what a browser posted.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::field::{Field, Item, State, choice, items, member, option};
use super::shape::{Kind, Node, Shape, written};
use crate::web::form::Fields;

/// What was posted, by name. A form may have thousands of fields, and each is asked for.
pub(super) struct Posted<'a>(HashMap<&'a str, Vec<&'a str>>);

impl<'a> Posted<'a> {
    pub(super) fn of(fields: &'a Fields) -> Self {
        let mut named: HashMap<_, Vec<_>> = HashMap::new();
        for (name, value) in fields.pairs() {
            named.entry(name.as_str()).or_default().push(value.as_str());
        }
        Self(named)
    }

    fn all(&self, name: &str) -> &[&'a str] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// As it was typed: browsers end the lines of a form with two characters.
    fn text(&self, name: &str) -> String {
        let text = self.all(name).first().copied().unwrap_or_default();
        text.replace("\r\n", "\n")
    }
}

/// Where the values come from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// Nowhere yet: the defaults count.
    Fresh,
    /// What is stored; absent values stay so, because defaults are not added to what works.
    Stored(Option<&'a Value>),
    /// A posted form, and what was stored when it was.
    Posted {
        fields: &'a Posted<'a>,
        stored: Option<&'a Value>,
        /// Nothing was stored of it yet, so the defaults of what is not shown count.
        fresh: bool,
    },
}

impl<'a> Origin<'a> {
    /// The value at hand, unless it has to be put together from posted fields.
    fn value(self, node: &'a Node) -> Option<&'a Value> {
        match self {
            Self::Fresh => node.default.as_ref(),
            Self::Stored(value) => value,
            Self::Posted { stored, .. } => stored,
        }
        .filter(|value| !value.is_null())
    }

    fn stored(self) -> Option<&'a Value> {
        match self {
            Self::Fresh => None,
            Self::Stored(stored) | Self::Posted { stored, .. } => stored,
        }
    }

    /// The same for a part of the value.
    fn part(self, part: Option<&'a Value>) -> Self {
        match self {
            Self::Fresh if part.is_none() => Self::Fresh,
            Self::Fresh | Self::Stored(_) => Self::Stored(part),
            Self::Posted { fields, fresh, .. } => Self::Posted {
                fields,
                stored: part,
                fresh,
            },
        }
    }

    /// The same for something that is not stored, although what is around it may be.
    fn beside(self) -> Self {
        match self {
            Self::Fresh | Self::Stored(_) => Self::Fresh,
            Self::Posted { fields, .. } => Self::Posted {
                fields,
                stored: None,
                fresh: true,
            },
        }
    }
}

/// A field and everything below it.
pub(super) fn field(node: &Arc<Node>, name: String, origin: Origin<'_>) -> Field {
    let state = match &node.shape {
        Shape::Text(_) | Shape::Number { .. } | Shape::Choice(_) | Shape::Json(_) => {
            State::Text(match origin {
                Origin::Posted { fields, .. } => fields.text(&name),
                _ => origin.value(node).map(written).unwrap_or_default(),
            })
        }
        Shape::Switch => switch(node, &name, origin),
        Shape::Several { offers, .. } => State::Several(match origin {
            Origin::Posted { fields, .. } => {
                let known = |text: &str| offers.iter().find(|offer| written(&offer.value) == text);
                let value = |text: &str| match known(text) {
                    Some(offer) => offer.value.clone(),
                    None => Value::from(text),
                };
                fields.all(&name).iter().map(|text| value(text)).collect()
            }
            _ => list_of(origin.value(node)).to_vec(),
        }),
        Shape::Constant(value) => State::Fixed(Some(value.clone())),
        Shape::Hidden => State::Fixed(match origin {
            Origin::Fresh | Origin::Posted { fresh: true, .. } => node.default.clone(),
            Origin::Stored(stored) | Origin::Posted { stored, .. } => stored.cloned(),
        }),
        Shape::Group(nodes) => group(node, nodes, &name, origin),
        Shape::OneOf(options) => one_of(node, options, &name, origin),
        Shape::List { item, least } => list(node, item, *least, &name, origin),
    };
    let mut field = Field {
        node: Arc::clone(node),
        name,
        caption: node.title.clone(),
        troubles: Vec::new(),
        focus: false,
        state,
    };
    field.number_items();
    field
}

/// One more item for a list.
pub(super) fn item(node: &Arc<Node>, list: &str, number: usize) -> Item {
    Item {
        number,
        field: field(node, member(list, &number.to_string()), Origin::Fresh),
    }
}

fn switch(node: &Node, name: &str, origin: Origin<'_>) -> State {
    let on = match origin {
        Origin::Posted { fields, .. } => !fields.all(name).is_empty(),
        _ => origin.value(node) == Some(&Value::Bool(true)),
    };
    State::Switch {
        on,
        explicit: node.required || node.default.is_some() || origin.stored().is_some(),
    }
}

fn group(node: &Node, nodes: &[Arc<Node>], name: &str, origin: Origin<'_>) -> State {
    let whole = origin.value(node).and_then(Value::as_object);
    let fields = nodes.iter().map(|child| {
        let part = whole.and_then(|whole| whole.get(&child.key));
        field(child, member(name, &child.key), origin.part(part))
    });
    let unknown = |key: &String| !nodes.iter().any(|child| child.key == *key);
    let stored = origin.stored().and_then(Value::as_object);
    State::Group {
        fields: fields.collect(),
        rest: stored
            .into_iter()
            .flatten()
            .filter(|(key, _)| unknown(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<Map<_, _>>(),
    }
}

fn one_of(node: &Node, options: &[Arc<Node>], name: &str, origin: Origin<'_>) -> State {
    let held = origin.value(node);
    let fitting = held.and_then(|value| best(options, value));
    let chosen = match origin {
        Origin::Posted { fields, .. } => fields.text(&choice(name)).parse().ok(),
        Origin::Fresh => fitting.or((node.required && !options.is_empty()).then_some(0)),
        Origin::Stored(_) => fitting,
    };
    let options = options.iter().enumerate().map(|(index, node)| {
        let origin = if fitting == Some(index) {
            origin.part(held)
        } else {
            origin.beside()
        };
        field(node, option(name, index), origin)
    });
    let mut options: Vec<_> = options.collect();
    // What is stored may be of an earlier version of the connector.
    let stray = origin
        .stored()
        .filter(|value| fitting.is_none() && !value.is_null());
    let mut chosen = chosen;
    if let Some(value) = stray {
        let index = options.len();
        let node = Node::option("As it is stored", Shape::Constant(value.clone()));
        options.push(field(&Arc::new(node), option(name, index), origin));
        if matches!(origin, Origin::Stored(_)) {
            chosen = Some(index);
        }
    }
    State::OneOf {
        chosen: chosen.filter(|&at| at < options.len()),
        options,
    }
}

/// The option that a value was written for.
fn best(options: &[Arc<Node>], value: &Value) -> Option<usize> {
    let fits = options
        .iter()
        .enumerate()
        .filter_map(|(index, node)| Some((fit(&node.shape, value)?, index)));
    // Of equals the first.
    fits.max_by_key(|&(fit, index)| (fit, usize::MAX - index))
        .map(|(_, index)| index)
}

/// How well a value fits, or that it does not.
fn fit(shape: &Shape, value: &Value) -> Option<usize> {
    let right = match shape {
        Shape::Group(nodes) => {
            let object = value.as_object()?;
            let mut points = 1;
            for node in nodes {
                match (&node.shape, object.get(&node.key)) {
                    (Shape::Constant(wanted), Some(held)) if held != wanted => return None,
                    (Shape::Constant(_), Some(_)) => points += 100,
                    (_, Some(_)) => points += 1,
                    (_, None) => {}
                }
            }
            return Some(points);
        }
        Shape::OneOf(options) => return options.iter().filter_map(|o| fit(&o.shape, value)).max(),
        Shape::Text(_) => value.is_string(),
        Shape::Number { .. } => value.is_number(),
        Shape::Switch => value.is_boolean(),
        Shape::Choice(offers) => offers.iter().any(|offer| offer.value == *value),
        Shape::Constant(wanted) => value == wanted,
        Shape::Several { .. } | Shape::List { .. } | Shape::Json(Kind::Array) => value.is_array(),
        Shape::Json(Kind::Object) => value.is_object(),
        Shape::Json(Kind::Any) | Shape::Hidden => true,
    };
    right.then_some(1)
}

fn list(node: &Node, item: &Arc<Node>, least: usize, name: &str, origin: Origin<'_>) -> State {
    let held = list_of(origin.value(node));
    let stored = list_of(origin.stored());
    let numbers: Vec<usize> = match origin {
        Origin::Posted { fields, .. } => {
            let numbers = fields.all(&items(name)).iter();
            numbers.filter_map(|number| number.parse().ok()).collect()
        }
        _ => (0..held.len()).collect(),
    };
    let mut made: Vec<Item> = Vec::new();
    for number in numbers {
        if made.len() < MOST_ITEMS && made.iter().all(|item| item.number != number) {
            let origin = match held.get(number) {
                None => origin.beside(),
                part => origin.part(part),
            };
            made.push(Item {
                number,
                field: field(item, member(name, &number.to_string()), origin),
            });
        }
    }
    let highest = made.iter().map(|item| item.number.saturating_add(1)).max();
    let mut next = highest.unwrap_or(0).max(stored.len());
    // Something to write into at once.
    if matches!(origin, Origin::Fresh) && made.is_empty() && (node.required || least > 0) {
        made.push(self::item(item, name, next));
        next += 1;
    }
    State::List { items: made, next }
}

/// More items than anybody adds by hand.
const MOST_ITEMS: usize = 1000;

fn list_of(value: Option<&Value>) -> &[Value] {
    value
        .and_then(Value::as_array)
        .map_or(&[], |list| list.as_slice())
}
