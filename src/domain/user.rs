//! People.

use super::ids::UserId;
use super::text::{EmailAddress, Name};
use crate::clock::Timestamp;

/// Somebody who may sign in or own applications.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub email: String,
}

/// Somebody to be added.
#[derive(Debug)]
pub struct NewUser {
    pub id: UserId,
    pub name: Name,
    pub email: EmailAddress,
    /// As PHC text; without one the person cannot sign in to the pages.
    pub password_hash: Option<String>,
}

/// Somebody as whoever runs an organization sees them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Account {
    pub id: UserId,
    pub name: String,
    pub email: String,
    /// Of a program: it owns applications and cannot sign in to the pages.
    pub service: bool,
    /// Of a person who has no password yet.
    pub invited: bool,
    /// Since when nothing of theirs works, if it does not.
    pub disabled_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
}

impl Account {
    /// Whether a program has it: a service account, a data plane, or a program that embeds this server. Theirs
    /// have addresses under the domain that is reserved for names that lead nowhere.
    #[must_use]
    pub fn is_of_a_program(&self) -> bool {
        self.service || self.email.ends_with(".invalid")
    }
}
