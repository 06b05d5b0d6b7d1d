//! A new connection begins with the choice of its two ends.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::data;
use super::spot::list_address;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::page::Page as Part;
use crate::error::Result;
use crate::web::connectors;
use crate::web::connectors::ground::{Ground, Room};
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Nav, Page};

/// The page with the two choices.
#[derive(Debug, Template)]
#[template(path = "connections/pick.html")]
pub(in crate::web) struct PickPage {
    frame: Frame,
    room: Room,
    address: String,
    sources: Vec<End>,
    destinations: Vec<End>,
}

/// A source or destination to choose.
#[derive(Debug)]
struct End {
    id: String,
    words: String,
    chosen: bool,
}

/// Shows what there is.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
) -> Result<Page<PickPage>, Failure> {
    data::admit_editor(&app, &ground).await?;
    let mut ground = ground;
    let sources = ends(&app, &mut ground, Kind::Source, query.get("source")).await?;
    let wanted = query.get("destination");
    let destinations = ends(&app, &mut ground, Kind::Destination, wanted).await?;
    Ok(Page::new(PickPage {
        frame: ground.frame_at(Nav::Connections),
        address: list_address(&ground),
        sources,
        destinations,
        room: ground.room,
    }))
}

async fn ends(app: &App, ground: &mut Ground, kind: Kind, chosen: &str) -> Result<Vec<End>> {
    ground.kind = kind;
    let mut all = Vec::new();
    loop {
        let part = Part {
            limit: Part::LARGEST,
            offset: u32::try_from(all.len()).unwrap_or(u32::MAX),
            ..Part::default()
        };
        let found = connectors::data::actors(app, ground, part).await?;
        all.extend(found.items.into_iter().map(|actor| {
            let id = actor.id.to_string();
            End {
                chosen: id == chosen,
                words: format!("{} ({})", actor.name, actor.short_name),
                id,
            }
        }));
        if !found.more {
            return Ok(all);
        }
    }
}
