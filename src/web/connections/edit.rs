//! Making and changing a connection: the form, filled with what the source offers, and what comes of it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::data;
use super::form::{FormPage, Preview, Settings};
use super::offered::{Ends, Row};
use super::spot::{Spot, address_of, list_address};
use crate::app::App;
use crate::domain::connection::Connection;
use crate::domain::definition::Kind;
use crate::domain::ids::ActorId;
use crate::domain::stream::StreamChoice;
use crate::error::{Error, Result};
use crate::ops::connections::{self, Wish};
use crate::ops::streams::{self, Stream, Wanted};
use crate::web::connectors::ground::Ground;
use crate::web::connectors::wait::WaitPage;
use crate::web::failure::Failure;
use crate::web::form::{Asked, Fields, Form};
use crate::web::frame::{Nav, Page};

/// What the form is for.
struct Deed {
    ground: Ground,
    ends: Ends,
    /// Absent for a new one.
    connection: Option<Connection>,
    address: String,
    back: String,
}

/// Shows the form of a new connection.
pub(in crate::web) async fn show_new(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
) -> Result<Response, Failure> {
    let deed = Deed::new(&app, ground, &query).await?;
    deed.show(&app).await
}

/// Makes it.
pub(in crate::web) async fn create(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let deed = Deed::new(&app, ground, &query).await?;
    deed.submit(&app, &fields).await
}

/// Shows the form of one that is there.
pub(in crate::web) async fn show_stored(
    State(app): State<Arc<App>>,
    spot: Spot,
) -> Result<Response, Failure> {
    Deed::stored(&app, spot).await?.show(&app).await
}

/// Changes it.
pub(in crate::web) async fn change(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    Deed::stored(&app, spot).await?.submit(&app, &fields).await
}

impl Deed {
    async fn new(app: &App, ground: Ground, query: &Fields) -> Result<Self, Failure> {
        data::admit_editor(app, &ground).await?;
        let end = |name: &str| query.get(name).parse::<ActorId>();
        let (Ok(source), Ok(destination)) = (end("source"), end("destination")) else {
            return Err(Failure::no_such_page());
        };
        let new = format!("{}/new-connection", list_address(&ground));
        let asked = format!("source={source}&destination={destination}");
        Ok(Self {
            ends: Ends {
                source,
                destination,
            },
            connection: None,
            address: format!("{new}/configure?{asked}"),
            back: format!("{new}?{asked}"),
            ground,
        })
    }

    async fn stored(app: &App, spot: Spot) -> Result<Self, Failure> {
        data::admit_editor(app, &spot.ground).await?;
        let back = spot.address();
        Ok(Self {
            ends: Ends {
                source: spot.connection.source_id,
                destination: spot.connection.destination_id,
            },
            connection: Some(spot.connection),
            address: format!("{back}/edit"),
            back,
            ground: spot.ground,
        })
    }

    async fn show(self, app: &Arc<App>) -> Result<Response, Failure> {
        match self.page(app).await {
            Ok(page) => Ok(Page::new(page).into_response()),
            Err(Error::NotYet { .. }) => {
                let frame = self.ground.frame_at(Nav::Connections);
                let room = self.ground.room.clone();
                let detail = "The source is being asked what it offers.".to_owned();
                let page = WaitPage::with_page(frame, room, self.address, self.back, detail);
                Ok(Page::new(page).into_response())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn submit(self, app: &Arc<App>, fields: &Fields) -> Result<Response, Failure> {
        if !fields.get("back").is_empty() {
            return Ok(Redirect::to(&self.back).into_response());
        }
        let mut page = match self.page(app).await {
            Ok(page) => page,
            Err(Error::NotYet { .. }) => return Ok(self.wait(fields)),
            Err(error) => return Err(error.into()),
        };
        page.settings = Settings::sent(fields);
        page.rows.iter_mut().for_each(|row| row.fill(fields));
        match fields.get("do") {
            "look" => {
                let schedule = page.settings.schedule();
                page.preview = schedule.map(|one| Preview::of(&one, app.clock.now()));
                return Ok(Page::new(page).into_response());
            }
            "all" | "none" => {
                let on = fields.get("do") == "all";
                page.rows.iter_mut().for_each(|row| row.on = on);
                return Ok(Page::new(page).into_response());
            }
            _ => {}
        }
        let chosen: Vec<usize> = (0..page.rows.len())
            .filter(|&at| page.rows[at].on)
            .collect();
        if chosen.is_empty() {
            page.trouble = Some("Choose at least one stream.".to_owned());
        }
        let change = page.settings.change();
        let Some(mut change) = change.filter(|_| !chosen.is_empty()) else {
            return Ok(Page::refused(page).into_response());
        };
        change.streams = chosen.iter().map(|&at| page.rows[at].choice()).collect();
        let caller = &self.ground.person.caller;
        let kept = match &self.connection {
            Some(connection) => {
                data::patiently(connections::change(app, caller, connection.id, change)).await
            }
            None => {
                let wish = Wish {
                    source_id: self.ends.source,
                    destination_id: self.ends.destination,
                    once: None,
                    change,
                };
                data::patiently(connections::create(app, caller, wish)).await
            }
        };
        match kept {
            Ok(whole) => {
                let word = if self.connection.is_some() {
                    "saved"
                } else {
                    "created"
                };
                let address = address_of(&self.ground, whole.connection.id);
                Ok(Redirect::to(&format!("{address}?done={word}")).into_response())
            }
            Err(Error::Invalid { faults, .. }) => {
                page.blame(faults, &chosen);
                Ok(Page::refused(page).into_response())
            }
            Err(Error::NotYet { .. }) => Ok(self.wait(fields)),
            Err(error) => Err(error.into()),
        }
    }

    /// The page that sends the form again.
    fn wait(self, fields: &Fields) -> Response {
        let frame = self.ground.frame_at(Nav::Connections);
        let page = WaitPage::with_form(frame, self.ground.room, self.address, fields);
        Page::new(page).into_response()
    }

    /// The form as it is first shown.
    async fn page(&self, app: &Arc<App>) -> Result<FormPage> {
        let ground = &self.ground;
        let source = data::name_of(app, ground, Kind::Source, self.ends.source).await?;
        let sink = data::name_of(app, ground, Kind::Destination, self.ends.destination).await?;
        let offered = self.offered(app).await?;
        let chosen: Option<Vec<StreamChoice>> = match &self.connection {
            Some(one) => Some(serde_json::from_str(&one.streams).map_err(Error::internal)?),
            None => None,
        };
        let is_offered = |choice: &StreamChoice| {
            let mut all = offered.iter();
            all.any(|stream| stream.offer.name == choice.name)
        };
        let all = chosen.iter().flatten();
        let gone = all.filter(|choice| !is_offered(choice));
        let gone = gone.map(|choice| choice.name.clone()).collect();
        let rows = offered.into_iter().enumerate();
        let rows = rows.map(|(index, stream)| Row::first(index, stream, chosen.as_deref()));
        let rows = rows.collect();
        let (title, settings, deed) = match &self.connection {
            Some(connection) => (
                format!("Edit {}", connection.name),
                Settings::of(connection),
                "Save changes",
            ),
            None => (
                "New connection".to_owned(),
                Settings::new(format!("{source} <> {sink}")),
                "Create connection",
            ),
        };
        Ok(FormPage {
            frame: ground.frame_at(Nav::Connections),
            room: ground.room.clone(),
            title,
            address: self.address.clone(),
            back: self.back.clone(),
            deed,
            source,
            destination: sink,
            settings,
            rows,
            gone,
            trouble: None,
            preview: None,
        })
    }

    async fn offered(&self, app: &Arc<App>) -> Result<Vec<Stream>> {
        let wanted = Wanted {
            source: self.ends.source,
            destination: Some(self.ends.destination),
            afresh: false,
        };
        data::patiently(streams::streams(app, &self.ground.person.caller, wanted)).await
    }
}
