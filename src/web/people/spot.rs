//! Somebody of an organization, as an address names them.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};

use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::ids::UserId;
use crate::domain::user::Account;
use crate::error::{Error, Noun, Result};
use crate::store::accounts;
use crate::web::connectors::data::answered;
use crate::web::connectors::ground::named;
use crate::web::failure::Failure;
use crate::web::organizations::house::{House, Wing};

/// A person or a service account of the organization that the address names.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) house: House,
    pub(super) account: Account,
    /// Whether more than their permissions here may be changed: they hold something in no organization of others.
    pub(super) governed: bool,
}

impl Spot {
    async fn of(app: &App, house: House, id: UserId) -> Result<Self> {
        let mut db = app.db.read().await?;
        let caller = &house.person.caller;
        let host = doors::organization::<Administer>(&mut db, caller, house.id).await?;
        let account = accounts::fetch_within(&mut db, &host, id).await?;
        let account = account.ok_or_else(|| Error::not_found(Noun::User, id))?;
        let governed = answered(doors::account(&mut db, caller, id).await)?;
        drop(db);
        Ok(Self {
            house,
            account,
            governed,
        })
    }

    pub(super) fn wing(&self) -> Wing {
        wing(self.account.service)
    }

    pub(super) fn address(&self) -> String {
        format!("{}/{}", self.house.address(self.wing()), self.account.id)
    }

    /// The page of this account, with a word on what was done.
    pub(super) fn after(&self, done: &'static str) -> Response {
        Redirect::to(&format!("{}?done={done}", self.address())).into_response()
    }
}

/// Where such accounts are shown.
fn wing(service: bool) -> Wing {
    if service {
        Wing::ServiceAccounts
    } else {
        Wing::Users
    }
}

/// Which accounts a page is about: the fourth part of the path is fixed by the route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which {
    pub(super) service: bool,
}

impl Which {
    pub(super) fn wing(self) -> Wing {
        wing(self.service)
    }

    fn of(parts: &Parts) -> Self {
        let part = parts.uri.path().split('/').nth(3).unwrap_or_default();
        Self {
            service: part == "service-accounts",
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Which {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

impl FromRequestParts<Arc<App>> for Spot {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let house = House::from_request_parts(parts, app).await?;
        let id = named(parts, app, "id").await?;
        let spot = Self::of(app, house, id)
            .await
            .map_err(|error| Failure::from(error).into_response())?;
        if spot.account.service == Which::of(parts).service {
            Ok(spot)
        } else {
            Err(Failure::no_such_page().into_response())
        }
    }
}

/// Where a form was, there is only the page that it was on.
pub(super) async fn elsewhere(spot: Spot) -> Redirect {
    Redirect::to(&spot.address())
}
