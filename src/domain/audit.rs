//! The trail of a request: who asks, from where, for what. It goes along with the request as a value of its
//! task, so that the transaction that changes something can write down whose change it is. Work that no
//! request does (jobs, sweepers, the command line) leaves no trail.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::ids::{ApplicationId, OrganizationId, UserId};
use crate::clock::{Clock, Timestamp};
use uuid::Uuid;

/// What the log calls an organization.
const ORGANIZATION: &str = "organization";

tokio::task_local! {
    /// The trail of the request at hand.
    pub static TRAIL: Trail;
}

/// What happened, for the log.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Entry {
    pub id: Uuid,
    pub at: Timestamp,
    pub user_id: Option<UserId>,
    pub application_id: Option<ApplicationId>,
    /// Of the API by its id; of the pages by method and address pattern.
    pub operation: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub organization_id: Option<OrganizationId>,
    pub address: String,
    pub request_id: String,
    pub outcome: String,
}

/// What a request leaves to be written down.
#[derive(Debug, Clone)]
pub struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    address: IpAddr,
    request_id: String,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    user: Option<UserId>,
    application: Option<ApplicationId>,
    operation: Option<String>,
    subject: Option<(String, String)>,
    organization: Option<OrganizationId>,
    written: bool,
}

impl Trail {
    #[must_use]
    pub fn new(clock: Clock, address: IpAddr, request_id: String) -> Self {
        Self(Arc::new(Inner {
            clock,
            address,
            request_id,
            found: Mutex::default(),
        }))
    }

    fn note(&self, write: impl FnOnce(&mut Found)) {
        // Nobody panics while holding it, and half a note is better than none.
        write(&mut self.0.found.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Written by whoever recognises the caller.
    pub fn asked_by(&self, user: UserId, application: Option<ApplicationId>) {
        self.note(|found| {
            found.user = Some(user);
            found.application = application;
        });
    }

    /// Written by the router, for requests that may change something. Without it, nothing is written down.
    pub fn operation(&self, name: String) {
        self.note(|found| found.operation = Some(name));
    }

    /// The row for this request, given once.
    fn take(&self) -> Option<Entry> {
        let mut found = self.0.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.written {
            return None;
        }
        let operation = found.operation.clone()?;
        let (subject_kind, subject_id) = found.subject.clone()?;
        found.written = true;
        Some(Entry {
            id: self.0.clock.new_id(),
            at: self.0.clock.now(),
            user_id: found.user,
            application_id: found.application,
            operation,
            subject_kind,
            subject_id,
            organization_id: found.organization,
            address: self.0.address.to_string(),
            request_id: self.0.request_id.clone(),
            outcome: "succeeded".to_owned(),
        })
    }
}

/// The row to write with the change of the request at hand, unless it has been given before.
#[must_use]
pub fn entry() -> Option<Entry> {
    TRAIL.try_with(Trail::take).ok().flatten()
}

/// Notes who asks, when that turns out late: at a sign-in.
pub fn asked_by(user: UserId) {
    let _ = TRAIL.try_with(|trail| trail.asked_by(user, None));
}

/// Notes what the request is about: the first check says it, but a thing takes the place of the organization that
/// it is in.
pub fn regards(kind: &impl ToString, id: &impl ToString, organization: Option<OrganizationId>) {
    let _ = TRAIL.try_with(|trail| {
        let kind = word(kind);
        trail.note(|found| {
            let vague = match &found.subject {
                None => true,
                Some((before, _)) => before == ORGANIZATION && kind != ORGANIZATION,
            };
            if vague {
                found.subject = Some((kind, id.to_string()));
                found.organization = organization.or(found.organization);
            }
        });
    });
}

/// Notes what the request makes or takes away, in place of what that belongs to.
pub fn made(kind: &impl ToString, id: &impl ToString) {
    let _ = TRAIL
        .try_with(|trail| trail.note(|found| found.subject = Some((word(kind), id.to_string()))));
}

/// Notes the organization that the request makes.
pub fn within(organization: OrganizationId) {
    let _ = TRAIL.try_with(|trail| trail.note(|found| found.organization = Some(organization)));
}

fn word(kind: &impl ToString) -> String {
    kind.to_string().replace(' ', "_")
}
