//! The proofs that a check leaves behind. Only this room can make them, so a handler without a check
//! has nothing to hand to `store`. This file imports `domain` alone; it is all that `store` sees of
//! `access`.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::domain::ids::{ApplicationId, OrganizationId, UserId, WorkspaceId};
use crate::domain::page::Mark;

/// An id that is being checked: whatever is fetched by it goes to a door, not to the caller.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<Id>(Id);

impl<Id: Copy> Lookup<Id> {
    pub(super) fn of(id: Id) -> Self {
        Self(id)
    }

    #[must_use]
    pub fn id(self) -> Id {
        self.0
    }
}

/// A thing together with the proof that the caller may act on it at level `L`.
#[derive(Debug)]
pub struct Granted<T, L> {
    thing: T,
    level: PhantomData<L>,
}

impl<T, L> Granted<T, L> {
    pub(super) fn of(thing: T) -> Self {
        Self {
            thing,
            level: PhantomData,
        }
    }

    /// The thing without its proof, to be shown.
    pub fn into_inner(self) -> T {
        self.thing
    }
}

impl<T, L> Deref for Granted<T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.thing
    }
}

/// The proof that the caller is this person, for what belongs to a person: applications, sessions.
#[derive(Debug, Clone, Copy)]
pub struct Own(UserId);

impl Own {
    pub(super) fn of(user: UserId) -> Self {
        Self(user)
    }

    #[must_use]
    pub fn user(self) -> UserId {
        self.0
    }
}

/// What a verified access token proves.
#[derive(Debug, Clone, Copy)]
pub struct Proven {
    pub(super) application: ApplicationId,
    pub(super) user: UserId,
    /// Of the secret that bought the token.
    pub(super) generation: i64,
    pub(super) expires_at: Timestamp,
}

impl Proven {
    #[must_use]
    pub fn application(&self) -> ApplicationId {
        self.application
    }

    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }
}

/// Where a row stands in a list that is ordered by creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub created_at: Timestamp,
    pub id: WorkspaceId,
}

impl From<Mark> for Position {
    fn from(mark: Mark) -> Self {
        Self {
            created_at: mark.at,
            id: mark.id().into(),
        }
    }
}

/// The workspaces that a list may show. Only a caller can give one.
#[derive(Debug, Clone)]
pub struct Scope(pub(super) Extent);

/// The inside of a [`Scope`].
#[derive(Debug, Clone)]
pub enum Extent {
    /// Every workspace of the instance.
    Everything,
    /// The workspaces of these organizations, and these single ones besides, in list order.
    Parts {
        organizations: Vec<OrganizationId>,
        workspaces: Arc<[Position]>,
    },
}

impl Scope {
    #[must_use]
    pub fn extent(&self) -> &Extent {
        &self.0
    }
}

/// Workspaces that somebody named, each readable by the caller: a list may show what is in them.
#[derive(Debug, Clone)]
pub struct Places(pub(super) Vec<WorkspaceId>);

impl Places {
    #[must_use]
    pub fn ids(&self) -> &[WorkspaceId] {
        &self.0
    }
}

/// The organizations that a list may show.
#[derive(Debug, Clone)]
pub struct OrganizationScope(Option<Vec<OrganizationId>>);

impl OrganizationScope {
    pub(super) fn everything() -> Self {
        Self(None)
    }

    pub(super) fn only(ids: Vec<OrganizationId>) -> Self {
        Self(Some(ids))
    }

    /// These only, or `None` for all of the instance.
    #[must_use]
    pub fn ids(&self) -> Option<&[OrganizationId]> {
        self.0.as_deref()
    }
}
