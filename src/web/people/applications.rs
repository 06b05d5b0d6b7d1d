//! The applications of a service account: a new one, whose secret is shown once, and deleting one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::show::{self, Troubles};
use super::spot::Spot;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::Edit;
use crate::app::App;
use crate::domain::application::Application;
use crate::domain::ids::ApplicationId;
use crate::domain::text::Name;
use crate::error::Result;
use crate::ops::{accounts, applications};
use crate::request::Base;
use crate::web::commands;
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::{Frame, Page};
use crate::web::moment::{Moment, span};
use crate::web::organizations::house::{Hall, Wing};

/// The page that shows a new secret.
#[derive(Template)]
#[template(path = "people/secret.html")]
struct SecretPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    service: String,
    name: String,
    client_id: String,
    client_secret: String,
    token_life: String,
    token_command: String,
}

/// Makes one and shows its secret, this once.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    spot: Spot,
    base: Base,
    Form(form): Form,
) -> Result<Response, Failure> {
    let text = form.get("name").trim();
    let name = match Name::try_from(text.to_owned()) {
        Ok(name) => name,
        Err(why) => {
            let trouble = match text {
                "" => "Give the application a name.".to_owned(),
                _ => format!("The name {why}."),
            };
            let troubles = Troubles {
                application: text.to_owned(),
                application_name: Some(trouble),
                ..Troubles::default()
            };
            return show::again(&app, spot, troubles).await;
        }
    };
    let id = form.get("form").parse();
    let id = id.unwrap_or_else(|_| app.clock.new_id().into());
    let service = accounts::service(&app, &spot.house.person.caller, spot.account.id).await?;
    let Some(unveiled) = applications::create_as(&app, &service, id, name).await? else {
        return Ok(spot.after("already"));
    };
    let (application, secret) = (unveiled.application, unveiled.secret.reveal());
    let page = SecretPage {
        frame: spot.house.frame(),
        at: spot.wing(),
        address: spot.address(),
        token_command: commands::token(&base.0, &application.client_id, secret),
        token_life: span(app.tokens.lifetime),
        client_secret: secret.to_owned(),
        client_id: application.client_id,
        name: application.name,
        service: spot.account.name,
        hall: spot.house.hall,
    };
    Ok(Page::new(page).into_response())
}

/// The page that asks once more.
#[derive(Debug, Template)]
#[template(path = "people/application_delete.html")]
pub(super) struct DeletePage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    service: String,
    id: String,
    name: String,
    client_id: String,
    last_used: Option<Moment>,
}

/// Asks.
pub(super) async fn show_delete(
    State(app): State<Arc<App>>,
    spot: Spot,
    Named(id): Named,
) -> Result<Page<DeletePage>, Failure> {
    let found = find(&app, &spot, id).await?.into_inner();
    Ok(Page::new(DeletePage {
        frame: spot.house.frame(),
        at: spot.wing(),
        address: spot.address(),
        id: found.id.to_string(),
        name: found.name,
        client_id: found.client_id,
        last_used: found.last_used_at.map(Moment),
        service: spot.account.name,
        hall: spot.house.hall,
    }))
}

/// Deletes.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    spot: Spot,
    Named(id): Named,
) -> Result<Response, Failure> {
    let found = find(&app, &spot, id).await?;
    applications::remove(&app, &found).await?;
    Ok(spot.after("deleted"))
}

async fn find(app: &App, spot: &Spot, id: ApplicationId) -> Result<Granted<Application, Edit>> {
    let service = accounts::service(app, &spot.house.person.caller, spot.account.id).await?;
    doors::application(&mut app.db.read().await?, &service, id).await
}

/// The application that the address names.
pub(super) struct Named(ApplicationId);

impl axum::extract::FromRequestParts<Arc<App>> for Named {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        app: &Arc<App>,
    ) -> Result<Self, Response> {
        crate::web::connectors::ground::named(parts, app, "application")
            .await
            .map(Self)
    }
}
