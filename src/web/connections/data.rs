//! What these pages know, and through which doors: the same ones as the API.

use std::collections::HashMap;

use super::spot::Spot;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{Edit, EditSomething, Read};
use crate::app::App;
use crate::domain::connection::ListedConnection;
use crate::domain::definition::Kind;
use crate::domain::ids::{ActorId, ConnectionId, TagId, WorkspaceId};
use crate::domain::job::{Job, JobId, ListedJob};
use crate::domain::page::{Page as Part, Slice};
use crate::error::{Error, Noun, Result};
use crate::ops::{actors, jobs};
use crate::store::job_lists::{self, By, Whose};
use crate::store::listing::Reach;
use crate::store::{connection_lists, jobs as stored_jobs};
use crate::web::connectors::data::answered;
pub(super) use crate::web::connectors::data::{may_run, patiently};
use crate::web::connectors::ground::Ground;
use crate::web::session::SignedIn;

/// Lets in who may change connections.
pub(super) async fn admit_editor(app: &App, ground: &Ground) -> Result<()> {
    let mut db = app.db.read().await?;
    let caller = &ground.person.caller;
    doors::workspace::<EditSomething>(&mut db, caller, ground.workspace).await?;
    Ok(())
}

/// Lets in who may also make sources and destinations.
pub(super) async fn admit_whole_editor(app: &App, ground: &Ground) -> Result<()> {
    let mut db = app.db.read().await?;
    let caller = &ground.person.caller;
    doors::workspace::<Edit>(&mut db, caller, ground.workspace).await?;
    Ok(())
}

/// Whether somebody may.
pub(super) async fn may_edit(app: &App, ground: &Ground) -> Result<bool> {
    answered(admit_editor(app, ground).await)
}

/// One page of the connections of the workspace: those with one of these tags, or all.
pub(super) async fn connections(
    app: &App,
    ground: &Ground,
    tags: &[TagId],
    page: Part,
) -> Result<Slice<ListedConnection>> {
    of_workspace(app, &ground.person, ground.workspace, tags, page).await
}

async fn of_workspace(
    app: &App,
    person: &SignedIn,
    workspace: WorkspaceId,
    tags: &[TagId],
    page: Part,
) -> Result<Slice<ListedConnection>> {
    let mut db = app.db.read().await?;
    let places = doors::places(&mut db, &person.caller, &[workspace]).await?;
    let wanted = connection_lists::Wanted {
        deleted: false,
        tags,
        page,
    };
    connection_lists::list(&mut db, Reach::Places(&places), wanted).await
}

/// Whether a workspace has no connection yet.
pub(in crate::web) async fn has_none(
    app: &App,
    person: &SignedIn,
    workspace: WorkspaceId,
) -> Result<bool> {
    let one = Part {
        limit: 1,
        ..Part::default()
    };
    let found = of_workspace(app, person, workspace, &[], one).await?;
    Ok(found.items.is_empty())
}

/// The names of sources and destinations, each asked for once.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<ActorId, String>);

impl Names {
    pub(super) async fn of(
        &mut self,
        app: &App,
        ground: &Ground,
        kind: Kind,
        id: ActorId,
    ) -> Result<String> {
        if let Some(known) = self.0.get(&id) {
            return Ok(known.clone());
        }
        let name = name_of(app, ground, kind, id).await?;
        self.0.insert(id, name.clone());
        Ok(name)
    }
}

/// The name of a source or destination of the workspace.
pub(super) async fn name_of(app: &App, ground: &Ground, kind: Kind, id: ActorId) -> Result<String> {
    let actor = actors::read(app, &ground.person.caller, kind, id, false).await?;
    if actor.workspace_id != ground.workspace {
        return Err(Error::not_found(doors::noun(kind), id));
    }
    Ok(actor.name)
}

/// One page of the jobs of a connection, the newest first.
pub(super) async fn history(
    app: &App,
    ground: &Ground,
    id: ConnectionId,
    page: Part,
) -> Result<Slice<ListedJob>> {
    let mut db = app.db.read().await?;
    let connection: Granted<_, Read> =
        doors::connection(&mut db, &ground.person.caller, id).await?;
    let wanted = job_lists::Wanted {
        job_type: None,
        status: None,
        created: (None, None),
        updated: (None, None),
        by: By::Creation,
        descending: true,
        page,
    };
    let whose = Whose::Connection(&connection);
    job_lists::list(&mut db, app.clock.now(), whose, &wanted).await
}

/// The job of a connection that has not ended.
pub(super) async fn running(app: &App, spot: &Spot) -> Result<Option<Job>> {
    stored_jobs::live(&mut app.db.read().await?, spot.connection.id).await
}

/// A job of this connection.
pub(super) async fn job(app: &App, spot: &Spot, id: JobId) -> Result<Job> {
    let found = jobs::read(app, &spot.ground.person.caller, id).await?;
    own(spot, &found)?;
    Ok(found)
}

/// A job of another connection is not at this address.
pub(super) fn own(spot: &Spot, job: &Job) -> Result<()> {
    if job.connection_id == spot.connection.id {
        Ok(())
    } else {
        Err(Error::not_found(Noun::Job, job.id))
    }
}
