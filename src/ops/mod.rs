//! Deeds that more than one door needs, or that touch several tables. They take a caller or a proof,
//! never a request.

pub mod accounts;
pub mod actors;
pub mod administrator;
pub mod applications;
pub mod checks;
pub mod choices;
mod configurations;
pub mod connections;
pub mod dataplanes;
pub mod definitions;
pub mod deliveries;
pub mod embedded;
pub mod groups;
pub mod job_details;
pub mod jobs;
pub mod mapper_keys;
pub mod oauth;
pub mod once;
pub mod people;
pub mod permissions;
pub mod probes;
pub mod regions;
pub mod registry;
pub mod schema_changes;
pub mod schema_refresh;
pub mod secret_keys;
pub mod secrets;
pub mod sessions;
pub mod setup;
pub mod states;
pub mod streams;
pub mod sync_catalog;
pub mod tags;
pub mod webhook_secrets;
pub mod work;
pub mod workspaces;
