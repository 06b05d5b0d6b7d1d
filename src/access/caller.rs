//! Somebody who asks, and what they hold. The standing that a caller brings may be half a second old;
//! nobody is turned away on its word alone: a refusal first reads it anew (`doors`).

use std::sync::Arc;

use super::granted::{Extent, Granted, OrganizationScope, Own, Position, Scope};
use super::policy::{self, Abilities, Ability, Administer};
use crate::domain::ids::{ApplicationId, OrganizationId, UserId, WorkspaceId};
use crate::domain::organization::Organization;
use crate::domain::permission::PermissionType;
use crate::domain::user::User;
use crate::store::standings::GrantRow;

/// Somebody known who asks for something.
#[derive(Debug, Clone)]
pub struct Caller {
    standing: Arc<Standing>,
    application: Option<ApplicationId>,
}

/// What a person holds, read from the database in one go.
#[derive(Debug)]
pub struct Standing {
    pub user: User,
    instance_admin: bool,
    organizations: Vec<(OrganizationId, PermissionType)>,
    workspaces: Vec<(WorkspaceId, PermissionType)>,
    /// The organizations of those workspaces.
    hosts: Vec<OrganizationId>,
    /// Single workspaces, alive and not covered by an organization, in list order.
    listed: Arc<[Position]>,
}

impl Standing {
    #[must_use]
    pub fn new(user: User, grants: &[GrantRow]) -> Self {
        let organizations: Vec<_> = grants
            .iter()
            .filter_map(|grant| Some((grant.organization_id?, grant.permission_type)))
            .collect();
        let readable = |id| {
            organizations.iter().any(|&(organization, grant)| {
                organization == id && policy::in_workspace(grant).include(Ability::Read)
            })
        };
        let mut listed: Vec<_> = grants
            .iter()
            .filter(|grant| {
                grant.workspace_deleted_at.is_none()
                    && !grant.workspace_organization_id.is_some_and(readable)
            })
            .filter_map(|grant| {
                Some(Position {
                    created_at: grant.workspace_created_at?,
                    id: grant.workspace_id?,
                })
            })
            .collect();
        listed.sort_unstable();
        listed.dedup();
        Self {
            user,
            instance_admin: grants
                .iter()
                .any(|grant| grant.permission_type == PermissionType::InstanceAdmin),
            workspaces: grants
                .iter()
                .filter_map(|grant| Some((grant.workspace_id?, grant.permission_type)))
                .collect(),
            hosts: grants
                .iter()
                .filter_map(|grant| grant.workspace_organization_id)
                .collect(),
            listed: listed.into(),
            organizations,
        }
    }

    fn on_organization(&self, id: OrganizationId) -> Abilities {
        if self.instance_admin {
            return Abilities::ALL;
        }
        let held = self
            .organizations
            .iter()
            .filter(|(organization, _)| *organization == id);
        held.fold(Abilities::NONE, |all, &(_, grant)| {
            all.and(policy::on_organization(grant))
        })
    }

    fn in_workspace(&self, id: WorkspaceId, organization: OrganizationId) -> Abilities {
        if self.instance_admin {
            return Abilities::ALL;
        }
        let directly = self
            .workspaces
            .iter()
            .filter(|(workspace, _)| *workspace == id)
            .map(|&(_, grant)| grant);
        let by_organization = self
            .organizations
            .iter()
            .filter(|(held, _)| *held == organization)
            .map(|&(_, grant)| grant);
        directly
            .chain(by_organization)
            .fold(Abilities::NONE, |all, grant| {
                all.and(policy::in_workspace(grant))
            })
    }

    /// The permissions that make another one superfluous: those on the organization.
    pub fn grants_on(&self, organization: OrganizationId) -> impl Iterator<Item = PermissionType> {
        self.organizations
            .iter()
            .filter(move |(held, _)| *held == organization)
            .map(|&(_, grant)| grant)
    }
}

impl Caller {
    #[must_use]
    pub fn new(standing: Arc<Standing>) -> Self {
        Self {
            standing,
            application: None,
        }
    }

    /// One who asks with a token of this application.
    #[must_use]
    pub fn by(standing: Arc<Standing>, application: ApplicationId) -> Self {
        Self {
            standing,
            application: Some(application),
        }
    }

    /// Whose token it is that they ask with, if it is one.
    #[must_use]
    pub fn application(&self) -> Option<ApplicationId> {
        self.application
    }

    #[must_use]
    pub fn user(&self) -> &User {
        &self.standing.user
    }

    #[must_use]
    pub fn id(&self) -> UserId {
        self.standing.user.id
    }

    /// The proof of being this person.
    #[must_use]
    pub fn own(&self) -> Own {
        Own::of(self.id())
    }

    #[must_use]
    pub fn is_instance_admin(&self) -> bool {
        self.standing.instance_admin
    }

    /// The workspaces that a list may show to this caller.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.is_instance_admin() {
            return Scope(Extent::Everything);
        }
        let mut organizations: Vec<_> = self
            .standing
            .organizations
            .iter()
            .filter(|(_, grant)| policy::in_workspace(*grant).include(Ability::Read))
            .map(|&(organization, _)| organization)
            .collect();
        organizations.sort_unstable();
        organizations.dedup();
        Scope(Extent::Parts {
            organizations,
            workspaces: Arc::clone(&self.standing.listed),
        })
    }

    /// The workspaces of an organization that the caller administers.
    #[must_use]
    pub fn scope_within(&self, host: &Granted<Organization, Administer>) -> Scope {
        Scope(Extent::Parts {
            organizations: vec![host.id],
            workspaces: Arc::default(),
        })
    }

    /// The organizations that a list may show: those with a grant on them or on one of their workspaces.
    #[must_use]
    pub fn organizations(&self) -> OrganizationScope {
        if self.is_instance_admin() {
            return OrganizationScope::everything();
        }
        let held = self
            .standing
            .organizations
            .iter()
            .map(|&(organization, _)| organization);
        let mut ids: Vec<_> = held.chain(self.standing.hosts.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        OrganizationScope::only(ids)
    }

    /// The widest role that the caller has on an organization itself, if any.
    #[must_use]
    pub fn role_on(&self, id: OrganizationId) -> Option<PermissionType> {
        if self.is_instance_admin() {
            return Some(PermissionType::InstanceAdmin);
        }
        let held = |role: &PermissionType| self.standing.grants_on(id).any(|held| held == *role);
        // From the widest to the narrowest.
        PermissionType::ALL.into_iter().find(held)
    }

    /// The organizations that the caller administers.
    #[must_use]
    pub fn administered(&self) -> OrganizationScope {
        if self.is_instance_admin() {
            return OrganizationScope::everything();
        }
        let held = self.standing.organizations.iter();
        let mut ids: Vec<_> = held
            .filter(|(_, grant)| policy::on_organization(*grant).include(Ability::Administer))
            .map(|&(organization, _)| organization)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        OrganizationScope::only(ids)
    }

    pub(super) fn on_organization(&self, id: OrganizationId) -> Abilities {
        self.standing.on_organization(id)
    }

    pub(super) fn in_workspace(&self, id: WorkspaceId, organization: OrganizationId) -> Abilities {
        self.standing.in_workspace(id, organization)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::Timestamp;

    /// A workspace by number, in organization 1.
    fn grant(permission_type: PermissionType, workspace: Option<u128>) -> GrantRow {
        let organization = Uuid::from_u128(1).into();
        GrantRow {
            permission_type,
            organization_id: workspace.is_none().then_some(organization),
            workspace_id: workspace.map(|number| Uuid::from_u128(number).into()),
            workspace_organization_id: workspace.map(|_| organization),
            workspace_created_at: workspace.map(|_| Timestamp::UNIX_EPOCH),
            workspace_deleted_at: None,
        }
    }

    fn caller(grants: &[GrantRow]) -> Caller {
        let user = User {
            id: UserId::DEFAULT,
            name: "ada".to_owned(),
            email: "ada@example.org".to_owned(),
        };
        Caller::new(Standing::new(user, grants).into())
    }

    /// A person's own grants and those of their groups come together: what one gives, no other takes.
    #[test]
    fn grants_on_one_thing_add_up_and_it_is_listed_once() {
        use PermissionType as P;
        let grants = [
            grant(P::OrganizationMember, None),
            grant(P::WorkspaceSourceEditor, Some(7)),
            grant(P::WorkspaceDestinationEditor, Some(7)),
            grant(P::WorkspaceReader, Some(8)),
        ];
        let caller = caller(&grants);
        let organization = Uuid::from_u128(1).into();
        let seven = caller.in_workspace(Uuid::from_u128(7).into(), organization);
        assert!(seven.include(Ability::EditSources) && seven.include(Ability::EditDestinations));
        assert!(!seven.include(Ability::Edit), "not everything");
        let eight = caller.in_workspace(Uuid::from_u128(8).into(), organization);
        assert!(eight.include(Ability::Read) && !eight.include(Ability::Run));
        let Extent::Parts {
            organizations,
            workspaces,
        } = caller.scope().extent().clone()
        else {
            panic!("everything");
        };
        assert!(organizations.is_empty());
        let ids: Vec<_> = workspaces.iter().map(|position| position.id).collect();
        assert_eq!(ids, [7, 8].map(|id| Uuid::from_u128(id).into()));
    }

    #[test]
    fn a_grant_on_the_organization_covers_those_on_its_workspaces_in_lists() {
        use PermissionType as P;
        let grants = [
            grant(P::WorkspaceReader, Some(7)),
            grant(P::OrganizationReader, None),
            grant(P::OrganizationEditor, None),
        ];
        let caller = caller(&grants);
        let organization: OrganizationId = Uuid::from_u128(1).into();
        let Extent::Parts {
            organizations,
            workspaces,
        } = caller.scope().extent().clone()
        else {
            panic!("everything");
        };
        assert_eq!((organizations, workspaces.len()), (vec![organization], 0));
        assert!(caller.on_organization(organization).include(Ability::Edit));
    }
}
