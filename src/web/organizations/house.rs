//! An organization that an address names, for somebody who administers it: what every page of it needs.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::ids::OrganizationId;
use crate::error::Result;
use crate::store::organizations;
use crate::web::connectors::ground::named;
use crate::web::failure::Failure;
use crate::web::frame::Frame;
use crate::web::session::SignedIn;

/// An organization, and who administers it here.
#[derive(Debug)]
pub(in crate::web) struct House {
    pub(in crate::web) person: SignedIn,
    pub(in crate::web) id: OrganizationId,
    pub(in crate::web) hall: Hall,
}

/// The organization as every page of it shows it.
#[derive(Debug, Clone)]
pub(in crate::web) struct Hall {
    pub(in crate::web) id: OrganizationId,
    pub(in crate::web) name: String,
    /// Whether there are others to go over to.
    pub(in crate::web) others: bool,
}

/// The parts of an organization's pages, in the order of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Wing {
    Users,
    ServiceAccounts,
    Groups,
    Audit,
}

impl Wing {
    pub(in crate::web) const ALL: [Self; 4] = [
        Self::Users,
        Self::ServiceAccounts,
        Self::Groups,
        Self::Audit,
    ];
    /// Where one is led who asks for none.
    pub(in crate::web) const FIRST: Self = Self::ALL[0];

    pub(in crate::web) fn words(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::ServiceAccounts => "Service accounts",
            Self::Groups => "Groups",
            Self::Audit => "Audit log",
        }
    }

    fn part(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::ServiceAccounts => "service-accounts",
            Self::Groups => "groups",
            Self::Audit => "audit",
        }
    }
}

/// Where a part of an organization is.
pub(in crate::web) fn address_of(id: impl Display, wing: Wing) -> String {
    format!("/organizations/{id}/{}", wing.part())
}

impl House {
    /// The frame around the page.
    pub(in crate::web) fn frame(&self) -> Frame {
        self.person.frame()
    }

    /// Where a part of it is.
    pub(in crate::web) fn address(&self, wing: Wing) -> String {
        address_of(self.id, wing)
    }

    async fn of(app: &App, person: SignedIn, id: OrganizationId) -> Result<Self> {
        let mut db = app.db.read().await?;
        let caller = &person.caller;
        let organization = doors::organization::<Administer>(&mut db, caller, id).await?;
        let all = organizations::list(&mut db, &caller.administered()).await?;
        let hall = Hall {
            id,
            name: organization.into_inner().name,
            others: all.iter().any(|one| one.id != id),
        };
        Ok(Self { person, id, hall })
    }
}

impl Hall {
    /// Where a way of the navigation leads.
    pub(in crate::web) fn address_of(&self, wing: Wing) -> String {
        address_of(self.id, wing)
    }
}

impl FromRequestParts<Arc<App>> for House {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let person = <SignedIn as FromRequestParts<_>>::from_request_parts(parts, app).await;
        let person = person.map_err(IntoResponse::into_response)?;
        let id = named(parts, app, "organization").await?;
        Self::of(app, person, id)
            .await
            .map_err(|error| Failure::from(error).into_response())
    }
}
