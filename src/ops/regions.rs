//! Regions of organizations.

use super::dataplanes;
use crate::access::granted::Granted;
use crate::access::policy::Administer;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::audit;
use crate::domain::ids::{OrganizationId, RegionId};
use crate::domain::organization::{ManagedRegion, Organization, Region};
use crate::domain::text::Name;
use crate::error::{Error, Noun, Result};
use crate::store::db::Writer;
use crate::store::{organizations, regions};

/// Adds a region to an organization.
///
/// # Errors
/// [`Error::Taken`] when workspaces of the organization can be in one of this name already.
pub async fn create(
    db: &mut Writer,
    clock: &Clock,
    host: &Granted<Organization, Administer>,
    name: Name,
    enabled: bool,
) -> Result<ManagedRegion> {
    hold(db, host.id).await?;
    refuse_same(&name, &regions::list(db, host).await?, None)?;
    let (id, now) = (RegionId::from(clock.new_id()), clock.now());
    regions::insert(db, host, (id, &name, enabled), now).await?;
    audit::made(&Noun::Region, &id);
    Ok(ManagedRegion {
        region: Region {
            id,
            organization_id: host.id,
            name: name.into(),
        },
        enabled,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    })
}

/// Changes what is given.
///
/// # Errors
/// [`Error::Taken`] when workspaces of the organization can be in another of this name already.
pub async fn update(
    db: &mut Writer,
    clock: &Clock,
    region: &Granted<ManagedRegion, Administer>,
    name: Option<&Name>,
    enabled: Option<bool>,
) -> Result<ManagedRegion> {
    if let Some(name) = name {
        hold(db, region.region.organization_id).await?;
        let known = regions::list_beside(db, region).await?;
        refuse_same(name, &known, Some(region.region.id))?;
    }
    let changed = regions::update(db, region, name, enabled, clock.now()).await?;
    changed.ok_or_else(|| Error::not_found(Noun::Region, region.region.id))
}

/// Removes a region with its data planes.
///
/// # Errors
/// [`Error::Conflict`] while workspaces are in it.
pub async fn remove(
    app: &App,
    mut db: Writer,
    region: Granted<ManagedRegion, Administer>,
) -> Result<ManagedRegion> {
    let now = app.clock.now();
    let count = regions::count_workspaces(&mut db, &region).await?;
    if count > 0 {
        return Err(Error::conflict(format!(
            "{count} workspaces are in this region; move or delete them first"
        )));
    }
    dataplanes::remove_of_region(&mut db, &region, now).await?;
    regions::remove(&mut db, &region, now).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(region.into_inner())
}

/// Names are compared over two organizations at once, so both are held, in one order.
async fn hold(db: &mut Writer, organization: OrganizationId) -> Result<()> {
    organizations::hold(db, OrganizationId::DEFAULT).await?;
    if organization != OrganizationId::DEFAULT {
        organizations::hold(db, organization).await?;
    }
    Ok(())
}

/// Workspaces show their region in lower case, so two that differ in case alone would look the same.
fn refuse_same(name: &Name, known: &[ManagedRegion], but: Option<RegionId>) -> Result<()> {
    let folded = name.as_str().to_lowercase();
    let same = |one: &&ManagedRegion| {
        Some(one.region.id) != but && one.region.name.to_lowercase() == folded
    };
    match known.iter().find(same) {
        Some(same) => Err(Error::taken(
            Noun::Region,
            format!("there is a region called {:?} already", same.region.name),
        )),
        None => Ok(()),
    }
}
