//! Forms as HTML. Every field has its label, what helps and what is wrong are tied to it, what belongs
//! together is a fieldset with a legend, and what is required says so in a word.

use askama::Template;
use askama::filters::HtmlSafe;

use super::Form;
use super::field::{Field, State, choice, items, on_offer};
use super::prose::Prose;
use super::shape::{Shape, written};

/// A part of a form, under a heading of its own when the form has several.
pub(in crate::web) struct Section<'a> {
    pub(in crate::web) title: Option<&'a str>,
    pub(in crate::web) members: Members<'a>,
}

/// Fields that stand together, those that may be left out in a fold.
#[derive(Template)]
#[template(path = "form/members.html")]
pub(in crate::web) struct Members<'a> {
    first: Vec<View<'a>>,
    folded: Vec<View<'a>>,
    open: bool,
}

impl HtmlSafe for Members<'_> {}

/// A field that something is wrong with, for the list above the form.
pub(in crate::web) struct Trouble {
    /// The element to go to.
    pub(in crate::web) id: String,
    pub(in crate::web) caption: String,
    pub(in crate::web) words: String,
}

/// One field.
#[derive(Template)]
#[template(path = "form/field.html")]
struct View<'a> {
    field: &'a Field,
    id: String,
    trouble: Option<String>,
    look: Look<'a>,
}

impl HtmlSafe for View<'_> {}

/// What a field looks like.
enum Look<'a> {
    Input {
        kind: &'static str,
        /// Which keys a phone offers.
        mode: &'static str,
        text: &'a str,
    },
    Area {
        text: &'a str,
        class: &'static str,
    },
    Select {
        blank: &'static str,
        offers: Vec<Tick>,
    },
    Switch {
        on: bool,
    },
    Several(Vec<Tick>),
    Group(Members<'a>),
    /// An object that is there or not.
    Toggle {
        name: String,
        on: bool,
        members: Members<'a>,
    },
    OneOf {
        name: String,
        /// None of them may be chosen, and is or is not.
        none: Option<bool>,
        options: Vec<Alternative<'a>>,
    },
    List {
        /// The name of the fields that number the items.
        name: String,
        items: Vec<(usize, View<'a>)>,
    },
}

/// A value that can be chosen, and whether it is.
struct Tick {
    value: String,
    label: String,
    on: bool,
}

/// An option with what it asks for.
struct Alternative<'a> {
    field: &'a Field,
    id: String,
    on: bool,
    trouble: Option<String>,
    members: Members<'a>,
}

impl Form {
    /// The parts of the form in their order; what belongs to none is last.
    pub(in crate::web) fn sections(&self) -> Vec<Section<'_>> {
        let State::Group { fields, .. } = &self.root.state else {
            let members = Members::of(vec![&self.root]);
            return vec![Section {
                title: None,
                members,
            }];
        };
        let of_group = |wanted: Option<&str>| -> Vec<&Field> {
            let known = |key: &str| self.groups.iter().any(|(group, _)| group == key);
            let group = |field: &Field| field.node.group.clone().filter(|key| known(key));
            fields
                .iter()
                .filter(|field| group(field).as_deref() == wanted)
                .collect()
        };
        let named = self
            .groups
            .iter()
            .map(|(key, title)| (Some(title.as_str()), of_group(Some(key))));
        let parts: Vec<_> = named
            .chain([(None, of_group(None))])
            .filter(|(_, fields)| fields.iter().any(|field| field.is_shown()))
            .collect();
        let several = parts.len() > 1;
        let sections = parts.into_iter().map(|(title, fields)| Section {
            title: title
                .filter(|title| !title.is_empty())
                .or(several.then_some("Other settings")),
            members: Members::of(fields),
        });
        sections.collect()
    }

    /// Everything that is wrong, in the order of the page.
    pub(in crate::web) fn troubles(&self) -> Vec<Trouble> {
        let mut found = Vec::new();
        gather(&self.root, &mut found);
        found
    }
}

fn gather(field: &Field, found: &mut Vec<Trouble>) {
    if let Some(words) = trouble(field) {
        found.push(Trouble {
            id: id(&field.name),
            caption: field.caption.clone(),
            words,
        });
    }
    for below in field.below() {
        gather(below, found);
    }
}

impl<'a> Members<'a> {
    /// Of these fields those that people see. Secrets are seldom as optional as they are said to be. When
    /// none stands out, none is folded away.
    fn of(fields: Vec<&'a Field>) -> Self {
        let shown = fields.into_iter().filter(|field| field.is_shown());
        let (mut first, mut folded): (Vec<_>, Vec<_>) =
            shown.partition(|Field { node, .. }| node.required || node.always_show || node.secret);
        if first.is_empty() {
            std::mem::swap(&mut first, &mut folded);
        }
        Self {
            open: folded.iter().any(|field| is_touched(field)),
            first: first.into_iter().map(View::of).collect(),
            folded: folded.into_iter().map(View::of).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.folded.is_empty()
    }

    /// What is below a field: the members of a group, or the one field that an option is.
    fn below(field: &'a Field) -> Self {
        match &field.state {
            State::Group { fields, .. } => Self::of(fields.iter().collect()),
            _ => Self::of(vec![field]),
        }
    }
}

impl<'a> View<'a> {
    fn of(field: &'a Field) -> Self {
        Self {
            field,
            id: id(&field.name),
            trouble: trouble(field),
            look: Look::of(field),
        }
    }

    fn help(&self) -> &Prose {
        &self.field.node.help
    }

    /// The element that says what is wrong.
    fn trouble_id(&self) -> String {
        format!("{}-trouble", self.id)
    }

    fn hints(&self) -> String {
        self.field.node.hints.join(". ")
    }

    /// The elements that say more about the field.
    fn described(&self) -> Option<String> {
        let node = &self.field.node;
        let mut ids = Vec::new();
        if !node.help.is_empty() || !node.hints.is_empty() {
            ids.push(format!("{}-help", self.id));
        }
        if self.trouble.is_some() {
            ids.push(self.trouble_id());
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn required(&self) -> bool {
        // A switch is always one or the other, and an item of a list is there.
        self.field.node.required
            && !self.field.node.key.is_empty()
            && !matches!(self.look, Look::Switch { .. })
    }
}

impl Alternative<'_> {
    fn trouble_id(&self) -> String {
        format!("{}-trouble", self.id)
    }
}

impl<'a> Look<'a> {
    fn of(field: &'a Field) -> Self {
        match (&field.state, &field.node.shape) {
            (State::Text(text), shape) => Self::of_text(field, text, shape),
            (State::Switch { on, .. }, _) => Self::Switch { on: *on },
            (State::Several(chosen), shape) => {
                let ticks = on_offer(shape, &field.state).into_iter().map(|offer| Tick {
                    on: chosen.contains(&offer.value),
                    value: written(&offer.value),
                    label: offer.label,
                });
                Self::Several(ticks.collect())
            }
            (State::OneOf { options, chosen }, _) => match options.as_slice() {
                [only] if !field.node.required => Self::Toggle {
                    name: choice(&field.name),
                    on: chosen.is_some(),
                    members: Members::below(only),
                },
                _ => Self::OneOf {
                    name: choice(&field.name),
                    none: (!field.node.required).then_some(chosen.is_none()),
                    options: options
                        .iter()
                        .enumerate()
                        .map(|(index, option)| Alternative {
                            field: option,
                            id: id(&option.name),
                            on: *chosen == Some(index),
                            trouble: trouble(option),
                            members: Members::below(option),
                        })
                        .collect(),
                },
            },
            (State::List { items: listed, .. }, _) => Self::List {
                name: items(&field.name),
                items: listed
                    .iter()
                    .map(|item| (item.number, View::of(&item.field)))
                    .collect(),
            },
            (State::Group { .. } | State::Fixed(_), _) => Self::Group(Members::below(field)),
        }
    }

    fn of_text(field: &Field, text: &'a str, shape: &Shape) -> Self {
        let input = |kind, mode| Self::Input { kind, mode, text };
        match shape {
            Shape::Choice(_) => {
                let offers = on_offer(shape, &field.state).into_iter().map(|offer| {
                    let value = written(&offer.value);
                    Tick {
                        on: value == *text,
                        label: offer.label,
                        value,
                    }
                });
                Self::Select {
                    blank: if field.node.required {
                        "Choose…"
                    } else {
                        "Not set"
                    },
                    offers: offers.collect(),
                }
            }
            Shape::Json(_) => Self::Area {
                text,
                class: if field.node.secret {
                    "code secret"
                } else {
                    "code"
                },
            },
            // A line of its own has no line breaks, whatever the specification says.
            Shape::Text(rules) if rules.multiline || text.contains('\n') => Self::Area {
                text,
                class: if field.node.secret {
                    "code secret"
                } else {
                    "code"
                },
            },
            _ if field.node.secret => input("password", ""),
            Shape::Number { integer: true, .. } => input("text", "numeric"),
            Shape::Number { .. } => input("text", "decimal"),
            // A browser shows nothing of what is no day, and would send nothing.
            Shape::Text(rules) if rules.day && (text.is_empty() || is_day(text)) => {
                input("date", "")
            }
            _ => input("text", ""),
        }
    }
}

/// `YYYY-MM-DD`.
fn is_day(text: &str) -> bool {
    let places = text.bytes().enumerate();
    let fits = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && places.into_iter().all(fits)
}

fn trouble(field: &Field) -> Option<String> {
    (!field.troubles.is_empty()).then(|| field.troubles.join(" "))
}

/// The element of a field: its name, in letters that every place takes.
fn id(name: &str) -> String {
    let mut id = "field".to_owned();
    for byte in name.bytes() {
        match byte {
            b'/' => id.push('.'),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => id.push(char::from(byte)),
            byte => id.extend(["-", &byte.to_string(), "-"]),
        }
    }
    id
}

/// Whether there is something in a field that would be missed if it were folded away.
fn is_touched(field: &Field) -> bool {
    let default = field.node.default.as_ref();
    let here = match &field.state {
        State::Text(text) => *text != default.map(written).unwrap_or_default(),
        State::Switch { on, .. } => {
            *on != default
                .and_then(serde_json::Value::as_bool)
                .unwrap_or_default()
        }
        State::Several(values) => default.map_or(!values.is_empty(), |default| {
            default.as_array() != Some(values)
        }),
        State::OneOf { chosen, .. } => chosen.is_some() && default.is_none(),
        State::List { items, .. } => items.is_empty() != default.is_none(),
        State::Group { .. } | State::Fixed(_) => false,
    };
    here || field.focus || !field.troubles.is_empty() || field.below().into_iter().any(is_touched)
}
