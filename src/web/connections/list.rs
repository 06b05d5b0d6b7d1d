//! The connections of a workspace.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::data::{self, Names};
use super::spot::{address_of, list_address};
use super::{schedule, tags, words};
use crate::app::App;
use crate::domain::connection::{ListedConnection, Status};
use crate::domain::definition::Kind;
use crate::domain::ids::ConnectionId;
use crate::domain::page::{Page as Part, Slice};
use crate::domain::schedule::Schedule;
use crate::domain::tag::Tag;
use crate::error::{Error, Noun, Result};
use crate::store;
use crate::web::connectors::data::answered;
use crate::web::connectors::ground::{Ground, Room};
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Nav, Page};
use crate::web::moment::Moment;
use crate::web::paging::{Number, Ways};

/// The page with the list.
#[derive(Debug, Template)]
#[template(path = "connections/list.html")]
pub(in crate::web) struct ListPage {
    frame: Frame,
    room: Room,
    rows: Vec<Row>,
    /// The tag that all of them have, when only those are shown.
    tag: Option<Tag>,
    deleted: bool,
    address: String,
    may_edit: bool,
    /// Whether the demo can be made by this person, sources and all.
    may_try: bool,
    ways: Ways,
}

/// A connection in the table.
#[derive(Debug)]
struct Row {
    address: String,
    name: String,
    tags: Vec<Tag>,
    source: String,
    destination: String,
    schedule: String,
    /// Whether it runs at all.
    active: bool,
    last: Option<Last>,
}

/// Its latest job.
#[derive(Debug)]
struct Last {
    address: String,
    status: &'static str,
    class: &'static str,
    begun: Moment,
}

/// Shows the list.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    ground: Ground,
    Asked(query): Asked,
) -> Result<Page<ListPage>, Failure> {
    let number = Number::asked(&query);
    let part = number.part(Part::USUAL);
    let tag = tag(&app, &ground, query.get("tag")).await?;
    let only: Vec<_> = tag.iter().map(|tag| tag.id).collect();
    let Slice { items, more, .. } = data::connections(&app, &ground, &only, part).await?;
    let mut tags = tags_of(&app, &items).await?;
    let mut names = Names::default();
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let tags = tags.remove(&item.id).unwrap_or_default();
        rows.push(row(&app, &ground, &mut names, item, tags).await?);
    }
    let address = list_address(&ground);
    let only = only.first().map(|id| format!("&tag={id}"));
    let only = only.unwrap_or_default();
    let page = |number: u32| format!("{address}?page={number}{only}");
    Ok(Page::new(ListPage {
        frame: ground.frame_at(Nav::Connections),
        rows,
        tag,
        deleted: query.get("done") == "deleted",
        may_edit: data::may_edit(&app, &ground).await?,
        may_try: answered(data::admit_whole_editor(&app, &ground).await)?,
        ways: number.ways(more, page),
        address: address.clone(),
        room: ground.room,
    }))
}

/// The tag of the workspace that the query names.
async fn tag(app: &App, ground: &Ground, id: &str) -> Result<Option<Tag>> {
    if id.is_empty() {
        return Ok(None);
    }
    let all = tags::of_workspace(app, ground).await?;
    let own = all.into_iter().find(|tag| tag.id.to_string() == id);
    own.map(Some).ok_or_else(|| Error::not_found(Noun::Tag, id))
}

/// The tags of connections that are shown.
async fn tags_of(
    app: &App,
    connections: &[ListedConnection],
) -> Result<HashMap<ConnectionId, Vec<Tag>>> {
    let tagged = connections.iter().filter(|one| one.tagged);
    let ids: Vec<_> = tagged.map(|one| one.id).collect();
    let mut all = HashMap::<_, Vec<_>>::new();
    for one in store::tags::of_connections(&mut app.db.read().await?, &ids).await? {
        all.entry(one.connection_id).or_default().push(one.tag);
    }
    Ok(all)
}

async fn row(
    app: &App,
    ground: &Ground,
    names: &mut Names,
    connection: ListedConnection,
    tags: Vec<Tag>,
) -> Result<Row> {
    let one = Part {
        limit: 1,
        ..Part::default()
    };
    let latest = data::history(app, ground, connection.id, one).await?.items;
    let address = address_of(ground, connection.id);
    let schedule: Schedule = serde_json::from_str(&connection.schedule).map_err(Error::internal)?;
    Ok(Row {
        tags,
        source: names
            .of(app, ground, Kind::Source, connection.source_id)
            .await?,
        destination: names
            .of(app, ground, Kind::Destination, connection.destination_id)
            .await?,
        schedule: schedule::words(&schedule),
        active: connection.status == Status::Active,
        last: latest.first().map(|job| Last {
            address: format!("{address}/jobs/{}", job.id),
            status: words::job_status(job.status),
            class: words::job_class(job.status),
            begun: Moment(job.created_at),
        }),
        name: connection.name,
        address,
    })
}
