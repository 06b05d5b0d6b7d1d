//! The connectors that there are: public ones and those that the workspace brought along.

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
use crate::web::frame::{Frame, Nav, Page};

/// How many are shown at once.
const MOST: usize = 200;

/// The page with the table.
#[derive(Debug, Template)]
#[template(path = "connectors/catalog.html")]
pub(in crate::web) struct CatalogPage {
    frame: Frame,
    room: Room,
    address: String,
    asked: String,
    kind: Option<Kind>,
    connectors: Vec<Connector>,
    /// How many fit, shown or not.
    found: usize,
}

/// Shows those that fit what was asked.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
) -> Result<Page<CatalogPage>, Failure> {
    let asked = query.get("q").trim();
    let kind = match query.get("type") {
        "source" => Some(Kind::Source),
        "destination" => Some(Kind::Destination),
        _ => None,
    };
    let mut connectors = Vec::new();
    for side in [Kind::Source, Kind::Destination] {
        if kind.is_none_or(|kind| kind == side) {
            connectors.extend(data::connectors(&app, &ground, side).await?);
        }
    }
    connectors.retain(|connector| connector.fits(asked));
    let found = connectors.len();
    connectors.truncate(MOST);
    Ok(Page::new(CatalogPage {
        frame: ground.frame_at(Nav::Connectors),
        address: format!("/workspaces/{}/connectors", ground.workspace),
        asked: asked.to_owned(),
        room: ground.room,
        kind,
        connectors,
        found,
    }))
}
