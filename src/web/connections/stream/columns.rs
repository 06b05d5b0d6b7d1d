//! Which columns of a stream are taken: all of them, with those that come later, or only some.

use crate::domain::stream::{SelectedField, StreamChoice};
use crate::web::connections::offered::capital;
use crate::web::form::Fields;

/// The columns in the form.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) all: bool,
    pub(super) each: Vec<Column>,
    pub(super) trouble: Option<String>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) on: bool,
}

impl Columns {
    /// Those that the source offers, and those that were chosen and are not offered any more.
    pub(super) fn of(paths: &[Vec<String>], choice: &StreamChoice) -> Self {
        let selected = choice.selected_fields.iter();
        let chosen: Vec<&String> = selected.filter_map(|one| one.field_path.first()).collect();
        let whole = paths.iter().filter(|path| path.len() == 1).flatten();
        let offered: Vec<&String> = whole.collect();
        let gone = chosen.iter().filter(|name| !offered.contains(name));
        let names = offered.iter().chain(gone);
        Self {
            all: chosen.is_empty(),
            each: names
                .map(|name| Column {
                    name: (*name).clone(),
                    on: chosen.is_empty() || chosen.contains(name),
                })
                .collect(),
            trouble: None,
        }
    }

    /// Takes over what the form says.
    pub(super) fn fill(&mut self, fields: &Fields) {
        self.all = fields.get("columns") != "some";
        for column in &mut self.each {
            let mut ticked = fields.pairs().iter();
            column.on = ticked.any(|(name, value)| name == "column" && *value == column.name);
        }
    }

    /// What is wanted: nothing named means all.
    pub(super) fn meant(&mut self) -> Option<Vec<SelectedField>> {
        if self.all {
            return Some(Vec::new());
        }
        let chosen = self.each.iter().filter(|column| column.on);
        let chosen: Vec<_> = chosen
            .map(|column| SelectedField {
                field_path: vec![column.name.clone()],
            })
            .collect();
        if chosen.is_empty() {
            self.trouble = Some("Choose at least one column.".to_owned());
            return None;
        }
        Some(chosen)
    }

    pub(super) fn blame(&mut self, words: &str) {
        let words = capital(words);
        self.trouble = Some(match self.trouble.take() {
            Some(before) => format!("{before} {words}"),
            None => words,
        });
    }
}
