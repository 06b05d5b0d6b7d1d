//! A new workspace, in the default organization.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::named;
use crate::access::doors;
use crate::access::policy::Edit;
use crate::app::App;
use crate::domain::ids::OrganizationId;
use crate::domain::text::LONGEST_NAME;
use crate::ops::workspaces::{self, Wish};
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::{Frame, Page};
use crate::web::session::SignedIn;

/// The page with the one field.
#[derive(Debug, Template)]
#[template(path = "workspaces/new.html")]
pub(in crate::web) struct NewPage {
    frame: Frame,
    name: String,
    longest: usize,
    trouble: Option<String>,
}

impl NewPage {
    fn of(person: &SignedIn) -> Self {
        Self {
            frame: person.frame(),
            name: String::new(),
            longest: LONGEST_NAME,
            trouble: None,
        }
    }
}

/// Shows the form.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    person: SignedIn,
) -> Result<Page<NewPage>, Failure> {
    let mut db = app.db.read().await?;
    doors::organization::<Edit>(&mut db, &person.caller, OrganizationId::DEFAULT).await?;
    Ok(Page::new(NewPage::of(&person)))
}

/// Makes it and shows what can be done there.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    person: SignedIn,
    Form(form): Form,
) -> Result<Response, Failure> {
    let mut db = app.db.write().await?;
    let caller = &person.caller;
    let host = doors::organization::<Edit>(&mut db, caller, OrganizationId::DEFAULT).await?;
    let name = form.get("name").trim();
    let wanted = match named(name) {
        Ok(wanted) => wanted,
        Err(trouble) => {
            let page = NewPage {
                name: name.to_owned(),
                trouble: Some(trouble),
                ..NewPage::of(&person)
            };
            return Ok(Page::refused(page).into_response());
        }
    };
    let wish = Wish::default();
    let made = workspaces::create(&mut db, &app.clock, caller, &host, wanted, &wish).await?;
    db.commit().await?;
    let address = format!("/workspaces/{}/connections", made.id);
    Ok(Redirect::to(&address).into_response())
}
