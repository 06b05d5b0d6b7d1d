//! The public API, one file per resource: its routes, bodies and handlers.

pub mod accounts;
mod actors;
pub mod applications;
pub mod audit;
pub mod checks;
pub mod connection_bodies;
pub mod connections;
pub mod connector_definitions;
pub mod dataplanes;
pub mod declarative_definitions;
pub mod definitions;
pub mod deliveries;
pub mod destinations;
pub mod documentation;
pub mod embedded;
pub mod group_members;
pub mod group_permissions;
pub mod groups;
pub mod health;
pub mod job_bodies;
pub mod job_details;
pub mod job_queries;
pub mod jobs;
pub mod oauth;
pub mod organizations;
pub mod page;
pub mod permissions;
pub mod regions;
pub mod schemas;
pub mod sources;
pub mod states;
pub mod streams;
pub mod tags;
pub mod tokens;
pub mod users;
pub mod workspaces;

use super::operations::{Operations, operations};

/// Every operation of the public API, as one visible list in two parts.
pub const OPERATIONS: &[Operations] = &[
    operations!(documentation::show),
    operations!(health::health),
    operations!(tokens::create),
    operations!(applications::list, applications::create),
    operations!(applications::get, applications::delete),
    operations!(workspaces::list, workspaces::create),
    operations!(workspaces::get, workspaces::update, workspaces::delete),
    operations!(deliveries::list),
    operations!(deliveries::test),
    operations!(deliveries::show_secret),
    operations!(deliveries::rotate_secret),
    operations!(sources::list, sources::create),
    operations!(sources::get, sources::patch, sources::put, sources::delete),
    operations!(checks::source),
    operations!(checks::source_configuration),
    operations!(destinations::list, destinations::create),
    operations!(
        destinations::get,
        destinations::patch,
        destinations::put,
        destinations::delete
    ),
    operations!(checks::destination),
    operations!(checks::destination_configuration),
    operations!(streams::get),
    operations!(connections::list, connections::create),
    operations!(connections::get, connections::patch, connections::delete),
    operations!(jobs::refresh),
    operations!(jobs::clear),
    operations!(schemas::refresh),
    operations!(states::get, states::put),
    operations!(jobs::list, jobs::create),
    operations!(jobs::get, jobs::cancel),
    operations!(job_details::attempts),
    operations!(job_details::logs),
    operations!(connector_definitions::list),
    operations!(definitions::list_sources, definitions::create_source),
    operations!(
        definitions::get_source,
        definitions::update_source,
        definitions::delete_source
    ),
    operations!(
        definitions::list_destinations,
        definitions::create_destination
    ),
    operations!(
        definitions::get_destination,
        definitions::update_destination,
        definitions::delete_destination
    ),
    operations!(
        declarative_definitions::list,
        declarative_definitions::create
    ),
    operations!(
        declarative_definitions::get,
        declarative_definitions::update,
        declarative_definitions::delete
    ),
    operations!(oauth::initiate),
    operations!(oauth::callback),
    operations!(oauth::put_of_workspace),
    operations!(oauth::delete_of_workspace),
    operations!(oauth::put_of_organization),
    operations!(oauth::delete_of_organization),
    operations!(tags::list, tags::create),
    operations!(tags::get, tags::update, tags::delete),
];

/// What organizations are run with, and by whom.
pub const ADMINISTRATION: &[Operations] = &[
    operations!(regions::list, regions::create),
    operations!(regions::get, regions::update, regions::delete),
    operations!(dataplanes::list, dataplanes::create),
    operations!(dataplanes::get, dataplanes::update, dataplanes::delete),
    operations!(organizations::list, accounts::create_organization),
    operations!(accounts::move_workspace),
    operations!(audit::list),
    operations!(audit::export),
    operations!(embedded::organizations),
    operations!(embedded::scoped_token),
    operations!(embedded::widget_token),
    operations!(groups::list, groups::create),
    operations!(groups::get, groups::update, groups::delete),
    operations!(group_members::list, group_members::add),
    operations!(group_members::remove),
    operations!(group_permissions::list, group_permissions::create),
    operations!(group_permissions::delete),
    operations!(users::list, accounts::create),
    operations!(accounts::get, accounts::update),
    operations!(accounts::invite),
    operations!(accounts::list_applications, accounts::create_application),
    operations!(accounts::delete_application),
    operations!(permissions::list, permissions::create),
    operations!(permissions::get, permissions::update, permissions::delete),
];
