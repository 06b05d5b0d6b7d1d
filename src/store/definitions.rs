//! Seam: the definitions come with another branch.

use super::db::Exec;
use crate::access::granted::Granted;
use crate::domain::definition::{Definition, Kind};
use crate::domain::ids::DefinitionId;
use crate::domain::workspace::Workspace;
use crate::error::Result;

pub async fn referred(_db: &mut dyn Exec, _id: DefinitionId) -> Result<Option<Definition>> {
    Ok(None)
}

pub async fn usable<L>(
    _db: &mut dyn Exec,
    _workspace: &Granted<Workspace, L>,
    _kind: Kind,
    _id: DefinitionId,
) -> Result<Option<Definition>> {
    Ok(None)
}

pub async fn by_short_name(
    _db: &mut dyn Exec,
    _kind: Kind,
    _name: &str,
) -> Result<Option<Definition>> {
    Ok(None)
}
