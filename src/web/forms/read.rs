//! Reading a form: from what was typed to the configuration with its right types. What cannot be read
//! is told beside its field. Whether the configuration as a whole is one that the connector takes is
//! not decided here; `tell` brings the verdict of those who know to the fields that it is about.

use serde_json::{Map, Number, Value};

use super::field::{Field, State};
use super::fill;
use super::shape::{Kind, Node, Shape, Text, written};
use crate::vault::configuration::MASK;

impl Field {
    /// The value, or nothing when it is left out. Where something is wrong there is trouble afterwards.
    pub(super) fn read(&mut self) -> Option<Value> {
        let read = match &mut self.state {
            State::Text(text) => read_text(&self.node, text),
            State::Switch { on, explicit } => Ok((*on || *explicit).then_some(Value::Bool(*on))),
            State::Several(values) => read_several(&self.node, values),
            State::Fixed(value) => Ok(value.clone()),
            State::Group { fields, rest } => {
                let known = fields
                    .iter_mut()
                    .filter_map(|field| Some((field.node.key.clone(), field.read()?)));
                let mut object: Map<_, _> = known.collect();
                object.extend(rest.clone());
                Ok(Some(Value::Object(object)))
            }
            State::OneOf { options, chosen } => match chosen.and_then(|at| options.get_mut(at)) {
                Some(option) => Ok(option.read()),
                None if self.node.required => Err("Choose one of these.".to_owned()),
                None => Ok(None),
            },
            State::List { .. } => self.read_list(),
        };
        read.unwrap_or_else(|trouble| {
            self.troubles.push(trouble);
            None
        })
    }

    /// Items in which nothing was written are not there.
    fn read_list(&mut self) -> Result<Option<Value>, String> {
        let Self {
            node, name, state, ..
        } = self;
        let (State::List { items, next }, Shape::List { item, least }) = (state, &node.shape)
        else {
            return Ok(None);
        };
        items.retain(|item| !matches!(&item.field.state, State::Text(text) if text.is_empty()));
        let values: Vec<_> = items
            .iter_mut()
            .filter_map(|item| item.field.read())
            .collect();
        let count = items.len();
        if count == 0 && (node.required || *least > 0) {
            items.push(fill::item(item, name, *next));
            *next += 1;
        }
        self.number_items();
        enough(&self.node, least_of(&self.node), count)?;
        Ok((count > 0 || self.node.required).then_some(Value::Array(values)))
    }

    /// Whether anything is wrong here or below.
    pub(super) fn is_troubled(&self) -> bool {
        !self.troubles.is_empty() || self.below().into_iter().any(Self::is_troubled)
    }

    /// Notes what is wrong with the value at a JSON pointer: at its field, or at the nearest around it
    /// that people see. Answers whether there is one.
    pub(super) fn tell(&mut self, pointer: &[String], message: &str) -> bool {
        let below = match (&mut self.state, pointer) {
            (State::OneOf { options, chosen }, _) => {
                let option = chosen.and_then(|at| options.get_mut(at));
                option.is_some_and(|option| option.tell(pointer, message))
            }
            (State::Group { fields, .. }, [key, rest @ ..]) => {
                let field = fields.iter_mut().find(|field| field.node.key == *key);
                field.is_some_and(|field| field.tell(rest, message))
            }
            (State::List { items, .. }, [index, rest @ ..]) => {
                let item = index.parse().ok().and_then(|at: usize| items.get_mut(at));
                item.is_some_and(|item| item.field.tell(rest, message))
            }
            _ => false,
        };
        // A group without a caption is not seen itself: the root, an option, a choice of one.
        let seen = self.is_shown() && !self.caption.is_empty();
        if !below && seen {
            self.troubles.push(message.to_owned());
        }
        below || seen
    }
}

fn least_of(node: &Node) -> usize {
    match node.shape {
        Shape::List { least, .. } | Shape::Several { least, .. } => least,
        _ => 0,
    }
}

/// A list that is there has as many items as it must have, and one that must be there has one.
fn enough(node: &Node, least: usize, count: usize) -> Result<(), String> {
    if count == 0 && node.required {
        return Err("Add at least one.".to_owned());
    }
    if (count > 0 || node.required) && count < least {
        return Err(format!("Add at least {least}."));
    }
    Ok(())
}

fn read_text(node: &Node, text: &str) -> Result<Option<Value>, String> {
    if text.is_empty() {
        return if node.required {
            Err(match node.shape {
                Shape::Choice(_) => "Choose one of these.".to_owned(),
                _ => "This is required.".to_owned(),
            })
        } else {
            Ok(None)
        };
    }
    if node.secret {
        if text == MASK {
            return Ok(Some(Value::from(MASK)));
        }
        if text.contains(MASK) {
            return Err("Write the whole new value, or leave it as it was.".to_owned());
        }
    }
    match &node.shape {
        Shape::Text(rules) => within(rules, text).map(|()| Value::from(text)),
        Shape::Number { integer, .. } => read_number(node, *integer, text.trim()),
        Shape::Choice(offers) => {
            let offer = offers.iter().find(|offer| written(&offer.value) == text);
            Ok(offer.map_or_else(|| Value::from(text), |offer| offer.value.clone()))
        }
        Shape::Json(kind) => read_json(*kind, text),
        _ => Ok(Value::from(text)),
    }
    .map(Some)
}

fn within(rules: &Text, text: &str) -> Result<(), String> {
    let length = text.chars().count();
    let letters = |count: usize| match count {
        1 => "1 character".to_owned(),
        _ => format!("{count} characters"),
    };
    match rules.longest {
        _ if length < rules.shortest => Err(format!("Write at least {}.", letters(rules.shortest))),
        Some(longest) if length > longest => Err(format!("Write at most {}.", letters(longest))),
        _ => Ok(()),
    }
}

fn read_number(node: &Node, integer: bool, text: &str) -> Result<Value, String> {
    let number = if integer {
        let whole = |text: &str| {
            let signed = text.parse::<i64>().map(Number::from);
            signed.or_else(|_| text.parse::<u64>().map(Number::from))
        };
        whole(text).map_err(|_| "Write a whole number, without a unit.".to_owned())?
    } else {
        text.parse::<Number>()
            .map_err(|_| "Write a number, with a point before decimals.".to_owned())?
    };
    if let Shape::Number { least, most, .. } = &node.shape {
        let below = |one: &Number, other: &Number| one.as_f64() < other.as_f64();
        if let Some(least) = least.as_ref().filter(|least| below(&number, least)) {
            return Err(format!("Write a number that is at least {least}."));
        }
        if let Some(most) = most.as_ref().filter(|most| below(most, &number)) {
            return Err(format!("Write a number that is at most {most}."));
        }
    }
    Ok(Value::Number(number))
}

fn read_json(kind: Kind, text: &str) -> Result<Value, String> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        // Words are the most likely thing where anything goes.
        Err(_) if kind == Kind::Any => return Ok(Value::from(text)),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            return Err(format!(
                "This is not JSON: see line {line}, column {column}."
            ));
        }
    };
    match kind {
        Kind::Object if !value.is_object() => Err("Write a JSON object: {…}.".to_owned()),
        Kind::Array if !value.is_array() => Err("Write a JSON array: […].".to_owned()),
        _ => Ok(value),
    }
}

fn read_several(node: &Node, values: &[Value]) -> Result<Option<Value>, String> {
    enough(node, least_of(node), values.len())?;
    let given = !values.is_empty() || node.required;
    Ok(given.then(|| Value::Array(values.to_vec())))
}
