//! Seam: the secrets of an owner come with another branch.

use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::store::db::{Exec, Writer};
use crate::vault::configuration::Secrets;

pub async fn put(_app: &App, _db: &mut Writer, _owner: Uuid, _secrets: &Secrets) -> Result<()> {
    Ok(())
}

pub async fn open(_app: &App, _db: &mut dyn Exec, _owner: Uuid) -> Result<Secrets> {
    Ok(Secrets::new())
}

pub async fn remove(_db: &mut Writer, _owner: Uuid) -> Result<()> {
    Ok(())
}

/// With references replaced by what they name.
pub async fn resolve(_app: &App, secrets: Secrets) -> Result<Secrets> {
    Ok(secrets)
}
