//! How far a connection has come, as its source tells it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::spot::Spot;
use crate::app::App;
use crate::error::Error;
use crate::ops::states::{self, StateType};
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page};

/// The page.
#[derive(Debug, Template)]
#[template(path = "connections/state.html")]
pub(in crate::web) struct StatePage {
    frame: Frame,
    room: Room,
    name: String,
    address: String,
    /// As JSON; nothing when there is none yet.
    state: Option<String>,
}

/// Shows it.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
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
    Ok(Page::new(StatePage {
        frame: spot.frame(),
        address: spot.address(),
        state,
        name: spot.connection.name,
        room: spot.ground.room,
    }))
}
