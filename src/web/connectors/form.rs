//! The page with the form of a source or destination, for new ones and for those that there are: what
//! came in by it, and how it goes out again.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;

use super::connector::Connector;
use super::data::{self, Held, Verdict};
use super::ground::{Ground, Room};
use super::list::Done;
use super::wait::WaitPage;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::text::{LONGEST_NAME, Name};
use crate::error::{Error, Fault};
use crate::web::failure::Failure;
use crate::web::form::Fields;
use crate::web::forms::{Change, Form, Trouble};
use crate::web::frame::{Frame, Page};

/// What a form is for.
#[derive(Debug)]
pub(super) enum Deed {
    /// A new one, made of a connector.
    Create(Box<Connector>),
    /// One that is there.
    Change(Box<Held>),
}

/// The page.
#[derive(Template)]
#[template(path = "connectors/form.html")]
struct FormPage {
    frame: Frame,
    room: Room,
    kind: Kind,
    connector: Connector,
    /// The name of what is changed.
    stored: Option<String>,
    /// Where the form goes.
    action: String,
    /// Where it came from.
    back: String,
    name: String,
    longest: usize,
    name_trouble: Option<String>,
    form: Form,
    /// What is wrong, but not with any field.
    troubles: Vec<String>,
    verdict: Option<Verdict>,
}

/// What somebody wants of a form that was sent.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Save,
    Test,
    /// More or fewer items.
    Change(Change),
    /// Just the form, as it is.
    Look,
}

impl Wish {
    fn of(fields: &Fields) -> Self {
        if !fields.get("back").is_empty() {
            return Self::Look;
        }
        match fields.get("do") {
            "test" => Self::Test,
            "" | "save" => Self::Save,
            other => Change::of(other).map_or(Self::Look, Self::Change),
        }
    }
}

/// A form that says something that can be meant.
pub(super) struct Filled {
    pub(super) name: Name,
    pub(super) configuration: Value,
}

impl Deed {
    fn connector(&self) -> &Connector {
        match self {
            Self::Create(connector) => connector,
            Self::Change(held) => &held.connector,
        }
    }

    /// Where the form is, and where it came from.
    fn addresses(&self, ground: &Ground) -> (String, String) {
        match self {
            Self::Create(connector) => {
                let back = ground.new_address();
                (format!("{back}/{}", connector.definition.id), back)
            }
            Self::Change(held) => {
                let back = ground.address_of(held.id);
                (format!("{back}/edit"), back)
            }
        }
    }

    /// The form with the defaults, or with what is stored.
    pub(super) async fn show(self, app: &Arc<App>, ground: &Ground) -> Result<Response, Failure> {
        let schema = match data::specification(app, self.connector()).await {
            Err(Error::NotYet { message, .. }) => {
                let (frame, room) = (ground.frame(), ground.room.clone());
                let (address, back) = self.addresses(ground);
                let page = WaitPage::with_page(frame, room, address, back, sentence(&message));
                return Ok(Page::new(page).into_response());
            }
            schema => schema?,
        };
        let (name, form) = match &self {
            Self::Create(connector) => (connector.definition.name.clone(), Form::fresh(&schema)),
            Self::Change(held) => (
                held.name.clone(),
                Form::stored(&schema, &held.configuration),
            ),
        };
        Ok(FormPage::new(ground, &self, name, form).shown())
    }

    /// Does what a form asks for that was sent.
    pub(super) async fn submit(
        self,
        app: &Arc<App>,
        ground: &Ground,
        fields: &Fields,
    ) -> Result<Response, Failure> {
        let schema = match data::specification(app, self.connector()).await {
            Err(Error::NotYet { .. }) => return Ok(self.waiting(ground, fields)),
            schema => schema?,
        };
        let stored = match &self {
            Self::Create(_) => None,
            Self::Change(held) => Some(&held.configuration),
        };
        let form = Form::posted(&schema, fields, stored);
        let mut page = FormPage::new(ground, &self, fields.get("name").to_owned(), form);
        let wish = Wish::of(fields);
        match &wish {
            Wish::Look => return Ok(page.shown()),
            Wish::Change(change) => {
                page.form.change(change);
                return Ok(page.shown());
            }
            Wish::Save | Wish::Test => {}
        }
        let Some(filled) = page.read(&wish) else {
            return Ok(page.refused());
        };
        if wish == Wish::Test {
            return match data::try_out(app, ground, &self, filled).await {
                Ok(verdict) => Ok(page.tested(verdict)),
                Err(Error::NotYet { .. }) => Ok(self.waiting(ground, fields)),
                Err(Error::Invalid { faults, .. }) => Ok(page.told(faults)),
                Err(error) => Ok(page.tested(Verdict::of_failure(error)?)),
            };
        }
        match data::save(app, ground, &self, filled).await {
            Ok(id) => {
                let done = match self {
                    Self::Create(_) => Done::Created,
                    Self::Change(_) => Done::Saved,
                };
                Ok(Redirect::to(&done.at(&ground.address_of(id))).into_response())
            }
            Err(Error::NotYet { .. }) => Ok(self.waiting(ground, fields)),
            Err(Error::Invalid { faults, .. }) => Ok(page.told(faults)),
            Err(Error::Unprocessable(why) | Error::Conflict(why)) => {
                page.troubles.push(sentence(&why));
                Ok(page.refused())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn waiting(&self, ground: &Ground, fields: &Fields) -> Response {
        let (action, _) = self.addresses(ground);
        let (frame, room) = (ground.frame(), ground.room.clone());
        Page::new(WaitPage::with_form(frame, room, action, fields)).into_response()
    }
}

impl FormPage {
    fn new(ground: &Ground, deed: &Deed, name: String, form: Form) -> Self {
        let (action, back) = deed.addresses(ground);
        Self {
            frame: ground.frame(),
            room: ground.room.clone(),
            kind: ground.kind,
            connector: deed.connector().clone(),
            stored: match deed {
                Deed::Create(_) => None,
                Deed::Change(held) => Some(held.name.clone()),
            },
            action,
            back,
            name,
            longest: LONGEST_NAME,
            name_trouble: None,
            form,
            troubles: Vec::new(),
            verdict: None,
        }
    }

    /// Whether something that was written has to be changed.
    fn is_refused(&self) -> bool {
        self.name_trouble.is_some()
            || !self.troubles.is_empty()
            || !self.field_troubles().is_empty()
    }

    fn field_troubles(&self) -> Vec<Trouble> {
        self.form.troubles()
    }

    /// What was written, unless some of it cannot be meant. A test needs no name yet.
    fn read(&mut self, wish: &Wish) -> Option<Filled> {
        let name = match Name::try_from(self.name.clone()) {
            Ok(name) => Some(name),
            Err(_) if *wish == Wish::Test => Name::try_from("test".to_owned()).ok(),
            Err(_) if self.name.trim().is_empty() => {
                self.name_trouble = Some(format!("Give the {} a name.", self.kind.as_str()));
                None
            }
            Err(why) => {
                self.name_trouble = Some(format!("The name {why}."));
                None
            }
        };
        let configuration = self.form.read();
        Some(Filled {
            name: name?,
            configuration: configuration?,
        })
    }

    /// The form as it is.
    fn shown(self) -> Response {
        Page::new(self).into_response()
    }

    /// The form with what the connector said.
    fn tested(mut self, verdict: Verdict) -> Response {
        self.verdict = Some(verdict);
        self.shown()
    }

    /// The form with what is wrong in it.
    fn refused(self) -> Response {
        Page::refused(self).into_response()
    }

    /// The form with faults that others found, each at its field.
    fn told(mut self, faults: Vec<Fault>) -> Response {
        for fault in faults {
            let words = sentence(&fault.message);
            match fault.pointer.strip_prefix("/configuration") {
                Some(place) if self.form.tell(place, &words) => {}
                None if fault.pointer == "/name" => self.name_trouble = Some(words),
                _ => self.troubles.push(words),
            }
        }
        self.refused()
    }
}

/// Words as a sentence: they begin with a capital and end with a point.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.trim().chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let mut text: String = first.chain(letters).collect();
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_says_what_is_wanted() {
        for (sent, wish) in [
            ("", Wish::Save),
            ("do=save", Wish::Save),
            ("do=test", Wish::Test),
            ("do=add:/a", Wish::Change(Change::Add("/a".to_owned()))),
            ("do=nonsense", Wish::Look),
            ("do=test&back=yes", Wish::Look),
        ] {
            assert_eq!(Wish::of(&Fields::parse(sent.as_bytes())), wish, "{sent}");
        }
    }

    #[test]
    fn words_become_a_sentence() {
        assert_eq!(sentence("must be one of 1, 2"), "Must be one of 1, 2.");
        assert_eq!(sentence("Is it?"), "Is it?");
        assert_eq!(sentence(""), ".");
    }
}
