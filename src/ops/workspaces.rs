//! Creating and changing workspaces.

use super::{jobs, secrets};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{Edit, EditSomething};
use crate::app::App;
use crate::clock::Clock;
use crate::domain::audit;
use crate::domain::ids::{RegionId, WorkspaceId};
use crate::domain::notifications::{Notifications, NotificationsChange};
use crate::domain::organization::{Organization, Region};
use crate::domain::text::Name;
use crate::domain::workspace::{NewWorkspace, Workspace, WorkspaceChange};
use crate::error::{Error, Fault, Noun, Result, Rule};
use crate::store::db::Writer;
use crate::store::{connections, deliveries, organizations, workspaces};

/// What somebody wants of a workspace; what is absent takes its default or stays.
#[derive(Debug, Default)]
pub struct Wish {
    pub name: Option<Name>,
    pub notifications: Option<NotificationsChange>,
    pub region_id: Option<RegionId>,
}

/// Adds a workspace to an organization.
///
/// # Errors
/// [`Error::Invalid`] for an unknown region or a webhook without a URL.
pub async fn create(
    db: &mut Writer,
    clock: &Clock,
    caller: &Caller,
    host: &Granted<Organization, Edit>,
    name: Name,
    wish: &Wish,
) -> Result<Workspace> {
    let region = match wish.region_id {
        Some(id) => organizations::region(db, host, id)
            .await?
            .ok_or_else(no_such_region)?,
        None => default_region(db, host).await?,
    };
    let notifications = written(Notifications::default(), wish.notifications.as_ref())?;
    let new = NewWorkspace {
        id: clock.new_id().into(),
        organization_id: host.id,
        region_id: region.id,
        name,
        email: caller.user().email.clone(),
        notifications,
    };
    let now = clock.now();
    workspaces::insert(db, host, &new, now).await?;
    audit::made(&Noun::Workspace, &new.id);
    Ok(Workspace {
        id: new.id,
        organization_id: new.organization_id,
        name: new.name.into(),
        region: region.name,
        notifications: new.notifications,
        created_at: now,
        deleted_at: None,
    })
}

/// Changes what the wish names and answers the workspace as it is then.
///
/// # Errors
/// [`Error::Invalid`] for an unknown region or a webhook without a URL.
pub async fn update(
    db: &mut Writer,
    workspace: Granted<Workspace, EditSomething>,
    wish: Wish,
) -> Result<Workspace> {
    let region = match wish.region_id {
        Some(id) => {
            let found = organizations::region_of(db, workspace.organization_id, id).await?;
            Some(found.ok_or_else(no_such_region)?)
        }
        None => None,
    };
    let notifications = match &wish.notifications {
        Some(change) => {
            let gone = || Error::not_found(Noun::Workspace, workspace.id);
            let current = workspaces::hold(db, &workspace).await?.ok_or_else(gone)?;
            let current = serde_json::from_str(&current).map_err(Error::internal)?;
            Some(written(current, Some(change))?)
        }
        None => None,
    };
    let change = WorkspaceChange {
        name: wish.name,
        notifications,
    };
    workspaces::update(db, &workspace, &change, region.as_ref()).await?;
    let mut changed = workspace.into_inner();
    if let Some(name) = change.name {
        changed.name = name.into();
    }
    if let Some(notifications) = change.notifications {
        changed.notifications = notifications;
    }
    if let Some(region) = region {
        changed.region = region.name;
    }
    Ok(changed)
}

/// Removes a workspace with everything in it; what runs there is asked to end.
///
/// # Errors
/// As the door says.
pub async fn remove(app: &App, caller: &Caller, id: WorkspaceId) -> Result<()> {
    let mut db = app.db.write().await?;
    let workspace = doors::workspace::<EditSomething>(&mut db, caller, id).await?;
    let now = app.clock.now();
    let ended = connections::remove_of_workspace(&mut db, &workspace, now).await?;
    workspaces::remove(&mut db, &workspace, now).await?;
    deliveries::give_up(&mut db, &workspace, now).await?;
    secrets::remove(&mut db, workspace.id.into()).await?;
    db.commit().await?;
    jobs::ring_ended(app, &ended).await;
    Ok(())
}

async fn default_region(db: &mut Writer, host: &Granted<Organization, Edit>) -> Result<Region> {
    let region = organizations::first_region(db, host.id).await?;
    region.ok_or_else(|| {
        Error::conflict(format!(
            "organization {} has no enabled region for the workspace; create or enable one, or name another",
            host.id
        ))
    })
}

fn no_such_region() -> Error {
    Error::invalid(
        "/regionId",
        "there is no such region for workspaces of the organization, or it is disabled",
    )
}

/// The notifications after the change, as the text that is stored.
fn written(current: Notifications, change: Option<&NotificationsChange>) -> Result<String> {
    let changed = match change {
        Some(change) => current.changed(change).map_err(|missing| Error::Invalid {
            rule: Rule::NotificationUrl,
            faults: vec![Fault::in_body(
                format!("/notifications/{}/webhook/url", missing.member),
                format!(
                    "the webhook for {} is enabled, so it needs a URL",
                    missing.member
                ),
            )],
        })?,
        None => current,
    };
    serde_json::to_string(&changed).map_err(Error::internal)
}
