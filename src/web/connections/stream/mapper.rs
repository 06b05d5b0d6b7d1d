//! A mapper in the form: what stands in its fields, and the mapper that it means.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::kinds::{Field, Kind, Look};
use crate::domain::mapper::Mapper;
use crate::error::{Error, Result};
use crate::web::connections::offered::capital;
use crate::web::form::Fields;

/// One mapper.
#[derive(Debug)]
pub(super) struct Row {
    /// Tells it from the others in the form; it says nothing of the order.
    pub(super) number: usize,
    pub(super) kind: Kind,
    /// Of one that is stored.
    pub(super) id: Option<Uuid>,
    /// The text of each field of its kind.
    texts: Vec<String>,
    pub(super) trouble: Option<String>,
}

/// A field as the page shows it.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) field: Field,
    pub(super) id: String,
    pub(super) text: &'a str,
}

impl Row {
    /// One that somebody adds.
    pub(super) fn new(number: usize, kind: Kind) -> Self {
        let first = |field: &Field| match field.look {
            Look::Choice(all) => all[0].to_owned(),
            _ => field.first.to_owned(),
        };
        Self {
            number,
            kind,
            id: None,
            texts: kind.fields().iter().map(first).collect(),
            trouble: None,
        }
    }

    /// One that is stored.
    pub(super) fn of(number: usize, mapper: &Mapper) -> Result<Self> {
        let kind = Kind::of(&mapper.deed);
        let texts = kind.texts(&mapper.deed).map_err(Error::internal)?;
        let text = |field: &Field| texts.get(field.key)?.as_str().map(str::to_owned);
        let texts = kind
            .fields()
            .iter()
            .map(|field| text(field).unwrap_or_default());
        Ok(Self {
            id: mapper.id,
            texts: texts.collect(),
            ..Self::new(number, kind)
        })
    }

    /// One as the form says it.
    pub(super) fn sent(number: usize, fields: &Fields) -> Option<Self> {
        let of = |what: &str| fields.get(&format!("m{number}-{what}"));
        let kind = Kind::named(of("kind"))?;
        let texts = kind.fields().iter().map(|field| match field.look {
            Look::Text => of(field.key).to_owned(),
            _ => of(field.key).trim().to_owned(),
        });
        Some(Self {
            id: of("id").parse().ok(),
            texts: texts.collect(),
            ..Self::new(number, kind)
        })
    }

    /// What it means; nothing when something is wrong, which is told beside it.
    pub(super) fn meant(&mut self) -> Option<Mapper> {
        let filled = || self.kind.fields().iter().zip(&self.texts);
        let empty = filled().find(|(field, text)| !field.optional && text.is_empty());
        if let Some((field, _)) = empty {
            self.trouble = Some(format!("“{}” is empty.", field.label));
            return None;
        }
        let texts: Map<_, _> = filled()
            .map(|(field, text)| (field.key.to_owned(), Value::from(text.as_str())))
            .collect();
        match self.kind.deed(texts) {
            Ok(deed) => Some(Mapper { id: self.id, deed }),
            Err(why) => {
                self.trouble = Some(capital(&why));
                None
            }
        }
    }

    /// Tells what the server has against it: at this place of its stream, in these words.
    pub(super) fn blame(&mut self, place: &str, words: &str) {
        let words = match words.split_once(": ") {
            Some((code, words)) if !code.contains(char::is_lowercase) => words,
            _ => words,
        };
        let field = self
            .kind
            .fields()
            .iter()
            .find(|field| place.ends_with(&format!("/{}", field.key)));
        self.trouble = Some(match field {
            Some(field) => format!("“{}” {}.", field.label, words.trim_end_matches('.')),
            None => capital(words),
        });
    }

    pub(super) fn shown(&self) -> Vec<Shown<'_>> {
        let fields = self.kind.fields().iter().zip(&self.texts);
        let shown = fields.map(|(field, text)| Shown {
            field: *field,
            id: format!("m{}-{}", self.number, field.key),
            text,
        });
        shown.collect()
    }
}
