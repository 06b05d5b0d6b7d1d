//! The sources or destinations of a workspace.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::data;
use super::ground::{Ground, Room, plural};
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::page::{Page as Part, Slice};
use crate::web::failure::Failure;
use crate::web::form::{Asked, Fields};
use crate::web::frame::{Frame, Page};
use crate::web::moment::Moment;
use crate::web::paging::{Number, Ways};

/// The page with the list.
#[derive(Debug, Template)]
#[template(path = "connectors/list.html")]
pub(in crate::web) struct ListPage {
    frame: Frame,
    room: Room,
    title: &'static str,
    kind: Kind,
    done: Option<Done>,
    rows: Vec<Row>,
    address: String,
    new_address: String,
    may_edit: bool,
    ways: Ways,
}

/// A source or a destination in the table.
#[derive(Debug)]
struct Row {
    address: String,
    name: String,
    connector: String,
    created: Moment,
}

/// What was done just now. The address names it by a key, so nobody can put words into this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Created,
    Saved,
    Deleted,
}

impl Done {
    const ALL: [Self; 3] = [Self::Created, Self::Saved, Self::Deleted];

    fn key(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Saved => "saved",
            Self::Deleted => "deleted",
        }
    }

    /// What a page was asked to say.
    pub(super) fn of(query: &Fields) -> Option<Self> {
        let key = query.get("done");
        Self::ALL.into_iter().find(|done| done.key() == key)
    }

    /// The page, saying so.
    pub(super) fn at(self, address: &str) -> String {
        format!("{address}?done={}", self.key())
    }

    pub(super) fn text(self, kind: Kind) -> String {
        match self {
            Self::Saved => "Your changes were saved.".to_owned(),
            done => format!("The {} was {}.", kind.as_str(), done.key()),
        }
    }
}

/// Shows the list.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
) -> Result<Page<ListPage>, Failure> {
    let number = Number::asked(&query);
    let part = number.part(Part::LARGEST);
    let Slice { items, more, .. } = data::actors(&app, &ground, part).await?;
    let address = ground.address();
    let page = |number: u32| format!("{address}?page={number}");
    let rows = items.into_iter().map(|actor| Row {
        address: ground.address_of(actor.id),
        name: actor.name,
        connector: actor.short_name,
        created: Moment(actor.created_at),
    });
    Ok(Page::new(ListPage {
        frame: ground.frame(),
        title: plural(ground.kind),
        kind: ground.kind,
        done: Done::of(&query),
        rows: rows.collect(),
        new_address: ground.new_address(),
        may_edit: data::may_edit(&app, &ground).await?,
        ways: number.ways(more, page),
        address: address.clone(),
        room: ground.room,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_has_fixed_words_or_none() {
        for done in Done::ALL {
            let address = done.at("/x");
            let (_, query) = address.split_once('?').expect("a query");
            assert_eq!(Done::of(&Fields::parse(query.as_bytes())), Some(done));
        }
        assert_eq!(Done::of(&Fields::parse(b"done=you+won")), None);
        assert_eq!(Done::Created.text(Kind::Source), "The source was created.");
    }
}
