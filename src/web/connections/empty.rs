//! Clearing and refreshing streams, after a page that says what happens to the data and asks which streams.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::data;
use super::job::shown;
use super::spot::Spot;
use crate::app::App;
use crate::domain::job::JobType;
use crate::domain::stream::{StreamChoice, StreamName};
use crate::error::{Error, Result};
use crate::ops::jobs::{self, Wish};
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::form::{Asked, Fields, Form};
use crate::web::frame::{Frame, Page};

/// The page that asks.
#[derive(Debug, Template)]
#[template(path = "connections/empty.html")]
pub(in crate::web) struct EmptyPage {
    frame: Frame,
    room: Room,
    name: String,
    address: String,
    destination: String,
    clears: bool,
    streams: Vec<Choice>,
    trouble: Option<String>,
}

/// A stream to choose.
#[derive(Debug)]
struct Choice {
    words: String,
    on: bool,
}

/// Asks whether to clear.
pub(in crate::web) async fn show_clear(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
) -> Result<Page<EmptyPage>, Failure> {
    data::admit_editor(&app, &spot.ground).await?;
    Ok(Page::new(page(&app, spot, true, &query).await?))
}

/// Asks whether to refresh.
pub(in crate::web) async fn show_refresh(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
) -> Result<Page<EmptyPage>, Failure> {
    if !spot.may_run {
        return Err(Error::forbidden("this needs workspace_runner or more").into());
    }
    Ok(Page::new(page(&app, spot, false, &query).await?))
}

/// Clears.
pub(in crate::web) async fn clear(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    submit(&app, spot, JobType::Clear, &fields).await
}

/// Refreshes.
pub(in crate::web) async fn refresh(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    submit(&app, spot, JobType::Refresh, &fields).await
}

async fn submit(
    app: &App,
    spot: Spot,
    job_type: JobType,
    fields: &Fields,
) -> Result<Response, Failure> {
    let all = streams(&spot)?;
    let total = all.len();
    let chosen = all.into_iter().filter(|stream| ticked(fields, stream));
    let chosen: Vec<_> = chosen.collect();
    if chosen.is_empty() {
        // Whoever may not do it is told so first.
        if job_type == JobType::Clear {
            data::admit_editor(app, &spot.ground).await?;
        } else if !spot.may_run {
            return Err(Error::forbidden("this needs workspace_runner or more").into());
        }
        let mut page = page(app, spot, job_type == JobType::Clear, fields).await?;
        page.streams.iter_mut().for_each(|stream| stream.on = false);
        page.trouble = Some("Choose at least one stream.".to_owned());
        return Ok(Page::refused(page).into_response());
    }
    let wish = Wish {
        connection: spot.connection.id,
        job_type,
        streams: (chosen.len() < total).then_some(chosen),
        once: None,
    };
    let job = jobs::create(app, &spot.ground.person.caller, wish).await?;
    Ok(Redirect::to(&spot.job_address(job.id)).into_response())
}

/// The streams of the connection.
pub(super) fn streams(spot: &Spot) -> Result<Vec<StreamName>> {
    let all: Vec<StreamChoice> =
        serde_json::from_str(&spot.connection.streams).map_err(Error::internal)?;
    let named = all.into_iter().map(|choice| StreamName {
        stream_name: choice.name,
        stream_namespace: choice.namespace,
    });
    Ok(named.collect())
}

fn ticked(fields: &Fields, stream: &StreamName) -> bool {
    let words = shown(stream);
    let mut all = fields.pairs().iter();
    all.any(|(name, value)| name == "stream" && *value == words)
}

async fn page(app: &App, spot: Spot, clears: bool, asked: &Fields) -> Result<EmptyPage> {
    let all = streams(&spot)?;
    let some = all.iter().any(|stream| ticked(asked, stream));
    let choices = all.iter().map(|stream| Choice {
        on: !some || ticked(asked, stream),
        words: shown(stream),
    });
    let kind = crate::domain::definition::Kind::Destination;
    let sink = spot.connection.destination_id;
    Ok(EmptyPage {
        frame: spot.frame(),
        address: spot.address(),
        destination: data::name_of(app, &spot.ground, kind, sink).await?,
        clears,
        streams: choices.collect(),
        trouble: None,
        name: spot.connection.name,
        room: spot.ground.room,
    })
}
