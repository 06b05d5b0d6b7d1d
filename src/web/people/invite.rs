//! The link with which a person chooses a password. It is shown once, to whoever makes it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::show;
use super::spot::Spot;
use crate::app::App;
use crate::domain::user::Account;
use crate::error::Error;
use crate::ops::invitations::{self, Invitation};
use crate::request::Base;
use crate::web::failure::Failure;
use crate::web::frame::{Frame, Page};
use crate::web::moment::Moment;
use crate::web::organizations::house::{Hall, House, Wing};

/// The page with the link.
#[derive(Template)]
#[template(path = "people/link.html")]
pub(super) struct LinkPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    name: String,
    email: String,
    /// Whether they never had a password.
    invited: bool,
    link: String,
    until: Moment,
}

impl LinkPage {
    pub(super) fn of(house: &House, account: &Account, link: &Invitation, base: &Base) -> Self {
        Self {
            frame: house.frame(),
            hall: house.hall.clone(),
            at: Wing::Users,
            address: format!("{}/{}", house.address(Wing::Users), account.id),
            name: account.name.clone(),
            email: account.email.clone(),
            invited: account.invited,
            link: link.link(&base.0),
            until: Moment(link.expires_at),
        }
    }
}

/// Makes a link, in place of the one before.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    spot: Spot,
    base: Base,
) -> Result<Response, Failure> {
    let made = invitations::renew(&app, &spot.house.person.caller, spot.account.id).await;
    match made {
        Ok(link) => {
            let page = LinkPage::of(&spot.house, &spot.account, &link, &base);
            Ok(Page::new(page).into_response())
        }
        Err(why @ Error::Conflict(_)) => show::refused(&app, spot, &why).await,
        Err(error) => Err(error.into()),
    }
}
