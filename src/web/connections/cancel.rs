//! Ending a job before it is done. What has arrived stays, and the next sync goes on from there.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;

use super::data;
use super::spot::{Numbered, Spot};
use crate::app::App;
use crate::ops::jobs;
use crate::web::failure::Failure;

/// Cancels it.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    spot: Spot,
    Numbered(id): Numbered,
) -> Result<Redirect, Failure> {
    data::job(&app, &spot, id).await?;
    jobs::cancel(&app, &spot.ground.person.caller, id).await?;
    Ok(Redirect::to(&format!(
        "{}?done=cancel",
        spot.job_address(id)
    )))
}

/// Nothing is to be seen here.
pub(in crate::web) async fn elsewhere(spot: Spot, Numbered(id): Numbered) -> Redirect {
    Redirect::to(&spot.job_address(id))
}
