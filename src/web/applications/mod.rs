//! The list of somebody's applications. Each thing that can be done with one has a file of its own.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod rotate;
pub(super) mod secret;
pub(super) mod token;

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::failure::Failure;
use super::form::Asked;
use super::frame::{Frame, Page, Place};
use super::moment::{Moment, span};
use super::session::SignedIn;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::Edit;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::application::Application;
use crate::domain::ids::ApplicationId;
use crate::store::applications;

/// The list.
pub(super) const ADDRESS: &str = "/settings/applications";

/// The page with the list.
#[derive(Debug, Template)]
#[template(path = "applications.html")]
pub(super) struct ListPage {
    frame: Frame,
    place: Place,
    done: Option<Done>,
    token_life: String,
    applications: Vec<Row>,
}

/// An application in the table.
#[derive(Debug)]
struct Row {
    id: String,
    name: String,
    client_id: String,
    /// Until when the secret before the last rotation still works, if it does.
    grace_end: Option<Moment>,
    created: Moment,
    last_used: Option<Moment>,
    /// The element that shows the client id, to be copied from.
    mark: String,
    /// What is copied, for those who do not see the row.
    what: String,
}

impl Row {
    fn new(number: usize, application: Application, now: Timestamp) -> Self {
        Self {
            id: application.id.to_string(),
            client_id: application.client_id,
            grace_end: application
                .previous_secret_expires_at
                .filter(|end| now < *end)
                .map(Moment),
            created: Moment(application.created_at),
            last_used: application.last_used_at.map(Moment),
            mark: format!("client-{number}"),
            what: format!("client ID of {}", application.name),
            name: application.name,
        }
    }
}

/// What was done just now. The address names it by a key, so nobody can put words into this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Deleted,
    AlreadyCreated,
    AlreadyRotated,
}

impl Done {
    const ALL: [Self; 3] = [Self::Deleted, Self::AlreadyCreated, Self::AlreadyRotated];

    fn key(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::AlreadyCreated => "already-created",
            Self::AlreadyRotated => "already-rotated",
        }
    }

    fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.key() == key)
    }

    /// The list, saying so.
    fn address(self) -> String {
        format!("{ADDRESS}?done={}", self.key())
    }

    fn good(self) -> bool {
        matches!(self, Self::Deleted)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Deleted => {
                "The application was deleted. Its tokens stop working within a second."
            }
            Self::AlreadyCreated => {
                "That form had been sent before, so no second application was made. A secret is shown once: \
                 if you did not keep it, rotate it."
            }
            Self::AlreadyRotated => {
                "The secret had been rotated in the meantime, so nothing was changed. A secret is shown once: \
                 if you did not keep the new one, rotate again."
            }
        }
    }
}

/// Shows the list.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    person: SignedIn,
    Asked(query): Asked,
) -> Result<Page<ListPage>, Failure> {
    let found = applications::list(&mut app.db.read().await?, person.caller.own()).await?;
    let now = app.clock.now();
    Ok(Page::new(ListPage {
        frame: person.frame(),
        place: Place::Applications,
        done: Done::of(query.get("done")),
        token_life: span(app.tokens.lifetime),
        applications: found
            .into_iter()
            .enumerate()
            .map(|(index, item)| Row::new(index + 1, item, now))
            .collect(),
    }))
}

/// The application that the address names, if it is this person's. Whatever else the address names
/// is a page that does not exist.
pub(super) struct Named(Granted<Application, Edit>);

impl FromRequestParts<Arc<App>> for Named {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let person = <SignedIn as FromRequestParts<_>>::from_request_parts(parts, app).await;
        let person = person.map_err(IntoResponse::into_response)?;
        let path = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let id = path.iter().find_map(|(key, value)| {
            if key == "id" {
                value.parse().ok()
            } else {
                None
            }
        });
        match id {
            Some(id) => find(app, &person, id)
                .await
                .map_err(IntoResponse::into_response),
            None => Err(Failure::no_such_page().into_response()),
        }
    }
}

async fn find(app: &App, person: &SignedIn, id: ApplicationId) -> Result<Named, Failure> {
    let mut db = app.db.read().await?;
    Ok(Named(
        doors::application(&mut db, &person.caller, id).await?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_fixed_words_or_none() {
        for done in Done::ALL {
            assert_eq!(Done::of(done.key()), Some(done));
        }
        assert_eq!(Done::of("<b>you won</b>"), None);
        assert_eq!(Done::of(""), None);
    }
}
