//! The few older endpoints under `/api/v1` that pages, scripts and clients of the reference server call:
//! the applications' twins, checks, connections with their catalogs and states, jobs, the organization of a workspace,
//! and health. Everything else under `/api/v1` is a JSON 404.

pub mod applications;
pub mod checks;
pub mod connections;
pub mod health;
pub mod jobs;
pub mod workspaces;

use super::operations::{Operations, operations};

/// Every operation of the older API, as one visible list.
pub const OPERATIONS: &[Operations] = &[
    operations!("/api/v1/applications/list": POST applications::list),
    operations!("/api/v1/applications/create": POST applications::create),
    operations!("/api/v1/applications/delete": POST applications::delete),
    operations!("/api/v1/applications/token": POST applications::token),
    operations!("/api/v1/sources/check_connection": POST checks::source),
    operations!("/api/v1/destinations/check_connection": POST checks::destination),
    operations!("/api/v1/connections/get": POST connections::get),
    operations!("/api/v1/connections/sync": POST connections::sync),
    operations!("/api/v1/state/get": POST connections::state),
    operations!("/api/v1/state/create_or_update_safe": POST connections::put_state),
    operations!("/api/v1/jobs/get": POST jobs::get),
    operations!("/api/v1/workspaces/get_organization_info": POST workspaces::organization),
    operations!("/api/v1/health": GET health::health),
    operations!("/health/live": GET health::live),
    operations!("/health/ready": GET health::ready),
    operations!("/health": GET health::root),
];
