//! Taking the secrets out of a configuration, and knowing a mask that was sent back.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::marks::Marks;
use super::{MASK, PLACE, Secrets, Split, Stored, step};
use crate::error::Fault;
use crate::vault::fingerprint::canonical_text;
use crate::vault::references::Coordinate;

/// Splits a configuration. A mask that stands where a secret is stored keeps it, whether or not the
/// schema still marks the place; elsewhere it is a fault in a marked place and plain text in any other.
/// An element of an array keeps the secrets of the stored element that looks like it, else of the one
/// in its place. A null is nothing to hide.
///
/// # Errors
/// Every mask that keeps nothing, and every reference that cannot be meant.
pub fn split(
    schema: &Value,
    given: Value,
    stored: Option<Stored<'_>>,
) -> Result<Split, Vec<Fault>> {
    let (split, faults) = taken(schema, given, stored);
    if faults.is_empty() {
        Ok(split)
    } else {
        Err(faults)
    }
}

pub(super) fn taken(
    schema: &Value,
    given: Value,
    stored: Option<Stored<'_>>,
) -> (Split, Vec<Fault>) {
    let mut taking = Taking {
        stored: stored.map(|stored| stored.secrets),
        secrets: Secrets::new(),
        faults: Vec::new(),
    };
    let twin = stored.map(|stored| Twin {
        shown: stored.shown,
        pointer: String::new(),
    });
    let shown = taking.take(given, &Marks::of(schema), "", twin.as_ref());
    let split = Split {
        shown,
        secrets: taking.secrets,
    };
    (split, taking.faults)
}

/// The stored counterpart of a value that is being taken apart.
#[derive(Debug)]
struct Twin<'a> {
    shown: &'a Value,
    pointer: String,
}

impl<'a> Twin<'a> {
    fn member(&self, name: &str) -> Option<Self> {
        Some(Self {
            shown: self.shown.as_object()?.get(name)?,
            pointer: step(&self.pointer, name),
        })
    }

    fn elements(&self) -> &'a [Value] {
        self.shown.as_array().map_or(&[], Vec::as_slice)
    }

    fn element(&self, index: usize) -> Option<Self> {
        Some(Self {
            shown: self.elements().get(index)?,
            pointer: format!("{}/{index}", self.pointer),
        })
    }
}

struct Taking<'a> {
    stored: Option<&'a Secrets>,
    secrets: Secrets,
    faults: Vec<Fault>,
}

impl Taking<'_> {
    /// Takes the secrets out of a value and answers what remains to be shown.
    fn take(
        &mut self,
        given: Value,
        marks: &Marks<'_>,
        at: &str,
        twin: Option<&Twin<'_>>,
    ) -> Value {
        // A configuration as a whole is never a secret.
        let secret = marks.secret() && !at.is_empty();
        if given == MASK {
            let kept = twin.and_then(|twin| self.stored?.get(&twin.pointer));
            match kept {
                Some(kept) => {
                    self.secrets.insert(at.to_owned(), kept.clone());
                }
                None if secret => self.fault(at, NOTHING_KEPT),
                None => {}
            }
            return given;
        }
        match given {
            Value::Null => Value::Null,
            given if secret => {
                if let Some(text) = given.as_str()
                    && let Some(Err(why)) = Coordinate::parse(text)
                {
                    self.fault(at, &why);
                }
                self.secrets
                    .insert(at.to_owned(), super::SecretValue::new(given));
                Value::from(MASK)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, member)| {
                    let twin = twin.and_then(|twin| twin.member(&name));
                    let below = step(at, &name);
                    let shown = self.take(member, &marks.member(&name), &below, twin.as_ref());
                    (name, shown)
                });
                Value::Object(members.collect())
            }
            Value::Array(elements) => {
                let twins = match twin {
                    Some(twin) => pairs(&elements, marks, twin),
                    None => vec![None; elements.len()],
                };
                let elements = elements.into_iter().zip(twins).enumerate();
                let elements = elements.map(|(index, (element, pair))| {
                    let twin = pair.and_then(|pair| twin?.element(pair));
                    let below = format!("{at}/{index}");
                    self.take(element, &marks.element(index), &below, twin.as_ref())
                });
                Value::Array(elements.collect())
            }
            plain => plain,
        }
    }

    fn fault(&mut self, at: &str, why: &str) {
        self.faults
            .push(Fault::in_body(format!("{PLACE}{at}"), why));
    }
}

const NOTHING_KEPT: &str =
    "is the mask, which keeps the stored secret, but none is stored here; send the secret itself";

/// Which stored element each given one continues: the one that looks the same, first in the same place
/// and then in any, else the one in the same place. An array that became shorter has no same places:
/// then a guess might hand a secret to a neighbour. Only elements with a mask ask.
fn pairs(given: &[Value], marks: &Marks<'_>, twin: &Twin<'_>) -> Vec<Option<usize>> {
    let stored = twin.elements();
    let mut pairs = vec![None; given.len()];
    let asking: Vec<_> = (0..given.len())
        .filter(|&index| has_mask(&given[index]))
        .collect();
    if asking.is_empty() || stored.is_empty() {
        return pairs;
    }
    let looks: HashMap<_, _> = asking
        .iter()
        .map(|&index| {
            let shown = masked(&given[index], &marks.element(index));
            (index, canonical_text(&shown))
        })
        .collect();
    let mut free: HashMap<_, VecDeque<_>> = HashMap::new();
    for (index, shown) in stored.iter().enumerate() {
        free.entry(canonical_text(shown))
            .or_default()
            .push_back(index);
    }
    let mut used = vec![false; stored.len()];
    for same_place in [true, false] {
        for index in &asking {
            let Some(alike) = free
                .get_mut(&looks[index])
                .filter(|_| pairs[*index].is_none())
            else {
                continue;
            };
            let found = if same_place {
                // In order, because both are.
                alike
                    .binary_search(index)
                    .ok()
                    .and_then(|at| alike.remove(at))
            } else {
                alike.pop_front()
            };
            if let Some(found) = found {
                pairs[*index] = Some(found);
                used[found] = true;
            }
        }
    }
    if given.len() >= stored.len() {
        for index in asking {
            if pairs[index].is_none() && used.get(index) == Some(&false) {
                pairs[index] = Some(index);
            }
        }
    }
    pairs
}

fn has_mask(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().any(has_mask),
        Value::Array(elements) => elements.iter().any(has_mask),
        scalar => scalar == MASK,
    }
}

/// What would be shown of a value.
fn masked(value: &Value, marks: &Marks<'_>) -> Value {
    match value {
        Value::Null => Value::Null,
        _ if marks.secret() => Value::from(MASK),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), masked(member, &marks.member(name))))
            .collect(),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, element)| masked(element, &marks.element(index)))
            .collect(),
        plain => plain.clone(),
    }
}
