//! The database: one text of SQL for PostgreSQL and SQLite. `db` hands out readers and writers; each
//! other file keeps one family of tables, its statements at the top.
//!
//! Nothing of a tenant is reached here without a proof from `access::granted`: a row is fetched by a
//! [`Lookup`](crate::access::granted::Lookup), changed by a `Granted` and listed by a `Scope`.

pub mod accounts;
pub mod actors;
pub mod applications;
pub mod attempts;
pub mod audit;
pub mod bell;
pub mod catalogs;
pub mod catalogue;
pub mod condition;
pub mod connection_lists;
pub mod connections;
pub mod dataplanes;
pub mod db;
pub mod definitions;
pub mod deliveries;
pub mod disabling;
pub mod due;
pub mod embedded;
pub mod fences;
pub mod generations;
pub mod groups;
pub mod idempotency;
pub mod invitations;
pub mod job_lists;
pub mod jobs;
pub mod leases;
pub mod listing;
pub mod lists;
pub mod log_pieces;
pub mod manifests;
pub mod oauth;
pub mod organizations;
pub mod permissions;
pub mod readers;
pub mod regions;
pub mod retention;
pub mod runs;
pub mod schemas;
pub mod secrets;
pub mod sessions;
pub mod setup;
pub mod signing_keys;
pub mod specifications;
pub mod standings;
pub mod state_edits;
pub mod states;
pub mod subjects;
pub mod tags;
pub mod users;
pub mod workers;
pub mod workspaces;

/// Every statement of this room, for the test that prepares each on both engines.
#[must_use]
pub fn statements() -> Vec<&'static str> {
    [
        accounts::STATEMENTS,
        actors::STATEMENTS,
        &actors::SOURCES.statements(),
        &actors::DESTINATIONS.statements(),
        applications::STATEMENTS,
        attempts::STATEMENTS,
        audit::STATEMENTS,
        catalogs::STATEMENTS,
        catalogue::STATEMENTS,
        &connection_lists::CONNECTIONS.statements(),
        connections::STATEMENTS,
        dataplanes::STATEMENTS,
        definitions::STATEMENTS,
        deliveries::STATEMENTS,
        disabling::STATEMENTS,
        due::STATEMENTS,
        embedded::STATEMENTS,
        fences::STATEMENTS,
        generations::STATEMENTS,
        groups::STATEMENTS,
        idempotency::STATEMENTS,
        invitations::STATEMENTS,
        job_lists::STATEMENTS,
        jobs::STATEMENTS,
        leases::STATEMENTS,
        log_pieces::STATEMENTS,
        manifests::STATEMENTS,
        oauth::STATEMENTS,
        organizations::STATEMENTS,
        permissions::STATEMENTS,
        regions::STATEMENTS,
        retention::STATEMENTS,
        runs::STATEMENTS,
        schemas::STATEMENTS,
        secrets::STATEMENTS,
        sessions::STATEMENTS,
        setup::STATEMENTS,
        signing_keys::STATEMENTS,
        specifications::STATEMENTS,
        standings::STATEMENTS,
        state_edits::STATEMENTS,
        states::STATEMENTS,
        subjects::STATEMENTS,
        tags::STATEMENTS,
        users::STATEMENTS,
        workers::STATEMENTS,
        workspaces::STATEMENTS,
    ]
    .concat()
}
