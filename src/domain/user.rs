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
    /// Since when nothing of theirs works, if it does not.
    pub disabled_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
}
