//! A connection that an address names, in the workspace that it names, and what the person in front of it
//! may do there. One that was removed is a page that does not exist.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::data;
use crate::app::App;
use crate::domain::connection::Connection;
use crate::domain::ids::ConnectionId;
use crate::domain::job::JobId;
use crate::domain::tag::Tag;
use crate::error::{Error, Noun, Result};
use crate::ops::connections::{self, Whole};
use crate::web::connectors::ground::{Ground, named};
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Nav};

/// Where a page about a connection stands.
#[derive(Debug)]
pub(in crate::web) struct Spot {
    pub(super) ground: Ground,
    pub(super) connection: Connection,
    pub(super) tags: Vec<Tag>,
    /// Whether its jobs may be started and cancelled.
    pub(super) may_run: bool,
    /// Whether it may be changed and emptied.
    pub(super) may_edit: bool,
}

impl Spot {
    async fn of(app: &App, ground: Ground, id: ConnectionId) -> Result<Self> {
        let caller = &ground.person.caller;
        let Whole { connection, tags } = connections::read(app, caller, id).await?;
        if connection.workspace_id != ground.workspace || connection.deleted_at.is_some() {
            return Err(Error::not_found(Noun::Connection, id));
        }
        Ok(Self {
            may_run: data::may_run(app, &ground).await?,
            may_edit: data::may_edit(app, &ground).await?,
            ground,
            connection,
            tags,
        })
    }

    pub(super) fn frame(&self) -> Frame {
        self.ground.frame_at(Nav::Connections)
    }

    /// The page of the connection.
    pub(super) fn address(&self) -> String {
        address_of(&self.ground, self.connection.id)
    }

    /// The page of one of its jobs.
    pub(super) fn job_address(&self, id: JobId) -> String {
        format!("{}/jobs/{id}", self.address())
    }
}

/// The list of connections.
pub(super) fn list_address(ground: &Ground) -> String {
    format!("/workspaces/{}/connections", ground.workspace)
}

/// One of them.
pub(super) fn address_of(ground: &Ground, id: ConnectionId) -> String {
    format!("{}/{id}", list_address(ground))
}

impl FromRequestParts<Arc<App>> for Spot {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let ground = Ground::from_request_parts(parts, app).await?;
        let id = named(parts, app, "id").await?;
        Self::of(app, ground, id)
            .await
            .map_err(|error| Failure::from(error).into_response())
    }
}

/// The job that an address names.
#[derive(Debug)]
pub(in crate::web) struct Numbered(pub(super) JobId);

impl FromRequestParts<Arc<App>> for Numbered {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        named(parts, app, "job").await.map(Self)
    }
}
