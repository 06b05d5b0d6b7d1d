//! A source or a destination: what it is, whether it works, and what a source offers.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::connector::Connector;
use super::data::{self, Held, Verdict};
use super::ground::{Ground, Id, Room};
use super::list::Done;
use super::wait::WaitPage;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::ids::ActorId;
use crate::domain::offer::Offer;
use crate::error::{Error, Result};
use crate::web::failure::Failure;
use crate::web::form::{Asked, Form};
use crate::web::frame::{Frame, Page};
use crate::web::moment::Moment;

/// How many streams are shown; the API lists all.
const MOST: usize = 500;

/// The page.
#[derive(Debug, Template)]
#[template(path = "connectors/show.html")]
pub(in crate::web) struct ShowPage {
    frame: Frame,
    room: Room,
    kind: Kind,
    done: Option<Done>,
    list: String,
    address: String,
    id: String,
    name: String,
    connector: Connector,
    created: Moment,
    may_test: bool,
    may_edit: bool,
    verdict: Option<Verdict>,
    streams: Streams,
}

/// What a source offers, as far as it is known.
#[derive(Debug)]
enum Streams {
    /// A destination offers none.
    None,
    Found {
        rows: Vec<Stream>,
        /// How many there are, shown or not.
        count: usize,
    },
    /// The source is being asked.
    Asked {
        /// Although it was asked before.
        afresh: bool,
    },
    Failed(Verdict),
}

/// A stream in the table.
#[derive(Debug)]
struct Stream {
    name: String,
    namespace: Option<String>,
    modes: &'static str,
    primary_key: String,
    cursor: String,
    fields: usize,
}

impl From<&Offer> for Stream {
    fn from(offer: &Offer) -> Self {
        let path = |path: &Vec<String>| path.join(".");
        let key: Vec<_> = offer.source_defined_primary_key.iter().map(path).collect();
        Self {
            name: offer.name.clone(),
            namespace: offer.namespace.clone(),
            modes: match (offer.full_refresh, offer.incremental) {
                (true, true) => "Full refresh, incremental",
                (false, true) => "Incremental",
                _ => "Full refresh",
            },
            primary_key: key.join(", "),
            cursor: path(&offer.default_cursor_field),
            fields: offer.property_fields.len(),
        }
    }
}

impl Streams {
    async fn of(app: &Arc<App>, ground: &Ground, id: ActorId, afresh: bool) -> Result<Self> {
        if ground.kind == Kind::Destination {
            return Ok(Self::None);
        }
        match data::streams(app, ground, id, afresh).await {
            Ok(offers) => Ok(Self::Found {
                rows: offers.iter().take(MOST).map(Stream::from).collect(),
                count: offers.len(),
            }),
            Err(Error::NotYet { .. }) => Ok(Self::Asked { afresh }),
            Err(error) => Verdict::of_failure(error).map(Self::Failed),
        }
    }
}

impl ShowPage {
    /// Where the page comes again by itself; not while it shows what a test said.
    fn again(&self) -> Option<String> {
        match self.streams {
            Streams::Asked { afresh } if self.verdict.is_none() => Some(if afresh {
                format!("{}?streams=again", self.address)
            } else {
                self.address.clone()
            }),
            _ => None,
        }
    }
}

/// Shows it.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Id(id): Id<ActorId>,
    Asked(query): Asked,
) -> Result<Page<ShowPage>, Failure> {
    let held = data::held(&app, &ground, id).await?;
    let afresh = query.get("streams") == "again";
    let streams = Streams::of(&app, &ground, id, afresh).await?;
    let mut page = page(&app, ground, held, streams).await?;
    page.done = Done::of(&query);
    Ok(Page::new(page))
}

/// Asks the connector whether it works, and shows what it says.
pub(in crate::web) async fn test(
    State(app): State<Arc<App>>,
    ground: Ground,
    Id(id): Id<ActorId>,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let held = data::held(&app, &ground, id).await?;
    if !fields.get("back").is_empty() {
        return Ok(Redirect::to(&ground.address_of(id)).into_response());
    }
    let asked = data::test(&app, &ground, id);
    let (tested, streams) = tokio::join!(asked, Streams::of(&app, &ground, id, false));
    let verdict = match tested {
        Ok(verdict) => verdict,
        Err(Error::NotYet { .. }) => {
            let address = format!("{}/test", ground.address_of(id));
            let page = WaitPage::with_form(ground.frame(), ground.room, address, &fields);
            return Ok(Page::new(page).into_response());
        }
        Err(error) => Verdict::of_failure(error)?,
    };
    let mut page = page(&app, ground, held, streams?).await?;
    page.verdict = Some(verdict);
    Ok(Page::new(page).into_response())
}

/// The result of a test is not kept.
pub(in crate::web) async fn elsewhere(ground: Ground, Id(id): Id<ActorId>) -> Redirect {
    Redirect::to(&ground.address_of(id))
}

async fn page(app: &App, ground: Ground, held: Held, streams: Streams) -> Result<ShowPage> {
    Ok(ShowPage {
        frame: ground.frame(),
        kind: ground.kind,
        done: None,
        list: ground.address(),
        address: ground.address_of(held.id),
        id: held.id.to_string(),
        name: held.name,
        connector: held.connector,
        created: held.created,
        may_test: data::may_run(app, &ground).await?,
        may_edit: data::may_edit(app, &ground).await?,
        verdict: None,
        streams,
        room: ground.room,
    })
}
