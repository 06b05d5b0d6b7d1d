//! A new group.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::form::{Filled, FormPage};
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::ops::groups;
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::Page;
use crate::web::organizations::house::{House, Wing};

/// Shows the form.
pub(super) async fn show(house: House) -> Page<FormPage> {
    Page::new(FormPage::new(&house, Filled::default()))
}

/// Makes it and shows it.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    house: House,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let mut filled = Filled::sent(&fields);
    let Some((name, description)) = filled.meant() else {
        return Ok(Page::refused(FormPage::new(&house, filled)).into_response());
    };
    let mut db = app.db.write().await?;
    let host = doors::organization::<Administer>(&mut db, &house.person.caller, house.id).await?;
    match groups::create(&mut db, &app.clock, &host, name, Some(description)).await {
        Ok(made) => {
            db.commit().await?;
            let address = format!("{}/{}", house.address(Wing::Groups), made.id);
            Ok(Redirect::to(&format!("{address}?done=created")).into_response())
        }
        Err(error) => {
            let filled = filled.blame(error)?;
            Ok(Page::refused(FormPage::new(&house, filled)).into_response())
        }
    }
}
