//! The doors: each takes a caller and an id and gives the thing with a proof, or says why not.
//!
//! One rule for all: what the caller may not see is forbidden in one voice, existing or not; what is
//! gone but would be visible is not found; instance administrators see everything, so an unknown id is
//! not found for them. A refusal is never given on an old standing: it is read anew first, so that a
//! permission granted on another replica counts at once.

mod contents;
mod judge;
mod organizations;
mod people;
mod workspaces;

pub use contents::{actor, connection, definition, job, noun, tag};
pub use organizations::{dataplane, group, organization, region};
pub use people::{account, application, permission};
pub use workspaces::{places, workspace, workspace_of, workspaces_named};

use super::caller::Caller;
use crate::error::{Error, Result};
use crate::store::db::Exec;
use judge::admitted;

/// The whole instance, for its administrators.
///
/// # Errors
/// Forbidden.
pub async fn instance(db: &mut dyn Exec, caller: &Caller) -> Result<()> {
    let judge = |caller: &Caller| {
        if caller.is_instance_admin() {
            Ok(())
        } else {
            Err(Error::forbidden("this needs the role instance_admin"))
        }
    };
    admitted(db, caller, judge).await
}
