//! Connector definitions that workspaces bring: made, changed and removed. How one is run is decided
//! here, once, and stored with it. Before a definition is stored the connector itself is asked for its
//! specification (`specification`), so that what cannot be run is refused at once.

mod low_code;
mod specification;

pub use low_code::{
    LowCode, active as active_manifest, create_low_code, remove_low_code, update_low_code,
};
pub(super) use specification::printed;
pub use specification::{specification, target};

use std::sync::Arc;

use super::jobs;
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::EditsDefinitions;
use crate::app::App;
use crate::connector::native;
use crate::domain::audit;
use crate::domain::definition::{Definition, Kind, Runtime, Shelf};
use crate::domain::ids::{DefinitionId, WorkspaceId};
use crate::domain::origin::{DocumentationUrl, PYTHON, Repository, Tag};
use crate::domain::runtimes::Preference;
use crate::domain::text::Name;
use crate::error::{Error, Noun, Result};
use crate::registry;
use crate::store::db::Exec;
use crate::store::{connections, definitions};

/// What somebody brings.
#[derive(Debug)]
pub struct NewDefinition {
    pub name: Name,
    pub repository: Repository,
    pub tag: Tag,
    pub documentation_url: DocumentationUrl,
}

/// Adds a definition to a workspace.
///
/// # Errors
/// [`Error::Conflict`] when the connector does not print a specification.
pub async fn create<L: EditsDefinitions>(
    app: &Arc<App>,
    caller: &Caller,
    host: WorkspaceId,
    new: NewDefinition,
) -> Result<Definition> {
    let mut db = app.db.read().await?;
    doors::workspace::<L>(&mut db, caller, host).await?;
    let (repository, tag) = (new.repository.as_str(), new.tag.as_str());
    let preference = &app.config.connectors.runtimes;
    let runtime = runtime_for(&mut db, preference, L::KIND, repository, tag).await?;
    drop(db);
    let definition = Definition {
        id: app.clock.new_id().into(),
        kind: L::KIND,
        workspace_id: Some(host),
        name: new.name.into(),
        short_name: String::new(),
        repository: repository.to_owned(),
        tag: tag.to_owned(),
        documentation_url: new.documentation_url.as_str().to_owned(),
        runtime,
        manifest_version: None,
        deleted_at: None,
    };
    specification::printed(app, &definition).await?;

    let mut db = app.db.write().await?;
    let workspace = doors::workspace::<L>(&mut db, caller, host).await?;
    definitions::insert(&mut db, &workspace, &definition, app.clock.now()).await?;
    let noun = match definition.kind {
        Kind::Source => Noun::SourceDefinition,
        Kind::Destination => Noun::DestinationDefinition,
    };
    audit::made(&noun, &definition.id);
    db.commit().await?;
    Ok(definition)
}

/// Changes name and tag. The runtime follows the tag, unless the operator has pinned it.
///
/// # Errors
/// [`Error::Conflict`] when the connector does not print a specification.
pub async fn update<L: EditsDefinitions>(
    app: &Arc<App>,
    caller: &Caller,
    host: WorkspaceId,
    id: DefinitionId,
    name: Name,
    tag: Tag,
) -> Result<Definition> {
    let mut db = app.db.read().await?;
    let current: Granted<_, L> = doors::definition(&mut db, caller, host, shelf::<L>(), id).await?;
    let runtime = if definitions::is_pinned(&mut db, &current).await? {
        current.runtime.clone()
    } else {
        let preference = &app.config.connectors.runtimes;
        runtime_for(
            &mut db,
            preference,
            L::KIND,
            &current.repository,
            tag.as_str(),
        )
        .await?
    };
    drop(db);
    let changed = Definition {
        name: name.into(),
        tag: tag.as_str().to_owned(),
        runtime,
        ..current.into_inner()
    };
    specification::printed(app, &changed).await?;

    let mut db = app.db.write().await?;
    let current: Granted<_, L> = doors::definition(&mut db, caller, host, shelf::<L>(), id).await?;
    definitions::update(&mut db, &current, &changed, app.clock.now()).await?;
    db.commit().await?;
    Ok(changed)
}

/// Removes a definition with everything that was made of it, and answers what it was.
///
/// # Errors
/// As the door says.
pub async fn remove<L: EditsDefinitions>(
    app: &App,
    caller: &Caller,
    host: WorkspaceId,
    id: DefinitionId,
) -> Result<Definition> {
    let mut db = app.db.write().await?;
    let gone: Granted<_, L> = doors::definition(&mut db, caller, host, shelf::<L>(), id).await?;
    let now = app.clock.now();
    let ended = connections::remove_of_definition(&mut db, &gone, now).await?;
    definitions::remove(&mut db, &gone, now).await?;
    db.commit().await?;
    jobs::ring_ended(app, &ended).await;
    Ok(gone.into_inner())
}

fn shelf<L: EditsDefinitions>() -> Shelf {
    match L::KIND {
        Kind::Source => Shelf::Sources,
        Kind::Destination => Shelf::Destinations,
    }
}

/// How the connector of this image or package is run.
pub(super) async fn runtime_for(
    db: &mut dyn Exec,
    preference: &Preference,
    kind: Kind,
    repository: &str,
    tag: &str,
) -> Result<Runtime> {
    if let Some(package) = repository.strip_prefix(PYTHON) {
        return Runtime::python(package, tag).map_err(|why| Error::invalid("/dockerImageTag", why));
    }
    let facts = definitions::facts_of(db, kind, repository).await?;
    let package = registry::package(&facts).map(|package| (package, tag));
    Ok(preference.choose(native::replacing(kind, repository), package))
}
