//! The start page: the workspaces that a person may read, with their ids, the first steps in one that is
//! empty, and the way into the API.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::commands;
use super::connections;
use super::failure::Failure;
use super::frame::{Frame, Page};
use super::moment::span;
use super::session::SignedIn;
use super::workspaces;
use crate::access::doors;
use crate::access::policy::Edit;
use crate::app::App;
use crate::domain::page::{Page as Part, Slice};
use crate::domain::workspace::ListedWorkspace;
use crate::error::Error;
use crate::request::Base;
use crate::store;

/// The start page.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub(super) struct HomePage {
    frame: Frame,
    workspaces: Vec<Row>,
    more: bool,
    may_create: bool,
    /// The workspace that a demo connection would be the first one of.
    demo: Option<Row>,
    token_life: String,
    step_credentials: &'static str,
    step_token: String,
    step_workspaces: String,
}

/// A workspace in the table.
#[derive(Debug)]
struct Row {
    id: String,
    name: String,
    /// The element that shows the id, to be copied from.
    mark: String,
    /// What is copied, for those who do not see the row.
    what: String,
}

impl Row {
    fn new(number: usize, workspace: ListedWorkspace) -> Self {
        Self {
            id: workspace.id.to_string(),
            mark: format!("workspace-{number}"),
            what: format!("ID of {}", workspace.name),
            name: workspace.name,
        }
    }
}

/// Shows it.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    person: SignedIn,
    base: Base,
) -> Result<Page<HomePage>, Failure> {
    let part = Part::default();
    let mut db = app.db.read().await?;
    let found = store::workspaces::list(
        &mut db,
        &app.lists,
        app.clock.now(),
        &person.caller.scope(),
        part,
    )
    .await?;
    drop(db);
    let Slice { items, more, .. } = found;
    let demo = demo(&app, &person, &items).await?;
    Ok(Page::new(HomePage {
        frame: person.frame(),
        workspaces: items
            .into_iter()
            .enumerate()
            .map(|(index, item)| Row::new(index + 1, item))
            .collect(),
        more,
        may_create: workspaces::may_create(&app, &person).await?,
        demo,
        token_life: span(app.tokens.lifetime),
        step_credentials: commands::CREDENTIALS,
        step_token: commands::trade(&base.0),
        step_workspaces: commands::workspaces(&base.0),
    }))
}

/// The first workspace, while nothing was connected there and this person may do so.
async fn demo(
    app: &App,
    person: &SignedIn,
    workspaces: &[ListedWorkspace],
) -> Result<Option<Row>, Failure> {
    let Some(first) = workspaces.first() else {
        return Ok(None);
    };
    let mut db = app.db.read().await?;
    match doors::workspace::<Edit>(&mut db, &person.caller, first.id).await {
        Ok(_) => {}
        Err(Error::Forbidden(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    drop(db);
    let none = connections::has_none(app, person, first.id).await?;
    Ok(none.then(|| Row::new(0, first.clone())))
}
