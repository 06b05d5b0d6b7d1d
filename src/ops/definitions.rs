//! Seam: the definitions come with another branch.

use crate::app::App;
use crate::connector::{Limits, Target};
use crate::domain::definition::Definition;
use crate::error::{Error, Result};
use crate::protocol::message::Specification;

pub async fn specification(_app: &App, definition: &Definition) -> Result<Specification> {
    Err(Error::conflict(format!(
        "nobody knows the specification of {}",
        definition.name
    )))
}

pub async fn target(_app: &App, definition: &Definition, limits: Limits) -> Result<Target> {
    Ok(Target {
        kind: definition.kind,
        runtime: definition.runtime.clone(),
        repository: definition.repository.clone(),
        tag: definition.tag.clone(),
        manifest: None,
        limits,
    })
}
