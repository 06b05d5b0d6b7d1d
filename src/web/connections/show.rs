//! A connection: what it moves and when, what runs, and what became of its jobs.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::chart::{self, Chart};
use super::data;
use super::figures::{bytes, count, span};
use super::job::shown;
use super::live::Live;
use super::spot::{Spot, list_address};
use super::{schedule, tags, words};
use crate::app::App;
use crate::domain::connection::Status;
use crate::domain::definition::Kind;
use crate::domain::job::ListedJob;
use crate::domain::stream::{StreamChoice, StreamName};
use crate::domain::tag::Tag;
use crate::error::{Error, Result};
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::form::{Asked, Fields};
use crate::web::frame::{Frame, Page};
use crate::web::moment::Moment;
use crate::web::paging::{Number, Ways};

/// How many streams are shown; the form shows all.
const MOST: usize = 500;

/// The page.
#[derive(Debug, Template)]
#[template(path = "connections/show.html")]
pub(in crate::web) struct ShowPage {
    frame: Frame,
    room: Room,
    done: Option<&'static str>,
    list: String,
    address: String,
    id: String,
    name: String,
    /// Address and name.
    source: (String, String),
    destination: (String, String),
    active: bool,
    /// Why the server switched it off.
    status_reason: String,
    schedule: String,
    next: Vec<Moment>,
    namespace: String,
    prefix: String,
    changes: &'static str,
    tags: Vec<Tag>,
    /// All of the workspace, to choose from, and whether it has them.
    offered_tags: Vec<(Tag, bool)>,
    may_run: bool,
    may_edit: bool,
    running: Option<Running>,
    chart: Option<Chart>,
    jobs: Vec<JobRow>,
    ways: Ways,
    streams: Vec<StreamRow>,
    /// How many there are, shown or not.
    count: usize,
}

/// The job that has not ended.
#[derive(Debug)]
struct Running {
    address: String,
    cancelling: bool,
    live: Live,
}

/// A job in the table.
#[derive(Debug)]
struct JobRow {
    address: String,
    id: i64,
    kind: &'static str,
    status: &'static str,
    class: &'static str,
    begun: Moment,
    took: String,
    rows: String,
    bytes: String,
}

/// A stream in the table.
#[derive(Debug)]
struct StreamRow {
    name: String,
    /// As a query's field.
    key: String,
    mode: &'static str,
    /// Whether the mode has a use for them.
    by_cursor: bool,
    by_key: bool,
    cursor: String,
    primary_key: String,
    changed: bool,
}

/// Shows it.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
) -> Result<Page<ShowPage>, Failure> {
    let number = Number::asked(&query);
    let part = number.part(chart::MOST);
    let id = spot.connection.id;
    let history = data::history(&app, &spot.ground, id, part).await?;
    let running = running(&app, &spot).await?;
    let address = spot.address();
    let source = name(&app, &spot, Kind::Source).await?;
    let destination = name(&app, &spot, Kind::Destination).await?;
    let connection = &spot.connection;
    let streams: Vec<StreamChoice> =
        serde_json::from_str(&connection.streams).map_err(Error::internal)?;
    let active = connection.status == Status::Active;
    let now = app.clock.now();
    let next = if active {
        schedule::next_runs(&connection.schedule, connection.next_run_at, now)
    } else {
        Vec::new()
    };
    let page = |number: u32| format!("{address}?page={number}#jobs");
    let job_address = |id: i64| spot.job_address(id);
    let jobs = history
        .items
        .iter()
        .map(|job| JobRow::of(job, job_address(job.id)));
    Ok(Page::new(ShowPage {
        frame: spot.frame(),
        done: done(&query),
        list: list_address(&spot.ground),
        id: id.to_string(),
        source,
        destination,
        active,
        status_reason: connection.status_reason.clone(),
        schedule: schedule::words(&connection.schedule),
        next,
        namespace: words::namespace(connection.namespace, connection.namespace_format.as_deref()),
        prefix: connection.prefix.clone(),
        changes: words::changes(connection.non_breaking_changes),
        offered_tags: offered_tags(&app, &spot).await?,
        tags: spot.tags.clone(),
        may_run: spot.may_run,
        may_edit: spot.may_edit,
        running,
        chart: Chart::of(&history.items, job_address),
        jobs: jobs.collect(),
        ways: number.ways(history.more, page),
        count: streams.len(),
        streams: streams.into_iter().take(MOST).map(StreamRow::of).collect(),
        address: address.clone(),
        name: spot.connection.name,
        room: spot.ground.room,
    }))
}

/// What may be chosen from, for those who may choose.
async fn offered_tags(app: &App, spot: &Spot) -> Result<Vec<(Tag, bool)>> {
    if !spot.may_edit {
        return Ok(Vec::new());
    }
    let all = tags::of_workspace(app, &spot.ground).await?.into_iter();
    let shown = all.map(|tag| {
        let on = spot.tags.contains(&tag);
        (tag, on)
    });
    Ok(shown.collect())
}

async fn running(app: &App, spot: &Spot) -> Result<Option<Running>> {
    let Some(job) = data::running(app, spot).await? else {
        return Ok(None);
    };
    Ok(Some(Running {
        address: spot.job_address(job.id),
        cancelling: job.cancel_requested_at.is_some(),
        live: Live::of(app, spot, job.id).await?,
    }))
}

async fn name(app: &App, spot: &Spot, kind: Kind) -> Result<(String, String)> {
    let id = match kind {
        Kind::Source => spot.connection.source_id,
        Kind::Destination => spot.connection.destination_id,
    };
    let address = format!(
        "/workspaces/{}/{}/{id}",
        spot.ground.workspace,
        kind.as_str()
    );
    Ok((address, data::name_of(app, &spot.ground, kind, id).await?))
}

/// What was done just now. The address names it by a key, so nobody can put words into this page.
fn done(query: &Fields) -> Option<&'static str> {
    match query.get("done") {
        "created" => Some("The connection was created. It has not run yet."),
        "saved" => Some("Your changes were saved."),
        "paused" => Some("The connection is paused."),
        "tagged" => Some("The tags of the connection were changed."),
        "resumed" => Some("The connection runs again."),
        _ => None,
    }
}

impl ShowPage {
    /// Whether there is something to do with a stream.
    fn may_act(&self) -> bool {
        self.may_edit || self.may_run && self.active
    }
}

impl JobRow {
    fn of(job: &ListedJob, address: String) -> Self {
        Self {
            address,
            id: job.id,
            kind: words::job_type(job.job_type),
            status: words::job_status(job.status),
            class: words::job_class(job.status),
            begun: Moment(job.created_at),
            took: span(job.updated_at - job.created_at),
            rows: count(job.rows_committed),
            bytes: bytes(job.bytes_committed),
        }
    }
}

impl StreamRow {
    fn of(choice: StreamChoice) -> Self {
        let mode = choice.mode();
        let parts: Vec<_> = choice
            .primary_key
            .iter()
            .map(|path| path.join("."))
            .collect();
        let name = shown(&StreamName {
            stream_name: choice.name,
            stream_namespace: choice.namespace,
        });
        Self {
            key: form_urlencoded::byte_serialize(name.as_bytes()).collect(),
            name,
            mode: words::mode(mode),
            by_cursor: mode.is_incremental(),
            by_key: mode.needs_primary_key(),
            cursor: choice.cursor_field.join("."),
            primary_key: parts.join(", "),
            changed: !choice.mappers.is_empty() || !choice.selected_fields.is_empty(),
        }
    }
}
