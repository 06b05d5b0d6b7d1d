//! Another name for a group, or another word on what it is for.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Spot;
use super::form::{Filled, FormPage};
use crate::app::App;
use crate::ops::groups;
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::Page;

/// Shows the form.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
) -> Result<Page<FormPage>, Failure> {
    let group = spot.admit(&mut app.db.read().await?).await?;
    let filled = Filled::of(&group);
    Ok(Page::new(FormPage::of(&spot.house, &group, filled)))
}

/// Keeps it.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let mut db = app.db.write().await?;
    let group = spot.admit(&mut db).await?;
    let mut page = FormPage::of(&spot.house, &group, Filled::sent(&fields));
    let Some((name, description)) = page.filled.meant() else {
        return Ok(Page::refused(page).into_response());
    };
    match groups::update(&mut db, group, Some(name), Some(description)).await {
        Ok(_) => {
            db.commit().await?;
            Ok(spot.after("saved"))
        }
        Err(error) => {
            page.filled = page.filled.blame(error)?;
            Ok(Page::refused(page).into_response())
        }
    }
}
