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
    operations!(applications::list),
    operations!(applications::create),
    operations!(applications::delete),
    operations!(applications::token),
    operations!(checks::source),
    operations!(checks::destination),
    operations!(connections::get),
    operations!(connections::sync),
    operations!(connections::state),
    operations!(connections::put_state),
    operations!(jobs::get),
    operations!(workspaces::organization),
    operations!(health::health),
    operations!(health::live),
    operations!(health::ready),
    operations!(health::root),
];
