//! The streams that a source offers as rows of a form: what is chosen of each, and what may be.

use super::words::{key, meant};
use crate::domain::ids::ActorId;
use crate::domain::stream::{StreamChoice, SyncMode};
use crate::ops::streams::Stream;
use crate::web::form::Fields;

/// One stream in the form.
#[derive(Debug)]
pub(super) struct Row {
    /// What its fields begin with.
    pub(super) mark: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) on: bool,
    pub(super) modes: Vec<SyncMode>,
    pub(super) mode: SyncMode,
    /// Its fields: any could be the cursor.
    pub(super) paths: Vec<Vec<String>>,
    pub(super) cursor: Vec<String>,
    /// Told by the source; then nobody else chooses it.
    pub(super) own_cursor: bool,
    pub(super) own_key: bool,
    /// Parts of the key, with commas between them.
    pub(super) key: String,
    pub(super) trouble: Option<String>,
    pub(super) cursor_trouble: Option<String>,
    pub(super) key_trouble: Option<String>,
    /// What is chosen already, with wishes that this form does not show.
    before: Option<StreamChoice>,
}

/// The two ends, whose streams are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) source: ActorId,
    pub(super) destination: ActorId,
}

impl Row {
    /// A stream as it is first shown: as it is chosen already, or as it is best taken.
    pub(super) fn first(index: usize, stream: Stream, chosen: Option<&[StreamChoice]>) -> Self {
        let Stream { offer, sync_modes } = stream;
        let modes: Vec<SyncMode> = sync_modes
            .unwrap_or_default()
            .into_iter()
            .filter_map(|mode| meant(&key(mode)))
            .collect();
        let same = |choice: &&StreamChoice| {
            choice.name == offer.name
                && (choice.namespace == offer.namespace || choice.namespace.is_none())
        };
        let before = chosen.and_then(|all| all.iter().find(same)).cloned();
        let cursor = before.as_ref().map(|choice| choice.cursor_field.clone());
        let cursor = cursor
            .filter(|path| !path.is_empty())
            .unwrap_or_else(|| offer.default_cursor_field.clone());
        let key = match &before {
            Some(choice) if !choice.primary_key.is_empty() => &choice.primary_key,
            _ => &offer.source_defined_primary_key,
        };
        let key = spelled(key);
        let knows = |mode: SyncMode| {
            (!mode.is_incremental() || offer.source_defined_cursor || !cursor.is_empty())
                && (!mode.needs_primary_key() || !key.is_empty())
        };
        let mode = before.as_ref().map_or_else(
            || {
                let liked = [
                    SyncMode::IncrementalDedupedHistory,
                    SyncMode::IncrementalAppend,
                    SyncMode::FullRefreshOverwrite,
                ];
                let fits = |mode: &SyncMode| modes.contains(mode) && knows(*mode);
                let first = modes.first().copied();
                liked.into_iter().find(fits).or(first)
            },
            |choice| Some(choice.mode()),
        );
        Self {
            mark: format!("s{index}"),
            on: chosen.is_none() || before.is_some(),
            mode: mode.unwrap_or(SyncMode::FullRefreshOverwrite),
            modes,
            paths: offer.property_fields,
            cursor,
            own_cursor: offer.source_defined_cursor,
            own_key: !offer.source_defined_primary_key.is_empty(),
            key,
            trouble: None,
            cursor_trouble: None,
            key_trouble: None,
            before,
            name: offer.name,
            namespace: offer.namespace,
        }
    }

    /// Takes over what the form says of it. Streams are known by name: the source may have been asked
    /// anew since the form was shown.
    pub(super) fn fill(&mut self, fields: &Fields) {
        let own = |(name, value): &&(String, String)| {
            name.ends_with("-name")
                && *value == self.name
                && fields.get(&format!("{}-space", &name[..name.len() - 5]))
                    == self.namespace.as_deref().unwrap_or_default()
        };
        let Some((name, _)) = fields.pairs().iter().find(own) else {
            self.on = false;
            return;
        };
        let of = |what: &str| fields.get(&format!("{}-{what}", &name[..name.len() - 5]));
        self.on = !of("on").is_empty();
        self.mode = meant(of("mode")).unwrap_or(self.mode);
        if !self.own_cursor {
            self.cursor = serde_json::from_str(of("cursor")).unwrap_or_default();
        }
        if !self.own_key {
            of("key").clone_into(&mut self.key);
        }
    }

    /// What is wanted of it.
    pub(super) fn choice(&self) -> StreamChoice {
        let new = || StreamChoice::named(&self.name, self.namespace.clone());
        let mut choice = self.before.clone().unwrap_or_else(new);
        choice.sync_mode = Some(self.mode);
        choice.cursor_field = if self.mode.is_incremental() && !self.own_cursor {
            self.cursor.clone()
        } else {
            Vec::new()
        };
        choice.primary_key = if self.mode.needs_primary_key() && !self.own_key {
            self.key_parts()
        } else {
            Vec::new()
        };
        choice
    }

    fn key_parts(&self) -> Vec<Vec<String>> {
        let parts = self.key.split(',').map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(|part| {
                let known = self.paths.iter().find(|path| path.join(".") == part);
                known.cloned().unwrap_or_else(|| vec![part.to_owned()])
            })
            .collect()
    }

    /// Puts what was wrong with it beside the field that it is about.
    pub(super) fn blame(&mut self, field: &str, message: &str) {
        let intro = format!("stream {}: ", self.name);
        let words = capital(message.strip_prefix(&intro).unwrap_or(message));
        let place = match field {
            "cursorField" => &mut self.cursor_trouble,
            "primaryKey" => &mut self.key_trouble,
            _ => &mut self.trouble,
        };
        *place = Some(match place.take() {
            Some(before) => format!("{before} {words}"),
            None => words,
        });
    }

    /// The cursor, when the source has one of its own.
    pub(super) fn cursor_words(&self) -> String {
        self.cursor.join(".")
    }

    pub(super) fn is_cursor(&self, path: &[String]) -> bool {
        self.cursor == path
    }

    /// A path as a form sends it.
    pub(super) fn path_key(path: &[String]) -> String {
        serde_json::to_string(path).unwrap_or_default()
    }
}

/// A key as people write it.
fn spelled(key: &[Vec<String>]) -> String {
    let parts: Vec<_> = key.iter().map(|path| path.join(".")).collect();
    parts.join(", ")
}

/// A sentence out of words that follow a field's name.
pub(super) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let mut text = first.unwrap_or_default() + letters.as_str();
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}
