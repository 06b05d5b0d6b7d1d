//! Seam: the definitions come with another branch.

use std::sync::Arc;

use crate::app::App;
use crate::connector::{Limits, Target};
use crate::domain::definition::Definition;
use crate::error::{Error, Result};
use crate::protocol::message::Specification;
use crate::store::db::Exec;

pub async fn specification(_app: &Arc<App>, definition: &Definition) -> Result<Specification> {
    Err(Error::conflict(format!(
        "nobody knows the specification of {}",
        definition.name
    )))
}

pub async fn target(_db: &mut dyn Exec, definition: &Definition) -> Result<Target> {
    Ok(Target {
        kind: definition.kind,
        runtime: definition.runtime.clone(),
        repository: definition.repository.clone(),
        tag: definition.tag.clone(),
        manifest: None,
        limits: Limits::default(),
    })
}
