//! Organizations, and what belongs to one as a whole.

use super::judge::{Sight, Wish, admit};
use crate::access::caller::Caller;
use crate::access::granted::{Granted, Lookup};
use crate::access::policy::Level;
use crate::domain::group::Group;
use crate::domain::ids::{DataplaneId, GroupId, OrganizationId, RegionId};
use crate::domain::organization::{Dataplane, ManagedRegion, Organization};
use crate::error::{Noun, Result};
use crate::store::db::Exec;
use crate::store::{dataplanes, groups, organizations, regions};

/// An organization, for something that level `L` allows.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn organization<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: OrganizationId,
) -> Result<Granted<Organization, L>> {
    let found = organizations::fetch(db, Lookup::of(id)).await?;
    let view = |caller: &Caller, organization: &Organization| Sight {
        abilities: caller.on_organization(organization.id),
        organization: Some(organization.id),
        gone: organization.deleted_at.is_some(),
    };
    let wish = Wish::on_organization::<L>(Noun::Organization, id);
    let organization = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(organization))
}

/// A region, for something that level `L` allows on its organization.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn region<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: RegionId,
) -> Result<Granted<ManagedRegion, L>> {
    let found = regions::fetch(db, Lookup::of(id)).await?;
    let view = |caller: &Caller, managed: &ManagedRegion| Sight {
        abilities: caller.on_organization(managed.region.organization_id),
        organization: Some(managed.region.organization_id),
        gone: managed.deleted_at.is_some(),
    };
    let wish = Wish::on_organization::<L>(Noun::Region, id);
    let managed = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(managed))
}

/// A data plane, for something that level `L` allows on its organization.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn dataplane<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: DataplaneId,
) -> Result<Granted<Dataplane, L>> {
    let found = dataplanes::fetch(db, Lookup::of(id)).await?;
    let view = |caller: &Caller, found: &dataplanes::Found| Sight {
        abilities: caller.on_organization(found.organization_id),
        organization: Some(found.organization_id),
        gone: found.dataplane.deleted_at.is_some(),
    };
    let wish = Wish::on_organization::<L>(Noun::Dataplane, id);
    let found = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(found.dataplane))
}

/// A group, for something that level `L` allows on its organization.
///
/// # Errors
/// As the room says: forbidden or not found.
pub async fn group<L: Level>(
    db: &mut dyn Exec,
    caller: &Caller,
    id: GroupId,
) -> Result<Granted<Group, L>> {
    let found = groups::fetch(db, Lookup::of(id)).await?;
    let view = |caller: &Caller, group: &Group| Sight {
        abilities: caller.on_organization(group.organization_id),
        organization: Some(group.organization_id),
        gone: group.deleted_at.is_some(),
    };
    let wish = Wish::on_organization::<L>(Noun::Group, id);
    let group = admit(db, caller, found, view, wish).await?;
    Ok(Granted::of(group))
}
