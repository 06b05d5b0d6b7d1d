//! The start page: the workspaces that a person may read, with their ids, and the way into the API.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::commands;
use super::failure::Failure;
use super::frame::{Frame, Page};
use super::moment::span;
use super::session::SignedIn;
use crate::app::App;
use crate::domain::page::{Page as Part, Slice};
use crate::domain::workspace::ListedWorkspace;
use crate::request::Base;
use crate::store::workspaces;

/// The start page.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub(super) struct HomePage {
    frame: Frame,
    workspaces: Vec<Row>,
    more: bool,
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
    let found = workspaces::list(
        &mut db,
        &app.lists,
        app.clock.now(),
        &person.caller.scope(),
        part,
    )
    .await?;
    let Slice { items, more } = found;
    Ok(Page::new(HomePage {
        frame: person.frame(),
        workspaces: items
            .into_iter()
            .enumerate()
            .map(|(index, item)| Row::new(index + 1, item))
            .collect(),
        more,
        token_life: span(app.tokens.lifetime),
        step_credentials: commands::CREDENTIALS,
        step_token: commands::trade(&base.0),
        step_workspaces: commands::workspaces(&base.0),
    }))
}
