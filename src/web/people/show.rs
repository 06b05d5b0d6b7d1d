//! Somebody of an organization: who they are, what they hold in it, and the applications of a service account.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::permissions::{self, Held};
use super::spot::Spot;
use crate::app::App;
use crate::domain::text::LONGEST_NAME;
use crate::error::{Error, Result};
use crate::ops::accounts;
use crate::store::applications;
use crate::web::failure::{Failure, sentence};
use crate::web::form::Asked;
use crate::web::frame::{Frame, Page};
use crate::web::moment::Moment;
use crate::web::organizations::grants::{Offers, Refused};
use crate::web::organizations::house::{Hall, Wing};

/// The page.
#[derive(Debug, Template)]
#[template(path = "people/show.html")]
pub(super) struct ShowPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    done: Option<&'static str>,
    id: String,
    name: String,
    email: String,
    invited: bool,
    disabled: Option<Moment>,
    /// Whether this is the person who looks.
    oneself: bool,
    governed: bool,
    held: Vec<Held>,
    offers: Offers,
    applications: Vec<Row>,
    /// The id of the application to be: a form that is sent twice makes one.
    form: String,
    longest: usize,
    troubles: Troubles,
}

/// What was wrong with a form of the page, and what stood in it.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    /// With something that has no field.
    pub(super) page: Option<String>,
    pub(super) grant: Refused,
    pub(super) application: String,
    pub(super) application_name: Option<String>,
}

impl Troubles {
    fn any(&self) -> bool {
        let Self {
            page,
            grant,
            application_name,
            ..
        } = self;
        [page, &grant.trouble, application_name]
            .into_iter()
            .any(Option::is_some)
    }
}

/// An application in the table.
#[derive(Debug)]
struct Row {
    id: String,
    name: String,
    client_id: String,
    created: Moment,
    last_used: Option<Moment>,
}

/// Shows it.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
) -> Result<Page<ShowPage>, Failure> {
    let done = done(query.get("done"));
    Ok(Page::new(
        page(&app, spot, done, Troubles::default()).await?,
    ))
}

/// The page again, with what was wrong.
pub(super) async fn again(app: &App, spot: Spot, troubles: Troubles) -> Result<Response, Failure> {
    let page = page(app, spot, None, troubles).await?;
    Ok(Page::refused(page).into_response())
}

/// The page again, with why something cannot be done.
pub(super) async fn refused(app: &App, spot: Spot, why: &Error) -> Result<Response, Failure> {
    let troubles = Troubles {
        page: Some(sentence(why)),
        ..Troubles::default()
    };
    again(app, spot, troubles).await
}

async fn page(
    app: &App,
    spot: Spot,
    done: Option<&'static str>,
    troubles: Troubles,
) -> Result<ShowPage> {
    let mut db = app.db.read().await?;
    let held = permissions::held(&mut db, &spot).await?;
    let offers = Offers::of(app, &mut db, &spot.house, &troubles.grant).await?;
    drop(db);
    let applications = applications_of(app, &spot).await?;
    let account = &spot.account;
    Ok(ShowPage {
        frame: spot.house.frame(),
        at: spot.wing(),
        address: spot.address(),
        done,
        id: account.id.to_string(),
        name: account.name.clone(),
        email: account.email.clone(),
        invited: account.invited,
        disabled: account.disabled_at.map(Moment),
        oneself: account.id == spot.house.person.caller.id(),
        governed: spot.governed,
        held,
        offers,
        applications,
        form: app.clock.new_id().to_string(),
        longest: LONGEST_NAME,
        troubles,
        hall: spot.house.hall,
    })
}

/// Those of a service account, for whoever may manage them.
async fn applications_of(app: &App, spot: &Spot) -> Result<Vec<Row>> {
    if !spot.account.service || !spot.governed {
        return Ok(Vec::new());
    }
    let service = accounts::service(app, &spot.house.person.caller, spot.account.id).await?;
    let found = applications::list(&mut app.db.read().await?, service.own()).await?;
    let rows = found.into_iter().map(|one| Row {
        id: one.id.to_string(),
        name: one.name,
        client_id: one.client_id,
        created: Moment(one.created_at),
        last_used: one.last_used_at.map(Moment),
    });
    Ok(rows.collect())
}

/// What was done just now. The address names it by a key, so nobody can put words into this page.
fn done(key: &str) -> Option<&'static str> {
    match key {
        "created" => Some(
            "The service account was created. Give it an application, so that a program can use it.",
        ),
        "granted" => Some("The permission was granted."),
        "changed" => Some("The permission was changed."),
        "revoked" => Some("The permission was taken away."),
        "disabled" => Some("Nothing of theirs works any more: sessions, applications and tokens."),
        "enabled" => {
            Some("They are let in again. Their applications and tokens work; they log in anew.")
        }
        "deleted" => Some("The application was deleted. Its tokens stop working within a second."),
        "already" => Some("That form had been sent before, so no second application was made."),
        _ => None,
    }
}
