//! The database: one text of SQL for PostgreSQL and SQLite. `db` hands out readers and writers; each
//! other file keeps one family of tables, its statements at the top.
//!
//! Nothing of a tenant is reached here without a proof from `access::granted`: a row is fetched by a
//! [`Lookup`](crate::access::granted::Lookup), changed by a `Granted` and listed by a `Scope`.

pub mod actors;
pub mod applications;
pub mod catalogs;
pub mod catalogue;
pub mod db;
pub mod definitions;
pub mod fences;
pub mod lists;
pub mod manifests;
pub mod organizations;
pub mod permissions;
pub mod regions;
pub mod secrets;
pub mod sessions;
pub mod setup;
pub mod signing_keys;
pub mod specifications;
pub mod standings;
pub mod users;
pub mod workspaces;

/// Every statement of this room, for the test that prepares each on both engines.
#[must_use]
pub fn statements() -> Vec<&'static str> {
    [
        actors::STATEMENTS,
        applications::STATEMENTS,
        catalogs::STATEMENTS,
        catalogue::STATEMENTS,
        definitions::STATEMENTS,
        fences::STATEMENTS,
        manifests::STATEMENTS,
        organizations::STATEMENTS,
        permissions::STATEMENTS,
        regions::STATEMENTS,
        secrets::STATEMENTS,
        sessions::STATEMENTS,
        setup::STATEMENTS,
        signing_keys::STATEMENTS,
        specifications::STATEMENTS,
        standings::STATEMENTS,
        users::STATEMENTS,
        workspaces::STATEMENTS,
    ]
    .concat()
}
