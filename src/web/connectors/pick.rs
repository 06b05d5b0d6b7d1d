//! Choosing the connector of a new source or destination.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::connector::Connector;
use super::data;
use super::ground::{Ground, Room};
use crate::app::App;
use crate::domain::definition::Kind;
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Page};

/// How many are shown at once; who looks for another one searches.
const MOST: usize = 60;

/// The page with the connectors.
#[derive(Debug, Template)]
#[template(path = "connectors/pick.html")]
pub(in crate::web) struct PickPage {
    frame: Frame,
    room: Room,
    kind: Kind,
    address: String,
    new_address: String,
    asked: String,
    connectors: Vec<Connector>,
    found: usize,
}

/// Shows those that fit what was asked.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
) -> Result<Page<PickPage>, Failure> {
    data::admit_editor(&app, &ground).await?;
    let asked = query.get("q").trim();
    let mut connectors = data::connectors(&app, &ground, ground.kind).await?;
    connectors.retain(|connector| connector.fits(asked));
    let found = connectors.len();
    connectors.truncate(MOST);
    Ok(Page::new(PickPage {
        frame: ground.frame(),
        kind: ground.kind,
        address: ground.address(),
        new_address: ground.new_address(),
        asked: asked.to_owned(),
        connectors,
        found,
        room: ground.room,
    }))
}
