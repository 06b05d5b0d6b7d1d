//! The OAuth clients that workspaces and organizations bring for a connector. A workspace's own goes
//! before its organization's.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::declaration::{self, Declaration};
use super::{Inputs, refusal, seal};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::app::App;
use crate::domain::definition::{Definition, Kind};
use crate::domain::ids::{DefinitionId, OrganizationId, WorkspaceId};
use crate::error::{Error, Result};
use crate::ops::{definitions, secrets};
use crate::store::db::{Exec, Writer};
use crate::store::oauth::{self as store, Bringer};

/// The name under which a client is sealed.
pub(super) const SEALED: &str = "/client";

/// A connector whose OAuth client somebody brings.
#[derive(Debug)]
pub struct Named {
    pub kind: Kind,
    /// Its short name or, for one that has none, the id of its definition.
    pub name: String,
}

/// Keeps the client that a workspace brings, in place of one that it brought before.
///
/// # Errors
/// [`Error::UnknownConnector`]; [`Error::Unprocessable`] when the client lacks something.
pub async fn put_for_workspace(
    app: &Arc<App>,
    caller: &Caller,
    workspace: WorkspaceId,
    connector: &Named,
    configuration: Inputs,
) -> Result<()> {
    let bringer = doors::workspace(&mut app.db.read().await?, caller, workspace).await?;
    put(app, &Bringer::Workspace(bringer), connector, configuration).await
}

/// The same for an organization: the client serves all its workspaces that bring none.
///
/// # Errors
/// The same.
pub async fn put_for_organization(
    app: &Arc<App>,
    caller: &Caller,
    organization: OrganizationId,
    connector: &Named,
    configuration: Inputs,
) -> Result<()> {
    let bringer = doors::organization(&mut app.db.read().await?, caller, organization).await?;
    put(
        app,
        &Bringer::Organization(bringer),
        connector,
        configuration,
    )
    .await
}

/// Forgets the client that a workspace brought, if it did.
///
/// # Errors
/// [`Error::UnknownConnector`].
pub async fn remove_for_workspace(
    app: &App,
    caller: &Caller,
    workspace: WorkspaceId,
    connector: &Named,
) -> Result<()> {
    let mut db = app.db.write().await?;
    let bringer = doors::workspace(&mut db, caller, workspace).await?;
    remove(db, &Bringer::Workspace(bringer), connector).await
}

/// The same for an organization.
///
/// # Errors
/// The same.
pub async fn remove_for_organization(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    connector: &Named,
) -> Result<()> {
    let mut db = app.db.write().await?;
    let bringer = doors::organization(&mut db, caller, organization).await?;
    remove(db, &Bringer::Organization(bringer), connector).await
}

async fn put(
    app: &Arc<App>,
    bringer: &Bringer,
    connector: &Named,
    configuration: Inputs,
) -> Result<()> {
    let definition = find(&mut app.db.read().await?, bringer, connector).await?;
    // A connector that cannot be asked now may still be given its client.
    let specification = definitions::specification(app, &definition).await.ok();
    let declaration = specification.and_then(|known| Declaration::of(&known).ok());
    let Inputs(given) = configuration;
    let client = match &declaration {
        Some(declaration) => client_in(declaration, &given),
        None => given.contains_key("client_id").then_some(given),
    };
    let lacking = |what: &str| {
        let why = format!("an OAuth client for it needs {what}");
        Error::Unprocessable(refusal(&definition, &why))
    };
    let client = client.ok_or_else(|| lacking("client_id"))?;
    let needed = declaration
        .as_ref()
        .map(Declaration::client)
        .unwrap_or_default();
    if let Some(missing) = needed
        .required()
        .iter()
        .find(|name| !client.contains_key(*name))
    {
        return Err(lacking(missing));
    }
    let mut db = app.db.write().await?;
    let (id, now) = (app.clock.new_id(), app.clock.now());
    let id = store::put_client(&mut db, bringer, &definition, id, now).await?;
    seal(app, &mut db, id, SEALED, client.into()).await?;
    db.commit().await
}

async fn remove(mut db: Writer, bringer: &Bringer, connector: &Named) -> Result<()> {
    let definition = find(&mut db, bringer, connector).await?;
    if let Some(id) = store::remove_client(&mut db, bringer, definition.id).await? {
        secrets::remove(&mut db, id).await?;
    }
    db.commit().await
}

/// The connector that is meant: a public one or, for a workspace, one of its own.
async fn find(db: &mut dyn Exec, bringer: &Bringer, connector: &Named) -> Result<Definition> {
    use crate::store::definitions;
    let Named { kind, name } = connector;
    let found = match (name.parse::<DefinitionId>(), bringer) {
        (Ok(id), Bringer::Workspace(home)) => definitions::usable(db, home, *kind, id).await?,
        (Ok(id), Bringer::Organization(_)) => {
            definitions::referred(db, id).await?.filter(|found| {
                found.workspace_id.is_none() && found.deleted_at.is_none() && found.kind == *kind
            })
        }
        (Err(_), _) => definitions::by_short_name(db, *kind, name).await?,
    };
    found.ok_or_else(|| Error::UnknownConnector {
        kind: kind.as_str(),
        name: name.clone(),
    })
}

/// The client in a part of a configuration, by its own names or where it stands in the configuration.
/// All of it is given, or none: one client's secret is not sent with another's id.
pub(super) fn client_in(
    declaration: &Declaration,
    given: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let keys = declaration.exchange()?.keys();
    let fields = declaration.client();
    let places = declaration.client_moves();
    let whole = Value::Object(given.clone());
    let own = [keys.client_id, keys.client_secret];
    let names = fields.names().map(String::as_str).chain(own);
    let client: Map<_, _> = names
        .filter_map(|name| {
            let nested = places.iter().find(|place| place.name == name);
            let nested = nested.and_then(|place| declaration::at(&whole, &place.to));
            let value = given
                .get(name)
                .or(nested)
                .filter(|value| !value.is_null())?;
            Some((name.to_owned(), value.clone()))
        })
        .collect();
    client.contains_key(keys.client_id).then_some(client)
}
