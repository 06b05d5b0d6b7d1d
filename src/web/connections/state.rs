//! How far a connection has come, as its source tells it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::empty;
use super::job::shown;
use super::spot::Spot;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ops::states::{self, StateType};
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Page};

/// The page.
#[derive(Debug, Template)]
#[template(path = "connections/state.html")]
pub(in crate::web) struct StatePage {
    frame: Frame,
    room: Room,
    name: String,
    address: String,
    done: bool,
    /// The streams whose state somebody may set, each with its key as a query's field.
    streams: Vec<(String, String)>,
    may_edit: bool,
    /// As JSON; nothing when there is none yet.
    state: Option<String>,
}

/// Shows it.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
) -> Result<Page<StatePage>, Failure> {
    let id = spot.connection.id;
    let document = states::read(&app, &spot.ground.person.caller, id).await?;
    let state = match document.state_type {
        StateType::NotSet => None,
        StateType::Stream | StateType::Global | StateType::Legacy => {
            // By way of a value, so that blobs are indented as well.
            let value = serde_json::to_value(&document).map_err(Error::internal)?;
            Some(serde_json::to_string_pretty(&value).map_err(Error::internal)?)
        }
    };
    // One blob for all streams cannot be taken apart.
    let apart = spot.may_edit && document.state_type != StateType::Legacy;
    let streams = if apart { keys(&spot)? } else { Vec::new() };
    Ok(Page::new(StatePage {
        frame: spot.frame(),
        done: query.get("done") == "set",
        streams,
        may_edit: spot.may_edit,
        address: spot.address(),
        state,
        name: spot.connection.name,
        room: spot.ground.room,
    }))
}

/// The streams of the connection, each with its key as a query's field.
fn keys(spot: &Spot) -> Result<Vec<(String, String)>> {
    let all = empty::streams(spot)?.into_iter().map(|stream| {
        let words = shown(&stream);
        let key = form_urlencoded::byte_serialize(words.as_bytes()).collect();
        (words, key)
    });
    Ok(all.collect())
}
