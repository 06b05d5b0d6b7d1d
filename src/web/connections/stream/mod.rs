//! One stream of a connection in detail: which of its columns are taken, and what is changed on the way. The
//! form grows by its buttons, each of which sends it and gets it back.

mod columns;
mod kinds;
mod mapper;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use self::columns::Columns;
use self::kinds::{Kind, Look};
use self::mapper::Row;
use super::data;
use super::job::shown;
use super::offered::capital;
use super::spot::Spot;
use crate::app::App;
use crate::domain::stream::{StreamChoice, StreamName};
use crate::error::{Error, Fault, Noun, Result};
use crate::ops::connections::{self, Change};
use crate::ops::streams::{self, Wanted};
use crate::web::connectors::ground::Room;
use crate::web::connectors::wait::WaitPage;
use crate::web::failure::Failure;
use crate::web::form::{Asked, Fields, Form};
use crate::web::frame::{Frame, Page};

/// The page with the form.
#[derive(Debug, Template)]
#[template(path = "connections/stream.html")]
pub(in crate::web) struct StreamPage {
    frame: Frame,
    room: Room,
    connection: String,
    /// The page of the connection.
    back: String,
    address: String,
    name: String,
    columns: Columns,
    mappers: Vec<Row>,
    /// What is wrong with the whole.
    trouble: Option<String>,
}

/// Where the form stands: a stream of a connection, and its place among all of them.
struct Desk {
    spot: Spot,
    all: Vec<StreamChoice>,
    at: usize,
}

/// Shows the form.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
) -> Result<Response, Failure> {
    let desk = Desk::of(&app, spot, &query).await?;
    match desk.page(&app).await {
        Ok(page) => Ok(Page::new(page).into_response()),
        Err(Error::NotYet { .. }) => {
            let (frame, room) = (desk.spot.frame(), desk.spot.ground.room.clone());
            let detail = "The source is being asked what it offers.".to_owned();
            let (address, back) = (desk.address(), desk.spot.address());
            let page = WaitPage::with_page(frame, room, address, back, detail);
            Ok(Page::new(page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Keeps what it says, or changes the form by one step.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let desk = Desk::of(&app, spot, &query).await?;
    if !fields.get("back").is_empty() {
        return Ok(Redirect::to(&desk.spot.address()).into_response());
    }
    let mut page = match desk.page(&app).await {
        Ok(page) => page,
        Err(Error::NotYet { .. }) => return Ok(desk.wait(&fields)),
        Err(error) => return Err(error.into()),
    };
    page.fill(&fields);
    if page.step(&fields) {
        return Ok(Page::new(page).into_response());
    }
    let Some(choice) = page.meant(&desk.all[desk.at]) else {
        return Ok(Page::refused(page).into_response());
    };
    let mut streams = desk.all.clone();
    streams[desk.at] = choice;
    let change = Change {
        streams,
        ..Change::default()
    };
    let (caller, id) = (&desk.spot.ground.person.caller, desk.spot.connection.id);
    match data::patiently(connections::change(&app, caller, id, change)).await {
        Ok(_) => {
            let address = format!("{}?done=saved", desk.spot.address());
            Ok(Redirect::to(&address).into_response())
        }
        Err(Error::Invalid { faults, .. }) => {
            page.blame(faults, desk.at);
            Ok(Page::refused(page).into_response())
        }
        Err(Error::NotYet { .. }) => Ok(desk.wait(&fields)),
        Err(error) => Err(error.into()),
    }
}

impl Desk {
    /// The stream that the query names.
    async fn of(app: &App, spot: Spot, query: &Fields) -> Result<Self> {
        data::admit_editor(app, &spot.ground).await?;
        let all: Vec<StreamChoice> =
            serde_json::from_str(&spot.connection.streams).map_err(Error::internal)?;
        let wanted = query.get("stream");
        let found = all.iter().position(|choice| words(choice) == wanted);
        let at = found.ok_or_else(|| Error::not_found(Noun::Connection, spot.connection.id))?;
        Ok(Self { spot, all, at })
    }

    fn address(&self) -> String {
        let words = words(&self.all[self.at]);
        let key: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
        format!("{}/stream?stream={key}", self.spot.address())
    }

    /// The form as it is first shown.
    async fn page(&self, app: &Arc<App>) -> Result<StreamPage> {
        let (spot, choice) = (&self.spot, &self.all[self.at]);
        let wanted = Wanted {
            source: spot.connection.source_id,
            destination: None,
            afresh: false,
        };
        let asked = streams::streams(app, &spot.ground.person.caller, wanted);
        let offered = data::patiently(asked).await?;
        let own = offered.into_iter().find(|stream| {
            stream.offer.name == choice.name
                && (stream.offer.namespace == choice.namespace || choice.namespace.is_none())
        });
        let paths = own.map_or_else(Vec::new, |stream| stream.offer.property_fields);
        let mappers = choice.mappers.iter().enumerate();
        Ok(StreamPage {
            frame: spot.frame(),
            room: spot.ground.room.clone(),
            connection: spot.connection.name.clone(),
            back: spot.address(),
            address: self.address(),
            name: words(choice),
            columns: Columns::of(&paths, choice),
            mappers: mappers
                .map(|(number, one)| Row::of(number, one))
                .collect::<Result<_>>()?,
            trouble: None,
        })
    }

    /// The page that sends the form again.
    fn wait(self, fields: &Fields) -> Response {
        let (frame, address) = (self.spot.frame(), self.address());
        let page = WaitPage::with_form(frame, self.spot.ground.room, address, fields);
        Page::new(page).into_response()
    }
}

impl StreamPage {
    /// Takes over what the form says.
    fn fill(&mut self, fields: &Fields) {
        self.columns.fill(fields);
        let listed = fields.pairs().iter().filter(|(name, _)| name == "mapper");
        let numbers = listed.filter_map(|(_, number)| number.parse().ok());
        self.mappers = numbers
            .filter_map(|number| Row::sent(number, fields))
            .collect();
    }

    /// Does what a button of the form asks for, and says whether one was pressed that keeps nothing.
    fn step(&mut self, fields: &Fields) -> bool {
        let (deed, number) = match fields.get("do").split_once(':') {
            Some((deed, number)) => (deed, number.parse().ok()),
            None => (fields.get("do"), None),
        };
        let place = self
            .mappers
            .iter()
            .position(|row| Some(row.number) == number);
        match (deed, place) {
            ("add", _) => {
                if let Some(kind) = Kind::named(fields.get("kind")) {
                    let next = self.mappers.iter().map(|row| row.number + 1).max();
                    self.mappers.push(Row::new(next.unwrap_or(0), kind));
                }
            }
            ("remove", Some(place)) => drop(self.mappers.remove(place)),
            ("up", Some(place)) => self.mappers.swap(place, place.saturating_sub(1)),
            _ => return false,
        }
        true
    }

    /// The stream as it is wanted now; nothing when something is wrong, which is told beside its field.
    fn meant(&mut self, before: &StreamChoice) -> Option<StreamChoice> {
        let columns = self.columns.meant();
        let mappers: Vec<_> = self.mappers.iter_mut().map(Row::meant).collect();
        let mappers: Option<_> = mappers.into_iter().collect();
        Some(StreamChoice {
            selected_fields: columns?,
            mappers: mappers?,
            ..before.clone()
        })
    }

    /// Puts each fault where it belongs; `at` is the place of the stream among all.
    fn blame(&mut self, faults: Vec<Fault>, at: usize) {
        let own = format!("/configurations/streams/{at}/");
        let intro = format!("stream {}: ", self.name);
        let mut rest = Vec::new();
        for Fault {
            pointer, message, ..
        } in faults
        {
            let words = message.strip_prefix(&intro).unwrap_or(&message);
            let Some(place) = pointer.strip_prefix(&own) else {
                rest.push(capital(&message));
                continue;
            };
            let mapper = place.strip_prefix("mappers/");
            let number = mapper.and_then(|place| place.split('/').next()?.parse::<usize>().ok());
            match number.and_then(|number| self.mappers.get_mut(number)) {
                Some(row) => row.blame(place, words),
                None if place == "selectedFields" => self.columns.blame(words),
                None => rest.push(capital(words)),
            }
        }
        if !rest.is_empty() {
            self.trouble = Some(rest.join(" "));
        }
    }

    fn in_trouble(&self) -> bool {
        self.trouble.is_some()
            || self.columns.trouble.is_some()
            || self.mappers.iter().any(|row| row.trouble.is_some())
    }
}

/// What a stream is called on pages.
fn words(choice: &StreamChoice) -> String {
    shown(&StreamName {
        stream_name: choice.name.clone(),
        stream_namespace: choice.namespace.clone(),
    })
}
