//! A new tag, and another name or colour for one that is there.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::form::{Filled, FormPage};
use super::{Spot, admit, after};
use crate::app::App;
use crate::ops::tags;
use crate::web::connectors::ground::Ground;
use crate::web::failure::Failure;
use crate::web::form::Form;
use crate::web::frame::Page;

/// Shows the form of a new one.
pub(super) async fn show_new(
    State(app): State<Arc<App>>,
    ground: Ground,
) -> Result<Page<FormPage>, Failure> {
    admit(&mut app.db.read().await?, &ground).await?;
    Ok(Page::new(FormPage::new(&ground, Filled::new())))
}

/// Makes it.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    ground: Ground,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let filled = Filled::sent(&fields);
    let mut db = app.db.write().await?;
    let home = admit(&mut db, &ground).await?;
    let (name, color) = (filled.name.clone(), filled.color.clone());
    match tags::create(&mut db, &app.clock, &home, name, color).await {
        Ok(_) => {
            db.commit().await?;
            Ok(after(&ground, "created"))
        }
        Err(error) => {
            let page = FormPage::new(&ground, filled.blame(error)?);
            Ok(Page::refused(page).into_response())
        }
    }
}

/// Shows the form of one that is there.
pub(super) async fn show_stored(
    State(app): State<Arc<App>>,
    spot: Spot,
) -> Result<Page<FormPage>, Failure> {
    let tag = spot.admit(&mut app.db.read().await?).await?;
    Ok(Page::new(FormPage::of(&spot, &tag, Filled::of(&tag))))
}

/// Changes it.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Response, Failure> {
    let filled = Filled::sent(&fields);
    let mut db = app.db.write().await?;
    let tag = spot.admit(&mut db).await?;
    // A browser's field for colours knows small letters only: the same colour stays as it was sent.
    let color = Some(filled.color.clone()).filter(|new| !new.eq_ignore_ascii_case(&tag.color));
    match tags::update(&mut db, &tag, Some(filled.name.clone()), color).await {
        Ok(_) => {
            db.commit().await?;
            Ok(after(&spot.ground, "saved"))
        }
        Err(error) => {
            let page = FormPage::of(&spot, &tag, filled.blame(error)?);
            Ok(Page::refused(page).into_response())
        }
    }
}
