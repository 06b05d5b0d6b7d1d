//! Inviting a person, or adding a service account.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::invite::LinkPage;
use super::spot::Which;
use crate::app::App;
use crate::domain::permission::{PermissionType, ScopeKind};
use crate::domain::text::{EmailAddress, LONGEST_NAME, Name};
use crate::error::Error;
use crate::ops::accounts::{self, Kind, Wish};
use crate::request::Base;
use crate::web::failure::Failure;
use crate::web::form::{Fields, Form};
use crate::web::frame::{Frame, Page};
use crate::web::organizations::house::{Hall, House, Wing};
use crate::web::roles::{self, Choice};

/// The page with the form.
#[derive(Debug, Template)]
#[template(path = "people/new.html")]
pub(super) struct NewPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    longest: usize,
    name: String,
    email: String,
    roles: Vec<Choice>,
    troubles: Troubles,
}

/// What was wrong with each field.
#[derive(Debug, Default)]
struct Troubles {
    name: Option<String>,
    email: Option<String>,
}

impl NewPage {
    fn of(house: &House, which: Which, fields: &Fields, troubles: Troubles) -> Self {
        let chosen = match fields.get("role") {
            "" => PermissionType::OrganizationMember.as_str(),
            role => role,
        };
        Self {
            frame: house.frame(),
            hall: house.hall.clone(),
            at: which.wing(),
            address: house.address(which.wing()),
            longest: LONGEST_NAME,
            name: fields.get("name").trim().to_owned(),
            email: fields.get("email").trim().to_owned(),
            roles: roles::choices(ScopeKind::Organization, chosen),
            troubles,
        }
    }
}

/// Shows the form.
pub(super) async fn show(house: House, which: Which) -> Page<NewPage> {
    let (fields, troubles) = (Fields::default(), Troubles::default());
    Page::new(NewPage::of(&house, which, &fields, troubles))
}

/// Adds them, and shows the link of a person, this once.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    house: House,
    which: Which,
    base: Base,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let wish = match wish(&fields, which) {
        Ok(wish) => wish,
        Err(troubles) => return Ok(refused(&house, which, &fields, troubles)),
    };
    match accounts::create(&app, &house.person.caller, house.id, wish).await {
        Ok(created) => Ok(match created.invitation {
            Some(link) => {
                let page = LinkPage::of(&house, &created.account, &link, &base);
                Page::new(page).into_response()
            }
            None => {
                let address = house.address(which.wing());
                let made = format!("{address}/{}?done=created", created.account.id);
                Redirect::to(&made).into_response()
            }
        }),
        Err(Error::Taken { .. }) => {
            let why = "Somebody has this e-mail already. Whoever is known in another organization gets permissions \
                       here by the API.";
            let troubles = Troubles {
                email: Some(why.to_owned()),
                ..Troubles::default()
            };
            Ok(refused(&house, which, &fields, troubles))
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(house: &House, which: Which, fields: &Fields, troubles: Troubles) -> Response {
    Page::refused(NewPage::of(house, which, fields, troubles)).into_response()
}

/// What the form asks for, or what is wrong with it. A role that it does not offer is refused further in.
fn wish(fields: &Fields, which: Which) -> Result<Wish, Troubles> {
    let name = fields.get("name").trim();
    let parsed = Name::try_from(name.to_owned()).map_err(|why| match name {
        "" => "Give them a name.".to_owned(),
        _ => format!("The name {why}."),
    });
    let kind = match (which.service, fields.get("email").trim()) {
        (true, _) => Ok(Kind::Service),
        (false, "") => Err("Write their e-mail.".to_owned()),
        (false, email) => match email.parse::<EmailAddress>() {
            Ok(email) => Ok(Kind::Person(email, None)),
            Err(why) => Err(format!("This {why}.")),
        },
    };
    match (parsed, kind) {
        (Ok(name), Ok(kind)) => Ok(Wish {
            name,
            kind,
            permission_type: fields
                .get("role")
                .parse()
                .unwrap_or(PermissionType::OrganizationMember),
        }),
        (name, kind) => Err(Troubles {
            name: name.err(),
            email: kind.err(),
        }),
    }
}
