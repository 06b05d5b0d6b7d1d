//! Starting a sync, and pausing a connection or setting it going again.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;

use super::spot::Spot;
use crate::app::App;
use crate::domain::connection::Status;
use crate::domain::job::JobType;
use crate::error::Error;
use crate::ops::connections::{self, Change};
use crate::ops::jobs::{self, Wish};
use crate::web::failure::Failure;
use crate::web::form::Form;

/// Starts a sync and shows it; or the job that is in the way.
pub(in crate::web) async fn sync(
    State(app): State<Arc<App>>,
    spot: Spot,
) -> Result<Redirect, Failure> {
    let wish = Wish {
        connection: spot.connection.id,
        job_type: JobType::Sync,
        streams: None,
        once: None,
    };
    let id = match jobs::create(&app, &spot.ground.person.caller, wish).await {
        Ok(job) => job.id,
        Err(Error::Running { job, .. }) => job,
        Err(error) => return Err(error.into()),
    };
    Ok(Redirect::to(&spot.job_address(id)))
}

/// Pauses it, or sets it going again.
pub(in crate::web) async fn status(
    State(app): State<Arc<App>>,
    spot: Spot,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let (status, word) = match fields.get("status") {
        "active" => (Status::Active, "resumed"),
        _ => (Status::Inactive, "paused"),
    };
    let change = Change {
        status: Some(status),
        ..Change::default()
    };
    let caller = &spot.ground.person.caller;
    connections::change(&app, caller, spot.connection.id, change).await?;
    Ok(Redirect::to(&format!("{}?done={word}", spot.address())))
}

/// Nothing is to be seen here.
pub(in crate::web) async fn elsewhere(spot: Spot) -> Redirect {
    Redirect::to(&spot.address())
}
