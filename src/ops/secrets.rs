//! Seam: the secrets of an owner come with another branch.

use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::store::db::{Exec, Writer};
use crate::vault::configuration::{Secrets, join};
use crate::vault::hiding::Veil;
use crate::vault::references::Unresolved;

pub async fn put(_app: &App, _db: &mut Writer, _owner: Uuid, _secrets: &Secrets) -> Result<()> {
    Ok(())
}

pub async fn open(_app: &App, _db: &mut dyn Exec, _owner: Uuid) -> Result<Secrets> {
    Ok(Secrets::new())
}

pub async fn remove(_db: &mut Writer, _owner: Uuid) -> Result<()> {
    Ok(())
}

#[derive(Debug)]
pub struct Runnable {
    pub configuration: Configuration,
    pub used: Secrets,
    pub veil: Veil,
}

#[derive(Clone, Debug)]
pub struct Configuration(pub Value);

pub async fn for_run(
    _app: &App,
    shown: &Value,
    used: Secrets,
) -> Result<Runnable, Vec<Unresolved>> {
    Ok(Runnable {
        configuration: Configuration(join(shown, &used)),
        veil: Veil::new(used.values()),
        used,
    })
}
