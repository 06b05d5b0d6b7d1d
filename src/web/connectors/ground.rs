//! What the address of a page says: in which workspace we are, on which side of a connection, and which
//! thing is meant. Whatever else it says is a page that does not exist.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::data;
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::ids::WorkspaceId;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Here, Nav};
use crate::web::session::SignedIn;

/// A workspace that somebody may look at, and the side of it that the page is about.
#[derive(Debug)]
pub(in crate::web) struct Ground {
    pub(in crate::web) person: SignedIn,
    pub(in crate::web) workspace: WorkspaceId,
    pub(in crate::web) kind: Kind,
    pub(in crate::web) room: Room,
}

/// The workspace as every page in it shows it.
#[derive(Debug, Clone)]
pub(in crate::web) struct Room {
    pub(in crate::web) id: String,
    pub(in crate::web) name: String,
    /// The others, to go over to: address and name.
    pub(in crate::web) others: Vec<(String, String)>,
}

impl Ground {
    /// The frame around the page.
    pub(super) fn frame(&self) -> Frame {
        self.frame_at(match self.kind {
            Kind::Source => Nav::Sources,
            Kind::Destination => Nav::Destinations,
        })
    }

    pub(in crate::web) fn frame_at(&self, nav: Nav) -> Frame {
        let here = Here {
            workspace: self.room.id.clone(),
            nav,
        };
        Frame {
            here: Some(here),
            ..self.person.frame()
        }
    }

    /// The list of this side.
    pub(super) fn address(&self) -> String {
        format!("/workspaces/{}/{}", self.workspace, self.kind.as_str())
    }

    /// One of them.
    pub(super) fn address_of(&self, id: impl std::fmt::Display) -> String {
        format!("{}/{id}", self.address())
    }

    /// Where a connector for a new one is chosen.
    pub(super) fn new_address(&self) -> String {
        format!("{}/new-{}", self.address(), self.kind.as_str())
    }
}

impl FromRequestParts<Arc<App>> for Ground {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let person = <SignedIn as FromRequestParts<_>>::from_request_parts(parts, app).await;
        let person = person.map_err(IntoResponse::into_response)?;
        let workspace = named(parts, app, "workspace").await?;
        // The third part of the path is fixed by the route.
        let side = parts.uri.path().split('/').nth(3).unwrap_or_default();
        let kind = match side {
            "destination" => Kind::Destination,
            _ => Kind::Source,
        };
        let room = data::room(app, &person.caller, workspace, side)
            .await
            .map_err(|error| Failure::from(error).into_response())?;
        Ok(Self {
            person,
            workspace,
            kind,
            room,
        })
    }
}

/// The id at the end of the address.
#[derive(Debug)]
pub(in crate::web) struct Id<T>(pub(in crate::web) T);

impl<T: FromStr + Send> FromRequestParts<Arc<App>> for Id<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        named(parts, app, "id").await.map(Self)
    }
}

/// An id that the address names.
pub(in crate::web) async fn named<T: FromStr>(
    parts: &mut Parts,
    app: &Arc<App>,
    name: &str,
) -> Result<T, Response> {
    let path = RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(IntoResponse::into_response)?;
    let found = path
        .iter()
        .find_map(|(key, value)| (key == name).then_some(value));
    found
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Failure::no_such_page().into_response())
}

/// What things of a kind are called.
pub(super) fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Source => "Sources",
        Kind::Destination => "Destinations",
    }
}
