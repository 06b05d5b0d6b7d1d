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

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Every operation of the public API, as one visible list in two parts.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(documentation::show))
        .routes(routes!(health::health))
        .routes(routes!(tokens::create))
        .routes(routes!(applications::list, applications::create))
        .routes(routes!(applications::get, applications::delete))
        .routes(routes!(workspaces::list, workspaces::create))
        .routes(routes!(
            workspaces::get,
            workspaces::update,
            workspaces::delete
        ))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::test))
        .routes(routes!(deliveries::show_secret))
        .routes(routes!(deliveries::rotate_secret))
        .routes(routes!(sources::list, sources::create))
        .routes(routes!(
            sources::get,
            sources::patch,
            sources::put,
            sources::delete
        ))
        .routes(routes!(checks::source))
        .routes(routes!(checks::source_configuration))
        .routes(routes!(destinations::list, destinations::create))
        .routes(routes!(
            destinations::get,
            destinations::patch,
            destinations::put,
            destinations::delete
        ))
        .routes(routes!(checks::destination))
        .routes(routes!(checks::destination_configuration))
        .routes(routes!(streams::get))
        .routes(routes!(connections::list, connections::create))
        .routes(routes!(
            connections::get,
            connections::patch,
            connections::delete
        ))
        .routes(routes!(jobs::refresh))
        .routes(routes!(jobs::clear))
        .routes(routes!(schemas::refresh))
        .routes(routes!(states::get, states::put))
        .routes(routes!(jobs::list, jobs::create))
        .routes(routes!(jobs::get, jobs::cancel))
        .routes(routes!(job_details::attempts))
        .routes(routes!(job_details::logs))
        .routes(routes!(connector_definitions::list))
        .routes(routes!(
            definitions::list_sources,
            definitions::create_source
        ))
        .routes(routes!(
            definitions::get_source,
            definitions::update_source,
            definitions::delete_source
        ))
        .routes(routes!(
            definitions::list_destinations,
            definitions::create_destination
        ))
        .routes(routes!(
            definitions::get_destination,
            definitions::update_destination,
            definitions::delete_destination
        ))
        .routes(routes!(
            declarative_definitions::list,
            declarative_definitions::create
        ))
        .routes(routes!(
            declarative_definitions::get,
            declarative_definitions::update,
            declarative_definitions::delete
        ))
        .routes(routes!(oauth::initiate))
        .routes(routes!(oauth::callback))
        .routes(routes!(oauth::put_of_workspace))
        .routes(routes!(oauth::delete_of_workspace))
        .routes(routes!(oauth::put_of_organization))
        .routes(routes!(oauth::delete_of_organization))
        .routes(routes!(tags::list, tags::create))
        .routes(routes!(tags::get, tags::update, tags::delete))
        .merge(administration())
}

/// What organizations are run with, and by whom.
fn administration() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(regions::list, regions::create))
        .routes(routes!(regions::get, regions::update, regions::delete))
        .routes(routes!(dataplanes::list, dataplanes::create))
        .routes(routes!(
            dataplanes::get,
            dataplanes::update,
            dataplanes::delete
        ))
        .routes(routes!(organizations::list, accounts::create_organization))
        .routes(routes!(accounts::move_workspace))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(embedded::organizations))
        .routes(routes!(embedded::scoped_token))
        .routes(routes!(embedded::widget_token))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::get, groups::update, groups::delete))
        .routes(routes!(group_members::list, group_members::add))
        .routes(routes!(group_members::remove))
        .routes(routes!(group_permissions::list, group_permissions::create))
        .routes(routes!(group_permissions::delete))
        .routes(routes!(users::list, accounts::create))
        .routes(routes!(accounts::get, accounts::update))
        .routes(routes!(accounts::invite))
        .routes(routes!(
            accounts::list_applications,
            accounts::create_application
        ))
        .routes(routes!(accounts::delete_application))
        .routes(routes!(permissions::list, permissions::create))
        .routes(routes!(
            permissions::get,
            permissions::update,
            permissions::delete
        ))
}
