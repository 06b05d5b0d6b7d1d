//! People.

use super::ids::UserId;
use super::text::{EmailAddress, Name};

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
