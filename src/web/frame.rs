//! What every page has around its content, and the step from a template to an answer. All pages are
//! `no-store`: they show what belongs to one person, and some show a secret.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::failure::Failure;
use crate::access::caller::Caller;
use crate::error::Error;

/// The bar above and the foot below.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) person: Option<Person>,
    /// Absent on pages that belong to no workspace.
    pub(super) here: Option<Here>,
}

/// In which workspace a page is, and what of it is shown.
#[derive(Debug, Clone)]
pub(super) struct Here {
    pub(super) workspace: String,
    pub(super) nav: Nav,
}

/// The ways in the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nav {
    Connections,
    Sources,
    Destinations,
    Connectors,
}

impl Nav {
    pub(super) const ALL: [Self; 4] = [
        Self::Connections,
        Self::Sources,
        Self::Destinations,
        Self::Connectors,
    ];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Connections => "Connections",
            Self::Sources => "Sources",
            Self::Destinations => "Destinations",
            Self::Connectors => "Connectors",
        }
    }
}

/// Who is signed in, as the bar shows them.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    /// Whether there is an organization that they administer.
    pub(super) administers: bool,
}

impl Frame {
    /// The frame around the pages of somebody who is signed in.
    pub(super) fn of(caller: &Caller) -> Self {
        let user = caller.user();
        Self {
            person: Some(Person {
                name: user.name.clone(),
                email: user.email.clone(),
                administers: caller
                    .administered()
                    .ids()
                    .is_none_or(|ids| !ids.is_empty()),
            }),
            here: None,
        }
    }

    /// Where a way leads: within the workspace, when the page is in one.
    pub(super) fn address_of(&self, nav: Nav) -> String {
        let (inside, short) = match nav {
            Nav::Connections => ("connections", "connections"),
            Nav::Sources => ("source", "sources"),
            Nav::Destinations => ("destination", "destinations"),
            Nav::Connectors => ("connectors", "connectors"),
        };
        match &self.here {
            Some(here) => format!("/workspaces/{}/{inside}", here.workspace),
            None => format!("/{short}"),
        }
    }

    /// Whether the page is on this way.
    pub(super) fn is_at(&self, nav: Nav) -> bool {
        self.here.as_ref().is_some_and(|here| here.nav == nav)
    }
}

impl Person {
    /// The letter in the round mark.
    pub(super) fn initial(&self) -> String {
        self.name
            .trim()
            .chars()
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().collect())
    }
}

/// Which part of the settings is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Profile,
    Applications,
}

/// A page to be sent.
#[derive(Debug)]
pub(super) struct Page<T> {
    status: StatusCode,
    template: T,
}

impl<T: Template> Page<T> {
    /// A page that shows what was asked for.
    pub(super) fn new(template: T) -> Self {
        Self::with(StatusCode::OK, template)
    }

    /// A form that was not accepted, shown again with what was wrong.
    pub(super) fn refused(template: T) -> Self {
        Self::with(StatusCode::UNPROCESSABLE_ENTITY, template)
    }

    pub(super) fn with(status: StatusCode, template: T) -> Self {
        Self { status, template }
    }
}

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
        ];
        match self.template.render() {
            Ok(html) => (self.status, headers, html).into_response(),
            Err(error) => Failure::from(Error::internal(error)).into_response(),
        }
    }
}
